/** The scopes of a store, as its partitions show them. */
import { ALL_PARTITIONS } from '../../src/store/partition.js'
import type { ScopeId, Store } from '../../src/store/types.js'

export function scopesOf(store: Store): ReadonlySet<ScopeId> {
  return new Set(ALL_PARTITIONS.map(partition => store.scopeOf(`partition/${partition}`)))
}
