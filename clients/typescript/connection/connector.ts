// Decides when to connect, greets the server, and does what its codes say (PROTOCOL.md, clauses 3 and 9).
//
//            connect(),                        ┌── a probe won: another link ──┐
//            signIn()          attempt stored  │                               │
//   resting ─────────► connecting ──────────► greeting ──Hello answered──► online ──Drain──► draining (answers come in)
//      ▲                 ▲  ▲ ▲                │  ▲                         │ │ │               │
//      │                 │  │ └──no answer:────┤  └──REPLACED by a probe────┘ │ │               │
//      │             time│  │    the next      │     that still greets        │ │               │
//      │                 │  │    transport     │                              │ │               │
//      │                 │  └──────────────────┼──REPLACED by a probe that────┘ │               │
//      │                 │                     │  was given up                  │               │
//      │              waiting ◄────────────────┴────────────────────────────────┴───────────────┘
//      │                    the last transport failed, link ended, "retry", "reconnect", "resync"
//      │
//      └── from any: "login", sign-in refused, rest()          any ──"stop", storage failed, close()──► stopped{reason}
//
// A sign-in goes over a nameless connection and then greets on that same one. Each phase owns its candidate (candidate.ts: a
// link, its attempt, its transport) and its timer; only #enter writes it. Which transport is next says ladder.ts; while a
// lower one is in use, probe.ts tries the better ones beside it.
import { actionOf, CODES, codeName } from '../../../protocol/codes.js'
import {
  decodeDrainNotice,
  decodeHelloResponse,
  type Frame,
  type HelloResponse,
  type Session,
} from '../../../protocol/generated/messages.js'
import { METHODS } from '../../../protocol/methods.js'
import type { Backoff } from '../base/backoff.js'
import { sameBytes } from '../base/bytes.js'
import { LongwireError } from '../base/errors.js'
import type { TimerHandle } from '../base/system.js'
import type { Transport } from '../transports/transport.js'
import { Candidate, type CandidateOwner, type CandidateParts } from './candidate.js'
import { boundAttempt, reasonOf } from './close-reason.js'
import type { KnownEndpoints } from './known-endpoints.js'
import type { Ladder } from './ladder.js'
import type { Link, LinkEnd } from './link.js'
import { Prober, type ProberOptions } from './probe.js'
import { type SignedIn, SignIn, type SignInRequest } from './sign-in.js'

/** The state of the connection, as the application is told it. `transport`: its name. */
export type ConnectionStatus =
  /** Idle: nobody is signed in, or connect() was not called yet. */
  | { readonly state: 'resting' }
  | { readonly state: 'connecting'; readonly transport: string }
  /** Told again when the connection goes over to another transport. */
  | { readonly state: 'online'; readonly transport: string }
  /** The next try is in so many milliseconds; `reason` for logs. */
  | { readonly state: 'waiting'; readonly retryInMs: number; readonly reason: string }
  /** Stopped for good. REPLACED: the device is connected from elsewhere, by a copy of this storage. */
  | { readonly state: 'stopped'; readonly reason: string }

type Phase =
  | { readonly name: 'resting' }
  | { readonly name: 'connecting'; readonly candidate: Candidate }
  | { readonly name: 'greeting'; readonly candidate: Candidate }
  | { readonly name: 'online'; readonly candidate: Candidate; readonly sinceMs: number }
  | {
      readonly name: 'draining'
      readonly candidate: Candidate
      readonly untilMs: number
      readonly grace: TimerHandle
    }
  | { readonly name: 'waiting'; readonly timer: TimerHandle; readonly notBeforeMs: number }
  | { readonly name: 'stopped' }

export interface ConnectorOptions extends ProberOptions {
  readonly signInTimeoutMs: number
}

export interface ConnectorHost extends CandidateParts {
  readonly ladder: Ladder
  readonly endpoints: KnownEndpoints
  readonly backoff: Backoff
  /** Puts the session where a Hello finds it. */
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

/** Said with wrong credentials: an account of the store that this device knows may not exist in another one. */
const OTHER_STORE =
  'the server has other data than when this device signed in: register again, or give the client an empty storage'

/** A connection that ends sooner after its Hello counts as another failure in a row. */
const STABLE_MS = 1_000

export class Connector implements CandidateOwner {
  readonly #host: ConnectorHost
  readonly #options: ConnectorOptions
  readonly #prober: Prober
  #phase: Phase = { name: 'resting' }
  #signIn: SignIn | undefined

