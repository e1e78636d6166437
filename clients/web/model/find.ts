// Finding chats and people by a part of their names.
import { type Client, type ConversationId, directConversation } from '../../typescript/browser.js'
import type { Chat } from './chats.js'
import { nameOf } from './people.js'

export interface Found {
  readonly conversation: ConversationId
  readonly name: string
  /** The account's name, where the name is another one. */
  readonly account: string
}

const FOUND_MAX = 20

/** Chats in the order of the list, then contacts without one. What begins with the text goes before what holds it. */
export function findChats(text: string, chats: readonly Chat[], client: Client): Found[] {
  const wanted = text.trim().toLocaleLowerCase()
  const seen = new Set(chats.map(({ conversation }) => conversation))
  const contacts = client.contacts
    .list()
    .filter(({ state, uid }) => state === 'friend' && !seen.has(directConversation(uid)))
  const accounts = new Map(client.contacts.list().map(each => [directConversation(each.uid), each.account]))
  const all: Found[] = [
    ...chats.map(({ conversation, name }) => ({ conversation, name, account: accounts.get(conversation) ?? '' })),
    ...contacts.map(each => ({
      conversation: directConversation(each.uid),
      name: nameOf(each),
      account: each.account,
    })),
  ]
  const rank = ({ name, account }: Found): number => {
    const names = [name.toLocaleLowerCase(), account.toLocaleLowerCase()]
    if (names.some(each => each.startsWith(wanted))) return 0
    return names.some(each => each.includes(wanted)) ? 1 : 2
  }
  return [0, 1].flatMap(wantedRank => all.filter(each => rank(each) === wantedRank)).slice(0, FOUND_MAX)
}

/** The parts of a name around what was looked for. */
export function marked(name: string, text: string): readonly [before: string, hit: string, after: string] {
  const wanted = text.trim()
  const at = wanted === '' ? -1 : name.toLocaleLowerCase().indexOf(wanted.toLocaleLowerCase())
  if (at < 0) return [name, '', '']
  return [name.slice(0, at), name.slice(at, at + wanted.length), name.slice(at + wanted.length)]
}
