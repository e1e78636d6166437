// Which of the chats the list shows. Boards are no chats: they have a list of their own.
import { peerOf } from '../../typescript/browser.js'
import type { Chat } from './chats.js'

export const FILTERS = ['all', 'unread', 'groups', 'boards'] as const

export type Filter = (typeof FILTERS)[number]

const SHOWS: Readonly<Record<Filter, (chat: Chat) => boolean>> = {
  all: () => true,
  unread: chat => isUnread(chat),
  boards: () => false,
  groups: ({ conversation }) => peerOf(conversation) === undefined,
}

export function filtered(chats: readonly Chat[], filter: Filter): Chat[] {
  return chats.filter(chat => !chat.archived && !chat.asks && SHOWS[filter](chat))
}

export function isUnread({ unread, markedUnread }: Chat): boolean {
  return unread > 0 || markedUnread
}
