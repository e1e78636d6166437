// The things that a user can do about contacts. A request is in the send queue like a message. Its effect comes back as an item, to
// every device.
import { GREETING_BYTES_MAX } from '../../../protocol/limits.js'
import { checkText, checkUid } from '../base/arguments.js'
import { LongwireError } from '../base/errors.js'
import type { Operate } from '../base/operation.js'
import type { Contact, ContactList } from '../rules/contact-list.js'

/** Promises resolve when the server did it and reject with its final refusal; what changed is told by a `contact` event. */
export class Contacts {
  readonly #list: ContactList
  readonly #operate: Operate

  /** @internal */
  constructor(list: ContactList, operate: Operate) {
    this.#list = list
    this.#operate = operate
  }

  /** Whether anybody may write to anybody on this server; undefined until a connection has told. */
  get open(): boolean | undefined {
    return this.#list.open
  }

  /** Friends, requests either way, strangers with whom there is a chat, and blocked users, from local state. */
  list(): Contact[] {
    return this.#list.list()
  }

  /** A contact by uid. One that ended is here too, as long as its item lives. */
  get(uid: number): Contact | undefined {
    return this.#list.get(uid)
  }

  /** Asks a user to become a friend. */
  request(uid: number, greeting = ''): Promise<void> {
    return this.#operate('contactRequest', () => {
      checkUid('uid', uid)
      checkText('greeting', greeting, GREETING_BYTES_MAX)
      return { uid, greeting }
    })
  }

  /** Accepts the request that is known here, or a stranger who wrote: both are friends then. Rejects with NO_CONTACT_REQUEST if none is. */
  accept(uid: number): Promise<void> {
    return this.#operate('contactAccept', () => ({ uid, request: this.#waitingOf(uid) }))
  }

  /** Declines the request that is known here, or a stranger who wrote and may write no more. Rejects with NO_CONTACT_REQUEST if none is. */
  decline(uid: number): Promise<void> {
    return this.#operate('contactDecline', () => ({ uid, request: this.#waitingOf(uid) }))
  }

  /** Takes this user's own request back. */
  cancel(uid: number): Promise<void> {
    return this.#operate('contactCancel', () => ({
      uid,
      request: this.#requestOf(uid, ({ state }) => state === 'requested'),
    }))
  }

  /** Ends a friendship, or a chat with a stranger, for both. */
  remove(uid: number): Promise<void> {
    return this.#operate('contactRemove', () => uidOf(uid))
  }

  /** Blocks a user: nothing that the user does arrives from now on, but for what is written and done in shared groups. */
  block(uid: number): Promise<void> {
    return this.#operate('contactBlock', () => uidOf(uid))
  }

  unblock(uid: number): Promise<void> {
    return this.#operate('contactUnblock', () => uidOf(uid))
  }

  /** The number of what the other waits for. */
  #waitingOf(uid: number): number {
    return this.#requestOf(uid, ({ state, stranger }) => {
      return state === 'invited' || (state === 'stranger' && stranger === 'asks')
    })
  }

  #requestOf(uid: number, isIt: (contact: Contact) => boolean): number {
    checkUid('uid', uid)
    const contact = this.#list.get(uid)
    if (contact === undefined || !isIt(contact)) throw LongwireError.local('NO_CONTACT_REQUEST')
    return contact.request
  }
}

function uidOf(uid: number): { readonly uid: number } {
  checkUid('uid', uid)
  return { uid }
}
