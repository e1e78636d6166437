import fc from 'fast-check'
import t from 'tap'
import { Fifo } from '../../src/lib/fifo.js'

t.test('what is pushed first is shifted first, like an array', async t => {
  const counts = fc.array(fc.record({ pushes: fc.nat(3_000), shifts: fc.nat(3_000) }), { maxLength: 30 })
  const property = fc.property(counts, steps => {
    const fifo = new Fifo<number>()
    const model: number[] = []
    let next = 0
    for (const { pushes, shifts } of steps) {
      for (let i = 0; i < pushes; i++) {
        fifo.push(next)
        model.push(next++)
      }
      const expected = model.splice(0, shifts)
      const shifted = Array.from({ length: shifts }, () => fifo.shift()).filter(item => item !== undefined)
      if (JSON.stringify(shifted) !== JSON.stringify(expected) || fifo.size !== model.length) return false
    }
    return true
  })
  fc.assert(property, { numRuns: 100 })
  t.pass('in 100 runs')
})
