// The numbered requests that are not messages: what changes contacts and the account.
import type { NumberedName, RequestOf } from '../../../protocol/methods.js'

export type OperationName = Exclude<NumberedName, 'send' | 'void'>

/**
 * Puts a request into the send queue. Never throws: what is wrong with the request rejects.
 * @param make gives the request, or throws what is wrong with what the application handed in
 */
export type Operate = <N extends OperationName>(method: N, make: () => Operation<N>) => Promise<void>

/** A request without its number, which the send queue gives. */
export type Operation<N extends OperationName> = Omit<RequestOf<N>, 'sendSeq'>
