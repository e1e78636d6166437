// Base64 for JSON and for tokens, in Node and in browsers. It is strict: both alphabets, with the right padding or none, and
// nothing else between (atob takes spaces, and Buffer takes anything).

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
const STANDARD = `${LETTERS}+/`
const URL_SAFE = `${LETTERS}-_`

/** The value of each ASCII character, -1 for those that are in neither alphabet. */
const VALUES = new Int8Array(128).fill(-1)
for (const alphabet of [STANDARD, URL_SAFE]) {
  for (let value = 0; value < 64; value++) VALUES[alphabet.charCodeAt(value)] = value
}

/** Encodes in the standard alphabet with padding, as proto3 JSON does. */
export function toBase64(bytes: Uint8Array): string {
  const text = lettersOf(bytes, STANDARD)
  return text.padEnd(Math.ceil(text.length / 4) * 4, '=')
}

/** Encodes in the alphabet for URLs without padding, as a token stands in `Authorization`. */
export function toBase64Url(bytes: Uint8Array): string {
  return lettersOf(bytes, URL_SAFE)
}

/** The bytes of a text in either alphabet; undefined if it is not base64. Bits behind the last byte are not looked at. */
export function fromBase64(text: string): Uint8Array | undefined {
  const length = lettersIn(text)
  if (length % 4 === 1 || (length < text.length && text.length % 4 !== 0)) return undefined
  const bytes = new Uint8Array(Math.floor((length * 3) / 4))
  let bits = 0
  let held = 0
  let written = 0
  for (let at = 0; at < length; at++) {
    const value = VALUES[text.charCodeAt(at)] ?? -1
    if (value < 0) return undefined
    bits = ((bits << 6) | value) & 0xffff
    held += 6
    if (held >= 8) {
      held -= 8
      bytes[written++] = bits >>> held
    }
  }
  return bytes
}

/** The text without its padding, which has at most two characters. */
function lettersIn(text: string): number {
  let length = text.length
  while (length > 0 && text.length - length < 2 && text[length - 1] === '=') length--
  return length
}

function lettersOf(bytes: Uint8Array, alphabet: string): string {
  let text = ''
  let bits = 0
  let held = 0
  for (const byte of bytes) {
    bits = ((bits << 8) | byte) & 0xffff
    held += 8
    while (held >= 6) {
      held -= 6
      text += alphabet[(bits >>> held) & 63]
    }
  }
  return held === 0 ? text : text + alphabet[(bits << (6 - held)) & 63]
}
