/** Carries out the commands about messages that are there, and about the conversation that one talks in. */

import {
  type ConversationId,
  type ConversationSettings,
  directConversation,
  type Message,
  peerOf,
} from '../typescript/index.js'
import type { ChatSpec } from './chat-spec.js'
import { type MessageCommandName, usageOf } from './command-table.js'
import { messageText } from './lines.js'
import type { Numbered } from './numbered.js'
import type { People } from './people.js'
import { visibleName } from './visible.js'

const LISTED_DEFAULT = 10
const LISTED_MAX = 100

export interface MessageActsHost extends Pick<ChatSpec, 'client'> {
  say(kind: 'notice' | 'wrong', text: string): void
  /** Shows a message that is sent. */
  sent(message: Message): void
  talkingTo(): ConversationId | undefined
  /** Lets a request go on by itself: shows `done` when it succeeds, and the error when it fails. */
  begin(request: Promise<void>, done?: string): void
  /** @throws at once where the request would wait in silence for a connection that has failed */
  needServer(what: string): void
}

export class MessageActs {
  readonly #people: People
  readonly #numbered: Numbered
  readonly #host: MessageActsHost
  /** The reactions that were set in groups in this run: the same once more takes one back. */
  readonly #reacted = new Set<string>()

  constructor(people: People, numbered: Numbered, host: MessageActsHost) {
    this.#people = people
    this.#numbered = numbered
    this.#host = host
  }

  async run(name: MessageCommandName, words: readonly string[]): Promise<void> {
    const { client, begin, say, sent } = this.#host
    const { messages } = client
    const [first = '', second = ''] = words
    switch (name) {
      case 'numbers':
        return this.#list(first)
      case 'reply': {
        const message = this.#meant(first)
        return sent(client.send(message.conversation, second, { reply: message }))
      }
      case 'edit':
        return begin(messages.edit(this.#meant(first), second))
      case 'recall':
        return begin(messages.recall(this.#meant(first)))
      case 'delete': {
        const message = this.#meant(first)
        return begin(message.state === 'failed' ? messages.discard(message) : messages.delete([message]))
      }
      case 'react':
        return this.#react(this.#meant(first), second)
      case 'forward':
        return begin(messages.forward(this.#numbered.get(first), this.#placeNamed(second)), 'forwarded')
      case 'who':
        return this.#who(this.#numbered.get(first))
      case 'read': {
        const current = this.#current()
        client.markRead(current)
        if (client.conversations.get(current).unread) begin(client.conversations.set(current, { unread: false }))
        return say('notice', 'read')
      }
      case 'unread':
        return this.#set({ unread: true }, 'marked as unread')
      case 'mute':
        return this.#set({ muted: this.#flag(name, first) }, `mute is ${first || 'on'}`)
      case 'pin':
        return this.#set({ pinned: this.#flag(name, first) }, `pin is ${first || 'on'}`)
      case 'archive':
        return this.#set({ archived: this.#flag(name, first) }, `archive is ${first || 'on'}`)
    }
  }

  /** The message of a number. Says where it is, if that is not where one talks: numbers go on through all conversations. */
  #meant(number: string): Message {
    const message = this.#numbered.get(number)
    const { conversation, peer } = message
    if (conversation !== this.#host.talkingTo()) {
      const place = visibleName(this.#people.placeOf(conversation))
      this.#host.say('notice', `message ${number} is ${peer === 0 ? 'in' : 'with'} ${place}, not where you talk now`)
    }
    return message
  }

  #list(count: string): void {
    const wanted = count === '' ? LISTED_DEFAULT : Number(count)
    if (!(Number.isInteger(wanted) && wanted >= 1 && wanted <= LISTED_MAX))
      throw new Error(`/numbers takes a count from 1 to ${LISTED_MAX}`)
    const latest = this.#numbered.latest(this.#current(), wanted)
    if (latest.length === 0) this.#host.say('notice', 'no message was shown here yet')
    for (const [number, message] of latest) {
      const who = visibleName(this.#people.nameOf(message.sender))
      this.#host.say('notice', `${number}: ${who}: ${messageText(message, this.#numbered.answered(message))}`)
    }
  }

  #react(message: Message, kind: string): void {
    const { conversation, number, changed } = message
    let on = !changed.reactions.some(each => each.mine && each.kind === kind)
    if (peerOf(conversation) === undefined) {
      const key = [conversation, number, kind].join()
      on = !this.#reacted.delete(key)
      if (on) this.#reacted.add(key)
    }
    this.#host.begin(this.#host.client.messages.react(message, kind, on))
  }

  async #who(message: Message): Promise<void> {
    const { client, say, needServer } = this.#host
    needServer('the server cannot be asked')
    const { conversation } = message
    const { reactors, after } = await client.messages.reactions(message)
    const readers = peerOf(conversation) === undefined ? await client.messages.readBy(message) : []
    await this.#people.learn(conversation, [...reactors.map(each => each.uid), ...readers])
    const name = (uid: number): string => visibleName(this.#people.nameOf(uid))
    if (reactors.length + readers.length === 0) say('notice', 'nobody has reacted to it')
    for (const { uid, kinds } of reactors) say('notice', `${name(uid)}: ${visibleName(kinds.join(' '))}`)
    if (after !== undefined) say('notice', '… and others')
    if (readers.length > 0) say('notice', `read by ${readers.map(name).join(', ')}`)
  }

  #set(settings: Partial<ConversationSettings>, done: string): void {
    const { client, begin } = this.#host
    begin(client.conversations.set(this.#current(), settings), done)
  }

  /** The conversation that one talks in. @throws if there is none */
  #current(): ConversationId {
    const current = this.#host.talkingTo()
    if (current === undefined) throw new Error('in which conversation? /talk NAME first')
    return current
  }

  #placeNamed(name: string): ConversationId {
    const uid = this.#people.uidOf(name)
    const conversation = this.#people.conversationOf(name) ?? (uid === undefined ? undefined : directConversation(uid))
    if (conversation === undefined) throw new Error(`${name} is not among your contacts and groups`)
    return conversation
  }

  #flag(name: MessageCommandName, word: string): boolean {
    if (word !== '' && word !== 'on' && word !== 'off') throw new Error(`usage: ${usageOf(name)}`)
    return word !== 'off'
  }
}
