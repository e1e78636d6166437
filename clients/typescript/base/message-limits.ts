// The limits of requests about messages. PROTOCOL.md, 7.18.

/** Bytes of one kind of reaction. */
export const REACTION_BYTES_MAX = 32
/** Messages of one Delete. */
export const DELETED_MESSAGES_MAX = 64
