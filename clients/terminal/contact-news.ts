/** Says what happens to contacts, requests and strangers, as a client tells it. */

import type { Contact } from '../typescript/index.js'
import { nameOf, said } from './lines.js'
import type { People } from './people.js'

export class ContactNews {
  readonly #people: People
  readonly #say: (text: string) => void
  /** The contacts as they were told last. */
  readonly #known = new Map<number, Contact>()
  /** The requests of others that were told, by user. */
  readonly #told = new Map<number, number>()

  /** @param say shows a line, which is no message */
  constructor(people: People, say: (text: string) => void) {
    this.#people = people
    this.#say = say
  }

  /** Notes a contact without a word: as it was left, or before the chat is open. */
  note(contact: Contact): void {
    this.#people.met(contact)
    this.#known.set(contact.uid, contact)
  }

  /** Says what waits when one comes in. */
  found(contact: Contact): void {
    if (contact.state === 'invited') this.#invited(contact)
  }

  /** Says in what a contact differs from before. @returns whether it is a friend now, and was none */
  contact(contact: Contact): boolean {
    const { uid, account, nickname, state, blocked } = contact
    const before = this.#known.get(uid)
    this.note(contact)
    const was = before?.state ?? 'none'
    const name = this.#people.nameOf(uid)
    if (state === 'invited') this.#invited(contact)
    if (state === 'requested' && was !== 'requested') this.#say(`${name} is asked, and has to accept`)
    const isNewFriend = state === 'friend' && was !== 'friend'
    if (isNewFriend) this.#say(`${nameOf(account, nickname)} is a contact now`)
    this.#talks(contact, before)
    if (state === 'none' && was !== 'none') this.#say(this.#endText(name, before))
    if (blocked !== (before?.blocked ?? false)) this.#say(`${name} is ${blocked ? '' : 'no longer '}blocked`)
    if (before !== undefined && account !== '' && before.nickname !== nickname && state === 'friend') {
      this.#say(`${name} is called ${nickname} now`)
    }
    return isNewFriend
  }

  #invited({ uid, account, nickname, greeting, request }: Contact): void {
    if (this.#told.get(uid) === request) return
    this.#told.set(uid, request)
    const asks = `${nameOf(account, nickname)} asks to become a contact${said(greeting)}`
    this.#say(`${asks} — /accept ${account} or /decline ${account}`)
  }

  /** What is said of a chat with a stranger. What a request says is not shown here. */
  #talks({ uid, account, nickname, stranger }: Contact, before: Contact | undefined): void {
    const was = before?.stranger ?? 'none'
    const name = this.#people.nameOf(uid)
    if (stranger === 'asks' && was !== 'asks')
      this.#say(`${nameOf(account, nickname)} writes to you, and is no contact — /requests shows it`)
    if (stranger === 'waits' && was !== 'waits')
      this.#say(`${name} is no contact: what you write is a request until ${name} answers`)
    if (stranger === 'open' && was === 'waits') this.#say(`${name} has answered`)
  }

  #endText(name: string, before: Contact | undefined): string {
    if (before?.state === 'friend') return `${name} is no contact any more`
    if (before?.state === 'requested') return `your request to ${name} has ended`
    if (before?.state === 'stranger' && before.stranger !== 'asks') return `the chat with ${name} has ended`
    return `the request of ${name} has ended`
  }
}
