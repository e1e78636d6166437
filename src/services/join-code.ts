/** The code by which somebody joins a group, or listens to a room. */
import type { Random } from '../lib/random.js'

/** The characters of a code: none looks like another. */
const CODE_CHARACTERS = 'abcdefghjkmnpqrstuvwxyz23456789'
const CODE_LENGTH = 16

export function makeCode(random: Random): string {
  return Array.from({ length: CODE_LENGTH }, () => CODE_CHARACTERS[random.integer(CODE_CHARACTERS.length)]).join('')
}