  constructor(host: ConnectorHost, options: ConnectorOptions) {
    this.#host = host
    this.#options = options
    this.#prober = new Prober({ ...host, won: (candidate, response) => this.#goOver(candidate, response) }, options)
  }

  get phase(): Phase['name'] {
    return this.#phase.name
  }

  /** The address of the connection in use; '' if there is none, or nobody can tell. */
  get address(): string {
    return this.#phase.name === 'online' ? (this.#phase.candidate.transport.address ?? '') : ''
  }

  get signingIn(): boolean {
    return this.#signIn !== undefined
  }

  /** Connects if it rests or has stopped: it is for the user to say that it may go on after a stop. */
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

  /**
   * The network changed, or the application came to the front. Connects now if it waits; otherwise asks for a sign of life.
   * Looks, too, whether a better transport works.
   */
  nudge(): void {
    const phase = this.#phase
    this.#host.ladder.forget()
    this.#prober.now()
    // Also while Hello or a sign-in waits for its answer: that wait is long, and a dead connection would sit it out.
    if (phase.name === 'online' || phase.name === 'greeting') phase.candidate.link.ping()
    if (phase.name !== 'waiting' || phase.notBeforeMs > this.#host.clock.monotonic()) return
    this.#open()
  }

  /** Ends the connection, for the next one to begin with another Hello. */
  beginAgain(): void {
    this.#wait(0, codeName(CODES.RESYNC.code))
  }

  flush(): void {
    if ('candidate' in this.#phase) this.#phase.candidate.link.flush()
    this.#prober.flush()
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
    if (frame.code === CODES.DRAINING.code && this.#goesOn()) return
    const action = actionOf(frame.code)
    if (this.#isDoubtful(action, frame.code)) {
      this.#elsewhere(codeName(frame.code))
      return
    }
    switch (action) {
      case 'login':
        // The refusal is about the token before this one: the request was under way when it was renewed.
        if (this.#isOutdated()) {
          this.#wait(frame.retryAfterMs, codeName(frame.code))
          break
        }
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
        this.#host.identity.attemptRefused(frame.code, boundAttempt(frame))
        this.#shun(frame.code)
        this.#wait(frame.retryAfterMs, codeName(frame.code))
    }
  }

  /**
   * Whether an endpoint says that the session is over, or that this client is too old. Its address may belong to another server by now. The
   * app's own addresses are to say so too (PROTOCOL.md, 14.7).
   */
  #isDoubtful(action: ReturnType<typeof actionOf>, code: number): boolean {
    const phase = this.#phase
    return (
      (action === 'login' || action === 'stop') &&
      code !== CODES.REPLACED.code &&
      phase.name === 'greeting' &&
      !this.#host.ladder.isOwn(phase.candidate.transport)
    )
  }

  /** An endpoint that does not take the client now, and any node that is about to stop, is not where the next round begins. */
  #shun(code: number): void {
    const phase = this.#phase
    if (!('candidate' in phase)) return
    const { ladder } = this.#host
    const { transport } = phase.candidate
    const isRefused = phase.name === 'greeting' && !ladder.isOwn(transport) && code !== CODES.ATTEMPT_SUPERSEDED.code
    if (isRefused || code === CODES.DRAINING.code) ladder.failed(transport)
  }

  /** Forgets the endpoints and asks at the app's own addresses. */
  #elsewhere(reason: string): void {
    this.#host.endpoints.forget()
    this.#wait(0, reason)
  }

  /** The connection was made with another token than the one that is in use now. */
  #isOutdated(): boolean {
    const phase = this.#phase
    const { token } = this.#host.identity
    return 'candidate' in phase && phase.candidate.token.length > 0 && !sameBytes(phase.candidate.token, token)
  }

  // What becomes of the candidate --------------------------------------------------------------------------------------

