import t from 'tap'
import { Comparison, compareAll } from '../../src/cluster/compare.js'
import type { NodeEvent } from '../../src/sync/events.js'
import { uidOf } from '../../src/sync/rules/records.js'
import { appended, ended } from '../support/events.js'

t.test('every connected user hears of the head, and devices whose session or place is gone are ended', async t => {
  const told: NodeEvent[] = []
  let asked = 0
  let most = 0
  const truth = {
    async head(uid: number) {
      asked += 1
      most = Math.max(most, asked)
      await Promise.resolve()
      asked -= 1
      return uid * 10
    },
    boundAttempt: async (_uid: number, device: number) => (device === 3 ? undefined : 5),
  }
  const connected = [
    { uid: 1, device: 1, attempt: 5 },
    { uid: 1, device: 2, attempt: 4 },
    { uid: 2, device: 3, attempt: 5 },
    { uid: 0, device: 0, attempt: 0 },
    ...Array.from({ length: 500 }, (_, i) => ({ uid: 100 + i, device: 1, attempt: 5 })),
  ]
  await compareAll(connected, truth, event => told.push(event))
  t.equal(told.filter(({ kind }) => kind === 'appended').length, 502)
  const of = (...uids: number[]): NodeEvent[] => told.filter(({ to }) => uids.includes(uidOf(to)))
  t.same(of(1), [appended(1, { from: 10, version: 10, bytes: undefined }), ended(1, 2, 'attempt', 5)])
  t.same(of(2), [appended(2, { from: 20, version: 20, bytes: undefined }), ended(2, 3, 'session', 5)])
  t.equal(told.length, 504)
  t.ok(most <= 64, 'not all at once')
})

t.test('comparisons do not overlap: what is asked for meanwhile is one more; a failed one is repeated', async t => {
  const running: { resolve: () => void; reject: (error: Error) => void }[] = []
  const waiting: (() => void)[] = []
  const comparison = new Comparison(
    () => new Promise<void>((resolve, reject) => running.push({ resolve, reject })),
    run => waiting.push(run),
  )
  comparison.ask()
  comparison.ask()
  comparison.ask()
  t.equal(running.length, 1)
  running[0]?.resolve()
  await Promise.resolve()
  t.equal(running.length, 2)
  running[1]?.reject(new Error('the store cannot be reached'))
  await Promise.resolve()
  t.equal(running.length, 2)
  t.equal(waiting.length, 1)
  waiting[0]?.()
  t.equal(running.length, 3)
  running[2]?.resolve()
  await Promise.resolve()
  t.equal(running.length, 3)
})
