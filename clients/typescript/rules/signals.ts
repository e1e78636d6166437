// What the user looks at, and what is told of it now: who is online, who types. Nothing is stored. PROTOCOL.md, clause 17. What is told of
// boards (19.8) comes the same way, and is passed on.
//
//   watch() ─► Watch ─► answer: who is online        a new connection: it is said again, and until its answer nothing is known
//   Signal ─► presence │ typing ── 6 s, a message of that user, the end of the connection ──► types no more
//
// One Watch is under way at a time. What was said meanwhile follows it.
import { actionOf } from '../../../protocol/codes.js'
import { type ConversationId, peerOf } from '../../../protocol/conversation-id.js'
import {
  decodeSignalNotice,
  decodeWatchResponse,
  encodeTypingRequest,
  encodeWatchRequest,
  type Frame,
  type RoomHead,
  type WatchResponse,
} from '../../../protocol/generated/messages.js'
import { TYPING_ENDS_MS, TYPING_INTERVAL_MS } from '../../../protocol/limits.js'
import { METHODS } from '../../../protocol/methods.js'
import type { Emitter } from '../base/emitter.js'
import { LongwireError } from '../base/errors.js'
import type { Clock, TimerHandle } from '../base/system.js'
import type { Link } from '../connection/link.js'
import type { Standing } from './beginnings.js'
import type { ClientEvents } from './events.js'

/** The shortest wait before a Watch is said again that the server could not take. */
const RETRY_MS = 1_000
/** The most users who are known to type at a time. */
const TYPISTS_MAX = 256

export interface SignalsHost {
  readonly clock: Clock
  readonly events: Emitter<ClientEvents>
  /** How far a friendship, membership or listening is. What has ended the server would refuse. */
  standing(conversation: ConversationId): Standing
  /** A board has a new newest post. */
  onHead(conversation: string, head: RoomHead): void
  connectionCode(frame: Frame): void
  wake(): void
}

interface Waiting {
  readonly resolve: () => void
  readonly reject: (error: LongwireError) => void
}

interface Typist {
  readonly conversation: ConversationId
  readonly uid: number
  timer: TimerHandle
}

export class Signals {
  readonly #host: SignalsHost
  #link: Link | undefined
  /** What the application wants to look at. */
  #wanted: readonly ConversationId[] = []
  /** What the last Watch of this connection named; undefined: there was none. */
  #said: readonly ConversationId[] | undefined
  /** How far what it named was then. */
  #standings = ''
  #isAsked = false
  /** Whether something was said that the Watch under way does not have, or the last one was refused. */
  #isStale = false
  #waiting: Waiting[] = []
  #pause: TimerHandle | undefined
  readonly #online = new Map<number, boolean>()
  readonly #typists = new Map<string, Typist>()
  /** The times at which the server was last told of the user's typing. */
  readonly #told = new Map<ConversationId, number>()

