/** What a listener says when it could not accept: out of descriptors, for one. It stays, and accepts when there are some. */

import type { EventEmitter } from 'node:events'
import type { ConnectionContext } from './context.js'

/** A listener without a descriptor says so many thousand times a second. */
const QUIET_TICKS = 60

/** Logs it once in a while. Without a listener for its errors the process would end. */
export function logAcceptErrors(server: EventEmitter, { log, wheel }: Pick<ConnectionContext, 'log' | 'wheel'>): void {
  let quietTick = 0
  server.on('error', ({ message }: Error) => {
    if (wheel.tick < quietTick) return
    quietTick = wheel.tick + QUIET_TICKS
    log.warn({ error: message }, 'could not accept a connection; it goes on when there is room')
  })
}