  ready(candidate: Candidate): void {
    if (this.#phase.name !== 'connecting' || this.#phase.candidate !== candidate) return
    if (this.#signIn === undefined) this.#greet(candidate)
    else this.#askIn(candidate, this.#signIn)
    this.#host.wake()
  }

  answered(candidate: Candidate, frame: Frame): void {
    this.#host.ladder.worked(candidate.transport)
    if (frame.code === 0) this.#online(candidate, decodeHelloResponse(frame.body))
    else this.code(frame)
  }

  notice(_candidate: Candidate, frame: Frame): void {
    if (frame.method === METHODS.close.number) this.code(frame)
    else if (frame.method === METHODS.drain.number) this.#drain(frame)
    else if (this.#phase.name === 'online' || this.#phase.name === 'draining') this.#host.notice(frame)
  }

  received(): void {
    const phase = this.#phase
    if (phase.name !== 'draining' || phase.candidate.link.waiting > 0) return
    // What came with it is stored first, so that the last word can acknowledge it.
    this.#host.commits.after(() => {
      if (this.#phase === phase && phase.candidate.link.waiting === 0) this.#drained()
    })
  }

  late(candidate: Candidate): void {
    this.#failed(candidate, 'no answer in time (hello)')
  }

  ended(candidate: Candidate, end: LinkEnd): void {
    if (!('candidate' in this.#phase) || this.#phase.candidate !== candidate || this.#goesOn()) return
    if (candidate.heard) this.#wait(end.kind === 'closed' ? end.retryAfterMs : 0, reasonOf(end))
    else this.#failed(candidate, reasonOf(end), end.kind === 'closed' ? end.retryAfterMs : 0)
  }

  /** The transport brought no answer: the next one's turn, and after the last one's a wait. */
  #failed(candidate: Candidate, reason: string, restMs = 0): void {
    const { endpoints, ladder } = this.#host
    const next = ladder.after(candidate.transport)
    ladder.failed(candidate.transport, restMs)
    endpoints.doubt()
    if (next === undefined) this.#wait(ladder.restMs, reason)
    else this.#open(next)
  }

  #open(transport: Transport = this.#host.ladder.first(this.#signIn !== undefined)): void {
    const { identity, ladder } = this.#host
    if (this.#signIn === undefined) identity.raiseAttempt(identity.attempt + 1)
    const candidate = new Candidate(transport, identity.attempt, this, this.#host, this.#options)
    this.#leave({ name: 'connecting', candidate }, { state: 'connecting', transport: transport.name })
    // Below the last one there is nothing to hurry to.
    candidate.start(ladder.after(transport) === undefined ? undefined : this.#options.fallbackMs)
  }

  #greet(candidate: Candidate): void {
    this.#enter({ name: 'greeting', candidate })
    candidate.greet()
    this.#host.hasHello(candidate.link)
  }

  #online(candidate: Candidate, response: HelloResponse): void {
    const { clock, commits } = this.#host
    this.#enter({ name: 'online', candidate, sinceMs: clock.monotonic() })
    this.#prober.watch(candidate.transport)
    this.#host.greeted(candidate.link, response)
    commits.after(() => {
      if (this.#phase.name === 'online' && this.#phase.candidate === candidate) {
        this.#host.status({ state: 'online', transport: candidate.transport.name })
      }
    })
  }

  // From one link to another in mid-flight -----------------------------------------------------------------------------

  /** A probe's Hello was answered: what is unanswered goes again, on the new link; what the old one still says is not heard. */
  #goOver(candidate: Candidate, response: HelloResponse): void {
    candidate.owner = this
    this.#leave({ name: 'greeting', candidate })
    this.#host.hasHello(candidate.link)
    this.#online(candidate, response)
    this.#host.wake()
  }

  /** The server has bound a probe. Its answer is on its way, or lost: then there is a new link at once, for the old one is gone. */
  #replacedByProbe(attempt: number): void {
    const candidate = this.#prober.surrender(attempt)
    if (candidate === undefined) this.#open()
    else this.#adopt(candidate)
  }

  /** Makes a probe the connection, however far it is. */
  #adopt(candidate: Candidate): void {
    const isGreeting = candidate.token.length > 0
    candidate.owner = this
    const status = { state: 'connecting', transport: candidate.transport.name } as const
    this.#leave({ name: isGreeting ? 'greeting' : 'connecting', candidate }, status)
    if (isGreeting) this.#host.hasHello(candidate.link)
    this.#host.wake()
  }

  #replacedOrStop(frame: Frame): void {
    const phase = this.#phase
    const bound = boundAttempt(frame)
    if (frame.code !== CODES.REPLACED.code || bound > this.#host.identity.attempt) this.stop(codeName(frame.code))
    else if (phase.name === 'online' && bound > phase.candidate.attempt) this.#replacedByProbe(bound)
    // By an attempt that is not newer: nothing that a server says.
    else this.#wait(frame.retryAfterMs, codeName(frame.code))
  }

