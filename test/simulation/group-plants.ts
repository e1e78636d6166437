/** Bugs of groups for plants.ts: what a unit would be under them. */

import { withNumber } from '../../protocol/item-codec.js'
import { WALKED_AT_ONCE } from '../../src/services/unread-count.js'
import type { Append, Put, Store, Unit } from '../../src/store/types.js'
import { OUTBOX, outboxEntry } from '../../src/sync/outbox-entry.js'
import {
  decodeReference,
  encodeReference,
  isBranchActor,
  isGroupActor,
  isReference,
} from '../../src/sync/references.js'
import { gidOfBranch } from '../../src/sync/rules/branch.js'
import { groupSaid } from '../../src/sync/rules/group.js'
import { gidOfGroup } from '../../src/sync/rules/group-changes.js'
import { type Branch, branch, owed } from '../../src/sync/rules/group-records.js'

type ChangedUnit = (unit: Unit) => Unit

const NOTHING = new Uint8Array(0)
/** Of so many items one is skipped. */
const SKIPPED_OF = 5

/** The sender's own copy is told at acceptance, with the number that it will probably get. */
export function toldAtAcceptance(): ChangedUnit {
  const last = new Map<string, number>()
  return unit => {
    for (const { actor, at = 0 } of unit.appends) if (isGroupActor(actor)) last.set(gidOfGroup(actor), at)
    const copies = unit.puts.flatMap((put): Append[] => {
      const entry = put.actor.startsWith(`${OUTBOX}/`) && put.bytes !== null ? outboxEntry.decode(put.bytes) : undefined
      if (entry?.kind !== groupSaid.name) return []
      const number = (last.get(gidOfGroup(entry.target)) ?? 0) + 1
      return [{ actor: entry.source, bytes: withNumber(groupSaid.decode(entry.payload).item, number) }]
    })
    return copies.length === 0 ? unit : { ...unit, appends: [...unit.appends, ...copies] }
  }
}

/** Each item comes to its members twice. */
export function fannedOutTwice(unit: Unit): Unit {
  const again = unit.appends.filter(({ actor, bytes }) => isReference(bytes) && !isGroupActor(actor))
  return again.length === 0 ? unit : { ...unit, appends: [...unit.appends, ...again] }
}

/** Now and then a branch takes an item and gives its members nothing of it. */
export function skipped(): ChangedUnit {
  let items = 0
  return unit => {
    if (!unit.appends.some(({ actor }) => isBranchActor(actor))) return unit
    items += 1
    if (items % SKIPPED_OF !== 0) return unit
    return {
      ...unit,
      appends: unit.appends.map(each => (isReference(each.bytes) ? { ...each, bytes: NOTHING } : each)),
    }
  }
}

/** A branch keeps all who were ever members. */
export function stillTold(): ChangedUnit {
  const ever = new Map<string, Branch['members']>()
  const kept = (put: Put): Put => {
    if (!isBranchActor(put.actor) || put.name !== branch.prefix || put.bytes === null) return put
    const { members } = branch.decode(put.bytes)
    const gone = (ever.get(put.actor) ?? []).filter(({ uid }) => !members.some(member => member.uid === uid))
    const all = [...gone, ...members]
    ever.set(put.actor, all)
    return { ...put, bytes: branch.encode({ members: all, former: [], all: [] }) }
  }
  return unit => ({ ...unit, puts: unit.puts.map(kept) })
}

/** One branch of each group leaves the old body where a new one should be, and tells of it all the same. */
export function leftInOne(): ChangedUnit {
  const left = new Map<string, string>()
  const isLeft = (actor: string): boolean => {
    if (!isBranchActor(actor)) return false
    const gid = gidOfBranch(actor)
    if (!left.has(gid)) left.set(gid, actor)
    return left.get(gid) === actor
  }
  return unit => ({ ...unit, replaces: (unit.replaces ?? []).filter(({ actor }) => !isLeft(actor)) })
}

/** Who was ever a member is shown what was edited later. */
export function shownToFormer(unit: Unit): Unit {
  const shown = (put: Put): Put => {
    if (!isBranchActor(put.actor) || put.name !== branch.prefix || put.bytes === null) return put
    const { members, former, all } = branch.decode(put.bytes)
    const bytes = branch.encode({
      members,
      former: former.map(each => ({ ...each, until: Number.MAX_SAFE_INTEGER })),
      all,
    })
    return { ...put, bytes }
  }
  return { ...unit, puts: unit.puts.map(shown) }
}

/** What is unread is counted as if each number were a message. */
export function subtracting(store: Store): Pick<Store, 'chain'> {
  return {
    async chain(...asked) {
      const entries = await store.chain(...asked)
      const [, , entriesMax] = asked
      if (entriesMax !== WALKED_AT_ONCE) return entries
      return entries.flatMap((entry, i) => {
        const next = entries[i + 1]
        if (next === undefined || !isReference(entry.bytes) || !isReference(next.bytes)) return [entry]
        const reference = decodeReference(entry.bytes)
        const gap = reference.number - decodeReference(next.bytes).number
        return Array.from({ length: Math.min(Math.max(gap, 1), 10) }, () => ({
          ...entry,
          bytes: encodeReference(reference),
        }))
      })
    },
  }
}

/** A group whose item does not fit an outbox takes it and gives it to nobody. */
export function refusedByFullOutbox(unit: Unit): Unit {
  const debtor = unit.puts.find(({ name, bytes }) => name === owed.prefix && bytes !== null && isOwing(bytes))?.actor
  if (debtor === undefined || !unit.appends.some(({ actor }) => actor === debtor)) return unit
  return { ...unit, puts: unit.puts.filter(({ name }) => name.startsWith('in/')), appends: [] }
}

function isOwing(bytes: Uint8Array): boolean {
  return Object.keys(owed.decode(bytes)).length > 0
}
