/**
 * The changes of a write, as the journal holds them: what the tables are to hold, in as few bytes as possible. An entry that is much like
 * the one before it says only what is its own, and a long record says which of its bytes have changed.
 *
 *   change      kind (1), + 10 if its actor is that of the change before · [actor] · what the kind says
 *     1 record        name · value: stamp (float64), bytes
 *     2 patch         name · how far back the record's change before begins in this file; 0: there is none · stamp (float64)
 *                     · length of the record's bytes · number of ranges · for each: offset · length · bytes
 *     3 entry         version · value (entry-value.ts)
 *     4 like entry    version · length of the value · length of its own head · how far back the other entry's value begins · where in it
 *                     the shared bytes begin · their number · own head · own tail
 *     5 key           compaction key · value: version (float64)
 *     6 conversation  name · value: version (float64). An entry that names its conversation says the same: it is the newest
 *     7 log           value (entry-value.ts)
 *     8 listed        partition (1), in place of a name · value: nothing
 *     9 meta          name · value: number (float64); the actor is empty
 *
 *   actor, name   length (varint) · UTF-8
 *   value         0: it is removed; else its length + 1 (varint) · its bytes
 *
 * Numbers without a size are varints; others are little-endian. A write is read from its begin: "the change before" and, in an entry, "back"
 * stay within it. A patch is applied to whatever the record was before: to the same write's value, an earlier write's, or the tables'. To
 * apply one twice changes nothing. Its way back is for the running server, which has the file in memory and follows it (actors.ts).
 *
 * A direct message of 100 bytes takes 230 bytes (its entry once, and 18 of the window of 585 that changed); each in full, it took 930.
 */

export const RECORD = 1
export const PATCH = 2
export const ENTRY = 3
export const LIKE_ENTRY = 4
export const KEY = 5
export const CONVERSATION = 6
export const LOG = 7
export const LISTED = 8
export const META = 9

/** The bit of a kind that says that the actor is that of the change before. */
export const SAME_ACTOR = 0x10
