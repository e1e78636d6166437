/** Compares a node's policy of contacts with the store's, before the node does anything else on the store. */
import type { Engine } from '../sync/engine.js'
import { agreeOnPolicy, type ContactPolicy, policy, policyActor } from '../sync/rules/policy.js'
import { notedTime, timeActor } from '../sync/rules/time.js'

/** The policy that a node was started with. */
export interface ContactWish {
  /** Absent: whatever the store has; a new store gets `required`. */
  readonly contacts: ContactPolicy | undefined
  /** The store is to change to it. */
  readonly change: boolean
}

/** Says that a node cannot run with the policy that it was started with. */
export class PolicyError extends Error {
  override readonly name = 'PolicyError'
}

/**
 * The policy of the store. A store on which no server has run gets the node's.
 * @throws PolicyError if the node's differs and is not to replace it, or if other nodes still run by the old one
 */
export async function agreedPolicy(
  engine: Engine,
  wish: ContactWish | undefined,
  isAlone: () => boolean,
): Promise<ContactPolicy> {
  const [found] = await engine.scan(policyActor, policy.prefix, null, 1)
  const before = found === undefined ? undefined : policy.decode(found.bytes).contacts
  // Without a wish, as in tests, nothing is written.
  if (wish === undefined || (before !== undefined && !wish.change)) return checked(before ?? 'required', wish?.contacts)
  if (wish.change && before !== undefined && before !== wish.contacts && !isAlone()) {
    throw new PolicyError(
      '--contacts-change needs all other nodes on the store stopped, for 3 s at least: they run by the old policy',
    )
  }
  const notes = await engine.scan(timeActor, notedTime.prefix, null, 1)
  const outcome = await engine.run(policyActor, agreeOnPolicy, { ...wish, isNew: notes.length === 0 })
  if (outcome.kind !== 'done') throw new Error('the store did not take the policy of contacts: try again')
  return checked(outcome.result, wish.contacts)
}

function checked(store: ContactPolicy, wanted: ContactPolicy | undefined): ContactPolicy {
  if (wanted === undefined || wanted === store) return store
  throw new PolicyError(
    `--contacts ${wanted}: this store is run with --contacts ${store}; add --contacts-change to change the store, once`,
  )
}
