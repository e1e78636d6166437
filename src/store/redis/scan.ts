/** Walks over all keys of a server. */

import { type Link, valueIn } from './link.js'

const PAGE = 1_000

/** Pages of all keys of a server that have a hash tag; some may come twice. */
export async function* keysOn(link: Link): AsyncGenerator<readonly string[]> {
  let cursor = '0'
  do {
    const [reply] = await link.ask([['SCAN', cursor, 'MATCH', '{*}*', 'COUNT', PAGE]])
    const [next, keys] = valueIn(reply) as [Buffer, Buffer[]]
    cursor = String(next)
    yield keys.map(String)
  } while (cursor !== '0')
}
