// A Register or Login that goes on over lost connections and passing refusals, until it is answered or its time is over.
import { CODES } from '../../../protocol/codes.js'
import {
  decodeLoginResponse,
  decodeRegisterResponse,
  type Endpoints,
  type Frame,
  type Session,
} from '../../../protocol/generated/messages.js'
import { METHODS, type RequestOf } from '../../../protocol/methods.js'
import { BrokenServer, LongwireError } from '../base/errors.js'
import type { Clock, TimerHandle } from '../base/system.js'
import type { Link } from './link.js'

export type SignInRequest =
  | { readonly method: 'register'; readonly request: RequestOf<'register'> }
  | { readonly method: 'login'; readonly request: RequestOf<'login'> }

/** The answer of a server that took it. */
export interface SignedIn {
  readonly session: Session
  readonly endpoints: Endpoints | undefined
}

/** A login waits for a password hash behind many others after a restart. A nameless connection lives 60 s. */
const ANSWER_MS = 45_000

export class SignIn {
  readonly what: SignInRequest
  readonly #resolve: () => void
  readonly #reject: (error: LongwireError) => void
  readonly #deadline: TimerHandle
  /** The error of the last try; told when the time is over. */
  #lastError: LongwireError | undefined
  #isGreeted = false

  /** @param expired called once when the time is over, with what to tell; not after settle() */
  constructor(
    what: SignInRequest,
    clock: Clock,
    timeoutMs: number,
    expired: (error: LongwireError) => void,
    settle: { readonly resolve: () => void; readonly reject: (error: LongwireError) => void },
  ) {
    this.what = what
    this.#resolve = settle.resolve
    this.#reject = settle.reject
    this.#deadline = clock.after(timeoutMs, () => expired(this.#lastError ?? this.#noAnswer()))
  }

  /** Asks on a nameless connection, behind its Hello. */
  ask(link: Link, signedIn: (given: SignedIn) => void, refused: (frame: Frame) => void): void {
    const { what } = this
    const body =
      what.method === 'register'
        ? METHODS.register.encodeRequest(what.request)
        : METHODS.login.encodeRequest(what.request)
    const answered = (frame: Frame): void => {
      if (frame.code !== 0) refused(frame)
      else signedIn(this.#given(frame))
    }
    link.request(METHODS[what.method].number, body, answered, ANSWER_MS)
  }

  /** Notes that a server is there. It may still be without what it needs to answer. */
  greeted(): void {
    this.#isGreeted = true
  }

  /** Notes that a try failed; it is tried again. */
  failed(error: LongwireError): void {
    this.#lastError = error
  }

  /** The time no longer runs: there is an answer, it only has to be stored. */
  answered(): void {
    this.#deadline.cancel()
  }

  settle(error?: LongwireError): void {
    this.#deadline.cancel()
    if (error === undefined) this.#resolve()
    else this.#reject(error)
  }

  #noAnswer(): LongwireError {
    return this.#isGreeted ? LongwireError.ofCode(CODES.UNAVAILABLE.code) : LongwireError.local('TIMEOUT')
  }

  #given(frame: Frame): SignedIn {
    const decode = this.what.method === 'register' ? decodeRegisterResponse : decodeLoginResponse
    const { session, endpoints } = decode(frame.body)
    if (session === undefined || session.uid === 0 || session.token.length === 0) throw new BrokenServer('no session')
    return { session, endpoints }
  }
}
