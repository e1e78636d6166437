// Every number that both sides of the protocol must agree on. PROTOCOL.md names each in the clause that needs it, and a
// test holds clause 10, the table of limits, against this file.

/** The revision that this code speaks; Hello names the client's. */
export const PROTOCOL_REVISION = 1

/** 64-bit fields are at most 2^53 - 1, what a double holds exactly. */
export const INTEGER_MAX = Number.MAX_SAFE_INTEGER

export const UINT32_MAX = 0xffff_ffff

/** Declared length of a frame towards the server: a text of 16 KiB, or an ack with 512 marks (15 KiB), fits four times. */
export const FRAME_TO_SERVER_BYTES_MAX = 65_536

/** Declared length of a frame towards the client: a page of 256 KiB of items with versions and lengths fits well. */
export const FRAME_TO_CLIENT_BYTES_MAX = 327_680

/** Declared length of the first frame: nobody is known yet, so nobody may make the server hold more. */
export const HELLO_BYTES_MAX = 16_384

/** A declared length is a varint of at most so many bytes: 35 bits, far above every limit. */
export const LENGTH_BYTES_MAX = 5

/** UTF-8 bytes of a message's text. */
export const TEXT_BYTES_MAX = 16_384
export const CONVERSATION_ID_BYTES_MAX = 64

/** Bytes of the body of a message's content: the longest Custom, and some more for fields of newer clients. */
export const CONTENT_BYTES_MAX = 16_512
export const CUSTOM_TYPE_BYTES_MAX = 64
export const CUSTOM_DATA_BYTES_MAX = 16_384
/** Millionths of a degree, from the south pole and from 180 degrees west. */
export const LATITUDE_MAX = 180_000_000
export const LONGITUDE_MAX = 360_000_000
export const LOCATION_NAME_BYTES_MAX = 256
/** What goes with one message beside its text or content: all of it fits a frame with both of the longest. */
export const MENTIONS_MAX = 100
export const METADATA_BYTES_MAX = 1_024

/** The time behind a message in which its author may edit it, and take it back. */
export const EDIT_MS_MAX = 86_400_000
export const RECALL_MS_MAX = 120_000

/** Messages that one Delete names. */
export const DELETIONS_MAX = 64
/** Bytes of a reaction's kind. */
export const REACTION_BYTES_MAX = 32
/** Reactions of one user to one message. */
export const REACTIONS_MAX = 3
/** Kinds of reactions to one message. */
export const REACTION_KINDS_MAX = 20
/** Users in a page of those who reacted. */
export const REACTORS_PAGE_MAX = 100

/** Conversations: a page, by default and at most, and its bytes. */
export const CONVERSATIONS_PAGE_MAX = 50
export const CONVERSATIONS_BYTES_MAX = 65_536
/** The bytes of text of a conversation's last message that a page shows. */
export const SUMMARY_TEXT_BYTES_MAX = 256
/** History: items by default and at most, and their bytes. */
export const HISTORY_ITEMS = 50
export const HISTORY_ITEMS_MAX = 100
export const HISTORY_BYTES_MAX = 262_144

/** The conversations that a user may pin. */
export const PINNED_MAX = 20
/** The shortest time between two tellings of the reactions to a group's message. */
export const REACTIONS_TOLD_MS = 1_000

/** The numbers from the lowest unanswered send_seq to the highest sent; also how many outcomes a server remembers per device. */
export const SEND_WINDOW = 64

/** Requests of one connection that the server has in work before it stops reading. */
export const REQUESTS_IN_WORK_MAX = 64

/** Items of one page (Sync answer or first push). */
export const SYNC_ITEMS_MAX = 256

/** Bytes of the items of one page, before versions and lengths; a first item is always sent. */
export const SYNC_BYTES_MAX = 262_144

/** Marks in each of the two lists of one ack. */
export const MARKS_MAX = 256

/** Marks that a server holds for one user until it has committed them: twice the most contacts; more is FLOOD. */
export const MARKS_HELD_MAX = 10_000

/** The time that a Sync of the short side may wait: below the 30 s after which proxies give a silent request up. */
export const POLL_MS_MAX = 25_000

/** Sends inside one Sync: as many as may be without an answer. */
export const SENDS_PER_SYNC_MAX = 64

