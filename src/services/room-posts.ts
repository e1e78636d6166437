/** Reads the posts of a board in its log: pages of them, and how many a listener has not confirmed. */
import type { ConversationMessage } from '../../protocol/generated/messages.js'
import { COUNTED_MAX } from '../../protocol/limits.js'
import type { Actor, LogRange, Store } from '../store/types.js'
import { isGone } from '../sync/rules/message-state.js'
import { groupMessageIn } from './unread-count.js'
import { goOn, WALKED_AT_ONCE, WALKED_MAX, type WalkParts } from './walks.js'

/** The most bytes of posts of a page, and the most that are read at once. */
const POSTS_BYTES_MAX = 2 ** 18

type BoardStore = Pick<Store, 'read' | 'tally'>

export interface PostsRange {
  /** The number that all are below. 0: none; one of the two is 0. */
  readonly before: number
  readonly after: number
  readonly limit: number
}

export interface PostsPage {
  readonly posts: readonly ConversationMessage[]
  readonly more: boolean
}

/** Reads a page of the posts up to `head`. */
export async function postsPage(store: BoardStore, room: Actor, head: number, range: PostsRange): Promise<PostsPage> {
  const { before, after, limit } = range
  if (after > 0) {
    if (after >= head) return { posts: [], more: false }
    const { entries, more } = await store.read(room, after, head, limit, POSTS_BYTES_MAX)
    return { posts: postsIn(entries), more }
  }
  const from = before > 0 ? Math.min(before - 1, head) : head
  // Numbers have gaps, so the page's first one is found by counting down.
  const { to } = from > 0 ? await store.tally(room, from, limit, POSTS_BYTES_MAX) : { to: 0 }
  if (to === 0) return { posts: [], more: false }
  const { entries } = await store.read(room, to - 1, from, limit, Number.MAX_SAFE_INTEGER)
  const below = to > 1 ? await store.tally(room, to - 1, 1, 1) : { to: 0 }
  return { posts: postsIn(entries), more: below.to > 0 }
}

/** The standing of a board to one of its listeners. */
export interface Unconfirmed {
  readonly uid: number
  /** The number up to which the listener has confirmed. */
  readonly confirmed: number
  /** The number of the board's newest post. */
  readonly head: number
}

/** Counts the posts of others above what a listener has confirmed that were not removed, up to COUNTED_MAX. */
export async function countUnconfirmed(
  parts: Pick<WalkParts, 'charge' | 'defer'>,
  store: BoardStore,
  room: Actor,
  { uid, confirmed, head }: Unconfirmed,
): Promise<number> {
  let count = 0
  for (let [after, read] = [confirmed, 0]; after < head && read < WALKED_MAX; ) {
    if (read > 0) await goOn(parts)
    const { entries, more } = await store.read(room, after, head, WALKED_AT_ONCE, POSTS_BYTES_MAX)
    for (const post of postsIn(entries)) {
      if (post.sender !== uid && !isGone(post)) count += 1
      if (count === COUNTED_MAX) return count
    }
    if (!more) break
    read += entries.length
    after = entries.at(-1)?.version ?? head
  }
  return count
}

function postsIn(entries: LogRange['entries']): ConversationMessage[] {
  return entries.flatMap(({ bytes }) => groupMessageIn(bytes) ?? [])
}
