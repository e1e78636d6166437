/** Carries out the commands about contacts, and about strangers who write. */

import {
  type Contact,
  type ConversationId,
  directConversation,
  LongwireError,
  type Message,
} from '../typescript/index.js'
import type { ChatSpec } from './chat-spec.js'
import { type ContactCommandName, usageOf } from './command-table.js'
import { contactLine, nameOf, requestLine, rowTexts, said } from './lines.js'
import type { People } from './people.js'
import { visibleName } from './visible.js'

export interface ContactActsHost extends Pick<ChatSpec, 'client'> {
  say(kind: 'notice' | 'wrong', text: string): void
  /** Lets a request go on by itself: shows `done` when it succeeds, and the error when it fails. */
  begin(request: Promise<void>, done?: string): void
  /** The uid of anybody: a person known here, or one that the server looks up. */
  find(name: string): Promise<number>
  unread(conversation: ConversationId): Promise<number>
}

export class ContactActs {
  readonly #people: People
  readonly #host: ContactActsHost

  constructor(people: People, host: ContactActsHost) {
    this.#people = people
    this.#host = host
  }

  async run(name: ContactCommandName, words: readonly string[]): Promise<void> {
    const { client, begin, find } = this.#host
    const [first = '', second = ''] = words
    switch (name) {
      case 'add':
        return begin(client.contacts.request(await find(first), second))
      case 'accept':
        return this.#answer(first, 'accept')
      case 'decline':
        return this.#answer(first, 'decline')
      case 'cancel':
        return this.#withContact(first, uid => client.contacts.cancel(uid))
      case 'remove':
        return this.#withContact(first, uid => client.contacts.remove(uid))
      case 'block':
        return begin(client.contacts.block(await find(first)))
      case 'unblock':
        return this.#withContact(first, uid => client.contacts.unblock(uid))
      case 'contacts':
        return this.#list()
      case 'requests':
        return this.#requests()
      case 'friends-only':
        return this.#friendsOnly(first)
    }
  }

  #answer(name: string, how: 'accept' | 'decline'): void {
    const { client, say, begin } = this.#host
    const requests = client.contacts.list().filter(waitsForAnswer)
    const [only] = requests
    if (name === '' && requests.length !== 1) {
      const names = requests.map(({ account }) => visibleName(account)).join(', ')
      say('wrong', only === undefined ? 'nobody asks to become a contact' : `whose request? ${names}`)
      return
    }
    const uid = name === '' ? only?.uid : this.#people.uidOf(name)
    if (uid === undefined) throw LongwireError.local('NO_CONTACT_REQUEST')
    const contact = client.contacts.get(uid)
    if (how === 'accept' && contact !== undefined && !waitsForAnswer(contact)) {
      const next =
        contact.state === 'friend'
          ? `is a contact already: /talk ${name}`
          : `has been answered: /add ${name} asks to become a contact`
      say('wrong', `${name} ${next}`)
      return
    }
    begin(client.contacts[how](uid))
  }

  #withContact(name: string, act: (uid: number) => Promise<void>): void {
    const uid = this.#people.uidOf(name)
    if (uid === undefined) this.#host.say('wrong', `${name} is not among your contacts: /add ${name}`)
    else this.#host.begin(act(uid))
  }

  /** All but strangers whose requests wait: these are by themselves. */
  async #list(): Promise<void> {
    const { client, say, unread } = this.#host
    const contacts = client.contacts.list()
    const asking = contacts.filter(isAsking).length
    const shown = contacts.filter(each => each.state !== 'stranger' || !isAsking(each))
    if (contacts.length === 0) say('notice', 'no contacts yet: /add NAME asks somebody')
    const rows = shown.map(async each => {
      const conversation = directConversation(each.uid)
      const settings = client.conversations.get(conversation)
      const isOnline = client.presence.online(each.uid) === true
      const text = contactLine(each, await unread(conversation), settings, isOnline)
      return { name: each.account, settings, text }
    })
    for (const text of rowTexts(await Promise.all(rows))) say('notice', text)
    if (asking > 0) say('notice', askingText(asking))
  }

  /** The folder of requests: who waits for an answer, and what strangers have written. */
  async #requests(): Promise<void> {
    const { client, say } = this.#host
    const waiting = client.contacts.list().filter(waitsForAnswer)
    if (waiting.length === 0) say('notice', 'nobody waits for your answer')
    for (const contact of waiting) {
      const { uid, account, nickname, greeting } = contact
      if (!isAsking(contact)) say('notice', `${nameOf(account, nickname)} asks to become a contact${said(greeting)}`)
      else say('notice', requestLine(contact, await client.unread(uid), await this.#newestOf(uid)))
    }
    if (waiting.some(isAsking))
      say('notice', '/talk NAME shows all and lets you answer; /accept, /decline or /block NAME ends the request')
  }

  async #newestOf(uid: number): Promise<Message | undefined> {
    const { messages } = await this.#host.client.history(uid, { limit: 1 })
    return messages.at(-1)
  }

  #friendsOnly(word: string): void {
    const { client, say, begin } = this.#host
    if (word === '') {
      const { friendsOnly } = client.conversations.preferences
      say('notice', friendsOnly ? 'only friends may write to you' : 'whoever the server lets may write to you')
    } else if (word === 'on' || word === 'off') {
      const done =
        word === 'on' ? 'strangers cannot begin to write to you' : 'strangers may write to you if the server lets them'
      begin(client.conversations.setPreferences({ friendsOnly: word === 'on' }), done)
    } else say('wrong', `usage: ${usageOf('friends-only')}`)
  }
}

/** Whether a stranger wrote and has no answer. */
export function isAsking({ stranger }: Contact): boolean {
  return stranger === 'asks'
}

/** @param count of strangers, at least one */
export function askingText(count: number): string {
  return `${count === 1 ? '1 stranger writes' : `${count} strangers write`} to you: /requests`
}

function waitsForAnswer(contact: Contact): boolean {
  return contact.state === 'invited' || isAsking(contact)
}
