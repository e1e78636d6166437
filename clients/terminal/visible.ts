/**
 * Makes the text of others fit for a terminal. Whatever could move the cursor, change colours, hide or turn letters around is
 * shown as a sign of its own. Everything that is shown goes through here, once, at the edge (rows.ts, line-editor.ts).
 */

/**
 * The characters that are unfit for a terminal: controls of C0 and C1, marks that turn the direction of writing around,
 * characters made to be invisible, line separators other than \n, tags, and halves of surrogate pairs. Joiners stay: Persian and
 * family emojis are written with them.
 */
const UNFIT =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what this is about
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]|\p{Cs}/gu

/** The first of Unicode's pictures of C0. */
const PICTURES = 0x2400
const DELETE = 0x7f

/** Keeps line ends (\n), for they are the caller's to break at. A tab is a space. */
export function visible(text: string): string {
  return text.replace(/\r\n/g, '\n').replace(UNFIT, sign)
}

/** Makes a name or the like fit, which has one line: a line end is shown as a sign, too. */
export function visibleName(text: string): string {
  return visible(text).replace(/\n/g, '␊')
}

function sign(unfit: string): string {
  const point = unfit.codePointAt(0) ?? 0
  if (point === 0x09) return ' '
  if (point < 0x20) return String.fromCodePoint(PICTURES + point)
  if (point === DELETE) return '␡'
  return `‹U+${point.toString(16).toUpperCase().padStart(4, '0')}›`
}
