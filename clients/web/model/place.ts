// The place in the page that its address names: an open chat, or a pane beside the list. So the browser's back button goes back.
import { type ConversationId, isConversationId } from '../../../protocol/conversation-id.js'

export type Side = 'chats' | 'archived' | 'new-chat' | 'new-group' | 'new-board' | 'requests' | 'settings'

export interface Place {
  readonly side: Side
  readonly conversation: ConversationId | undefined
  /** The account to look for, in a new chat; empty: none yet. */
  readonly account: string
}

const SIDES: ReadonlySet<string> = new Set<Side>([
  'archived',
  'new-chat',
  'new-group',
  'new-board',
  'requests',
  'settings',
])

/** A new chat with whoever has this account name. */
const FIND = /^new-chat\/([A-Za-z0-9_.-]{1,64})$/

/** @param hash of the address, with its # */
export function placeOf(hash: string): Place {
  const name = hash.slice(1)
  if (isConversationId(name)) return { side: 'chats', conversation: name, account: '' }
  const [, account] = FIND.exec(name) ?? []
  if (account !== undefined) return { side: 'new-chat', conversation: undefined, account }
  return { side: SIDES.has(name) ? (name as Side) : 'chats', conversation: undefined, account: '' }
}
