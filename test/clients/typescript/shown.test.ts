import * as fc from 'fast-check'
import t from 'tap'
import { Seen, Shown } from '../../../clients/typescript/rules/shown.js'

t.test('shows each number once while they come within the window of 64', t => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 200 }), { maxLength: 200 }), steps => {
      const seen = new Seen(1, 1)
      const shown = new Set<number>()
      let highest = 0
      for (const step of steps) {
        // From 63 below the highest to 136 above it.
        const sendSeq = Math.max(1, highest - 63 + step)
        const isNew = !shown.has(sendSeq)
        if (seen.has(sendSeq) === isNew || seen.add(sendSeq) !== isNew) return false
        shown.add(sendSeq)
        highest = Math.max(highest, sendSeq)
      }
      return true
    }),
  )
  t.end()
})

t.test('what is more than 64 below the highest counts as shown', t => {
  const seen = new Seen(1, 1)
  seen.add(100)
  t.equal(seen.add(36), false)
  t.equal(seen.add(37), true)
  t.equal(seen.add(1_000_000), true)
  t.equal(seen.has(1_000_000 - 63), false)
  t.equal(seen.has(1_000_000 - 64), true)
  t.end()
})

t.test('survives as JSON, after every number', t => {
  const seen = new Seen(7, 2)
  for (const sendSeq of [3, 4, 9, 40, 41, 73, 72, 104, 180, 150]) {
    seen.add(sendSeq)
    const again = new Shown()
    again.of(7, 2).load(JSON.parse(JSON.stringify(seen.toJson())))
    const copy = again.of(7, 2)
    for (let each = 1; each < 200; each++) t.equal(copy.has(each), seen.has(each))
  }
  t.end()
})
