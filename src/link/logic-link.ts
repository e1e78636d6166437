/**
 * The access side of one link: finds a logic node at an address, and links with it again whenever the link is lost. It opens no sockets
 * itself (link-sockets.ts).
 *
 *            ┌──────────────── a pause that grows up to PAUSE_MS_MAX ────────────────┐
 *            ▼                                                                        │
 *         dialing ─► opening ── its nonce ─► proving ── its proof is right ─► open ─► lost
 *                                               └── one end has another secret ───────▲
 *                                                  leaving: open, for what is under way
 */

import { CODES } from '../../protocol/codes.js'
import { encodeNotice, encodeRequest } from '../../protocol/frame-codec.js'
import type { Frame } from '../../protocol/generated/messages.js'
import { UINT32_MAX } from '../../protocol/limits.js'
import type { Clock, TimerHandle } from '../lib/clock.js'
import type { Random } from '../lib/random.js'
import type { Log } from '../ops/log.js'
import type { Call } from './calls.js'
import { encodeFields, Fields } from './fields.js'
import { FrameLink, type LinkPipe } from './frame-link.js'
import { LINK, LINK_FORM, LINK_FRAME_BYTES_MAX, NAME_LENGTH_MAX, OPEN_MS, UNPROVEN_BYTES_MAX } from './messages.js'
import { isProof, type Meeting, NONCE_BYTES, proofOf } from './proof.js'

const PAUSE_MS_MIN = 50
const PAUSE_MS_MAX = 1_000

/** Opens connections to logic nodes. */
export interface LinkDialer {
  /**
   * Connects. Of the callbacks, either `connected` is called, and then the link's receive() and closed(), or `failed`.
   * @returns gives the attempt up
   */
  dial(address: string, callbacks: DialCallbacks): () => void
}

export interface DialCallbacks {
  /** @returns the one that takes the connection's bytes */
  readonly connected: (pipe: LinkPipe) => Pick<FrameLink, 'receive' | 'closed'>
  readonly failed: (why: string) => void
}

export interface LogicLinkOptions {
  /** This node's name. */
  readonly name: string
  readonly address: string
  readonly secret: Uint8Array
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly dialer: LinkDialer
  readonly onOpen: (link: LogicLink) => void
  /** @param unanswered the calls that may or may not have been done, in the order in which they were sent */
  readonly onLost: (link: LogicLink, unanswered: readonly Call[]) => void
  readonly onLeaving: (link: LogicLink) => void
  /** Says why there is to be no link with the node that was found at the address; undefined: there may be one. */
  readonly refusalOf: (link: LogicLink) => string | undefined
  /** Takes a message of the node bus. */
  readonly receive: (message: Uint8Array) => void
  readonly onAnswered: (call: Call) => void
}

interface Sent {
  readonly call: Call
  /** Takes the listener off the call's signal. */
  readonly release: (() => void) | undefined
}

export class LogicLink {
  readonly address: string
  /** The logic node's name; '' before the first link. */
  node = ''
  /** Whether the node at the address had another secret at the last meeting. */
  hasOtherSecret = false
  readonly #options: LogicLinkOptions
  readonly #sent = new Map<number, Sent>()
  #frames: FrameLink | undefined
  #state: 'dialing' | 'opening' | 'proving' | 'open' | 'leaving' | 'lost' | 'closed' = 'lost'
  #accessNonce: Uint8Array
  #meeting: Meeting | undefined
  #lastId = 0
  #pauseMs = PAUSE_MS_MIN
  #timer: TimerHandle | undefined
  #giveUp: (() => void) | undefined
  /** The fault that was logged last: the same one is not told again and again. */
  #told = ''

  constructor(options: LogicLinkOptions) {
    this.#options = options
    this.address = options.address
    this.#accessNonce = options.random.bytes(NONCE_BYTES)
    this.#dial()
  }

  /** Whether it takes calls. */
  get isOpen(): boolean {
    return this.#state === 'open'
  }

  /** Whether it is open, or still answers what it was sent. */
  get isLinked(): boolean {
    return this.#state === 'open' || this.#state === 'leaving'
  }

  /** Sends a call, only while it takes them. @param again whether it may have been done before */
  send(call: Call, again: boolean): void {
    const id = this.#newId()
    const { signal } = call
    const gone = (): void => this.#notify(LINK.cancel, encodeFields(id))
    signal?.addEventListener('abort', gone, { once: true })
    const release = signal && (() => signal.removeEventListener('abort', gone))
    this.#sent.set(id, { call, release })
    this.#frames?.write(encodeRequest(id, call.method, call.body(again)))
  }

