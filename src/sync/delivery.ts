/**
 * The transitions of a delivery: the target takes what waits for it in an outbox, and the source then settles it (outbox.ts draws the order).
 */
import type { Actor } from '../store/types.js'
import { type Take, takenUpTo } from './cascade.js'
import type { OutboxEntry } from './outbox-entry.js'
import type { PlanTx } from './plan-tx.js'
import { type PairIn, pairIn, pairOut } from './record-kinds.js'
import type { EffectKind, Transition, Tx } from './types.js'

export interface Batch {
  readonly source: Actor
  readonly entries: readonly OutboxEntry[]
  /** The number up to which the source has settled, if the outbox was read and has nothing before these. Undefined: it was not. */
  readonly settled: number | undefined
}

export interface Taken {
  /** The number of the last effect taken. */
  readonly last: number
  /** Whether anything was taken, even if only a slice of a fan-out. */
  readonly hasMoved: boolean
  /** Whether effects that are lost were passed over. */
  readonly hasPassed: boolean
}

export interface DeliverOptions {
  readonly effects: ReadonlyMap<string, EffectKind<unknown>>
  /** The number of fan-outs' targets that one unit takes. */
  readonly sliceTargets: number
}

const NOTHING_TAKEN: PairIn = { last: 0 }

/** The transition at the target: takes the effects whose turn it is, and at most `sliceTargets` targets of fan-outs. */
export function deliverTransition({ effects, sliceTargets }: DeliverOptions): Transition<Batch, Taken> {
  return {
    name: 'outbox.deliver',
    waits: true,
    run(tx, { source, entries, settled }) {
      const known = tx.get(pairIn, source) ?? NOTHING_TAKEN
      let last = settled === undefined ? known.last : lastAfterGap(tx, known, entries, settled)
      const hasPassed = last > known.last
      let { done, part } = underWay(known, entries, last)
      let left = sliceTargets
      for (const entry of entries) {
        const { seq, targets } = entry
        if (seq <= last) continue
        if (entry.before > last) break
        const slice = targets.slice(done, done + left)
        const take = takeOne(tx as PlanTx, effects.get(entry.kind), entry, slice)
        if (take === 'put off') break
        part = seq
        done = take === 'taken' ? done + slice.length : targets.length
        left -= slice.length
        if (done < targets.length) break
        last = seq
        done = 0
      }
      const hasMoved = isBeyond(known, { last, done, part })
      if (hasMoved) tx.put(pairIn, done === 0 ? takenUpTo(tx, last) : { ...takenUpTo(tx, last), done, part }, source)
      return { last, hasMoved, hasPassed }
    },
  }
}

/** Takes one effect, at these targets if it is a fan-out's. An unknown one is put off: it is left to other nodes. */
function takeOne(
  tx: PlanTx,
  kind: EffectKind<unknown> | undefined,
  { source, payload, seq }: OutboxEntry,
  targets: readonly Actor[],
): Take {
  return kind === undefined ? 'put off' : tx.take({ kind, source, payload }, { seq, targets })
}

/**
 * The number of the last effect that counts as taken. A target passes over the gap before the first entry if it had taken those effects and
 * lost them: its own partition is in a newer epoch than its counter, or it once lost something and the source has settled them. For some of
 * what was lost may have been delivered again, and then the counter is of the newest epoch.
 */
function lastAfterGap({ epoch }: Tx, known: PairIn, [first]: readonly OutboxEntry[], settled: number): number {
  const before = first?.before ?? 0
  const mayPass = (known.epoch ?? 1) < epoch || (epoch > 1 && before <= settled)
  return mayPass ? Math.max(known.last, before) : known.last
}

function isBeyond(known: PairIn, { last, done = 0, part }: PairIn): boolean {
  return last > known.last || (done > 0 && (done !== known.done || part !== known.part))
}

/** How far the fan-out has come that is taken next. What is known of another one, which was lost, does not count. */
function underWay({ last: lastKnown, done = 0, part = 0 }: PairIn, entries: readonly OutboxEntry[], last: number) {
  const next = entries.find(({ seq }) => seq > last)
  const isOther = last !== lastKnown || (part > last && part !== next?.seq)
  return isOther ? { done: 0, part: 0 } : { done, part }
}

/** The number up to which the source knows that the target has taken its effects. */
export const settledTransition: Transition<Actor, number> = {
  name: 'outbox.settled',
  waits: true,
  run: (tx, target) => tx.get(pairOut, target)?.settled ?? 0,
}

/** The transition at the source: the target has taken everything up to `last`, so these entries leave the outbox. */
export const settleTransition: Transition<{ target: Actor; seqs: ReadonlySet<number>; last: number }, void> = {
  name: 'outbox.settle',
  waits: true,
  run(tx, { target, seqs, last }) {
    const out = tx.get(pairOut, target)
    if (out === undefined) return
    // They are removed even if another deliverer has counted them already: only this one knows these entries.
    // A source that was restored may know less than the target: all that it has sent is taken then.
    tx.put(pairOut, { sent: out.sent, settled: Math.min(out.sent, Math.max(out.settled, last)) }, target)
    for (const seq of seqs) (tx as PlanTx).removeEntry(target, seq)
  },
}