  constructor(host: SignalsHost) {
    this.#host = host
    host.events.on('message', ({ conversation, sender }) => this.#typesNoMore(keyOf(conversation, sender)))
  }

  /** Whether a user is online; undefined: it is not known. */
  online(uid: number): boolean | undefined {
    return this.#online.get(uid)
  }

  /** Looks at these conversations from now on. @param waiting is told when the server has taken it, or refused it */
  watch(conversations: readonly ConversationId[], waiting: Waiting): void {
    this.#wanted = [...new Set(conversations)]
    this.#waiting.push(waiting)
    this.#isStale = true
    this.#say()
  }

  /** Tells that the user types, or has stopped: if there is a connection, and not too often. */
  type(conversation: ConversationId, isTyping: boolean): void {
    const nowMs = this.#host.clock.monotonic()
    for (const [other, atMs] of this.#told) if (nowMs - atMs >= TYPING_ENDS_MS) this.#told.delete(other)
    const atMs = this.#told.get(conversation)
    if (this.#link === undefined || (atMs !== undefined && nowMs - atMs < TYPING_INTERVAL_MS)) return
    // Who is not known to type need not be told to have stopped.
    if (!isTyping && atMs === undefined) return
    this.#told.set(conversation, nowMs)
    const body = encodeTypingRequest({ conversation, stopped: !isTyping })
    this.#link.request(METHODS.typing.number, body, frame => this.#typingAnswered(frame))
    this.#host.wake()
  }

  /** Contacts, groups or rooms have changed: what was not the user's may be now, and the other way round. */
  changed(): void {
    if (this.#said !== undefined && this.#standings !== this.#standingsOf(this.#own())) this.#isStale = true
    if (this.#isStale && this.#pause === undefined) this.#say()
  }

  connected(link: Link): void {
    this.#link = link
    this.#isStale = this.#wanted.length > 0 || this.#waiting.length > 0
    this.#say()
  }

  /** Stops new requests. */
  drain(): void {
    this.#link = undefined
  }

  disconnected(): void {
    this.#link = undefined
    this.#isAsked = false
    this.#said = undefined
    this.#pause?.cancel()
    this.#pause = undefined
    this.#told.clear()
    for (const key of [...this.#typists.keys()]) this.#typesNoMore(key)
    this.#know({ presence: [], off: false })
  }

  /** A signal came. */
  onSignal({ body }: Frame): void {
    const { conversation, signal } = decodeSignalNotice(body)
    if (signal?.case === 'head') this.#host.onHead(conversation, signal.value)
    const watched = this.#said?.find(each => each === conversation)
    if (watched === undefined || signal === undefined) return
    if (signal.case === 'presence') {
      const { uid, online } = signal.value
      if (peerOf(watched) === uid) this.#set(uid, online)
    } else if (signal.case === 'typing') {
      const { uid, stopped } = signal.value
      if (stopped) this.#typesNoMore(keyOf(watched, uid))
      else this.#types(watched, uid)
    } else if (signal.case === 'data') {
      const { uid, payload } = signal.value
      this.#host.events.emit('roomSignal', { conversation: watched, uid, payload: payload.slice() })
    }
  }

  /** Those that the server would not refuse, as far as is known. */
  #own(): readonly ConversationId[] {
    return this.#wanted.filter(conversation => this.#host.standing(conversation) !== 'ended')
  }

  #standingsOf(conversations: readonly ConversationId[]): string {
    return conversations.map(each => `${each} ${this.#host.standing(each)}`).join()
  }

  #say(): void {
    const link = this.#link
    if (link === undefined || this.#isAsked || !this.#isStale) return
    this.#pause?.cancel()
    this.#pause = undefined
    this.#isAsked = true
    this.#isStale = false
    this.#said = this.#own()
    this.#standings = this.#standingsOf(this.#said)
    const waiting = this.#waiting.splice(0)
    const body = encodeWatchRequest({ conversations: this.#said.map(conversation => ({ conversation })) })
    link.request(METHODS.watch.number, body, frame => {
      if (this.#link === link) this.#answered(frame, waiting)
      else this.#waiting.unshift(...waiting)
    })
    this.#host.wake()
  }

  #answered(frame: Frame, waiting: readonly Waiting[]): void {
    this.#isAsked = false
    switch (actionOf(frame.code)) {
      case 'ok':
        this.#know(decodeWatchResponse(frame.body))
        for (const { resolve } of waiting) resolve()
        this.#say()
        break
      case 'refused': {
        const error = LongwireError.ofCode(frame.code, frame.retryAfterMs, frame.message)
        for (const { reject } of waiting) reject(error)
        if (this.#isStale) this.#say()
        else this.#isStale = true
        break
      }
      case 'retry':
        this.#waiting.unshift(...waiting)
        this.#isStale = true
        this.#pause = this.#host.clock.after(Math.max(RETRY_MS, frame.retryAfterMs), () => {
          this.#pause = undefined
          this.#say()
        })
        break
      default:
        this.#waiting.unshift(...waiting)
        this.#host.connectionCode(frame)
    }
  }

  #typingAnswered(frame: Frame): void {
    const action = actionOf(frame.code)
    if (action !== 'ok' && action !== 'refused' && action !== 'retry') this.#host.connectionCode(frame)
  }

  /** Takes over an answer: of nobody else anything is known. */
  #know({ presence }: WatchResponse): void {
    const known = new Set(presence.map(({ uid }) => uid))
    for (const uid of [...this.#online.keys()]) if (!known.has(uid)) this.#set(uid, undefined)
    for (const { uid, online } of presence) this.#set(uid, online)
  }

  #set(uid: number, online: boolean | undefined): void {
    if (this.#online.get(uid) === online) return
    if (online === undefined) this.#online.delete(uid)
    else this.#online.set(uid, online)
    this.#host.events.emit('presence', { uid, online })
  }

  #types(conversation: ConversationId, uid: number): void {
    const key = keyOf(conversation, uid)
    const known = this.#typists.get(key)
    if (known === undefined && this.#typists.size >= TYPISTS_MAX) return
    known?.timer.cancel()
    const timer = this.#host.clock.after(TYPING_ENDS_MS, () => this.#typesNoMore(key))
    this.#typists.set(key, { conversation, uid, timer })
    if (known === undefined) this.#host.events.emit('typing', { conversation, uid, typing: true })
  }

  #typesNoMore(key: string): void {
    const typist = this.#typists.get(key)
    if (typist === undefined) return
    typist.timer.cancel()
    this.#typists.delete(key)
    this.#host.events.emit('typing', { conversation: typist.conversation, uid: typist.uid, typing: false })
  }
}

function keyOf(conversation: ConversationId, uid: number): string {
  return `${conversation}/${uid}`
}
