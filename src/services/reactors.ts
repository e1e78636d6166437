/** Answers who reacted to a message. Of a group's the group knows it, of a direct one the user's own copy. */
import { CODES } from '../../protocol/codes.js'
import type { MessageId, Reaction } from '../../protocol/generated/messages.js'
import type { Engine } from '../sync/engine.js'
import { done } from '../sync/outcome.js'
import { groupActor } from '../sync/references.js'
import { type Reactor, type ReactorsAsked, reactorsIn } from '../sync/rules/group-reactions.js'
import type { Gid } from '../sync/rules/group-records.js'
import { directChain } from '../sync/rules/message-search.js'
import { userActor } from '../sync/rules/records.js'
import { Refused } from './refused.js'
import { directIn, groupMessageIn } from './unread-count.js'
import { slices, type WalkParts } from './walks.js'

interface ReactorPage {
  /** The users, in order of uid. */
  readonly page: readonly Reactor[]
  /** The uid behind which the next page begins; 0: this is the last. */
  readonly next: number
}

export async function groupReactors(
  engine: Pick<Engine, 'run'>,
  { store }: Pick<WalkParts, 'store'>,
  gid: Gid,
  asked: ReactorsAsked,
): Promise<ReactorPage> {
  const group = groupActor(gid)
  const found = done(await engine.run(group, reactorsIn, asked))
  if (found.code !== undefined) throw new Refused(found.code)
  if (found.page.length > 0) return found
  const [entry] = await store.entries(group, [asked.number])
  if (groupMessageIn(entry?.bytes) === undefined) throw new Refused(CODES.NO_SUCH_MESSAGE.code)
  return found
}

export async function directReactors(
  parts: WalkParts,
  peer: number,
  message: MessageId,
  { uid, kind, after }: ReactorsAsked,
): Promise<ReactorPage> {
  const reactions = await reactionsTo(parts, uid, peer, message)
  if (reactions === undefined) throw new Refused(CODES.NO_SUCH_MESSAGE.code)
  const kindsOf = (has: (reaction: Reaction) => boolean): string[] =>
    reactions.filter(each => has(each) && (kind === '' || each.kind === kind)).map(each => each.kind)
  const own = { uid, kinds: kindsOf(({ mine }) => mine) }
  const other = { uid: peer, kinds: kindsOf(({ count, mine }) => count > Number(mine)) }
  const page = [own, other].filter(each => each.uid > after && each.kinds.length > 0).sort((a, b) => a.uid - b.uid)
  return { page, next: 0 }
}

/** The reactions to the user's copy of a message; undefined: there is none, or the user has deleted it. */
async function reactionsTo(
  parts: WalkParts,
  uid: number,
  peer: number,
  { sender, device, sendSeq }: MessageId,
): Promise<readonly Reaction[] | undefined> {
  for await (const slice of slices(parts, userActor(uid), directChain(peer), 0)) {
    for (const { bytes } of slice) {
      const message = directIn(bytes)
      // The numbers of a device rise along the conversation.
      if (message?.sender !== sender || message.device !== device || message.sendSeq > sendSeq) continue
      const isFound = message.sendSeq === sendSeq && message.state?.deleted !== true
      return isFound ? (message.state?.reactions ?? []) : undefined
    }
  }
  return undefined
}
