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

/** Whether this user can ask somebody to be a contact. */
export function mayAsk(contact: Contact | undefined): boolean {
  if (contact === undefined) return true
  return !contact.blocked && !isAsking(contact) && (contact.state === 'none' || contact.state === 'stranger')
}

/**
 * Whether what this user writes to somebody is a request, until there is an answer.
 * @param open whether strangers may write on this server; undefined: nobody knows yet
 */
export function writesRequest(contact: Contact | undefined, open: boolean | undefined): boolean {
  if (contact === undefined || contact.stranger === 'none')
    return open === true && contact?.state !== 'friend' && contact?.state !== 'invited'
  return contact.stranger === 'waits' && contact.state !== 'friend'
}

/** Whether one of two strangers has written and the other has not answered: none of the messages can be changed then. */
export function isUnanswered(contact: Contact | undefined): boolean {
  return contact?.state !== 'friend' && (contact?.stranger === 'waits' || contact?.stranger === 'asks')
}
