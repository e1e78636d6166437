/** Reads text by lines. */

import type { Readable } from 'node:stream'

/** Calls `onLine` with each line of a stream that ends with a line feed. A stream that is not there has none. */
export function eachLine(stream: Readable | null | undefined, onLine: (line: string) => void): void {
  let rest = ''
  stream?.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) onLine(line)
  })
}
