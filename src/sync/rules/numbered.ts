/**
 * The idempotency of a device's mutating requests (PROTOCOL.md, clause 6). The next number is run, an earlier one gets its first
 * answer again, a later one is a gap. Acceptance and a final refusal use a number up.
 */
import { CODES, type Code } from '../../../protocol/codes.js'
import { SEND_WINDOW } from '../../../protocol/limits.js'
import type { Transition, Tx } from '../types.js'
import { type DeviceWindow, deviceWindow, EMPTY_WINDOW, NO_HASH, slotOf, withUsed } from './device-window.js'

export interface Numbered {
  readonly device: number
  readonly sendSeq: number
  /** 64 bits of the content, HASH_BYTES characters of one byte each; a number never comes with another content. */
  readonly hash: string
}

export type Answer =
  | { readonly kind: 'answer'; readonly code: Code; readonly repeated: boolean }
  | { readonly kind: 'gap'; readonly expected: number }
  /** The rule has to be run again with a newer look at something outside; the number is not used up. */
  | { readonly kind: 'again' }

/** The answer of a rule, in place of a code, that asks to be run again. */
export const AGAIN = 'again'

export type Verdict = { readonly kind: 'run' } | Answer

/** Decides what becomes of a number that arrives at a window. */
export type SequenceRule = (window: DeviceWindow, numbered: Numbered) => Verdict

const RUN: Verdict = { kind: 'run' }

/**
 * The window of a device that has none: it was forgotten, or its account was deleted. A request on a connection that is still open
 * comes too late.
 */
const FORGOTTEN: DeviceWindow = { ...EMPTY_WINDOW, ended: true }

export const contiguous: SequenceRule = (window, { sendSeq, hash }) => {
  if (sendSeq > window.last) {
    // A repeat gets its first answer all the same, even the repeat of what ended the session, such as DeleteAccount.
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

/** Decides what becomes of the number, by the device's present window. */
export function judge(tx: Tx, numbered: Numbered, sequence: SequenceRule = contiguous): Verdict {
  return sequence(tx.get(deviceWindow, numbered.device) ?? FORGOTTEN, numbered)
}

/** A transition that runs `rule` when the number's turn has come. */
export function numbered<I extends Numbered>(
  name: string,
  rule: (tx: Tx, input: I) => Code | typeof AGAIN,
  sequence: SequenceRule = contiguous,
  reads?: Transition<I, Answer>['reads'],
): Transition<I, Answer> & { refused(tx: Tx, input: I): Answer } {
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

/** Uses up the number. The window is read again: the rule may have ended the device's own session. */
function used(tx: Tx, { device, sendSeq, hash }: Numbered, code: Code): Answer {
  const now = tx.get(deviceWindow, device) ?? EMPTY_WINDOW
  tx.put(deviceWindow, withUsed(now, sendSeq - now.last, hash, code), device)
  return { kind: 'answer', code, repeated: false }
}

/** The same transition, which is also run while there is little space. */
export function small<I, R>(transition: Transition<I, R>): Transition<I, R> {
  return { ...transition, small: true }
}

export interface VoidInput {
  readonly device: number
  readonly sendSeq: number
  readonly count: number
}

/** Uses up numbers as finally refused. Numbers that were used before stay as they are. */
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
