// Every code of the protocol: PROTOCOL.md, clause 9. The hundreds of the number say what a client does, so a client knows
// what to do with a code that was invented after it.

/** The acts of a client on a code. The words are explained in PROTOCOL.md, 9.2. */
export type Action = 'ok' | 'refused' | 'retry' | 'reconnect' | 'resync' | 'login' | 'stop'

interface CodeEntry {
  readonly code: number
  readonly action: Action
  /** The text for people; also that of the frame when nothing better is known. */
  readonly text: string
}

export const CODES = {
  OK: { code: 0, action: 'ok', text: 'done' },

  INVALID_ARGUMENT: { code: 100, action: 'refused', text: 'a value is outside its limits' },
  BAD_BODY: { code: 101, action: 'refused', text: 'the body is not the message that the method takes' },
  UNKNOWN_METHOD: { code: 102, action: 'refused', text: 'this server does not know the method' },
  TEXT_TOO_LONG: { code: 103, action: 'refused', text: 'the text is longer than 16 384 bytes' },
  UNKNOWN_USER: { code: 104, action: 'refused', text: 'there is no such user' },
  NOT_FRIEND: { code: 105, action: 'refused', text: 'the two are not friends' },
  BLOCKED: { code: 106, action: 'refused', text: 'one of the two has blocked the other' },
  NAME_TAKEN: { code: 107, action: 'refused', text: 'the account name is taken' },
  WRONG_CREDENTIALS: { code: 108, action: 'refused', text: 'account or password is wrong' },
  SEQ_REUSED: { code: 109, action: 'refused', text: 'the send_seq was used for another content' },
  SETTLED: { code: 110, action: 'refused', text: 'the send_seq is too old: its outcome is no longer known' },
  VOIDED: { code: 111, action: 'refused', text: 'the client gave the send_seq up' },
  ALREADY_FRIENDS: { code: 112, action: 'refused', text: 'the two are friends already' },
  NO_SUCH_REQUEST: { code: 113, action: 'refused', text: 'no request of that number waits' },
  NO_SUCH_DEVICE: { code: 114, action: 'refused', text: 'the user has no such device' },
  NAME_INVALID: { code: 115, action: 'refused', text: 'the name is not of the allowed form' },
  PASSWORD_WEAK: { code: 116, action: 'refused', text: 'the password is shorter than 8 bytes' },
  SELF: { code: 117, action: 'refused', text: 'the request names the user who makes it' },
  CONTACT_LIMIT: { code: 118, action: 'refused', text: 'one of the two has as many contacts as are allowed' },
  OUTBOX_FULL: { code: 119, action: 'refused', text: "the way to the other side's store is full" },
  REFUSED: { code: 120, action: 'refused', text: 'it could not be processed' },
  NOT_ALLOWED: { code: 121, action: 'refused', text: 'not allowed here' },
  RECIPIENT_LIMIT: { code: 122, action: 'refused', text: 'too many messages to one recipient' },
  REQUEST_LIMIT: { code: 123, action: 'refused', text: 'too many requests to others, or acts in groups and rooms' },
  PASSWORD_LIMIT: { code: 124, action: 'refused', text: 'too many wrong passwords' },
  NO_SUCH_GROUP: { code: 125, action: 'refused', text: 'there is no such group for this user' },
  NOT_MEMBER: { code: 126, action: 'refused', text: 'the user, or the other one, is no member of the group' },
  NOT_ADMIN: { code: 127, action: 'refused', text: "the user's role in the group does not allow it" },
  ALREADY_MEMBER: {
    code: 128,
    action: 'refused',
    text: 'the user is a member already, or has asked to join or been invited',
  },
  GROUP_FULL: { code: 129, action: 'refused', text: 'the group has as many members as are allowed' },
  GROUP_LIMIT: { code: 130, action: 'refused', text: 'the user is in as many groups as are allowed' },
  MUTED: { code: 131, action: 'refused', text: 'the user may not write in the group' },
  WRONG_CODE: { code: 132, action: 'refused', text: 'nobody joins the group, or listens to the room, by this code' },
  NO_SUCH_INVITATION: { code: 133, action: 'refused', text: 'no invitation of that number waits' },
  NO_SUCH_MESSAGE: { code: 134, action: 'refused', text: 'the user has no such message, or it is gone' },
  NOT_AUTHOR: { code: 135, action: 'refused', text: 'the message is of somebody else' },
  TOO_LATE: { code: 136, action: 'refused', text: 'the time for it is over: 24 h for an edit, 2 minutes for a recall' },
  RECALLED: { code: 137, action: 'refused', text: 'the message was taken back' },
  BAD_MENTIONS: { code: 138, action: 'refused', text: 'the mentions do not fit the text' },
  BAD_CONTENT: {
    code: 139,
    action: 'refused',
    text: 'the content is of no kind that the server knows, or not as its kind is',
  },
  REACTION_LIMIT: {
    code: 140,
    action: 'refused',
    text: 'the user has set 3 reactions, or the message has 20 kinds: no more',
  },
  PIN_LIMIT: { code: 141, action: 'refused', text: 'the user has pinned 20 conversations: no more' },
  NO_SUCH_ROOM: { code: 142, action: 'refused', text: 'there is no such room for this user' },
  NOT_LISTENER: { code: 143, action: 'refused', text: 'the user, or the other one, does not listen to the room' },
  NOT_PUBLISHER: { code: 144, action: 'refused', text: "the user's role in the room does not allow it" },
  ROOM_FULL: { code: 145, action: 'refused', text: 'the room has as many listeners, or publishers, as are allowed' },
  ROOM_LIMIT: { code: 146, action: 'refused', text: 'the user has, or listens to, as many rooms as are allowed' },
  ROOM_CLOSED: { code: 147, action: 'refused', text: 'the room has ended' },
  STRANGER_LIMIT: { code: 150, action: 'refused', text: 'the user has written to 20 new strangers within a day' },

  UNAVAILABLE: { code: 200, action: 'retry', text: 'something that the server needs is not there right now' },
  OVERLOADED: { code: 201, action: 'retry', text: 'the server has too much to do' },
  GAP: { code: 202, action: 'retry', text: 'an earlier send_seq is missing' },
  RATE_LIMITED: { code: 203, action: 'retry', text: 'too many requests' },
  STORE_FULL: { code: 204, action: 'retry', text: 'the server has no space to store anything' },

  DRAINING: { code: 300, action: 'reconnect', text: 'the server is about to stop' },
  SERVER_ERROR: { code: 301, action: 'reconnect', text: 'the server failed' },
  IDLE_TIMEOUT: { code: 302, action: 'reconnect', text: 'nothing came for longer than the heartbeat allows' },
  HELLO_TIMEOUT: { code: 303, action: 'reconnect', text: 'no Hello came in time' },
  TOO_MANY_CONNECTIONS: { code: 304, action: 'reconnect', text: 'too many connections' },
  PROTOCOL_ERROR: { code: 305, action: 'reconnect', text: 'the bytes are not frames of this protocol' },
  FRAME_TOO_LARGE: { code: 306, action: 'reconnect', text: 'the frame is larger than allowed' },
  FLOOD: { code: 307, action: 'reconnect', text: 'too many frames' },
  ATTEMPT_SUPERSEDED: {
    code: 308,
    action: 'reconnect',
    text: 'a connection with this attempt or a higher one is bound',
  },
  HELLO_REQUIRED: { code: 309, action: 'reconnect', text: 'the first frame of a connection is Hello' },
  HELLO_REPEATED: { code: 310, action: 'reconnect', text: 'the connection has had its Hello' },
  SLOW_CONSUMER: { code: 311, action: 'reconnect', text: 'the connection takes no more bytes' },
  NAMELESS_TIMEOUT: { code: 312, action: 'reconnect', text: 'the nameless connection is over' },
  POLL_SUPERSEDED: { code: 313, action: 'reconnect', text: 'a newer poll of the device waits' },

  RESYNC: { code: 400, action: 'resync', text: 'the version is not one of this timeline' },

  UNAUTHENTICATED: { code: 500, action: 'login', text: 'the token is unknown' },
  TOKEN_EXPIRED: { code: 501, action: 'login', text: 'the token has expired' },
  SESSION_REVOKED: { code: 502, action: 'login', text: 'the session was ended' },
  LOGIN_REQUIRED: { code: 503, action: 'login', text: 'the method needs a session' },

  REPLACED: { code: 600, action: 'stop', text: 'the device is connected from elsewhere' },
  REVISION_UNSUPPORTED: { code: 601, action: 'stop', text: 'this server does not speak that revision' },
} as const satisfies Record<string, CodeEntry>

export type CodeName = keyof typeof CODES

/** The number of a code that this revision knows. On the wire a code is any uint32. */
export type Code = (typeof CODES)[CodeName]['code']

const names = new Map<number, CodeName>(Object.entries(CODES).map(([name, entry]) => [entry.code, name as CodeName]))

const ACTIONS: readonly Action[] = ['ok', 'refused', 'retry', 'reconnect', 'resync', 'login', 'stop']

/** The name of a code, for logs; of an unknown one `CODE_<n>`. */
export function codeName(code: number): string {
  return names.get(code) ?? `CODE_${code}`
}

/** The text of a code by its name; the name itself if there is no such code. */
export function nameText(name: string): string {
  return Object.hasOwn(CODES, name) ? CODES[name as CodeName].text : name
}

/** The text of a code, for people; of an unknown one its name. */
export function codeText(code: number): string {
  const name = names.get(code)
  return name === undefined ? codeName(code) : CODES[name].text
}

/** The act of a client on a code, known or not, by its hundreds. A number of no class stops: nothing milder is safe. */
export function actionOf(code: number): Action {
  if (code === 0) return 'ok'
  return code < 100 ? 'stop' : (ACTIONS[Math.floor(code / 100)] ?? 'stop')
}