  /**
   * Sends a message of the node bus.
   * @param isTransient dropped if much waits for the node already
   */
  sendEvents(message: Uint8Array, isTransient: boolean): void {
    if (this.isLinked && !(isTransient && this.#frames?.isBehind === true)) this.#notify(LINK.events, message)
  }

  /** Ends the link for good. */
  close(): void {
    const frames = this.#frames
    this.#state = 'closed'
    this.#timer?.cancel()
    this.#giveUp?.()
    frames?.lose('this node stops')
  }

  #newId(): number {
    do this.#lastId = this.#lastId === UINT32_MAX ? 1 : this.#lastId + 1
    while (this.#sent.has(this.#lastId))
    return this.#lastId
  }

  #notify(method: number, body: Uint8Array): void {
    this.#frames?.write(encodeNotice(method, body))
  }

  #dial(): void {
    const { clock, dialer } = this.#options
    this.#state = 'dialing'
    this.#timer = clock.after(OPEN_MS, () => {
      if (this.#frames === undefined) {
        this.#giveUp?.()
        this.#failed('no answer')
      } else this.#frames.lose('no answer')
    })
    this.#giveUp = dialer.dial(this.address, {
      connected: pipe => this.#connected(pipe),
      failed: why => this.#failed(why),
    })
  }

  #connected(pipe: LinkPipe): FrameLink {
    const { name, clock } = this.#options
    this.#giveUp = undefined
    const frames = new FrameLink({
      pipe,
      clock,
      bytesMax: UNPROVEN_BYTES_MAX,
      take: frame => this.#take(frame),
      onLost: why => this.#failed(why),
    })
    this.#frames = frames
    this.#state = 'opening'
    frames.write(encodeRequest(LINK.open, LINK.open, encodeFields(LINK_FORM, name, this.#accessNonce)))
    return frames
  }

  #take(frame: Frame): void {
    switch (this.#state) {
      case 'opening':
        this.#opened(frame)
        break
      case 'proving':
        this.#proved(frame)
        break
      case 'open':
      case 'leaving':
        if (frame.id === 0) this.#notice(frame.method, frame.body)
        else this.#answered(frame)
        break
      default:
        break // what was on its way when the link was given up
    }
  }

  #opened({ code, message, body }: Frame): void {
    const { name, secret } = this.#options
    const fields = new Fields(body)
    const [logic, logicNonce] = [fields.text(1), fields.bytes(2).slice()]
    if (code !== 0) {
      this.#frames?.lose(`it refused: ${message}`)
      return
    }
    if (logicNonce.length !== NONCE_BYTES || logic.length > NAME_LENGTH_MAX) {
      this.#frames?.lose('it is no logic node')
      return
    }
    this.node = logic
    const refusal = this.#options.refusalOf(this)
    if (refusal !== undefined) {
      this.#frames?.lose(refusal)
      return
    }
    const meeting = { access: name, logic, accessNonce: this.#accessNonce, logicNonce }
    this.#meeting = meeting
    this.#state = 'proving'
    this.#frames?.write(encodeRequest(LINK.prove, LINK.prove, encodeFields(proofOf(secret, 'access', meeting))))
  }

  #proved({ code, message, body }: Frame): void {
    const { secret, log, onOpen } = this.#options
    const right = this.#meeting && proofOf(secret, 'logic', this.#meeting)
    const isRight = right !== undefined && isProof(new Fields(body).bytes(1), right)
    this.hasOtherSecret = code === CODES.UNAUTHENTICATED.code || (code === 0 && !isRight)
    if (this.hasOtherSecret) this.#frames?.lose('it does not know the cluster secret of this node')
    else if (code !== 0) this.#frames?.lose(`it refused: ${message}`)
    if (code !== 0 || !isRight) return
    this.#timer?.cancel()
    this.#state = 'open'
    if (this.#frames !== undefined) this.#frames.bytesMax = LINK_FRAME_BYTES_MAX
    this.#pauseMs = PAUSE_MS_MIN
    this.#told = ''
    log.info({ logic: this.node, address: this.address }, 'linked with a logic node')
    onOpen(this)
  }

  #notice(method: number, body: Uint8Array): void {
    if (method === LINK.events) this.#options.receive(body)
    else if (method === LINK.pageWaits) {
      const fields = new Fields(body)
      this.#sent.get(fields.number(1))?.call.pageWaits?.(fields.number(2) === 1)
    } else if (method === LINK.leaving && this.#state === 'open') {
      this.#state = 'leaving'
      this.#options.onLeaving(this)
    }
  }

  #answered(frame: Frame): void {
    const sent = this.#sent.get(frame.id)
    if (sent === undefined) return
    this.#sent.delete(frame.id)
    sent.release?.()
    const { call } = sent
    try {
      call.answered(frame)
    } catch (error) {
      const { code, text } = CODES.UNAVAILABLE
      call.refused(code, text, PAUSE_MS_MAX)
      throw error // the link is lost with it
    } finally {
      this.#options.onAnswered(call)
    }
  }

  /** The connection, or the try to get one, has failed. */
  #failed(why: string): void {
    const { clock, random, log, onLost } = this.#options
    this.#timer?.cancel()
    this.#frames = undefined
    this.#giveUp = undefined
    const wasLinked = this.isLinked
    const isClosed = this.#state === 'closed'
    if (!isClosed) this.#state = 'lost'
    if (!isClosed && why !== this.#told) {
      log.warn({ logic: this.node, address: this.address, why }, 'no link with this logic node: it is tried again')
      this.#told = why
    }
    const unanswered = Array.from(this.#sent.values(), ({ call, release }) => {
      release?.()
      return call
    })
    this.#sent.clear()
    if (wasLinked || unanswered.length > 0) onLost(this, unanswered)
    if (this.#state === 'closed') return
    this.#timer = clock.after(this.#pauseMs + random.integer(this.#pauseMs), () => this.#dial())
    this.#pauseMs = Math.min(PAUSE_MS_MAX, this.#pauseMs * 2)
    this.#accessNonce = random.bytes(NONCE_BYTES)
  }
}
