/** The things that a chat is given. */

import type { Client, Clock } from '../typescript/index.js'
import type { Dialogue, Screen } from './screen.js'

/** The part of a client that a chat uses. */
export type ChatClient = Pick<
  Client,
  | 'on'
  | 'send'
  | 'history'
  | 'search'
  | 'contacts'
  | 'groups'
  | 'rooms'
  | 'messages'
  | 'conversations'
  | 'presence'
  | 'account'
  | 'markRead'
  | 'unread'
  | 'state'
  | 'nudge'
>

export interface ChatSpec {
  readonly client: ChatClient
  readonly screen: Screen
  readonly clock: Clock
  /** The way to ask a person; undefined where nobody can be asked. */
  readonly dialogue: Dialogue | undefined
  /** The person wants to go. */
  readonly quit: () => void
  /** The server takes the session no more. */
  readonly signedOut: (why: string) => void
}
