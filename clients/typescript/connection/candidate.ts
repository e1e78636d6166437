// One try of one transport: a link, the attempt that it was made for, and the time until the server must have answered its
// Hello. What becomes of it is its owner's business; a probe that wins changes its owner (connector.ts, probe.ts).
//
//   opening ──link open, attempt stored──► ready ──Hello──► greeting ──answered──► answered
//      └────────────────┴──────── too late, link ended, drop() ──┴──────────────────► over
import { EMPTY } from '../../../protocol/bytes.js'
import { PING } from '../../../protocol/frame-codec.js'
import {
  createHelloRequest,
  decodeHelloResponse,
  type Frame,
  type HelloRequest,
} from '../../../protocol/generated/messages.js'
import { HEARTBEAT_MS_DEFAULT } from '../../../protocol/limits.js'
import { METHODS } from '../../../protocol/methods.js'
import type { Clock, TimerHandle } from '../base/system.js'
import type { Commits } from '../storage/commits.js'
import type { Transport } from '../transports/transport.js'
import type { Identity } from './identity.js'
import { Link, type LinkEnd, type LinkOptions } from './link.js'

export interface CandidateOptions extends LinkOptions {
  /** Name and version of the program, for the server's logs. */
  readonly clientName: string
}

export interface CandidateOwner {
  /** Hello may go. */
  ready(candidate: Candidate): void
  /** The Hello with the session's token was answered. The frame's body is valid during the call. */
  answered(candidate: Candidate, frame: Frame): void
  notice(candidate: Candidate, frame: Frame): void
  /** Everything that came in one piece was handled. */
  received(candidate: Candidate): void
  /** The time is over and no Hello was answered. */
  late(candidate: Candidate): void
  ended(candidate: Candidate, end: LinkEnd): void
}

export interface CandidateParts {
  readonly clock: Clock
  readonly commits: Commits
  readonly identity: Identity
  /** The version up to which the timeline is applied. */
  since(): number
  /** Whether it is to begin at the head of the timeline, for it has nothing yet. */
  fromHead(): boolean
}

export class Candidate {
  readonly transport: Transport
  readonly link: Link
  /** A sign-in makes its own when it is answered. */
  attempt: number
  owner: CandidateOwner
  /** The token that it greeted with; empty before. */
  token: Uint8Array = EMPTY
  readonly #parts: CandidateParts
  readonly #options: CandidateOptions
  #stored = false
  #isReady = false
  #heard = false
  #limit: TimerHandle | undefined

  /** @param attempt raised already; what the server is told must outlive a crash, so it is stored before it is sent */
  constructor(
    transport: Transport,
    attempt: number,
    owner: CandidateOwner,
    parts: CandidateParts,
    options: CandidateOptions,
  ) {
    this.transport = transport
    this.attempt = attempt
    this.owner = owner
    this.#parts = parts
    const heartbeatMs = Math.min(options.heartbeatMs, transport.heartbeatMs ?? options.heartbeatMs)
    this.#options = { ...options, heartbeatMs }
    const handlers = {
      opened: () => this.#ready(),
      notice: (frame: Frame) => this.owner.notice(this, frame),
      received: () => this.owner.received(this),
      ended: (end: LinkEnd) => this.#ended(end),
    }
    this.link = new Link(transport, parts.clock, handlers, this.#options)
  }

  /** A Hello was answered on it, whatever the answer: the transport works. */
  get heard(): boolean {
    return this.#heard
  }

  /** @param limitMs for a Hello to be answered; undefined: as long as the link has patience */
  start(limitMs: number | undefined): void {
    const { clock, commits } = this.#parts
    commits.after(() => {
      this.#stored = true
      this.#ready()
    })
    if (limitMs !== undefined) this.#limit = clock.after(limitMs, () => this.owner.late(this))
    this.link.start()
  }

  /** Greets with the session's token. */
  greet(): void {
    const { token, storeId } = this.#parts.identity
    this.token = token
    const { attempt } = this
    const [since, fromHead] = [this.#parts.since(), this.#parts.fromHead()]
    this.#hello({ token, attempt, since, storeId, fromHead }, frame => this.owner.answered(this, frame))
  }

  /** Greets without one, for a sign-in. */
  greetNameless(greeted: () => void, refused: (frame: Frame) => void): void {
    this.#hello({}, frame => {
      if (frame.code !== 0) {
        refused(frame)
        return
      }
      this.#parts.identity.meetStore(decodeHelloResponse(frame.body).storeId)
      greeted()
    })
  }

  drop(): void {
    this.#limit?.cancel()
    this.link.drop()
  }

  #hello(hello: Partial<HelloRequest>, answered: (frame: Frame) => void): void {
    const { heartbeatMs, clientName } = this.#options
    // The usual values are left out; revision 1 is one of them.
    const request = createHelloRequest({
      ...hello,
      heartbeatMs: heartbeatMs === HEARTBEAT_MS_DEFAULT ? 0 : heartbeatMs,
      client: clientName,
    })
    this.link.request(METHODS.hello.number, METHODS.hello.encodeRequest(request), frame => {
      this.#heard = true
      this.#limit?.cancel()
      answered(frame)
    })
  }

  #ready(): void {
    if (this.#isReady || !this.#stored || this.link.state !== 'open') return
    this.#isReady = true
    if (this.transport.preamble) this.link.write(PING)
    this.owner.ready(this)
  }

  #ended(end: LinkEnd): void {
    this.#limit?.cancel()
    this.owner.ended(this, end)
  }
}
