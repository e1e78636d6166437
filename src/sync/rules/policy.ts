/**
 * The policy of a store: who may write to whom. The first start of a server writes it; from then on every node on the store runs by it. A node
 * that was started with another policy by mistake changes nothing.
 */
import type { Actor } from '../../store/types.js'
import { jsonRecord } from '../record-kinds.js'
import type { Transition } from '../types.js'
import { small } from './numbered.js'

export const policyActor: Actor = 'policy/0'

/** required: only friends write to each other. open: anybody may begin a conversation (stranger.ts). */
export type ContactPolicy = 'required' | 'open'

export const policy = jsonRecord<{ readonly contacts: ContactPolicy }>('policy', {
  fields: { contacts: 'required' },
  lifetime: 'store',
  bytesMax: 64,
  grows: 'nobody: a word',
  many: 'one',
})

export interface AgreeInput {
  /** The policy that this node was started with; absent: the store's. */
  readonly contacts: ContactPolicy | undefined
  /** No server has run on this store before. */
  readonly isNew: boolean
  /** The store is to have that policy from now on. */
  readonly change: boolean
}

/** Writes the policy of a new store, or changes it. @returns the store's */
export const agreeOnPolicy: Transition<AgreeInput, ContactPolicy> = small({
  name: 'policy.agree',
  run(tx, { contacts, isNew, change }) {
    const found = tx.get(policy)
    const before = found?.contacts ?? 'required'
    const isFree = change || (found === undefined && isNew)
    const after = isFree ? (contacts ?? before) : before
    // An older store gets its policy written, too, so that it does not count as new later.
    if (found === undefined || after !== before) tx.put(policy, { contacts: after })
    return after
  },
})
