/**
 * The messages of groups: every member of each group sends numbered messages to it, and all show what comes. The group auditor is told of
 * everything and is the only judge. It is told from before the groups are made, for it knows the members by the changes.
 */

import { CODES, codeName } from '../../protocol/codes.js'
import { isGroupConversation } from '../../protocol/conversation-id.js'
import { type Clock, pause } from '../../src/lib/clock.js'
import type { Client, ConversationId, MessageStateEvent, SentMessage } from '../typescript/index.js'
import { Auditor } from './auditor.js'
import { type Churn, REFUSALS_OF_CHURN } from './churn.js'
import type { Person } from './crowd.js'
import type { Circle } from './gathering.js'
import { EVERYBODY, GroupAuditor } from './group-auditor.js'
import type { Phase } from './phase.js'
import type { Recalls } from './recalls.js'
import type { Texts } from './texts.js'

export interface GroupTrafficSpec {
  readonly people: readonly Person[]
  readonly circles: readonly Circle[]
  /** Messages by each member of each group. */
  readonly messages: number
  readonly texts: Texts
  /** Milliseconds over which the messages are spread evenly; 0: as fast as they are accepted. */
  readonly spreadMs: number
  readonly clock: Clock
  /** What changes the members meanwhile. */
  readonly churn: Churn | undefined
  readonly recalls: Recalls
  /** Every message was answered; some are still on their way. */
  readonly onAllAnswered: () => void
}

/** The most messages to groups that a device has in its send queue. */
const QUEUED_MAX = 32

/** The time between two looks at whose turn it is, and at whether everything is there. */
const TICK_MS = 50

/** The time without a step after which it is worth judging, and that a second copy is waited for. */
const QUIET_MS = 500

/** One of so many messages mentions somebody. */
const MENTION_EVERY = 4

/** A device of a member, and what it sends. */
interface Mouth {
  readonly uid: number
  readonly device: number
  readonly client: Client
  /** The groups of the user, and the places of the first messages to them in the whole run. */
  readonly circles: { readonly circle: Circle; readonly base: number }[]
  /** Which of the user's devices it is, and how many there are. */
  readonly turn: number
  readonly turns: number
  /** The user's next message to look at. */
  next: number
  queued: number
}

/** A message whose number the device that sent it does not know yet. */
interface Waiting {
  readonly client: Client
  readonly place: number
  readonly conversation: ConversationId
  readonly sent: SentMessage
  readonly digest: number
}

export class GroupTraffic implements Phase {
  readonly name = 'group messages'
  readonly auditor = new GroupAuditor()
  /** The number of messages that failed, by the name of the code. */
  readonly failures = new Map<string, number>()
  readonly #spec: GroupTrafficSpec
  readonly #mouths: Mouth[] = []
  readonly #total: number
  #waiting: Waiting[] = []
  #startedMs = 0
  #steps = 0
  #ended = false

  constructor(spec: GroupTrafficSpec) {
    this.#spec = spec
    let total = 0
    for (const { uid, number, devices } of spec.people) {
      const circles = spec.circles.flatMap(circle => {
        const place = circle.members.findIndex(member => member.number === number)
        if (place < 0) return []
        total += spec.messages
        return [{ circle, base: total - spec.messages }]
      })
      for (const [turn, { client }] of devices.entries()) {
        const { device } = client.account
        this.auditor.join(uid, device)
        this.#mouths.push({ uid, device, client, circles, turn, turns: devices.length, next: 0, queued: 0 })
      }
    }
    this.#total = total
  }

  get steps(): number {
    return this.#steps
  }

  progress(): string {
    const { sentCount, acceptedCount } = this.auditor
    const { churn } = this.#spec
    const said = `${sentCount} of ${this.#total} sent to groups, ${acceptedCount} accepted`
    return churn === undefined ? said : `${said}, ${churn.progress()}`
  }

