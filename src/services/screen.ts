/**
 * Answers a page of a user's conversations, the newest first. It costs what it shows: the names of all conversations are listed, but only of
 * those on the page anything is read.
 *
 *   conversations of the log ─► by version ─► the page's, ten at a time ─► records: names, marks, settings (rules/screen.ts)
 *                                                                     └──► one walk each: the last message, and what is unread
 */
import { CODES } from '../../protocol/codes.js'
import { type ConversationId, directConversation } from '../../protocol/conversation-id.js'
import {
  type ConversationSummary,
  type ConversationsRequest,
  createConversationSummary,
  decodeItem,
  encodeConversationsResponse,
  type Item,
} from '../../protocol/generated/messages.js'
import { CONVERSATIONS_BYTES_MAX, CONVERSATIONS_PAGE_MAX } from '../../protocol/limits.js'
import { present } from '../lib/assert.js'
import type { Actor, Store, StoredEntry, Version } from '../store/types.js'
import type { Engine } from '../sync/engine.js'
import { done } from '../sync/outcome.js'
import { getProfile } from '../sync/rules/account.js'
import { uidOf, userActor } from '../sync/rules/records.js'
import { pinnedOf, type Shown, shownOf } from '../sync/rules/screen.js'
import { isDeleted } from './history.js'
import { Refused } from './refused.js'
import { summarized } from './summary.js'
import { countDirect, countGroup } from './unread-count.js'
import { goOn, KeptSlices, type Slices, slicesFrom, type WalkParts } from './walks.js'

/** What a page is charged, beside the walks that are longer than their first slice: it takes as long as so many slices. */
export const SCREEN_WALKS = 16

/** The most slices beyond their first that a page walks before it ends early. */
const SLICES_MAX = 128

/** The conversations that are read together. */
const AT_ONCE = 10

/**
 * The entries of a conversation that are read first: mostly the newest has been read, and says all. In lmdb's tables each lies in another block.
 * With 200 000 items a page took 11 ms of CPU with two, and 14 with six.
 */
const FIRST_ENTRIES = 1

/** The conversations of a log that are listed at once. */
const LISTED_AT_ONCE = 2_048

export interface ScreenParts extends WalkParts {
  readonly engine: Pick<Engine, 'run' | 'head' | 'shown'>
  readonly lists: Pick<Store, 'conversations'>
}

/** A conversation, and the version of its newest item. */
interface Listed {
  readonly conversation: ConversationId
  readonly version: Version
}

/** Answers a request. @throws Refused */
export async function screen(parts: ScreenParts, actor: Actor, request: ConversationsRequest): Promise<Uint8Array> {
  const { after, limit } = request
  if (limit > CONVERSATIONS_PAGE_MAX) throw new Refused(CODES.INVALID_ARGUMENT.code)
  const { head, resync } = await parts.engine.head(actor, Math.max(0, after - 1))
  if (resync) throw new Refused(CODES.INVALID_ARGUMENT.code, undefined, 'that is no version of this timeline')
  const all = await listed(parts, actor)
  const pinned = after === 0 ? await pinnedIn(parts, actor, all) : []
  const most = limit === 0 ? CONVERSATIONS_PAGE_MAX : limit
  const first = pinned.slice(0, most - 1)
  const names = new Set(first.map(({ conversation }) => conversation))
  const others = all.filter(({ conversation, version }) => (after === 0 || version < after) && !names.has(conversation))
  const wanted = [...first, ...others.slice(0, most - first.length)]
  const summaries = await summariesOf(parts, actor, wanted)
  const count = summaries.length - first.length
  const isLast = count >= others.length
  const next = count > 0 ? present(others[count - 1], 'the last').version : head + 1
  // Encoded messages behind one another are one message with all their repeated fields.
  const rest = encodeConversationsResponse({ conversations: [], next: isLast ? 0 : next, head })
  return Buffer.concat([...summaries, rest])
}

/** All conversations of the user's log, the newest first. */
async function listed(parts: ScreenParts, actor: Actor): Promise<Listed[]> {
  const all: Listed[] = []
  for (let after: string | null = null; ; await goOn(parts)) {
    const page = await parts.lists.conversations(actor, after, LISTED_AT_ONCE)
    for (const { conversation, newest } of page) all.push({ conversation: idOf(conversation), version: newest })
    if (page.length < LISTED_AT_ONCE) break
    after = page.at(-1)?.conversation ?? null
  }
  return all.sort((a, b) => b.version - a.version)
}

/** The id of the conversation with this chain of entries. */
function idOf(chain: string): ConversationId {
  return chain.includes(':') ? (chain as ConversationId) : directConversation(Number(chain))
}

