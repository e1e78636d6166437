/** Users who are noted: each has his turn, whatever becomes of the others. */
import t from 'tap'
import { eachNoted } from '../../src/jobs/noted.js'
import type { ScannedRecord } from '../../src/store/types.js'

const NOTES = { actor: 'leaving/7', prefix: 'user' }

function stored(count: number) {
  const all = Array.from({ length: count }, (_, i): ScannedRecord => {
    const name = `user/${1_000 + i}`
    return { name, stamp: 1, bytes: new Uint8Array(0) }
  })
  return {
    scan: async (_actor: string, _prefix: string, after: string | null, limit: number) => {
      return all.filter(({ name }) => after === null || name > after).slice(0, limit)
    },
  }
}

t.test('one that fails keeps nobody waiting, and is told when all had their turn', async t => {
  const seen: number[] = []
  const work = async (uid: string) => {
    seen.push(Number(uid))
    if (uid === '1003') throw new Error('a way is full')
  }
  await t.rejects(eachNoted(stored(200), NOTES, { isStopped: false, rest: async () => {} }, work), /a way is full/)
  t.same(
    seen,
    Array.from({ length: 200 }, (_, i) => 1_000 + i),
  )
})

t.test('nobody begins after the stop', async t => {
  let done = 0
  const pace = {
    get isStopped() {
      return done >= 3
    },
    rest: async () => {},
  }
  await eachNoted(stored(200), NOTES, pace, async () => {
    done += 1
  })
  t.equal(done, 3)
})
