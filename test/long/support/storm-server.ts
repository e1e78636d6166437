/**
 * A server in a process of its own whose event loop is watched, for storms. Started with fork(); it says where it listens, and
 * when it is asked, how long its event loop was held up since it was last asked.
 *
 *   storm-server.js <data folder> [options of serve]        ready{port, httpPort} … any message ► held{maxMs}
 */

import { readFileSync } from 'node:fs'
import { startServer } from '../../../src/cli/server.js'
import { parseConfig } from '../../../src/ops/config.js'
import { silentLog } from '../../../src/ops/log.js'

export type StormServerWord =
  | { readonly kind: 'ready'; readonly port: number; readonly httpPort: number }
  | { readonly kind: 'held'; readonly maxMs: number }

const LOOK_MS = 5

const [folder = '', ...options] = process.argv.slice(2)
const parsed = parseConfig(['--port', '0', '--http-port', '0', '--data', folder, '--drain-ms', '0', ...options], {})
if (parsed.kind !== 'config') throw new Error(JSON.stringify(parsed))
const server = await startServer({
  config: parsed.config,
  log: silentLog,
  onFatal(error) {
    throw error
  },
})

/** For how long the kernel let this thread wait for a processor that others had: that is not the server's doing. */
function waitedMs(): number {
  return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[1]) / 1e6
}

let maxMs = 0
let before = { atMs: performance.now(), waitedMs: waitedMs() }

function look(): void {
  const now = { atMs: performance.now(), waitedMs: waitedMs() }
  maxMs = Math.max(maxMs, now.atMs - before.atMs - LOOK_MS - (now.waitedMs - before.waitedMs))
  before = now
}
setInterval(look, LOOK_MS)

function say(word: StormServerWord): void {
  process.send?.(word)
}

process.on('message', () => {
  look()
  say({ kind: 'held', maxMs })
  maxMs = 0
})
process.on('disconnect', () => process.exit(0))
say({ kind: 'ready', port: server.port, httpPort: server.httpPort })
