/** What people do about messages that are there: their own, mostly. */

import type { Client } from '../../clients/typescript/api/client.js'
import type { StoredMessage } from '../../clients/typescript/storage/storage.js'
import { isGroupConversation } from '../../protocol/conversation-id.js'
import type { Act } from './acts.js'
import { type Asked, follow, type What } from './changes.js'
import type { Phone } from './phone.js'
import type { Stage } from './stage.js'
import { type MessageId, nameOf } from './witness.js'

/** Of so many messages of a conversation, the newest, one is chosen. */
const NEWEST = 12
/** Of so many, if it is reacted to: soon by others, too. */
const NEWEST_REACTED = 2
const KINDS = ['👍', 'well', 'no']

export const edit: Act = (stage, phone, client) => {
  const message = chosen(stage, phone, 0.95)
  if (message === undefined) return
  const text = stage.nextText()
  follow(asked(stage, client, 'edit', message, text), client.messages.edit(named(message), text, mentions(stage, text)))
}

export const recall: Act = (stage, phone, client) => {
  const message = chosen(stage, phone, 0.8)
  if (message !== undefined) follow(asked(stage, client, 'recall', message), client.messages.recall(named(message)))
}

/** Quickly one behind the other, so that what comes later is told later. */
export const react: Act = (stage, phone, client) => {
  const message = chosen(stage, phone, 0.5, NEWEST_REACTED)
  if (message === undefined) return
  for (let i = stage.random.integer(4); i >= 0; i -= 1) {
    const kind = stage.pick(KINDS) ?? ''
    const on = stage.chance(0.7)
    const by = nextOf(client)
    stage.note(`${nameOf(by)}: ${on ? kind : `no more ${kind}`} to ${JSON.stringify(named(message))}`)
    follow(stage.witness.reactions.ask(named(message), kind, on, by), client.messages.react(named(message), kind, on))
  }
}

/** For the user alone. */
export const remove: Act = (stage, phone, client) => {
  const message = chosen(stage, phone, 0.3)
  if (message === undefined) return
  if (!isGroupConversation(message.conversation)) stage.witness.mayBeGone(message)
  follow(asked(stage, client, 'delete', message), client.messages.delete([named(message)]))
}

/** All of a conversation that has come to the phone, for the user alone. */
export const clear: Act = (stage, phone, client) => {
  const one = chosen(stage, phone, 0.3)
  if (one === undefined) return
  const { conversation } = one
  const isGroup = isGroupConversation(conversation)
  const messages = [...phone.disk.model.messages()].filter(
    message => message.conversation === conversation && message.change === undefined,
  )
  if (!isGroup) for (const message of messages) stage.witness.mayBeGone(message)
  const all = messages.map(message => asked(stage, client, 'delete', message))
  const clearing = client.messages.clear(conversation)
  for (const each of all) follow(each, clearing)
}

/** Up to a message of a group. */
export const readGroup: Act = (stage, phone, client) => {
  const message = chosen(stage, phone, 0)
  if (message === undefined || !isGroupConversation(message.conversation)) return
  client.markRead(message.conversation, message.number)
}

/** All members, or one of them, whoever may. */
export function mentions(stage: Stage, text: string) {
  if (!stage.chance(0.2)) return []
  return [
    { start: 0, length: Math.min(4, text.length), uid: stage.chance(0.3) ? 0 : (stage.pick(stage.users)?.uid ?? 0) },
  ]
}

/** A message that the phone shows, of a group mostly. @param own how likely it is of the phone's user */
function chosen(stage: Stage, phone: Phone, own: number, newest = NEWEST): StoredMessage | undefined {
  const isGroup = stage.chance(0.7)
  const isOwn = stage.chance(own)
  const { uid } = phone.user
  const may = [...phone.disk.model.messages()].filter(
    ({ conversation, change, code, version, number = 0, sender, changed }) =>
      change === undefined &&
      code === 0 &&
      isGroupConversation(conversation) === isGroup &&
      (isGroup ? number : version) > 0 &&
      (sender === uid) === isOwn &&
      changed?.recalledBy === undefined,
  )
  const conversation = stage.pick([...new Set(may.map(message => message.conversation))])
  return stage.pick(may.filter(message => message.conversation === conversation).slice(-newest))
}

function named({ conversation, sender, device, sendSeq, number = 0 }: StoredMessage) {
  return { conversation, sender, device, sendSeq, number }
}

function asked({ witness, note }: Stage, client: Client, what: What, message: StoredMessage, text = ''): Asked {
  const by = nextOf(client)
  note(`${nameOf(by)}: ${what} of ${JSON.stringify(named(message))} ${text.slice(0, 20)}`)
  return witness.changes.ask(what, named(message), by, text)
}

/** The name of the client's next request. */
function nextOf(client: Client): MessageId {
  const { uid, device, nextSendSeq } = client.state()
  return { sender: uid, device, sendSeq: nextSendSeq }
}
