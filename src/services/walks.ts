/** Walks along a conversation in a timeline, the newest entry first. Each slice counts in the user's limit of walks. */
import type { Defer } from '../lib/turn.js'
import type { Limits } from '../ops/rate-limits.js'
import type { Actor, Store, StoredEntry, Version } from '../store/types.js'
import { notBefore } from './refused.js'

/** The entries that are read at once, and the bytes. */
export const WALKED_AT_ONCE = 128
const WALKED_BYTES_MAX = 2 ** 18
/** The most entries that one request looks at. */
export const WALKED_MAX = 4_096

export interface WalkParts {
  readonly store: Pick<Store, 'chain' | 'entries' | 'newest'>
  readonly defer: Defer
  /** Counts the work of entries beyond the first slice, which was counted before. */
  readonly charge: () => void
}

/** Takes the first slice of a user's walk; the others are charged as they come. @throws Refused if there were too many */
export function beginWalk(
  { store, defer, limits }: Pick<WalkParts, 'store' | 'defer'> & { readonly limits: Limits },
  uid: number,
): WalkParts {
  notBefore(limits.take('timeline-walks', uid))
  return { store, defer, charge: () => limits.charge('timeline-walks', uid) }
}

/** Charges one more slice, and lets others go first. */
export async function goOn({ charge, defer }: WalkParts): Promise<void> {
  charge()
  await new Promise<void>(resolve => defer(resolve))
}

/** The slices of a conversation above the version `cleared`. */
export async function* slices(
  parts: WalkParts,
  actor: Actor,
  chain: string,
  cleared: Version,
): AsyncGenerator<StoredEntry[]> {
  const { store } = parts
  let from = await store.newest(actor, chain)
  for (let walked = 0; from > cleared && walked < WALKED_MAX; ) {
    if (walked > 0) await goOn(parts)
    const slice = await store.chain(actor, from, WALKED_AT_ONCE, WALKED_BYTES_MAX)
    const last = slice.at(-1)
    if (last === undefined) return
    yield slice.filter(({ version }) => version > cleared)
    walked += slice.length
    from = last.previous
  }
}
