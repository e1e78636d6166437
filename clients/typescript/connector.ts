// Decides when to connect, greets the server, and does what its codes say (PROTOCOL.md, clauses 3 and 9).
//
//                      connect(), signIn()
//   resting ─────────────────────────────────► connecting ──opened, attempt stored──► greeting ──Hello answered──► online
//      ▲                                        ▲      │                                 │                          │  │Drain
//      │ "login", sign-in refused               │time  │ link ended, "retry", "reconnect", "resync"                 │  ▼
//      ├──────────────────────────────────── waiting ◄─┴─────────────────────────────────┴──────────────────────────┴ draining
//      │                                                                                                      (answers come in)
//   any ──"stop", storage failed, close()──► stopped{reason}
//
// A sign-in goes over a nameless connection and then greets on that same one. Each phase owns its link and timer; only
// #enter writes it.
import { actionOf, CODES, codeName } from '../../protocol/codes.js'
import { PING } from '../../protocol/frame-codec.js'
import {
  createHelloRequest,
  decodeCloseNotice,
  decodeHelloResponse,
  decodeRefusal,
  type Frame,
  type HelloRequest,
  type HelloResponse,
  type Session,
} from '../../protocol/generated/messages.js'
import { HEARTBEAT_MS_DEFAULT } from '../../protocol/limits.js'
import { METHODS } from '../../protocol/methods.js'
import type { Backoff } from './backoff.js'
import type { Commits } from './commits.js'
import { LongwireError } from './errors.js'
import type { Identity } from './identity.js'
import { Link, type LinkEnd, type LinkOptions } from './link.js'
import { SignIn, type SignInRequest } from './sign-in.js'
import type { Clock, TimerHandle } from './system.js'
import type { Transport } from './transport.js'

/** What the application is told of the connection. */
export type ConnectionStatus =
  /** Nothing is tried: nobody is signed in, or connect() was not called yet. */
  | { readonly state: 'resting' }
  | { readonly state: 'connecting' }
  | { readonly state: 'online' }
  /** The next try is in so many milliseconds; `reason` for logs. */
  | { readonly state: 'waiting'; readonly retryInMs: number; readonly reason: string }
  /** For good. REPLACED: the device is connected from elsewhere, by a copy of this storage. */
  | { readonly state: 'stopped'; readonly reason: string }

type Phase =
  | { readonly name: 'resting' }
  | { readonly name: 'connecting'; readonly link: Link; stored: boolean }
  | { readonly name: 'greeting'; readonly link: Link }
  | { readonly name: 'online'; readonly link: Link; readonly sinceMs: number }
  | { readonly name: 'draining'; readonly link: Link; readonly untilMs: number; readonly grace: TimerHandle }
  | { readonly name: 'waiting'; readonly timer: TimerHandle; readonly notBeforeMs: number }
  | { readonly name: 'stopped' }

export interface ConnectorOptions extends LinkOptions {
  readonly signInTimeoutMs: number
  /** Name and version of the program, for the server's logs. */
  readonly clientName: string
}

export interface ConnectorHost {
  readonly transport: Transport
  readonly clock: Clock
  readonly commits: Commits
  readonly identity: Identity
  readonly backoff: Backoff
  /** The version up to which the timeline is applied. */
  since(): number
  /** Puts the session where hello() finds it. */
  signedIn(session: Session, what: SignInRequest): void
  /** Hello is written: what is pending goes right behind it. */
  hasHello(link: Link): void
  greeted(link: Link, response: HelloResponse): void
  notice(frame: Frame): void
  /** The server is about to stop: nothing new leaves. */
  draining(): void
  /** Last words before the link ends in good order. */
  parting(): void
  disconnected(): void
  resync(): void
  sessionEnded(code: number): void
  status(status: ConnectionStatus): void
  wake(): void
}

/** A connection that ends sooner after its Hello counts as another failure in a row. */
const STABLE_MS = 1_000

export class Connector {
  readonly #host: ConnectorHost
  readonly #options: ConnectorOptions
  #phase: Phase = { name: 'resting' }
  #signIn: SignIn | undefined

  constructor(host: ConnectorHost, options: ConnectorOptions) {
    this.#host = host
    this.#options = options
  }

  get phase(): Phase['name'] {
    return this.#phase.name
  }

  get signingIn(): boolean {
    return this.#signIn !== undefined
  }

