// The limits of what a message holds beside its text. PROTOCOL.md, 7.17.

export const CUSTOM_TYPE_BYTES_MAX = 64
export const CUSTOM_DATA_BYTES_MAX = 16_384
/** Millionths of a degree, from the south pole and from 180 degrees west. */
export const LATITUDE_MAX = 180_000_000
export const LONGITUDE_MAX = 360_000_000
export const LOCATION_NAME_BYTES_MAX = 256
export const MENTIONS_MAX = 100
export const METADATA_BYTES_MAX = 1_024
/** Bytes of one kind of reaction, and messages of one Delete. */
export const REACTION_BYTES_MAX = 32
export const DELETED_MESSAGES_MAX = 64