/** The pinned conversations, the newest first. One without an item has no version. */
async function pinnedIn({ engine }: ScreenParts, actor: Actor, all: readonly Listed[]): Promise<Listed[]> {
  const names = new Set(done(await engine.run(actor, pinnedOf, undefined)))
  const found = all.filter(({ conversation }) => names.has(conversation))
  for (const { conversation } of found) names.delete(conversation)
  return [...found, ...Array.from(names, conversation => ({ conversation, version: 0 }))]
}

/** Encodes what is shown of these conversations, each as an answer with it alone, of as many as an answer has space for: at least one. */
async function summariesOf(parts: ScreenParts, actor: Actor, wanted: readonly Listed[]): Promise<Uint8Array[]> {
  const summaries: Uint8Array[] = []
  let slices = 0
  let bytes = 0
  const charge = (): void => {
    slices += 1
    parts.charge()
  }
  for (let from = 0; from < wanted.length && slices < SLICES_MAX; from += AT_ONCE) {
    const some = wanted.slice(from, from + AT_ONCE)
    for (const summary of await readTogether({ ...parts, charge }, actor, some)) {
      const encoded = encodeConversationsResponse({ conversations: [summary], next: 0, head: 0 })
      bytes += encoded.length
      if (bytes > CONVERSATIONS_BYTES_MAX && summaries.length > 0) return summaries
      summaries.push(encoded)
    }
  }
  return summaries
}

async function readTogether(parts: ScreenParts, actor: Actor, some: readonly Listed[]): Promise<ConversationSummary[]> {
  const asked = { uid: uidOf(actor), conversations: some.map(({ conversation }) => conversation) }
  const shown = done(await parts.engine.run(actor, shownOf, asked))
  const read = await Promise.all(
    some.map((each, i) => summaryOf(parts, actor, each, present(shown[i], 'what is shown'))),
  )
  const names = await namesOf(parts, read)
  return read.map(summary => ({ ...summary, senderName: names.get(writerOf(summary)) ?? '' }))
}

/** The nicknames of those who wrote the last messages in groups. */
async function namesOf(
  { engine }: ScreenParts,
  summaries: readonly ConversationSummary[],
): Promise<Map<number, string>> {
  const uids = [...new Set(summaries.map(writerOf))].filter(uid => uid > 0)
  const names = await Promise.all(
    uids.map(async uid => {
      const profile = done(await engine.run(userActor(uid), getProfile, undefined))
      return [uid, profile?.nickname ?? ''] as const
    }),
  )
  return new Map(names)
}

/** Who wrote the last message in a group; 0: nobody, or it is a direct one. */
function writerOf({ last }: ConversationSummary): number {
  return last?.content?.case === 'conversationMessage' ? last.content.value.sender : 0
}

async function summaryOf(
  parts: ScreenParts,
  actor: Actor,
  { conversation, version }: Listed,
  { marks, ...shown }: Shown,
): Promise<ConversationSummary> {
  const range = { from: version, above: shown.cleared, first: FIRST_ENTRIES }
  const walked = new KeptSlices(slicesFrom(parts, actor, range))
  const last = await lastIn(parts, actor, walked)
  const summary = createConversationSummary({ conversation, version, ...shown, ...last })
  if (marks.kind === 'refused') return summary
  if (marks.kind === 'direct') return { ...summary, unread: await countDirect(walked, marks) }
  return { ...summary, ...(await countGroup(parts, actor, walked, marks)) }
}

/** The newest message or change that the user has not deleted, and the code with which it failed. */
async function lastIn(parts: ScreenParts, actor: Actor, walked: Slices) {
  const failures = new Map<string, number>()
  for await (const slice of walked) {
    for (const entry of slice) {
      const item = await shownAt(parts, actor, entry)
      const content = item?.content
      if (item === undefined || content === undefined) continue
      if (content.case === 'failed') {
        const { device, sendSeq, code } = content.value
        failures.set(`${device}/${sendSeq}`, code)
      } else {
        const own = content.case === 'message' && content.value.sender === uidOf(actor) ? content.value : undefined
        return { ...summarized(item), failed: (own && failures.get(`${own.device}/${own.sendSeq}`)) ?? 0 }
      }
    }
  }
  return {}
}

/** The item at this place as the user is shown it; undefined: the user has deleted it, or it has gone. */
async function shownAt({ engine }: ScreenParts, actor: Actor, entry: StoredEntry): Promise<Item | undefined> {
  for await (const { bytes } of engine.shown(actor, [entry])) {
    return bytes === undefined || isDeleted(bytes) ? undefined : decodeItem(bytes)
  }
  return undefined
}
