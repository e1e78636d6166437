// Looks in the background whether a better transport works again. The connection in use goes on until the probe's Hello is
// answered (make before break); a probe that fails disturbs nothing.
//
//   idle ──watch()──► waiting ──time, now()──► probing ──answered──► idle: the connection goes over to it
//                        ▲                       │  │
//                        └──refused, none left───┘  └──failed──► probing the next better one
//
//   any ──stop(), surrender(), takeLeaving()──► idle
//
// The same is done when the node in use is about to stop (leave()): then at its time, once, and to other nodes.
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

interface Goal {
  /** The transports that are better than the one in use. */
  readonly better: readonly Transport[]
  /** Whether they are tried because the node in use is about to stop. */
  readonly leaving: boolean
}

type State =
  | { readonly name: 'idle' }
  | ({ readonly name: 'waiting'; readonly timer: TimerHandle } & Goal)
  | ({
      readonly name: 'probing'
      readonly candidate: Candidate
      /** The transports that are tried next. */
      readonly left: readonly Transport[]
    } & Goal)

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
    this.#wait({ better: this.#host.ladder.above(transport), leaving: false }, 0)
  }

  /** The node in use is about to stop: tries these in their order when the time is over. None of them, and nothing is tried any more. */
  leave(others: readonly Transport[], afterMs: number): void {
    this.stop()
    if (others.length === 0) return
    const goal: Goal = { better: others, leaving: true }
    const timer = this.#host.clock.after(afterMs, () => this.#probe(goal, others))
    this.#state = { name: 'waiting', timer, ...goal }
  }

  /** The probe away from a node that is about to stop is given away, however far it is. */
  takeLeaving(): Candidate | undefined {
    if (this.#state.name !== 'probing' || !this.#state.leaving) return undefined
    const { candidate } = this.#state
    this.#state = { name: 'idle' }
    return candidate
  }

  stop(): void {
    const state = this.#state
    this.#state = { name: 'idle' }
    if (state.name === 'waiting') state.timer.cancel()
    if (state.name === 'probing') state.candidate.drop()
  }

  /** Does not wait any longer. */
  now(): void {
    if (this.#state.name !== 'waiting' || this.#state.leaving) return
    const { timer, better } = this.#state
    timer.cancel()
    this.#probe(this.#state, better)
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

  #wait(goal: Goal, floorMs: number): void {
    if (goal.better.length === 0) return
    const { clock, ladder } = this.#host
    const timer = clock.after(Math.max(floorMs, ladder.nextProbeMs()), () => this.#probe(goal, goal.better))
    this.#state = { name: 'waiting', timer, better: goal.better, leaving: goal.leaving }
  }

  #probe({ better, leaving }: Goal, untried: readonly Transport[]): void {
    const [transport, ...left] = untried.filter(each => !this.#host.ladder.rests(each))
    if (transport === undefined) {
      // Where no endpoint answers, the node's end is waited for.
      if (leaving) this.#state = { name: 'idle' }
      else this.#wait({ better, leaving }, 0)
      return
    }
    const { identity } = this.#host
    identity.raiseAttempt(identity.attempt + 1)
    const candidate = new Candidate(transport, identity.attempt, this, this.#host, this.#options)
    this.#state = { name: 'probing', candidate, left, better, leaving }
    candidate.start(this.#options.fallbackMs)
  }

  /** The transport does not work. */
  #failed(candidate: Candidate, restMs = 0): void {
    const state = this.#state
    if (state.name !== 'probing' || state.candidate !== candidate) return
    this.#host.ladder.failed(candidate.transport, restMs)
    this.#state = { name: 'idle' }
    candidate.drop()
    this.#probe(state, state.left)
  }

  /** The transport works, but the server does not want this now. */
  #giveUp(candidate: Candidate, retryAfterMs: number): void {
    const state = this.#state
    if (state.name !== 'probing' || state.candidate !== candidate) return
    this.#state = { name: 'idle' }
    candidate.drop()
    if (state.leaving) this.#probe(state, state.left)
    else this.#wait(state, retryAfterMs)
  }
}
