/**
 * Thousands of clients in a process of their own, so that their work is not the server's. Started with fork():
 *
 *   storm-clients.js <port> <count>      ready … 'cut' ► cut{} … 'reconnect' ► back{seconds}, sorted, one of each client
 */

import { registerUsers } from '../../../bench/fleet.js'

export type StormClientsWord =
  | { readonly kind: 'ready' }
  | { readonly kind: 'cut' }
  /** From the moment when all of them began, in milliseconds, in order. */
  | { readonly kind: 'back'; readonly afterMs: readonly number[] }

const [port = 0, count = 0] = process.argv.slice(2).map(Number)
const users = await registerUsers(port, 'storm', count)

function say(word: StormClientsWord): void {
  process.send?.(word)
}

process.on('message', async (order: 'cut' | 'reconnect') => {
  if (order === 'cut') {
    for (const { client } of users) client.destroy()
    say({ kind: 'cut' })
    return
  }
  const startMs = performance.now()
  const afterMs = await Promise.all(
    users.map(async user => {
      await user.reconnect(port)
      return performance.now() - startMs
    }),
  )
  say({ kind: 'back', afterMs: afterMs.sort((a, b) => a - b) })
})
process.on('disconnect', () => process.exit(0))
say({ kind: 'ready' })
