// The words for what went wrong: what happened, then what to do.
import { LongwireError } from '../../typescript/browser.js'
import { type PlainKey, type Said, said } from '../words.js'

const REASONS: Readonly<Record<string, PlainKey>> = {
  NOT_FRIEND: 'friendsAlone',
  BLOCKED: 'isBlocked',
  UNKNOWN_USER: 'unknownUser',
  NAME_TAKEN: 'nameTaken',
  NAME_INVALID: 'nameInvalid',
  WRONG_CREDENTIALS: 'wrongCredentials',
  PASSWORD_WEAK: 'passwordWeak',
  PASSWORD_LIMIT: 'passwordLimit',
  NO_SUCH_DEVICE: 'deviceGone',
  SELF: 'thatIsYou',
  ALREADY_FRIENDS: 'alreadyFriends',
  NO_SUCH_REQUEST: 'requestGone',
  NO_CONTACT_REQUEST: 'requestGone',
  NO_SUCH_INVITATION: 'requestGone',
  NO_INVITATION: 'requestGone',
  CONTACT_LIMIT: 'contactLimit',
  RECIPIENT_LIMIT: 'recipientLimit',
  REQUEST_LIMIT: 'requestLimit',
  STRANGER_LIMIT: 'strangerLimit',
  RATE_LIMITED: 'requestLimit',
  NO_SUCH_GROUP: 'noSuchGroup',
  NOT_MEMBER: 'notMember',
  NOT_ADMIN: 'notAdmin',
  ALREADY_MEMBER: 'alreadyMember',
  GROUP_FULL: 'groupFull',
  GROUP_LIMIT: 'groupLimit',
  MUTED: 'youAreMuted',
  WRONG_CODE: 'wrongCode',
  NO_SUCH_ROOM: 'noSuchBoard',
  NOT_LISTENER: 'notListener',
  NOT_PUBLISHER: 'notPublisher',
  ROOM_FULL: 'boardFull',
  ROOM_LIMIT: 'boardLimit',
  ROOM_CLOSED: 'boardClosed',
  NO_SUCH_MESSAGE: 'noSuchMessage',
  NOT_AUTHOR: 'notAuthor',
  TOO_LATE: 'tooLate',
  RECALLED: 'wasRecalled',
  REACTION_LIMIT: 'reactionLimit',
  PIN_LIMIT: 'pinLimit',
  TEXT_TOO_LONG: 'textTooLong',
  SETTLED: 'nobodyKnows',
  STORE_FULL: 'serverFull',
  UNAVAILABLE: 'serverBusy',
  OVERLOADED: 'serverBusy',
  OUTBOX_FULL: 'serverBusy',
  REFUSED: 'serverFailed',
  SERVER_ERROR: 'serverFailed',
  TIMEOUT: 'noAnswer',
  QUEUE_FULL: 'queueFull',
  STORAGE_FAILED: 'storageFailed',
  STORAGE_FORMAT: 'storageFailed',
  NOT_ALLOWED: 'notAllowed',
  REVISION_UNSUPPORTED: 'pageTooOld',
}

/** The words for a reason of the library or the server. */
export function reasonWords(reason: string): Said {
  const key = REASONS[reason]
  return key === undefined ? said('otherFault', { reason }) : said(key)
}

export function errorWords(error: unknown): Said {
  return reasonWords(error instanceof LongwireError ? error.reason : 'UNKNOWN')
}
