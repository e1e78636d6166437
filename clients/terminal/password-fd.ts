/** A password that a program hands over on a descriptor: never on the command line or in the environment, where others read it. */

import { readSync } from 'node:fs'
import { PASSWORD_BYTES_MAX } from '../../protocol/limits.js'

/**
 * Waits for a whole line, or the end. @returns it, without its line end
 * @throws Error with one line for people
 */
export function firstLine(descriptor: number): string {
  const bytes = Buffer.alloc(PASSWORD_BYTES_MAX + 2)
  let length = 0
  try {
    while (length < bytes.length && !bytes.subarray(0, length).includes('\n')) {
      const count = readSync(descriptor, bytes, length, bytes.length - length, null)
      if (count === 0) break
      length += count
    }
  } catch (error) {
    throw new Error(`--password-fd ${descriptor} cannot be read: ${error instanceof Error ? error.message : error}`)
  }
  const [line = ''] = bytes.toString('utf8', 0, length).split(/\r?\n/)
  if (line === '') throw new Error(`--password-fd ${descriptor} has no first line`)
  return line
}
