// The numbered requests that are not messages: what changes contacts and the account.
import type { RequestOf } from '../../protocol/methods.js'

export type OperationName =
  | 'updateProfile'
  | 'changePassword'
  | 'removeDevice'
  | 'deleteAccount'
  | 'contactRequest'
  | 'contactAccept'
  | 'contactDecline'
  | 'contactCancel'
  | 'contactRemove'
  | 'contactBlock'
  | 'contactUnblock'

/** Without its number, which the outbox gives. */
export type Operation<N extends OperationName> = Omit<RequestOf<N>, 'sendSeq'>
