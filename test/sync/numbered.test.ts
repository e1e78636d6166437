import fc from 'fast-check'
import t from 'tap'
import { CODES } from '../../protocol/codes.js'
import { SEND_WINDOW } from '../../protocol/limits.js'
import { contiguous } from '../../src/sync/rules/numbered.js'
import { type DeviceWindow, deviceWindow, EMPTY_WINDOW, NO_HASH, withUsed } from '../../src/sync/rules/records.js'

t.test('the window answers like a model that remembers everything, for the last 64 numbers', async t => {
  const hash = fc.constantFrom(NO_HASH, '\xff'.repeat(8), 'abcdefgh', 'abcdefg\x80')
  const step = fc.oneof(
    fc.record({
      kind: fc.constant('next' as const),
      hash,
      code: fc.nat(3),
      count: fc.integer({ min: 1, max: 130 }),
    }),
    fc.record({ kind: fc.constant('ask' as const), back: fc.nat(100), hash }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), steps => {
      let window: DeviceWindow = EMPTY_WINDOW
      const model: { hash: string; code: number }[] = []
      for (const one of steps) {
        if (one.kind === 'next') {
          window = deviceWindow.decode(deviceWindow.encode(withUsed(window, one.count, one.hash, 100 + one.code)))
          for (let i = 0; i < one.count; i += 1) model.push({ hash: one.hash, code: 100 + one.code })
          continue
        }
        const sendSeq = Math.max(1, model.length + 2 - one.back)
        const verdict = contiguous(window, { device: 1, sendSeq, hash: one.hash })
        const known = model[sendSeq - 1]
        if (sendSeq === model.length + 1) t.equal(verdict.kind, 'run')
        else if (sendSeq > model.length) t.same(verdict, { kind: 'gap', expected: model.length + 1 })
        else if (sendSeq <= model.length - SEND_WINDOW) t.match(verdict, { code: CODES.SETTLED.code })
        else if (known?.hash !== one.hash) t.match(verdict, { code: CODES.SEQ_REUSED.code })
        else t.match(verdict, { kind: 'answer', code: known.code, repeated: true })
      }
    }),
    { numRuns: 100 },
  )
})

t.test('an ended session answers nothing else, and a voided number is voided whatever the content', async t => {
  t.match(contiguous({ ...EMPTY_WINDOW, ended: true }, { device: 1, sendSeq: 1, hash: NO_HASH }), {
    code: CODES.SESSION_REVOKED.code,
  })
  const voided = withUsed(EMPTY_WINDOW, 2, NO_HASH, CODES.VOIDED.code)
  t.match(contiguous(voided, { device: 1, sendSeq: 2, hash: 'abcdefgh' }), { kind: 'answer', code: CODES.VOIDED.code })
})
