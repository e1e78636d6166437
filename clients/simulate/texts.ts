/** The texts that a simulated population sends. They are made when they are needed; none is kept. */

import { TEXT_BYTES_MAX } from '../../protocol/limits.js'

/** @param place of the message in the whole run, from 0 @param round which of the messages to the same friend it is, from 0 */
export type Texts = (place: number, round: number) => string

export function numberedTexts(messages: number): Texts {
  return (place, round) => `message ${round + 1} of ${messages}, ${place} of all`
}

/** The lines of a file in turn. Empty ones are left out, for a message has a text. @throws Error saying what is wrong with it */
export function readTexts(bytes: Uint8Array): Texts {
  let whole: string
  try {
    whole = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new Error('it is not UTF-8')
  }
  const lines = whole.split(/\r?\n/).filter(line => line !== '')
  if (lines.length === 0) throw new Error('it has no line with a text')
  const long = lines.find(line => Buffer.byteLength(line) > TEXT_BYTES_MAX)
  if (long !== undefined) throw new Error(`a line has more than ${TEXT_BYTES_MAX} bytes: ${long.slice(0, 40)}…`)
  return place => lines[place % lines.length] as string
}