  /** After a stop too: it is for the user to say that it may go on. */
  connect(): void {
    if (this.#phase.name === 'resting' || this.#phase.name === 'stopped') this.#open()
  }

  /** Resolves when the session is stored. */
  signIn(what: SignInRequest): Promise<void> {
    return new Promise((resolve, reject) => {
      const expired = (error: LongwireError): void => this.#failSignIn(error)
      const { signInTimeoutMs } = this.#options
      this.#signIn = new SignIn(what, this.#host.clock, signInTimeoutMs, expired, { resolve, reject })
      this.connect()
    })
  }

  /** The network changed, or the application came to the front: connects now if it waits, asks for a sign of life if not. */
  nudge(): void {
    const phase = this.#phase
    // Also while Hello or a sign-in waits for its answer: that wait is long, and a dead connection would sit it out.
    if (phase.name === 'online' || phase.name === 'greeting') phase.link.ping()
    if (phase.name !== 'waiting' || phase.notBeforeMs > this.#host.clock.monotonic()) return
    this.#open()
  }

  flush(): void {
    if ('link' in this.#phase) this.#phase.link.flush()
  }

  /** Ends the connection; nothing is tried until connect(). */
  rest(): void {
    this.#leave({ name: 'resting' }, { state: 'resting' })
  }

  stop(reason: string): void {
    if (this.#phase.name === 'stopped') return
    this.#leave({ name: 'stopped' }, { state: 'stopped', reason })
    this.#failSignIn(LongwireError.local(reason === 'STORAGE_FAILED' ? 'STORAGE_FAILED' : 'CLOSED'))
  }

  /** A code about the connection or the session: of Hello's answer, of a response, of a Close notice. */
  code(frame: Frame): void {
    if (this.#signIn !== undefined) {
      this.#refusedIn(frame)
      return
    }
    switch (actionOf(frame.code)) {
      case 'login':
        this.#host.sessionEnded(frame.code)
        this.rest()
        break
      case 'stop':
        this.#replacedOrStop(frame)
        break
      case 'resync':
        this.#host.resync()
        this.#wait(frame.retryAfterMs, codeName(frame.code))
        break
      default:
        if (frame.code === CODES.ATTEMPT_SUPERSEDED.code) this.#host.identity.raiseAttempt(boundAttempt(frame))
        this.#wait(frame.retryAfterMs, codeName(frame.code))
    }
  }

  #open(): void {
    const handlers = {
      opened: () => this.#ready(link),
      notice: (frame: Frame) => this.#notice(frame),
      received: () => this.#received(),
      ended: (end: LinkEnd) => this.#ended(link, end),
    }
    const link = new Link(this.#host.transport, this.#host.clock, handlers, this.#options)
    const phase: Phase = { name: 'connecting', link, stored: false }
    this.#enter(phase, { state: 'connecting' })
    const { identity, commits } = this.#host
    if (this.#signIn === undefined) identity.raiseAttempt(identity.attempt + 1)
    // What the server is told of this device must outlive a crash: its attempt, and in a sign-in its installation key.
    commits.after(() => {
      phase.stored = true
      this.#ready(link)
    })
    link.start()
  }

  #ready(link: Link): void {
    const phase = this.#phase
    if (phase.name !== 'connecting' || phase.link !== link || link.state !== 'open' || !phase.stored) return
    if (this.#host.transport.preamble) link.write(PING)
    if (this.#signIn === undefined) this.#greet(link)
    else this.#askIn(link, this.#signIn)
    this.#host.wake()
  }

  #askIn(link: Link, signIn: SignIn): void {
    this.#enter({ name: 'greeting', link })
    const refused = (frame: Frame): void => this.#refusedIn(frame)
    this.#hello(link, {}, frame => {
      if (frame.code !== 0) refused(frame)
    })
    signIn.ask(link, session => this.#signedIn(link, signIn, session), refused)
  }

  #signedIn(link: Link, signIn: SignIn, session: Session): void {
    const { commits, identity } = this.#host
    signIn.answered()
    this.#host.signedIn(session, signIn.what)
    identity.raiseAttempt(Math.max(identity.attempt, session.boundAttempt) + 1)
    commits.after(() => {
      if (this.#signIn !== signIn) return
      this.#signIn = undefined
      signIn.settle()
      if (this.#phase.name === 'greeting' && this.#phase.link === link) this.#greet(link)
      this.#host.wake()
    })
  }

  #refusedIn(frame: Frame): void {
    const error = LongwireError.ofCode(frame.code, frame.retryAfterMs)
    const action = actionOf(frame.code)
    if (action === 'refused' || action === 'stop' || action === 'login') {
      this.#failSignIn(error)
    } else {
      this.#signIn?.failed(error)
      this.#wait(frame.retryAfterMs, codeName(frame.code))
    }
  }

  #greet(link: Link): void {
    this.#enter({ name: 'greeting', link })
    const { token, storeId, attempt } = this.#host.identity
    this.#hello(link, { token, attempt, since: this.#host.since(), storeId }, frame => {
      if (frame.code !== 0) {
        this.code(frame)
        return
      }
      const response = decodeHelloResponse(frame.body)
      this.#enter({ name: 'online', link, sinceMs: this.#host.clock.monotonic() })
      this.#host.greeted(link, response)
      this.#host.commits.after(() => {
        if (this.#phase.name === 'online' && this.#phase.link === link) this.#host.status({ state: 'online' })
      })
    })
    this.#host.hasHello(link)
  }

