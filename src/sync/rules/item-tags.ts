/** The first bytes of stored items, by which their kind is known without decoding them: the tag of Item's field. */
const BYTES = 2
export const MESSAGE_TAG = 2 * 8 + BYTES
export const CONVERSATION_MESSAGE_TAG = 8 * 8 + BYTES
export const CHANGE_TAG = 9 * 8 + BYTES
