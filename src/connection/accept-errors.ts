/** Logs the errors of a listener that cannot accept, as when descriptors run out. It stays, and accepts when there are some. */

import type { EventEmitter } from 'node:events'
import type { ConnectionContext } from './context.js'

/** A listener without a descriptor says so many thousand times a second. */
const QUIET_TICKS = 60

/** Logs such an error once a minute. Without a handler for it the process would end. */
export function logAcceptErrors(server: EventEmitter, { log, wheel }: Pick<ConnectionContext, 'log' | 'wheel'>): void {
  let quietTick = 0
  server.on('error', ({ message }: Error) => {
    if (wheel.tick < quietTick) return
    quietTick = wheel.tick + QUIET_TICKS
    log.warn({ error: message }, 'could not accept a connection; it goes on when there is room')
  })
}
