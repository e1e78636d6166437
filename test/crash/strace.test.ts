/** A write that the kill of its process cut off: the trace has what was written of it, and no end. */

import t from 'tap'
import { straceLines } from './strace.js'

const hex = (text: string): string => `"${[...Buffer.from(text)].map(byte => `\\x${byte.toString(16)}`).join('')}"`

const OPENED = `7  openat(AT_FDCWD<>, ${hex('/disk/data.mdb')}, O_RDWR|O_CREAT, 0600) = 20`
const SHORT = `7  pwrite64(20<>, ${hex('abcdef')}, 6, 0) = 4`

function linesOf(...lines: readonly string[]) {
  return straceLines(lines.join('\n'), { root: '/disk', reports: '/reports', sizes: new Map() })
}

t.test('a write that was cut off begins with what was written, and does not end', async t => {
  const lines = linesOf(OPENED, SHORT, '7  +++ killed by SIGKILL +++')
  const [write] = lines.slice(2)
  t.equal(lines.length, 3, 'the file and its end, and the write')
  t.match(write, { at: 'begin', call: { kind: 'write', offset: 0, bytes: Buffer.from('abcd').toString('base64') } })
  const whole = linesOf(OPENED, SHORT.replace('= 4', '= 6'))
  t.match(whole.at(-1), { at: 'end' })
})

t.test('a thread that goes on after a short write was not killed in it', async t => {
  t.throws(() => linesOf(OPENED, SHORT, '7  fdatasync(20<>) = 0'), /thread 7 goes on after a short write/)
})
