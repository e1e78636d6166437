/** Reads boards as an application does, and tells the auditor what it read. */
import type { Client, ConversationId, Message } from '../typescript/index.js'
import { Auditor, type Viewer } from './auditor.js'
import type { BoardAuditor } from './board-auditor.js'

/** Reads a board from its newest posts back. @returns the oldest first */
export async function allPosts(client: Client, board: ConversationId): Promise<Message[]> {
  const found: Message[] = []
  for (let [before, isMore] = [0, true]; isMore; before = found[0]?.number ?? 0) {
    const page = await client.rooms.posts(board, before > 0 ? { before } : {})
    found.unshift(...page.posts)
    isMore = page.more
  }
  return found
}

/** Reads a page of what is new above a number; 0: all that is there. */
export async function newPosts(client: Client, board: ConversationId, above: number): Promise<readonly Message[]> {
  return above === 0 ? allPosts(client, board) : (await client.rooms.posts(board, { after: above })).posts
}

/** Tells the auditor that a device read a post. */
export function tellShown(auditor: BoardAuditor, viewer: Viewer, board: string, post: Message): void {
  const isRemoved = post.changed.recalledBy !== 0 && post.text === ''
  auditor.shown(viewer, board, post.number, post, isRemoved ? undefined : Auditor.digest(post.text))
}
