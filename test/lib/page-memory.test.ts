/** Memory of pages that is used again: only of those that were lent, only when all of one has left, and not without bound. */
import t from 'tap'
import { PageMemory } from '../../src/lib/page-memory.js'

const PAGE = 40_000
const BUFFER = 49_152

function page(): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new ArrayBuffer(BUFFER), 0, PAGE)
}

t.test('the buffer of a page is spare when its end has left the process', async t => {
  const memory = new PageMemory()
  const made = page()
  memory.lend(made)
  memory.giveBack(made.subarray(20, 30_000))
  t.same(memory.take(1), [], 'a part of it has left')
  memory.giveBack(made.subarray(30_000))
  const [buffer] = memory.take(1)
  t.equal(buffer, made.buffer)
  t.same(memory.take(1), [], 'it was taken')
  memory.giveBack(made)
  t.same(memory.take(1), [], 'it was given back once')
})

t.test('what was not lent stays with those who have it', async t => {
  const memory = new PageMemory()
  memory.giveBack(page())
  const small = new Uint8Array(100)
  memory.lend(small)
  memory.giveBack(small)
  memory.giveBack(Buffer.from('of a pool that all share'))
  t.same(memory.take(9), [])
})

t.test('so many bytes are kept, and no more', async t => {
  const memory = new PageMemory()
  for (let i = 0; i < 100; i++) {
    const made = page()
    memory.lend(made)
    memory.giveBack(made)
  }
  t.equal(memory.take(10).length, 10)
  t.equal(memory.take(100).length, 54, '3 MiB of 48 KiB each')
})
