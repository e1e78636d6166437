// Requests: whoever wants something of this user before there is a chat.
import type { Contact } from '../../typescript/browser.js'

/** Whether a stranger has written, and this user has not answered: the chat stands among the requests. */
export function isStrangerAsking(contact: Contact | undefined): boolean {
  return contact?.stranger === 'asks' && contact.state !== 'friend'
}

/** Whether somebody waits for this user's answer: with a request, or a first message. */
export function isAsking(contact: Contact): boolean {
  return !contact.blocked && (contact.state === 'invited' || isStrangerAsking(contact))
}

/** Whether one of two strangers has written and the other has not answered: none of the messages can be changed then. */
export function isUnanswered(contact: Contact | undefined): boolean {
  return contact?.state !== 'friend' && (contact?.stranger === 'waits' || contact?.stranger === 'asks')
}
