// The numbered requests that are not messages: what changes contacts, groups and the account.
import type { NumberedName, RequestOf, ResponseOf } from '../../../protocol/methods.js'

export type OperationName = Exclude<NumberedName, 'send' | 'post' | 'void'>

/**
 * Puts a request into the send queue. Never throws: what is wrong with the request rejects.
 * @param make gives the request, or throws what is wrong with what the application handed in
 * @param answered takes the answer, before the promise resolves
 */
export type Operate = <N extends OperationName>(
  method: N,
  make: () => Operation<N>,
  answered?: (response: ResponseOf<N>) => void,
) => Promise<void>

/** A request without its number, which the send queue gives. */
export type Operation<N extends OperationName> = Omit<RequestOf<N>, 'sendSeq'>

/** Gives the newest request of a method that waits for its answer; undefined if there is none. */
export type UnderWay = <N extends OperationName>(
  method: N,
  isOne: (request: Operation<N>) => boolean,
) => Operation<N> | undefined
