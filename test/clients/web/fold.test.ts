/** Long texts: where they are cut while they are folded. */
import t from 'tap'
import { cutParts, FOLDED_LINES, foldAt, WHOLE_LINES_MAX } from '../../../clients/web/model/fold.js'
import { textParts } from '../../../clients/web/model/text-parts.js'

const lines = (count: number): string => Array.from({ length: count }, (_, i) => `line ${i + 1}`).join('\n')

t.test('a text is folded when it has many lines or many signs; hiding a few would spare nothing', async t => {
  for (const whole of ['', 'hello', lines(WHOLE_LINES_MAX), 'x'.repeat(1_400), '字'.repeat(700)])
    t.equal(foldAt(whole), whole.length, `${whole.slice(0, 10)} of ${whole.length}`)
  t.equal(lines(100).slice(0, foldAt(lines(100))), lines(FOLDED_LINES))
  for (const long of ['word '.repeat(1_800), 'x'.repeat(9_000), '字'.repeat(3_000)]) {
    const end = foldAt(long)
    t.ok(end > 400 && end < 1_000, `${long.slice(0, 5)}: ${end}`)
  }
})

t.test('it is cut between words, and never within a sign', async t => {
  const words = `${'lengthy '.repeat(119)}${'lengthy '.repeat(900)}`
  t.match(words.slice(0, foldAt(words)), /lengthy$/)
  for (const lead of ['', 'x', 'xx', 'xxx']) {
    const emoji = `${lead}${'🦊'.repeat(2_000)}`
    const cut = emoji.slice(0, foldAt(emoji))
    t.equal(Buffer.from(cut).toString(), cut, lead)
  }
})

t.test('what is shown of a folded text has its links and mentions, each with its whole address', async t => {
  const url = `https://example.org/${'a'.repeat(80)}`
  const text = `@Ann see ${url} for more`
  const parts = cutParts(textParts(text, [{ start: 0, length: 4, uid: 7 }]), 29)
  t.same(parts, [
    { kind: 'mention', text: '@Ann', uid: 7 },
    { kind: 'text', text: ' see ' },
    { kind: 'link', text: 'https://example.org/', url },
  ])
})
