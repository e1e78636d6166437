/** Walks along a conversation in a timeline, the newest entry first. Each slice counts in the user's limit of walks. */
import type { Defer } from '../lib/turn.js'
import type { Limits } from '../ops/rate-limits.js'
import type { Actor, Store, StoredEntry, Version } from '../store/types.js'
import { notBefore } from './refused.js'

/** The entries that are read at once, and the bytes. */
export const WALKED_AT_ONCE = 128
const WALKED_BYTES_MAX = 2 ** 18
/** The factor by which a slice is longer than a short one before it. */
const GROWTH = 8
/** The most entries that one request looks at. */
export const WALKED_MAX = 4_096

export interface WalkParts {
  readonly store: Pick<Store, 'chain' | 'entries' | 'newest'>
  readonly defer: Defer
  /** Counts the work of entries beyond the first slice, which was counted before. */
  readonly charge: () => void
}

/** Takes what a user's walk begins with, mostly its first slice; the others are charged as they come. @throws Refused if there were too many */
export function beginWalk(
  { store, defer, limits }: Pick<WalkParts, 'store' | 'defer'> & { readonly limits: Limits },
  uid: number,
  cost = 1,
): WalkParts {
  notBefore(limits.take('timeline-walks', uid, cost))
  return { store, defer, charge: () => limits.charge('timeline-walks', uid) }
}

/** Charges one more slice, and lets others go first. */
export async function goOn({ charge, defer }: Pick<WalkParts, 'charge' | 'defer'>): Promise<void> {
  charge()
  await new Promise<void>(resolve => defer(resolve))
}

/** Slices of a conversation, the newest first. */
export type Slices = AsyncIterable<readonly StoredEntry[]>

/** The slices of a conversation above the version `cleared`. */
export async function* slices(
  parts: WalkParts,
  actor: Actor,
  chain: string,
  cleared: Version,
): AsyncGenerator<StoredEntry[]> {
  yield* slicesFrom(parts, actor, { from: await parts.store.newest(actor, chain), above: cleared })
}

export interface WalkRange {
  /** The version of the entry that it begins with; 0: there is none. */
  readonly from: Version
  readonly above: Version
  /** The entries of the first slice; the next ones are longer. Absent: WALKED_AT_ONCE. */
  readonly first?: number
  /** The most entries that are looked at. Absent: WALKED_MAX. */
  readonly most?: number
}

/** The slices of a conversation from an entry down. */
export async function* slicesFrom(parts: WalkParts, actor: Actor, range: WalkRange): AsyncGenerator<StoredEntry[]> {
  const { above, first = WALKED_AT_ONCE, most = WALKED_MAX } = range
  let { from } = range
  let atOnce = first
  for (let walked = 0; from > above && walked < most; atOnce = Math.min(WALKED_AT_ONCE, GROWTH * atOnce)) {
    if (walked > 0) await goOn(parts)
    const slice = await parts.store.chain(actor, from, atOnce, WALKED_BYTES_MAX)
    const last = slice.at(-1)
    if (last === undefined) return
    yield slice.filter(({ version }) => version > above)
    walked += slice.length
    from = last.previous
  }
}

/** Slices that are read once and kept, for several who walk along them one after the other. */
export class KeptSlices implements Slices {
  readonly #kept: (readonly StoredEntry[])[] = []
  readonly #rest: AsyncIterator<readonly StoredEntry[]>

  constructor(rest: AsyncGenerator<readonly StoredEntry[]>) {
    this.#rest = rest
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<readonly StoredEntry[]> {
    for (let i = 0; ; i++) {
      const known = this.#kept[i]
      const next = known === undefined ? await this.#rest.next() : undefined
      if (next?.done === true) return
      const slice = known ?? (next?.value as readonly StoredEntry[])
      if (known === undefined) this.#kept.push(slice)
      yield slice
    }
  }
}
