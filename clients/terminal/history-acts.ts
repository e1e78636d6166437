/** Shows what was said: the last messages of a conversation, those before them, and those that hold a text. */

import { type ConversationId, type HistoryPlace, type Message, peerOf } from '../typescript/index.js'
import type { Arrivals } from './arrivals.js'
import type { ChatSpec } from './chat-spec.js'
import type { HistoryCommandName } from './command-table.js'
import { errorText, uidsOf } from './lines.js'
import type { People } from './people.js'
import { visibleName } from './visible.js'

const COUNT_DEFAULT = 20
const COUNT_MAX = 500
/** The most pages that one command reads. A page may have little of the conversation, or nothing. */
const PAGES_MAX = 20
const FOUND_MAX = 50

export interface HistoryActsHost extends Pick<ChatSpec, 'client'> {
  say(kind: 'notice' | 'wrong', text: string): void
  /** Shows a message, or a change between the messages of a group. */
  show(message: Message): void
  talkingTo(): ConversationId | undefined
}

interface Read {
  readonly messages: readonly Message[]
  /** What lies before them begins here; undefined: there is nothing. */
  readonly before: HistoryPlace | undefined
}

export class HistoryActs {
  readonly #people: People
  readonly #arrivals: Arrivals
  readonly #host: HistoryActsHost
  /** The place where the messages begin that were shown last. */
  #shown: { readonly conversation: ConversationId; readonly before: HistoryPlace | undefined } | undefined

  constructor(people: People, arrivals: Arrivals, host: HistoryActsHost) {
    this.#people = people
    this.#arrivals = arrivals
    this.#host = host
  }

  async run(name: HistoryCommandName, words: readonly string[]): Promise<void> {
    const [first = ''] = words
    if (name === 'find') return this.#find(first)
    const count = first === '' ? COUNT_DEFAULT : Number(first)
    if (!(Number.isInteger(count) && count >= 1 && count <= COUNT_MAX))
      throw new Error(`/${name} takes a count from 1 to ${COUNT_MAX}`)
    const conversation = this.#host.talkingTo()
    if (conversation === undefined) throw new Error('of whom? /talk NAME first')
    if (name === 'history') await this.#last(conversation, await this.#read(conversation, undefined, count))
    else await this.#older(conversation, count)
  }

  /** Shows the last messages that are stored on this device. @returns them */
  async open(conversation: ConversationId): Promise<readonly Message[]> {
    return this.#last(conversation, await this.#host.client.history(conversation, { limit: COUNT_DEFAULT }))
  }

  async #last(conversation: ConversationId, read: Read): Promise<readonly Message[]> {
    const { messages } = read
    const title =
      messages.length === 0
        ? `you talk ${this.#placeOf(conversation, 'to')}`
        : `${this.#placeOf(conversation, 'with')}, the last ${messages.length}:`
    await this.#show(conversation, read, title)
    return messages
  }

  async #older(conversation: ConversationId, count: number): Promise<void> {
    if (this.#shown?.conversation !== conversation) throw new Error('before what? /history first')
    const { before } = this.#shown
    const read = before === undefined ? { messages: [], before } : await this.#read(conversation, before, count)
    const { length } = read.messages
    const nothing = read.before === undefined ? 'nothing before that' : 'nothing so far: /older goes on'
    await this.#show(
      conversation,
      read,
      `${this.#placeOf(conversation, 'with')}, ${length > 0 ? `${length} before:` : nothing}`,
    )
  }

  async #show(conversation: ConversationId, { messages, before }: Read, title: string): Promise<void> {
    this.#shown = { conversation, before }
    if (peerOf(conversation) === undefined) await this.#arrivals.named(conversation, messages.flatMap(uidsOf))
    this.#host.say('notice', title)
    for (const message of messages) this.#host.show(message)
  }

  /** Reads as many messages as are asked for, those before a place or the last ones. The server is asked for what is not stored here. */
  async #read(conversation: ConversationId, from: HistoryPlace | undefined, count: number): Promise<Read> {
    const { client, say } = this.#host
    let read: Read = await client.history(conversation, { before: from, limit: count })
    for (let pages = 1; pages < PAGES_MAX && read.before !== undefined && read.messages.length < count; pages++) {
      const { messages, before } = read
      if (client.state().phase !== 'online') {
        say('notice', 'what is not on this device needs a connection')
        break
      }
      try {
        const page = await client.history(conversation, { before, limit: count - messages.length })
        read = { messages: [...page.messages, ...messages], before: page.before }
      } catch (error) {
        say('wrong', errorText(error))
        break
      }
    }
    return read
  }

  /** Searches what this device has, of all conversations. */
  async #find(text: string): Promise<void> {
    const { client, say, show } = this.#host
    const found = await client.search(text, { limit: FOUND_MAX })
    const newest = found.length === FOUND_MAX ? 'the newest ' : ''
    say('notice', `${newest}${found.length} on this device with “${visibleName(text)}”`)
    const conversations = [...new Set(found.map(({ conversation }) => conversation))]
    await Promise.all(
      conversations.map(each => {
        const uids = found.filter(({ conversation }) => conversation === each).flatMap(uidsOf)
        return this.#arrivals.named(each, uids)
      }),
    )
    for (const message of found.toReversed()) show(message)
  }

  /** The conversation, as a phrase. @param direct the word before the name of a person */
  #placeOf(conversation: ConversationId, direct: 'with' | 'to'): string {
    const name = visibleName(this.#people.placeOf(conversation))
    return `${peerOf(conversation) === undefined ? 'in' : direct} ${name}`
  }
}