  #hello(link: Link, hello: Partial<HelloRequest>, answered: (frame: Frame) => void): void {
    const { heartbeatMs, clientName } = this.#options
    // The usual values are left out; revision 1 is one of them.
    const request = createHelloRequest({
      ...hello,
      heartbeatMs: heartbeatMs === HEARTBEAT_MS_DEFAULT ? 0 : heartbeatMs,
      client: clientName,
    })
    link.request(METHODS.hello.number, METHODS.hello.encodeRequest(request), answered)
  }

  #notice(frame: Frame): void {
    if (frame.method === METHODS.close.number) this.code(frame)
    else if (frame.method === METHODS.drain.number) this.#drain(frame.retryAfterMs)
    else if (this.#phase.name === 'online' || this.#phase.name === 'draining') this.#host.notice(frame)
  }

  #drain(retryAfterMs: number): void {
    const { clock } = this.#host
    const phase = this.#phase
    if (phase.name !== 'online') {
      if ('link' in phase && phase.name !== 'draining') this.#wait(retryAfterMs, codeName(CODES.DRAINING.code))
      return
    }
    const grace = clock.after(retryAfterMs, () => this.#drained())
    this.#enter({ name: 'draining', link: phase.link, untilMs: clock.monotonic() + retryAfterMs, grace })
    this.#host.draining()
  }

  #received(): void {
    const phase = this.#phase
    if (phase.name !== 'draining' || phase.link.waiting > 0) return
    // What came with it is stored first, so that the last word can acknowledge it.
    this.#host.commits.after(() => {
      if (this.#phase === phase && phase.link.waiting === 0) this.#drained()
    })
  }

  #drained(): void {
    if (this.#phase.name !== 'draining') return
    this.#host.parting()
    this.#wait(0, codeName(CODES.DRAINING.code))
  }

  #ended(link: Link, end: LinkEnd): void {
    if ('link' in this.#phase && this.#phase.link === link) this.#wait(0, reasonOf(end))
  }

  /** Ends the connection and tries again: not before `floorMs`, and with jitter. After a Drain at the time that it named. */
  #wait(floorMs: number, reason: string): void {
    const { clock, backoff } = this.#host
    const phase = this.#phase
    if (phase.name === 'stopped' || phase.name === 'resting') return
    if (phase.name === 'online' && clock.monotonic() - phase.sinceMs >= STABLE_MS) backoff.reset()
    if (phase.name === 'draining') backoff.reset()
    const drainMs = phase.name === 'draining' ? phase.untilMs - clock.monotonic() : 0
    const retryInMs = drainMs > 0 ? Math.max(drainMs, floorMs) : backoff.next(floorMs)
    const timer = clock.after(retryInMs, () => {
      if (this.#phase.name === 'waiting' && this.#phase.timer === timer) this.#open()
    })
    const notBeforeMs = clock.monotonic() + Math.max(drainMs, floorMs)
    this.#leave({ name: 'waiting', timer, notBeforeMs }, { state: 'waiting', retryInMs, reason })
  }

  #replacedOrStop(frame: Frame): void {
    // Replaced by a newer attempt of this very client: an old connection of ours says so, and it is none of our present one.
    const ours = frame.code === CODES.REPLACED.code && boundAttempt(frame) <= this.#host.identity.attempt
    if (ours) this.#wait(frame.retryAfterMs, codeName(frame.code))
    else this.stop(codeName(frame.code))
  }

  #failSignIn(error: LongwireError): void {
    const signIn = this.#signIn
    if (signIn === undefined) return
    this.#signIn = undefined
    if (this.#phase.name !== 'stopped') this.rest()
    signIn.settle(error)
  }

  /** Leaves the present phase with all that it owns. */
  #leave(next: Phase, status: ConnectionStatus): void {
    const before = this.#phase
    if (before.name === next.name && next.name !== 'waiting') return
    this.#enter(next, status)
    if ('link' in before) {
      before.link.drop()
      this.#host.disconnected()
    }
  }

  #enter(next: Phase, status?: ConnectionStatus): void {
    const before = this.#phase
    if (before.name === 'waiting' && before !== next) before.timer.cancel()
    if (before.name === 'draining' && before !== next) before.grace.cancel()
    this.#phase = next
    if (status !== undefined) this.#host.status(status)
  }
}

/** The attempt that a refusal or a Close notice names; 0 if none. */
function boundAttempt(frame: Frame): number {
  if (frame.method === METHODS.close.number) return decodeCloseNotice(frame.body).boundAttempt
  return frame.body.length === 0 ? 0 : decodeRefusal(frame.body).boundAttempt
}

function reasonOf(end: LinkEnd): string {
  switch (end.kind) {
    case 'closed':
      return end.error === undefined ? 'the server closed the connection' : end.error.message
    case 'timeout':
      return `no answer in time (${end.what})`
    case 'broken':
      return `not understood: ${end.message}`
    case 'dropped':
      return 'dropped'
  }
}
