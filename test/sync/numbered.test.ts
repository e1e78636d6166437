import { deepStrictEqual, ok } from 'node:assert'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { CODES } from '../../protocol/codes.js'
import { SEND_WINDOW } from '../../protocol/limits.js'
import { patched } from '../../src/store/patch.js'
import {
  type DeviceWindow,
  deviceWindow,
  EMPTY_WINDOW,
  NO_HASH,
  type Slot,
  withUsed,
} from '../../src/sync/rules/device-window.js'
import { contiguous } from '../../src/sync/rules/numbered.js'

t.test('the window answers like a model that remembers everything, for the last 64 numbers', async t => {
  const hash = fc.constantFrom(NO_HASH, '\xff'.repeat(8), 'abcdefgh', 'abcdefg\x80')
  const step = fc.oneof(
    fc.record({
      kind: fc.constant('next' as const),
      hash,
      code: fc.nat(3),
      count: fc.oneof(
        { weight: 3, arbitrary: fc.constant(1) },
        { weight: 1, arbitrary: fc.integer({ min: 2, max: 130 }) },
      ),
      isReadBack: fc.boolean(),
    }),
    fc.record({ kind: fc.constant('ask' as const), back: fc.nat(100), hash }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), steps => {
      let window: DeviceWindow = EMPTY_WINDOW
      const model: Slot[] = []
      for (const one of steps) {
        if (one.kind === 'next') {
          window = withUsed(window, one.count, one.hash, 100 + one.code)
          if (one.isReadBack) window = deviceWindow.decode(deviceWindow.encode(window))
          for (let i = 0; i < one.count; i += 1) model.push({ hash: one.hash, code: 100 + one.code })
          continue
        }
        check(t, window, model, one)
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

t.test(
  'a patch makes of a stored window what the next one would be stored as, and no window changes another',
  async t => {
    const step = fc.record({
      count: fc.constantFrom(0, 1, 1, 1, 1, 2, 70),
      ended: fc.boolean(),
      hash: fc.constantFrom(NO_HASH, '\xff'.repeat(8), 'abcdefgh'),
      code: fc.nat(255),
      isReadBack: fc.integer({ min: 0, max: 9 }).map(n => n === 0),
    })
    let patches = 0
    fc.assert(
      fc.property(fc.array(step, { minLength: 70, maxLength: 150 }), steps => {
        let window: DeviceWindow = EMPTY_WINDOW
        const all: [window: DeviceWindow, stored: Uint8Array][] = []
        for (const { count, ended, hash, code, isReadBack } of steps) {
          const stored = deviceWindow.encode(window)
          const next = { ...withUsed(window, count, hash, code), ended }
          // Another that was tried and fell.
          withUsed(window, 1, 'another!', 7)
          const whole = deviceWindow.encode(next)
          const patch = deviceWindow.patch?.(window, next)
          ok(count > 1 || patch !== undefined)
          if (patch !== undefined) {
            patches += 1
            deepStrictEqual(Buffer.from(patched(stored, patch.shape, patch.bytes)), Buffer.from(whole))
          }
          ok(whole.length <= deviceWindow.bound.bytesMax)
          window = isReadBack ? deviceWindow.decode(whole) : next
          all.push([window, whole])
        }
        for (const [each, stored] of all) deepStrictEqual(Buffer.from(deviceWindow.encode(each)), Buffer.from(stored))
      }),
      { numRuns: 200 },
    )
    t.ok(patches > 1_000, `${patches} patches`)
  },
)

/** What a window answers to a number, compared with the model: the outcome of each number that was used. */
function check(
  t: Test,
  window: DeviceWindow,
  model: readonly Slot[],
  { back, hash }: { back: number; hash: string },
): void {
  const sendSeq = Math.max(1, model.length + 2 - back)
  const verdict = contiguous(window, { device: 1, sendSeq, hash })
  const known = model[sendSeq - 1]
  if (sendSeq === model.length + 1) t.equal(verdict.kind, 'run')
  else if (sendSeq > model.length) t.same(verdict, { kind: 'gap', expected: model.length + 1 })
  else if (sendSeq <= model.length - SEND_WINDOW) t.match(verdict, { code: CODES.SETTLED.code })
  else if (known?.hash !== hash) t.match(verdict, { code: CODES.SEQ_REUSED.code })
  else t.match(verdict, { kind: 'answer', code: known.code, repeated: true })
}