/** Body of a request on the short side, unpacked: as a frame, and of JSON as much as the same may take in escapes. */
export const HTTP_BODY_BYTES_MAX = 65_536
export const HTTP_JSON_BODY_BYTES_MAX = 393_216

/** Objects and arrays inside one another: the deepest message has 8, and what is unknown may have some more. */
export const JSON_DEPTH_MAX = 64

/** Numbers that one Void may use up: a counter jump of an epoch (2^20), so that one request closes it. */
export const VOID_COUNT_MAX = 1_048_576

/** The time between two pings that a client promises: below 10 s it is a flood, above 30 min no NAT keeps the mapping. */
export const HEARTBEAT_MS_MIN = 10_000
export const HEARTBEAT_MS_MAX = 1_800_000
export const HEARTBEAT_MS_DEFAULT = 300_000

/**
 * The jump that the next attempt may make above the bound one: a year of failures at once a minute, and no number ends the range.
 */
export const ATTEMPT_JUMP_MAX = 1_048_576

/** The time from accepting a connection to the last byte of its first Hello. */
export const HELLO_TIMEOUT_MS = 10_000

/** Life of a nameless connection. */
export const NAMELESS_MS_MAX = 60_000

/** Pings of one connection in one second; more is FLOOD. */
export const PINGS_PER_SECOND_MAX = 1_000

/** Bytes that the client made up or the server gave. */
export const INSTALLATION_KEY_BYTES = 16
export const TOKEN_BYTES_MAX = 128
export const STORE_ID_BYTES_MAX = 32

/** Bytes of UTF-8, each. */
export const ACCOUNT_BYTES_MIN = 3
export const ACCOUNT_BYTES_MAX = 32
export const PASSWORD_BYTES_MIN = 8
export const PASSWORD_BYTES_MAX = 256
export const NICKNAME_BYTES_MAX = 64
export const DEVICE_NAME_BYTES_MAX = 64
export const CLIENT_NAME_BYTES_MAX = 128
export const GREETING_BYTES_MAX = 256

/** Contacts in one answer of ContactService.List. */
export const CONTACTS_PAGE_MAX = 256

/** Groups: the members of one, the groups of one user, those invited by one request, members in one answer. */
export const GROUP_MEMBERS_MAX = 500
export const GROUPS_MAX = 500
export const GROUP_INVITEES_MAX = 50
export const GROUP_MEMBERS_PAGE_MAX = 100
/** The most items before their joining that new members may read. */
export const GROUP_HISTORY_MAX = 100
/** The members up to which a group keeps who has read what. PROTOCOL.md, clause 16. */
export const GROUP_READERS_MAX = 50
/** The number at which the server stops counting what is unread or unconfirmed. PROTOCOL.md, clauses 16 and 19. */
export const COUNTED_MAX = 100

/** The most conversations that a connection looks at. PROTOCOL.md, clause 17. */
export const WATCHED_MAX = 20
/** The time in which one word of typing in a conversation is passed on. */
export const TYPING_INTERVAL_MS = 3_000
/** The time after which a user types no more who was not said to type again. */
export const TYPING_ENDS_MS = 6_000

/** Rooms: who listens to one, publishers that are named, the rooms that a user listens to, and of these the own. PROTOCOL.md, clause 19. */
export const ROOM_LISTENERS_MAX = 100_000
export const ROOM_PUBLISHERS_MAX = 100
export const ROOMS_MAX = 200
export const ROOMS_OWNED_MAX = 20
/** Posts in one answer. */
export const ROOM_POSTS_MAX = 100
/** Bytes of what is published in a realtime room. */
export const ROOM_PAYLOAD_BYTES_MAX = 4_096
/** The least time between two signals of one board's newest post. */
export const HEAD_INTERVAL_MS = 1_000

/** Bytes of UTF-8, each. */
export const GROUP_TITLE_BYTES_MAX = 128
export const GROUP_ANNOUNCEMENT_BYTES_MAX = 2_048
export const GROUP_CODE_BYTES_MAX = 32

/** Endpoints of one list: more than anybody tries. */
export const ENDPOINTS_MAX = 16
export const ENDPOINT_HOST_BYTES_MAX = 255
export const ENDPOINT_URL_BYTES_MAX = 512

/** A list of endpoints is believed for so long at most: a wrong one is forgotten within a day. */
export const ENDPOINTS_TTL_S_MAX = 86_400