  // Signing in ---------------------------------------------------------------------------------------------------------

  #askIn(candidate: Candidate, signIn: SignIn): void {
    this.#enter({ name: 'greeting', candidate })
    const refused = (frame: Frame): void => this.#refusedIn(frame)
    candidate.greetNameless(() => signIn.greeted(), refused)
    signIn.ask(candidate.link, given => this.#signedIn(candidate, signIn, given), refused)
  }

  #signedIn(candidate: Candidate, signIn: SignIn, { session, endpoints }: SignedIn): void {
    const { commits, identity, ladder } = this.#host
    ladder.worked(candidate.transport)
    signIn.answered()
    this.#host.signedIn(session, signIn.what)
    this.#host.endpoints.learn(endpoints)
    identity.raiseAttempt(Math.max(identity.attempt, session.boundAttempt) + 1)
    candidate.attempt = identity.attempt
    commits.after(() => {
      if (this.#signIn !== signIn) return
      this.#signIn = undefined
      signIn.settle()
      if (this.#phase.name === 'greeting' && this.#phase.candidate === candidate) this.#greet(candidate)
      this.#host.wake()
    })
  }

  #refusedIn(frame: Frame): void {
    const isStranger = frame.code === CODES.WRONG_CREDENTIALS.code && this.#host.identity.isOtherStore
    const error = LongwireError.ofCode(frame.code, frame.retryAfterMs, isStranger ? OTHER_STORE : frame.message)
    const action = actionOf(frame.code)
    if (action === 'refused' || action === 'stop' || action === 'login') {
      this.#failSignIn(error)
    } else {
      this.#signIn?.failed(error)
      this.#wait(frame.retryAfterMs, codeName(frame.code))
    }
  }

  #failSignIn(error: LongwireError): void {
    const signIn = this.#signIn
    if (signIn === undefined) return
    this.#signIn = undefined
    if (this.#phase.name !== 'stopped') this.rest()
    signIn.settle(error)
  }

  // Ending a connection ------------------------------------------------------------------------------------------------

  /** Goes over to an endpoint when its time has come, if the notice names one; otherwise stops asking, and comes back then. */
  #drain({ body, retryAfterMs }: Frame): void {
    const { clock, endpoints, ladder } = this.#host
    const phase = this.#phase
    const { endpoints: named } = decodeDrainNotice(body)
    endpoints.learn(named)
    if (named !== undefined && phase.name === 'online') {
      ladder.renew()
      const others = ladder.elsewhere(phase.candidate.transport)
      this.#prober.leave(others, retryAfterMs)
      if (others.length > 0) return
    }
    if (this.#goesOn()) return
    if (phase.name !== 'online') {
      if ('candidate' in phase && phase.name !== 'draining') this.#wait(retryAfterMs, codeName(CODES.DRAINING.code))
      return
    }
    const { candidate } = phase
    const grace = clock.after(retryAfterMs, () => this.#drained())
    this.#enter({ name: 'draining', candidate, untilMs: clock.monotonic() + retryAfterMs, grace })
    this.#host.draining()
  }

  /** The node stops, and a connection to an endpoint is being made: that is the connection from here on. */
  #goesOn(): boolean {
    const candidate = this.#phase.name === 'online' ? this.#prober.takeLeaving() : undefined
    if (candidate === undefined) return false
    this.#adopt(candidate)
    return true
  }

  #drained(): void {
    if (this.#phase.name !== 'draining') return
    this.#host.parting()
    this.#wait(0, codeName(CODES.DRAINING.code))
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

  /** Leaves the present phase with all that it owns. */
  #leave(next: Phase, status?: ConnectionStatus): void {
    const before = this.#phase
    if (before.name === next.name && (next.name === 'resting' || next.name === 'stopped')) return
    this.#enter(next, status)
    if (!('candidate' in before)) return
    before.candidate.drop()
    this.#host.disconnected()
  }

  #enter(next: Phase, status?: ConnectionStatus): void {
    const before = this.#phase
    if (before.name === 'waiting' && before !== next) before.timer.cancel()
    if (before.name === 'draining' && before !== next) before.grace.cancel()
    if (before.name === 'online' && before !== next) this.#prober.stop()
    this.#phase = next
    if (status !== undefined) this.#host.status(status)
  }
}