  /** Records from now on what the devices show. */
  listen(): void {
    for (const mouth of this.#mouths) this.#listen(mouth)
  }

  /** Resolves when every message was answered and everybody has what is due, and then nothing more came for a while. */
  async run(): Promise<void> {
    const { clock, churn, onAllAnswered } = this.#spec
    const churning = churn?.run()
    this.#startedMs = clock.monotonic()
    while (!this.#ended) {
      for (const mouth of this.#mouths) this.#feed(mouth)
      this.#place()
      if (this.auditor.sentCount === this.#total && this.auditor.unansweredCount === 0) break
      await pause(clock, TICK_MS)
    }
    onAllAnswered()
    churn?.end()
    await churning
    while (!this.#ended) {
      const before = this.#steps
      await pause(clock, QUIET_MS)
      this.#place()
      const isQuiet = this.#steps === before && this.#spec.recalls.unanswered === 0
      if (isQuiet && this.auditor.verdict().lost === 0) return
    }
  }

  /** Ends sending: what still comes is noted. */
  end(): void {
    this.#ended = true
    this.#spec.churn?.stop()
    this.#place()
  }

  #feed(mouth: Mouth): void {
    const { circles, turn, turns } = mouth
    const { clock, spreadMs, messages } = this.#spec
    const total = circles.length * messages
    const part = spreadMs === 0 ? 1 : Math.min(1, (clock.monotonic() - this.#startedMs) / spreadMs)
    for (; mouth.next < Math.ceil(part * total) && mouth.queued < QUEUED_MAX; mouth.next++) {
      const round = Math.floor(mouth.next / circles.length)
      // Shifted by one each round: otherwise an even number of groups would always hear from the same one of two devices.
      if ((mouth.next + round) % turns === turn) this.#send(mouth, round)
    }
  }

  #send(mouth: Mouth, round: number): void {
    const { uid, device, client, circles, next } = mouth
    const { circle, base } = circles[next % circles.length] as Mouth['circles'][number]
    const { conversation } = circle
    if (conversation === undefined) return
    const place = base + round
    const text = this.#spec.recalls.marked(place) ?? this.#spec.texts(place, round)
    const mentions = mentionsOf(circle, uid, place)
    const [start, length] = [0, (text.codePointAt(0) ?? 0) > 0xffff ? 2 : 1]
    const sent = client.send(conversation, text, { mentions: mentions.map(each => ({ start, length, uid: each })) })
    const digest = Auditor.digest(text)
    mouth.queued++
    this.#steps++
    this.auditor.sent(conversation, { sender: uid, device, sendSeq: sent.sendSeq }, digest, mentions)
    this.#waiting.push({ client, place, conversation, sent, digest })
  }

  #listen(mouth: Mouth): void {
    const { uid, device, client } = mouth
    const viewer = { uid, device }
    client.on('message', message => {
      const { conversation, number, text, changed } = message
      if (!isGroupConversation(conversation)) return
      this.#steps++
      const isRecalled = changed.recalledBy !== 0 && text === ''
      this.auditor.shown(viewer, conversation, number, message, isRecalled ? undefined : Auditor.digest(text))
    })
    client.on('messageChanged', () => {
      this.#steps++
    })
    client.on('groupFailed', event => this.#spec.recalls.failed(viewer, event))
    client.on('groupChange', change => {
      this.#steps++
      this.auditor.changed(viewer, change.conversation, change.number, change)
    })
    client.on('messageState', event => {
      if (event.device === device && isGroupConversation(event.conversation)) this.#told(mouth, event)
    })
  }

  #told(mouth: Mouth, { conversation, device, sendSeq, state, code }: MessageStateEvent): void {
    const message = { sender: mouth.uid, device, sendSeq }
    const unanswered = this.auditor.unansweredCount
    if (state === 'accepted') {
      this.auditor.accepted(conversation, message)
    } else if (state === 'failed') {
      const name = codeName(code)
      const isExpected = this.#spec.churn !== undefined && REFUSALS_OF_CHURN.has(name)
      if (!isExpected) this.failures.set(name, (this.failures.get(name) ?? 0) + 1)
      // SETTLED: the server does not remember how it ended.
      this.auditor.failed(conversation, message, code === CODES.SETTLED.code ? 'unsure' : 'failed')
    }
    if (this.auditor.unansweredCount < unanswered) mouth.queued--
    this.#steps++
  }

  /** Tells the auditor which of the devices' own messages have a number now. */
  #place(): void {
    this.#waiting = this.#waiting.filter(({ client, place, conversation, sent, digest }) => {
      if (sent.number === 0) return true
      this.auditor.placed(conversation, sent.number, sent, digest)
      if (this.#ended || !this.#spec.recalls.isDue(place)) return false
      this.#steps++
      this.auditor.recalling(conversation, sent)
      this.#spec.recalls.ask(client, sent, place)
      return false
    })
  }
}

/** Whom the message of this place in the whole run mentions: each of the members in turn; the owner mentions all. */
function mentionsOf({ members }: Circle, sender: number, place: number): number[] {
  if (place % MENTION_EVERY > 0) return []
  const turn = Math.floor(place / MENTION_EVERY) % members.length
  return [sender === members[0]?.uid ? EVERYBODY : (members[turn]?.uid ?? EVERYBODY)]
}
