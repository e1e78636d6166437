/** The only seam between connection/ and services/: the interfaces that each needs of the other. */
import type { Code } from '../../protocol/codes.js'
import type { AckNotice, HelloRequest, HelloResponse, Refusal, SendResult } from '../../protocol/generated/messages.js'
import type { Items } from '../../protocol/item-codec.js'
import type { NodeId } from '../store/types.js'
import type { TimelinePage as EnginePage, TimelineHead } from '../sync/types.js'

export type { TimelineHead } from '../sync/types.js'

/** A page as the services answer it: its items may be encoded already. */
export type TimelinePage = EnginePage<Items> & {
  /** It has only keyed state: whoever gets it has not applied the timeline up to its end. */
  readonly state?: true
}

/** The caller of a request. The connection implements it: one object per connection, no closure per request. */
export interface Caller {
  /** The user; 0 on a nameless connection. */
  readonly uid: number
  readonly device: number
  /** The remote address without its port. */
  readonly address: string
  /** The highest version that the client has been told or has shown to know on this connection: an ack above it is from the future. */
  readonly told: number
  /** The attempt that its connection has bound; absent without a connection. */
  readonly attempt?: number
  /** Aborted when nobody is known to wait for answers any more. Undefined: somebody always does. */
  readonly signal: AbortSignal | undefined
  /** Told when its page has to wait for those of others, and when that is over. Absent: it does not matter. */
  pageWaits?(waits: boolean): void
  respond(id: number, body: Uint8Array): void
  refuse(id: number, code: Code, message: string, retryAfterMs?: number, refusal?: Refusal): void
  /** Closes its connection, because of an ack that was taken before it was judged. Absent: there is no connection. */
  close?(code: Code): void
  /** Answers a Send with the range of the own copy: counts as the push of (from, version] on this connection. */
  accepted(id: number, from: number, version: number): void
  /**
   * Answers a Sync: the client will have applied up to `page.to`, unless the page has only keyed state. `results`: of the sends that it
   * carried.
   */
  synced(id: number, since: number, page: TimelinePage, results: readonly SendResult[]): void
}

/** Who a token authenticates, on a transport without connections. */
export type Authorization =
  | {
      readonly kind: 'principal'
      readonly uid: number
      readonly device: number
      /** The highest attempt that the device has bound; 0 if none. */
      readonly attempt: number
    }
  | { readonly kind: 'refused'; readonly code: Code; readonly retryAfterMs: number }

export type HelloAnswer =
  | {
      readonly kind: 'refused'
      readonly code: Code
      readonly message: string
      readonly retryAfterMs?: number
      readonly boundAttempt?: number
    }
  | { readonly kind: 'nameless'; readonly response: HelloResponse }
  | {
      readonly kind: 'bound'
      /** `head` and `resync` are not set: the page or head that is read at `since` tells them. */
      readonly response: HelloResponse
      readonly attempt: number
      /** The version up to which the client says it has the timeline; 0 for a client of another store. */
      readonly since: number
      /** The earliest time at which the unit that bound it may have set the user's route, by the monotonic clock; absent: it set none. */
      readonly routedMs?: number
    }

/** The one who waits for a page or an answer. */
export type Asker = Pick<Caller, 'signal' | 'pageWaits'>

/** The access node that passes a Hello on. */
export interface Via {
  readonly node: NodeId
  /** It was passed on before, and nobody knows what came of that. */
  readonly again: boolean
}

export interface Services {
  /**
   * Checks the token, binds the attempt (durably). `settle` is called once, at once or later. It is called before any event of this node
   * that was committed after the binding. So a connection that enters the hub within the call misses none.
   */
  hello(request: HelloRequest, address: string, settle: (answer: HelloAnswer) => void, via?: Via): void
  /**
   * Finds the owner of a token, for one request without a connection. Counts as a use of the token; binds nothing.
   * `settle` is called once, at once or later.
   */
  authorize(token: Uint8Array, address: string, settle: (authorization: Authorization) => void): void
  /** The highest attempt bound for the device, undefined if its session has ended. Rejects if that cannot be known now. */
  boundAttempt(uid: number, device: number, token?: Uint8Array): Promise<number | undefined>
  /**
   * Does a request: one of the caller's answering methods is called once for this id, at once or later. `body` is read during
   * the call. Never throws.
   */
  request(caller: Caller, id: number, method: number, body: Uint8Array): void
  /**
   * Takes an Ack.
   * @param settled called when it is durable, or will never be
   * @returns OK, or the code to close the connection with: then `settled` is not called
   */
  ack(caller: Caller, notice: AckNotice, settled?: () => void): Code
  /**
   * Reads a page. Rejects if it cannot be read now; the same may be asked for again.
   * @param asker is given up when its signal says so
   */
  page(uid: number, since: number, asker?: Asker): Promise<TimelinePage>
  /** The head of the user's timeline, without its items, and whether `since` is a version of it. */
  head(uid: number, since: number): Promise<TimelineHead>
}
