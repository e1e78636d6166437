// Looks in the background whether a better transport works again. The connection in use goes on until the probe's Hello is
// answered (make before break); a probe that fails disturbs nothing.
//
//   idle ──watch()──► waiting ──time, now()──► probing ──answered──► idle: the connection goes over to it
//                        ▲                       │  │
//                        └──refused, none left───┘  └──failed──► probing the next better one
//
//   any ──stop(), surrender()──► idle
import { decodeHelloResponse, type Frame, type HelloResponse } from '../../../protocol/generated/messages.js'
import { METHODS } from '../../../protocol/methods.js'
import type { TimerHandle } from '../base/system.js'
import type { Transport } from '../transports/transport.js'
import { Candidate, type CandidateOptions, type CandidateOwner, type CandidateParts } from './candidate.js'
import { boundAttempt } from './close-reason.js'
import type { Ladder } from './ladder.js'
import type { LinkEnd } from './link.js'

export interface ProberHost extends CandidateParts {
  readonly ladder: Ladder
  /** The candidate's Hello was answered; it has another owner from here on. */
  won(candidate: Candidate, response: HelloResponse): void
  wake(): void
}

export interface ProberOptions extends CandidateOptions {
  /** The time that a Hello may be unanswered. */
  readonly fallbackMs: number
}

type State =
  | { readonly name: 'idle' }
  | { readonly name: 'waiting'; readonly timer: TimerHandle; readonly better: readonly Transport[] }
  | {
      readonly name: 'probing'
      readonly candidate: Candidate
      /** The transports that are tried next. */
      readonly left: readonly Transport[]
      readonly better: readonly Transport[]
    }

export class Prober implements CandidateOwner {
  readonly #host: ProberHost
  readonly #options: ProberOptions
  #state: State = { name: 'idle' }

  constructor(host: ProberHost, options: ProberOptions) {
    this.#host = host
    this.#options = options
  }

  /** This transport carries the connection from now on. */
  watch(transport: Transport): void {
    this.stop()
    this.#wait(this.#host.ladder.above(transport), 0)
  }

  stop(): void {
    const state = this.#state
    this.#state = { name: 'idle' }
    if (state.name === 'waiting') state.timer.cancel()
    if (state.name === 'probing') state.candidate.drop()
  }

  /** Does not wait any longer. */
  now(): void {
    if (this.#state.name !== 'waiting') return
    const { timer, better } = this.#state
    timer.cancel()
    this.#probe(better, better)
  }

  /** The server has bound this attempt: if it is that of a probe, the probe is given away, greeting. */
  surrender(attempt: number): Candidate | undefined {
    if (this.#state.name !== 'probing' || this.#state.candidate.attempt !== attempt) return undefined
    const { candidate } = this.#state
    this.#state = { name: 'idle' }
    return candidate
  }

  flush(): void {
    if (this.#state.name === 'probing') this.#state.candidate.link.flush()
  }

  ready(candidate: Candidate): void {
    candidate.greet()
    this.#host.wake()
  }

  answered(candidate: Candidate, frame: Frame): void {
    this.#host.ladder.worked(candidate.transport)
    if (frame.code !== 0) {
      this.#host.identity.attemptRefused(frame.code, boundAttempt(frame))
      this.#giveUp(candidate, frame.retryAfterMs)
      return
    }
    const response = decodeHelloResponse(frame.body)
    this.#state = { name: 'idle' }
    this.#host.won(candidate, response)
  }

  notice(candidate: Candidate, frame: Frame): void {
    const over = frame.method === METHODS.close.number || frame.method === METHODS.drain.number
    if (over) this.#giveUp(candidate, frame.retryAfterMs)
  }

  received(): void {}

  late(candidate: Candidate): void {
    this.#failed(candidate)
  }

  ended(candidate: Candidate, end: LinkEnd): void {
    this.#failed(candidate, end.kind === 'closed' ? end.retryAfterMs : 0)
  }

  #wait(better: readonly Transport[], floorMs: number): void {
    if (better.length === 0) return
    const { clock, ladder } = this.#host
    const timer = clock.after(Math.max(floorMs, ladder.nextProbeMs()), () => this.#probe(better, better))
    this.#state = { name: 'waiting', timer, better }
  }

  #probe(better: readonly Transport[], untried: readonly Transport[]): void {
    const [transport, ...left] = untried.filter(each => !this.#host.ladder.rests(each))
    if (transport === undefined) {
      this.#wait(better, 0)
      return
    }
    const { identity } = this.#host
    identity.raiseAttempt(identity.attempt + 1)
    const candidate = new Candidate(transport, identity.attempt, this, this.#host, this.#options)
    this.#state = { name: 'probing', candidate, left, better }
    candidate.start(this.#options.fallbackMs)
  }

  /** The transport does not work. */
  #failed(candidate: Candidate, restMs = 0): void {
    const state = this.#state
    if (state.name !== 'probing' || state.candidate !== candidate) return
    this.#host.ladder.failed(candidate.transport, restMs)
    this.#state = { name: 'idle' }
    candidate.drop()
    this.#probe(state.better, state.left)
  }

  /** The transport works, but the server does not want this now. */
  #giveUp(candidate: Candidate, retryAfterMs: number): void {
    const state = this.#state
    if (state.name !== 'probing' || state.candidate !== candidate) return
    this.#state = { name: 'idle' }
    candidate.drop()
    this.#wait(state.better, retryAfterMs)
  }
}
