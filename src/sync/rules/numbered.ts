/**
 * The idempotency of a device's mutating requests (PROTOCOL.md, clause 6): the next number is run, an earlier one gets its
 * first answer again, a later one is a gap. A number is used up by acceptance and by a final refusal.
 */
import { CODES, type Code } from '../../../protocol/codes.js'
import { SEND_WINDOW } from '../../../protocol/limits.js'
import type { Transition, Tx } from '../types.js'
import { type DeviceWindow, deviceWindow, EMPTY_WINDOW, NO_HASH, slotOf, withUsed } from './records.js'

export interface Numbered {
  readonly device: number
  readonly sendSeq: number
  /** 64 bits of the content, HASH_BYTES characters of one byte each; a number never comes with another content. */
  readonly hash: string
}

export type Answer =
  | { readonly kind: 'answer'; readonly code: Code; readonly repeated: boolean }
  | { readonly kind: 'gap'; readonly expected: number }
  /** The rule has to be asked again with a newer look at something outside; the number is not used up. */
  | { readonly kind: 'again' }

/** What a rule may answer instead of a code. */
export const AGAIN = 'again'

export type Verdict = { readonly kind: 'run' } | Answer

/** What becomes of a number that arrives at a window. */
export type SequenceRule = (window: DeviceWindow, numbered: Numbered) => Verdict

const RUN: Verdict = { kind: 'run' }

/** A device without a window was forgotten, or its account deleted: a request on a connection that lingers comes too late. */
const FORGOTTEN: DeviceWindow = { ...EMPTY_WINDOW, ended: true }

export const contiguous: SequenceRule = (window, { sendSeq, hash }) => {
  if (sendSeq > window.last) {
    // A repeat has its first answer all the same: also of what ended the session, as DeleteAccount.
    if (window.ended) return { kind: 'answer', code: CODES.SESSION_REVOKED.code, repeated: false }
    return sendSeq === window.last + 1 ? RUN : { kind: 'gap', expected: window.last + 1 }
  }
  if (sendSeq <= window.last - SEND_WINDOW) return { kind: 'answer', code: CODES.SETTLED.code, repeated: true }
  const slot = slotOf(window, sendSeq)
  if (slot.hash !== hash && slot.code !== CODES.VOIDED.code) {
    return { kind: 'answer', code: CODES.SEQ_REUSED.code, repeated: true }
  }
  return { kind: 'answer', code: slot.code as Code, repeated: true }
}

/** What becomes of the number as the device's window is now. */
export function judge(tx: Tx, numbered: Numbered, sequence: SequenceRule = contiguous): Verdict {
  return sequence(tx.get(deviceWindow, numbered.device) ?? FORGOTTEN, numbered)
}

/** A transition that runs `rule` when the number's turn has come. */
export function numbered<I extends Numbered>(
  name: string,
  rule: (tx: Tx, input: I) => Code | typeof AGAIN,
  sequence: SequenceRule = contiguous,
  reads?: Transition<I, Answer>['reads'],
): Transition<I, Answer> {
  return {
    name,
    ...(reads === undefined ? {} : { reads }),
    run(tx, input) {
      const verdict = judge(tx, input, sequence)
      if (verdict.kind !== 'run') return verdict
      const code = rule(tx, input)
      return code === AGAIN ? { kind: 'again' } : used(tx, input, code)
    },
    refused(tx, input) {
      const verdict = judge(tx, input, sequence)
      return verdict.kind === 'run' ? used(tx, input, CODES.REFUSED.code) : verdict
    },
  }
}

/** Uses the number up. The window is read again: the rule may have ended the device's own session. */
function used(tx: Tx, { device, sendSeq, hash }: Numbered, code: Code): Answer {
  const now = tx.get(deviceWindow, device) ?? EMPTY_WINDOW
  tx.put(deviceWindow, withUsed(now, sendSeq - now.last, hash, code), device)
  return { kind: 'answer', code, repeated: false }
}

/** The same, run while there is little room too. */
export function small<I, R>(transition: Transition<I, R>): Transition<I, R> {
  return { ...transition, small: true }
}

export interface VoidInput {
  readonly device: number
  readonly sendSeq: number
  readonly count: number
}

/** Uses numbers up as finally refused; those used up before stay as they are. */
export const voidNumbers: Transition<VoidInput, Answer> = {
  name: 'message.void',
  small: true,
  run(tx, { device, sendSeq, count }) {
    const window = tx.get(deviceWindow, device) ?? FORGOTTEN
    if (window.ended) return { kind: 'answer', code: CODES.SESSION_REVOKED.code, repeated: false }
    if (sendSeq > window.last + 1) return { kind: 'gap', expected: window.last + 1 }
    const fresh = sendSeq + count - 1 - window.last
    if (fresh > 0) tx.put(deviceWindow, withUsed(window, fresh, NO_HASH, CODES.VOIDED.code), device)
    return { kind: 'answer', code: CODES.OK.code, repeated: fresh <= 0 }
  },
}
