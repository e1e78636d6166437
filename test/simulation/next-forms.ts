/**
 * Nodes of two revisions on one store: the next one has a new form for what waits in outboxes. As no form but the first exists, the next one
 * is made here, at a node's way to its store: the same bytes with another number in front, which this revision does not know. Who writes
 * it is decided by the Members that ship. A node of the next revision reads both. One of this revision that meets the new form leaves it to
 * the others, as outboxes do; that may be only where it has just joined, or had lost its lease.
 */

import { LEASE_MS } from '../../src/cluster/members.js'
import { FORMS } from '../../src/cluster/node-status.js'
import type { NodeId, Put, ScannedRecord, Store } from '../../src/store/types.js'
import { OUTBOX } from '../../src/sync/outbox-entry.js'
import { changed } from './plants.js'
import type { Stage } from './stage.js'

export const NEXT_FORMS = FORMS + 1

/** The first byte of an entry, by revision. */
const [THIS_FORM, NEXT_FORM] = [1, 2]

/** Since when each node has had its lease without a gap, by the store. */
export class Leaseholders {
  readonly #leases = new Map<NodeId, { readonly sinceMs: number; readonly untilMs: number }>()

  renewed(node: NodeId, nowMs: number, ttlMs: number): void {
    this.#leases.set(node, { sinceMs: this.#since(node, nowMs) ?? nowMs, untilMs: nowMs + ttlMs })
  }

  /** Whether all members must know of this node. */
  isKnown(node: NodeId, nowMs: number): boolean {
    const sinceMs = this.#since(node, nowMs)
    return sinceMs !== undefined && nowMs - sinceMs > LEASE_MS
  }

  #since(node: NodeId, nowMs: number): number | undefined {
    const lease = this.#leases.get(node)
    return lease !== undefined && lease.untilMs > nowMs ? lease.sinceMs : undefined
  }
}

/** The store as a node of this revision sees it: it counts what it cannot read. */
export function ofThisRevision(store: Store, { happened }: Stage): Store {
  return changed(store, {
    async scan(...asked) {
      const found = await store.scan(...asked)
      if (found.some(isNext)) happened.count('looks at a form that was left to nodes of the next revision')
      return found
    },
  })
}

/** The store as a node of the next revision sees it. @param forms the newest forms that all nodes read, as far as this one knows */
export function ofTheNextRevision(store: Store, stage: Stage, forms: () => number): Store {
  const { happened, nodes, leaseholders, scheduler, fail } = stage
  const written = (put: Put): Put => {
    if (!put.actor.startsWith(`${OUTBOX}/`) || put.bytes === null || forms() < NEXT_FORMS) return put
    happened.count('entries in the form of the next revision')
    const older = nodes.find(({ member, forms }) => {
      return member !== undefined && forms < NEXT_FORMS && leaseholders.isKnown(member, scheduler.nowMs)
    })
    if (older !== undefined) fail(`a form is written that ${older.name} does not read`)
    return { ...put, bytes: inForm(NEXT_FORM, put.bytes) }
  }
  return changed(store, {
    commit: (scope, units) =>
      store.commit(
        scope,
        units.map(unit => ({ ...unit, puts: unit.puts.map(written) })),
      ),
    async scan(...asked) {
      const found = await store.scan(...asked)
      return found.map(record => (isNext(record) ? { ...record, bytes: inForm(THIS_FORM, record.bytes) } : record))
    },
  })
}

function isNext({ name, bytes }: ScannedRecord): boolean {
  return name.startsWith('entry/') && bytes[0] === NEXT_FORM
}

function inForm(form: number, bytes: Uint8Array): Uint8Array {
  const other = bytes.slice()
  other[0] = form
  return other
}
