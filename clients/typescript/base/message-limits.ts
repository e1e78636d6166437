// The limits of requests about messages. PROTOCOL.md, 7.18.

/** Messages of one Delete. */
export const DELETED_MESSAGES_MAX = 64
