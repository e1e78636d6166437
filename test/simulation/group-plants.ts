/** Bugs of groups for plants.ts: what a unit would be under them. */

import { withNumber } from '../../protocol/item-codec.js'
import type { Append, Put, Unit } from '../../src/store/types.js'
import { OUTBOX, outboxEntry } from '../../src/sync/outbox-entry.js'
import { isBranchActor, isGroupActor, isReference } from '../../src/sync/references.js'
import { groupSaid } from '../../src/sync/rules/group.js'
import { gidOfGroup } from '../../src/sync/rules/group-changes.js'
import { type Branch, branch } from '../../src/sync/rules/group-records.js'

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
  const again = unit.appends.filter(({ bytes }) => isReference(bytes))
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
