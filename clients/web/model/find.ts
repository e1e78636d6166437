// Finding chats and people by a part of their names, and messages by a part of their texts.
import { type Client, type ConversationId, directConversation, type Message } from '../../typescript/browser.js'
import type { Chat } from './chats.js'
import { nameOf } from './people.js'

export interface Found {
  readonly conversation: ConversationId
  readonly name: string
  /** The account's name, where the name is another one. */
  readonly account: string
}

const FOUND_MAX = 20

/** The characters before a hit that a line of a message begins with. */
const BEFORE_HIT = 24

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

/** The messages that are stored here and hold the text, the newest first. */
export async function findMessages(text: string, client: Client): Promise<readonly Message[]> {
  const wanted = text.trim()
  return wanted === '' ? [] : client.search(wanted, { limit: FOUND_MAX })
}

/** The part of a message's text that begins a few characters before what was looked for. */
export function excerpt(message: string, text: string): string {
  const line = message.replace(/\s+/g, ' ')
  const at = line.toLocaleLowerCase().indexOf(text.trim().toLocaleLowerCase())
  return at <= BEFORE_HIT ? line : `…${line.slice(at - BEFORE_HIT)}`
}

/** The parts of a name around what was looked for. */
export function marked(name: string, text: string): readonly [before: string, hit: string, after: string] {
  const wanted = text.trim()
  const at = wanted === '' ? -1 : name.toLocaleLowerCase().indexOf(wanted.toLocaleLowerCase())
  if (at < 0) return [name, '', '']
  return [name.slice(0, at), name.slice(at, at + wanted.length), name.slice(at + wanted.length)]
}
