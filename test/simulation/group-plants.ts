/** Bugs of groups for plants.ts: what a unit would be under them. */

import { withNumber } from '../../protocol/item-codec.js'
import { WALKED_AT_ONCE } from '../../src/services/walks.js'
import type { Actor, Append, Put, ScannedRecord, Store, Unit } from '../../src/store/types.js'
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
import { type Branch, branch, lastNumber, members, owed } from '../../src/sync/rules/group-records.js'
import { untoldNote } from '../../src/sync/rules/reaction-records.js'
import { uidOf } from '../../src/sync/rules/records.js'

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

/** The items that a group owes it pays to those who are members when it pays. */
export function paidToPresent(): ChangedUnit {
  /** By group and partition, the first number that is owed, and the last, once that is known. */
  const debts = new Map<string, { readonly from: number; to: number }>()
  const here = new Map<string, ReadonlySet<number>>()
  const last = new Map<string, number>()
  const note = ({ actor, name, bytes }: Put): void => {
    if (!isGroupActor(actor) || bytes === null) return
    const gid = gidOfGroup(actor)
    if (name === members.prefix) here.set(gid, new Set(members.decode(bytes).keys()))
    else if (name === lastNumber.prefix) last.set(gid, lastNumber.decode(bytes).n)
    else if (name === owed.prefix) {
      const now = owed.decode(bytes)
      for (const [partition, from] of Object.entries(now)) {
        const debt = debts.get(`branch/${partition}/${gid}`)
        if (debt?.to !== Number.POSITIVE_INFINITY)
          debts.set(`branch/${partition}/${gid}`, { from, to: Number.POSITIVE_INFINITY })
      }
      for (const [actor, debt] of debts) {
        const [, partition = ''] = actor.split('/')
        if (gidOfBranch(actor) === gid && !(partition in now)) debt.to = Math.min(debt.to, last.get(gid) ?? 0)
      }
    }
  }
  return unit => {
    for (const put of unit.puts) note(put)
    const debt = unit.appends.map(({ actor }) => debts.get(actor)).find(each => each !== undefined)
    if (debt === undefined) return unit
    const appends = unit.appends.map(each => {
      if (!isReference(each.bytes)) return each
      const { gid, number } = decodeReference(each.bytes)
      const isOwed = number >= debt.from && number <= debt.to
      return isOwed && here.get(gid)?.has(uidOf(each.actor)) === false ? { ...each, bytes: NOTHING } : each
    })
    return { ...unit, appends }
  }
}

/** A node keeps the notes of what is untold in its memory alone. */
export function unnoted(store: Store): Pick<Store, 'commit' | 'scan'> {
  const notes = new Map<Actor, Map<string, ScannedRecord>>()
  const isNote = ({ name }: Put): boolean => name.startsWith(`${untoldNote.prefix}/`)
  const keep = ({ actor, name, bytes }: Put): void => {
    const ofActor = notes.get(actor) ?? new Map<string, ScannedRecord>()
    notes.set(actor, ofActor)
    if (bytes === null) ofActor.delete(name)
    else ofActor.set(name, { name, bytes, stamp: 1 })
  }
  return {
    async commit(scope, units) {
      const results = await store.commit(
        scope,
        units.map(unit => ({ ...unit, puts: unit.puts.filter(put => !isNote(put)) })),
      )
      units.forEach(({ puts }, i) => {
        if (results[i]?.kind === 'committed') for (const put of puts.filter(isNote)) keep(put)
      })
      return results
    },
    async scan(...asked) {
      const [actor, prefix, after] = asked
      if (prefix !== `${untoldNote.prefix}/`) return store.scan(...asked)
      const all = [...(notes.get(actor)?.values() ?? [])].sort((a, b) => (a.name < b.name ? -1 : 1))
      return after === null ? all : all.filter(({ name }) => name > after)
    },
  }
}
