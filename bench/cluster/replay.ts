/** `simulate` on a single Redis: many clients of the library, all messages sent, delivered and verified. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { type FigureRow, figureRow } from '../figure-row.js'
import type { CostContext } from './cost.js'

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url))
const MESSAGES = 5

export async function measureReplay({ preset, say }: CostContext): Promise<FigureRow[]> {
  const { replayUsers: users, replayFriends: friends } = preset
  const count = users * friends * MESSAGES
  say(`(cluster) simulate: ${count} messages on lmdb, then on a single Redis`)
  const population = ['--users', users, '--friends', friends, '--messages', MESSAGES].map(String)
  const onLmdb = await simulated(['--store', 'lmdb', ...population])
  const onRedis = await simulated(['--store', 'redis', ...population])
  const what = `simulate: ${count} messages sent, delivered and verified on a single Redis, clients included`
  const toLmdb = { what: 'lmdb', value: onLmdb }
  return [
    figureRow({ what, value: onRedis, unit: 's', aim: { atMost: 15 } }),
    figureRow({ what: '… beside', value: onRedis, unit: 's', baseline: toLmdb }),
  ]
}

/** The seconds from the first message to the last. @throws Error if a message is not as it should be */
async function simulated(options: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, [MAIN, 'simulate', '--json', ...options], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let told = ''
  child.stdout.on('data', (chunk: Buffer) => {
    told += chunk.toString()
  })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`simulate ${options.join(' ')} ended with ${code}`)
  return (JSON.parse(told) as { readonly seconds: number }).seconds
}
