/**
 * The services of logic nodes, as an access node sees them: each request is a call over a link (calls.ts), and the lanes choose the link.
 */

import { EMPTY } from '../../protocol/bytes.js'
import { CODES, type Code } from '../../protocol/codes.js'
import type { AckNotice, HelloRequest } from '../../protocol/generated/messages.js'
import type { Clock } from '../lib/clock.js'
import { readToken } from '../services/tokens.js'
import type {
  Asker,
  Authorization,
  Caller,
  HelloAnswer,
  Services,
  TimelineHead,
  TimelinePage,
} from '../services/types.js'
import type { Actor } from '../store/types.js'
import { AckCall, AuthorizeCall, type Call, HelloCall, ReadCall, RequestCall } from './calls.js'

/** The lanes, as the services see them. */
interface CallTaker {
  submit(call: Call): void
  has(uid: number): boolean
}

export class RemoteServices implements Services {
  readonly #lanes: CallTaker
  readonly #clock: Clock

  constructor(lanes: CallTaker, clock: Clock) {
    this.#lanes = lanes
    this.#clock = clock
  }

  hello(request: HelloRequest, address: string, settle: (answer: HelloAnswer) => void): void {
    const asked = { uid: uidIn(request.token), nowMs: this.#clock.monotonic() }
    this.#lanes.submit(new HelloCall(asked, request, address, settle))
  }

  authorize(token: Uint8Array, address: string, settle: (authorization: Authorization) => void): void {
    this.#lanes.submit(new AuthorizeCall(uidIn(token), token, address, settle))
  }

  boundAttempt(uid: number, device: number, token: Uint8Array = EMPTY): Promise<number | undefined> {
    return this.#answer(ReadCall.boundAttempt(uid, device, token))
  }

  request(caller: Caller, id: number, method: number, body: Uint8Array): void {
    this.#lanes.submit(new RequestCall(caller, id, { method, body }))
  }

  /** Does a request at the node of this actor. The caller's other calls that are under way keep it in their order, and at theirs. */
  requestAt(
    home: Actor,
    caller: Caller,
    id: number,
    asked: { readonly method: number; readonly body: Uint8Array },
  ): void {
    this.#lanes.submit(new RequestCall(caller, id, { ...asked, home }))
  }

  /** Whether calls of the user are not answered yet. */
  hasUnderWay(uid: number): boolean {
    return this.#lanes.has(uid)
  }

  ack(caller: Caller, notice: AckNotice): Code {
    if (notice.version > caller.told) return CODES.RESYNC.code
    this.#lanes.submit(new AckCall(caller, notice))
    return CODES.OK.code
  }

  page(uid: number, since: number, asker?: Asker): Promise<TimelinePage> {
    return this.#answer(ReadCall.page(uid, since, asker))
  }

  head(uid: number, since: number): Promise<TimelineHead> {
    return this.#answer(ReadCall.head(uid, since))
  }

  #answer<T>(call: ReadCall<T>): Promise<T> {
    this.#lanes.submit(call)
    return call.answer
  }
}

/** The user whom a token names, if it is one. A logic node checks whether it is valid. */
function uidIn(token: Uint8Array): number {
  return readToken(token)?.uid ?? 0
}
