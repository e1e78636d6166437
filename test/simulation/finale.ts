/** What is tried on a healthy system in the end. */

import type { Phone } from './phone.js'
import type { Stage } from './stage.js'

const UNANSWERED = 'not answered'

/** A message from every device to every friend and every group. */
export function everybodyWrites(stage: Stage): void {
  stage.note('--- everybody writes to everybody')
  for (const { client } of stage.phones) {
    for (const contact of client?.contacts.list() ?? []) {
      if (contact.state === 'friend') client?.send(contact.uid, stage.nextText())
    }
    for (const { state, conversation } of client?.groups.list() ?? []) {
      if (state === 'member') client?.send(conversation, stage.nextText())
    }
  }
}

/**
 * Each user's first phone removes the last one: it is to be told, wherever it is connected, and comes back by logging in.
 * @returns what is still to happen
 */
export function everybodyRemovesADevice({ users, note }: Stage): () => string[] {
  note('--- everybody removes a device')
  const removed = users.flatMap(({ phones }): { phone: Phone; before: number }[] => {
    const [first, phone] = [phones[0], phones.at(-1)]
    const device = phone?.client?.account.device
    if (first === phone || phone === undefined || device === undefined) return []
    void first?.client?.account.removeDevice(device)
    return [{ phone, before: phone.sessionsEnded }]
  })
  return () => {
    const waiting = removed.filter(({ phone, before }) => phone.sessionsEnded === before)
    return waiting.map(({ phone }) => `${phone.name} was not told`)
  }
}

/** One user deletes the account: friendships end, nobody can log in any more. @returns what is still to happen */
export function somebodyGoesForGood({ users, ledger, unseen, note }: Stage): () => string[] {
  const index = users.findIndex(({ passwords }) => passwords.length === 1)
  const [user] = index < 0 ? [] : users.splice(index, 1)
  const client = user?.phones[0]?.client
  if (user === undefined || client === undefined) return () => []
  user.gone = true
  note(`--- ${user.account} goes for good`)
  let outcome = UNANSWERED
  client.account.deleteAccount(user.passwords[0] ?? '').then(
    () => {
      outcome = ''
    },
    (error: unknown) => {
      outcome = String(error)
    },
  )
  const others = users.map(({ uid }) => uid)
  return () => [
    // Over HTTP the end of the session may overtake the answer: then it is all that the phone hears.
    ...(outcome === '' || (outcome === UNANSWERED && ledger.isDeleted(user.uid))
      ? []
      : [`${user.account} is not deleted: ${outcome}`]),
    ...user.phones.filter(phone => phone.client?.account.signedIn).map(({ name }) => `${name} is still signed in`),
    ...ledger.tiesTo(user.uid, others, unseen),
  ]
}
