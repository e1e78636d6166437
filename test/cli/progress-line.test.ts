import t from 'tap'
import { ProgressLine } from '../../src/cli/progress-line.js'

function shownOn(output: { isTTY: boolean; columns?: number }, seconds: readonly number[]): string[] {
  let nowMs = 100
  const written: string[] = []
  const line = new ProgressLine({ ...output, write: text => written.push(text) }, { monotonic: () => nowMs })
  for (const second of seconds) {
    nowMs = 100 + 1_000 * second
    line.show(() => `at ${second}`)
  }
  line.end()
  line.end()
  return written
}

t.test('on a terminal one line is rewritten, and taken away in the end', async t => {
  const written = shownOn({ isTTY: true, columns: 5 }, [0.1, 0.2, 0.3, 0.45])
  t.same(written, ['\r\x1b[Kat 0', '\r\x1b[Kat 0', '\r\x1b[K'])
})

t.test('elsewhere a line comes every few seconds, and none if the command is quick', async t => {
  t.same(shownOn({ isTTY: false }, [1, 4.9, 5, 9, 10.5]), ['at 5\n', 'at 10.5\n'])
  t.same(shownOn({ isTTY: false }, [1, 4]), [])
})
