/**
 * What groups owe to branches whose outbox was full (group.ts). The group noted from which number on. Its partition's owner pays from the
 * group's log, in order, and the note goes when all is paid:
 *
 *   owed: from number n ─► a page of the log behind n - 1 ─► effects to the branch, as many as its outbox takes ─► owed: from a later number
 *                                                                                    └─ the page was the last ─► nothing is owed
 */
import { decodeItem } from '../../../protocol/generated/messages.js'
import { partitionOf } from '../../store/partition.js'
import type { Actor } from '../../store/types.js'
import { jsonEffect } from '../effect-kinds.js'
import { jsonRecord } from '../record-kinds.js'
import { branchActor, decodeReference, groupActor, isReference } from '../references.js'
import type { EffectKind, LogItem, Transition, Tx } from '../types.js'
import { groupItem } from './branch.js'
import { groupChanged } from './branch-changes.js'
import { type Gid, lastNumber, owed } from './group-records.js'
import { editNumber, messageIn, messageItem, withheldForNow } from './message-state.js'

/** The kind of actor that notes the groups of its partition that owe something. */
const DEBTS = 'debts'

/** The actor that notes what groups of this one's partition owe. */
export function debtsActor(actor: Actor): Actor {
  return `${DEBTS}/${partitionOf(actor)}`
}

/** A record of `debts/<partition>`, by gid: the group owes something. */
export const debtor = jsonRecord<{ readonly sinceMs: number }>('debtor', {
  fields: { sinceMs: 0 },
  lifetime: 'work',
  bytesMax: 64,
  grows: 'nobody: a number',
  many: 'one per group that owes something to a partition whose outbox was full',
})

export const noteDebt: EffectKind<{ readonly gid: Gid }> = jsonEffect({
  name: 'group-owes',
  run(tx, { gid }) {
    if (tx.get(debtor, gid) === undefined) tx.put(debtor, { sinceMs: tx.nowMs }, gid)
  },
})

export interface Debts {
  /** The first number owed, by partition. */
  readonly owed: Readonly<Record<string, number>>
  /** The last number given out. */
  readonly last: number
}

export const debtsOf: Transition<void, Debts> = {
  name: 'group.debts',
  waits: true,
  run: tx => ({ owed: tx.get(owed) ?? {}, last: tx.get(lastNumber)?.n ?? 0 }),
}

export interface Payment {
  readonly gid: Gid
  readonly partition: number
  /** The first number that was owed when the items were read. */
  readonly from: number
  /** The items from there on, in order, as the group's log has them. */
  readonly items: readonly LogItem[]
  /** The last number that was given out before they were read, if these are all; else undefined. */
  readonly last: number | undefined
}

/** Pays a page of a debt. @returns whether there is more to pay, and whether the outbox takes no more for now */
export const pay: Transition<Payment, { readonly more: boolean; readonly full: boolean }> = {
  name: 'group.pay',
  waits: true,
  run(tx, { gid, partition, from, items, last }) {
    const debts = tx.get(owed) ?? {}
    if (debts[partition] !== from) return { more: debts[partition] !== undefined, full: false }
    const target = branchActor(gid, partition)
    let next = from
    let full = false
    for (const { version, bytes } of items) {
      full = !tx.outboxHasSpace(target)
      if (full) break
      payOne(tx, target, version, bytes)
      next = version + 1
    }
    const isPaid = !full && last !== undefined && tx.get(lastNumber)?.n === last
    const { [partition]: _, ...others } = debts
    tx.put(owed, isPaid ? others : { ...debts, [partition]: next })
    return { more: !isPaid, full }
  },
}

/**
 * Tells a branch what the group's log has under a number. A message has its newest text there, which was not everybody's then: it is
 * withheld until the number of its edit is paid. If it was edited again, it waits for the last one.
 */
function payOne(tx: Tx, target: Actor, version: number, bytes: Uint8Array): void {
  if (!isReference(bytes)) {
    const message = messageIn(bytes)
    const item = message !== undefined && editNumber(message) > version ? messageItem(withheldForNow(message)) : bytes
    tx.effect(groupItem, target, { number: version, atMs: atMsOf(bytes), item })
    return
  }
  const { number, atMs } = decodeReference(bytes)
  const item = tx.entry(number)?.bytes
  const message = item && messageIn(item)
  if (item === undefined || message === undefined || editNumber(message) > version) return
  tx.effect(groupChanged, target, { number: version, atMs, item })
}

/** The first number that the group owes to anybody; Infinity: it owes nothing. */
export function firstOwed(tx: Tx): number {
  return Math.min(...Object.values(tx.get(owed) ?? {}))
}

function atMsOf(item: Uint8Array): number {
  const { content } = decodeItem(item)
  return content?.case === 'conversationMessage' || content?.case === 'groupChange' ? content.value.atMs : 0
}

/** The time when the last group had paid. It makes a unit that otherwise only removes something recognisable. */
const lastPaid = jsonRecord<{ readonly atMs: number }>('paid', {
  fields: { atMs: 0 },
  lifetime: 'store',
  bytesMax: 64,
  grows: 'nobody: a number',
  many: 'one',
})

/** Removes the note of a group that owes nothing. While the last was paid, another partition may have become one that is owed. */
export const hasPaid: Transition<{ readonly gid: Gid }, void> = {
  name: 'group.has-paid',
  waits: true,
  run(tx, { gid }) {
    if (tx.get(debtor, gid) === undefined) return
    if (firstOwed(tx.at(groupActor(gid))) < Number.POSITIVE_INFINITY) return
    tx.remove(debtor, gid)
    tx.put(lastPaid, { atMs: tx.nowMs })
  },
}
