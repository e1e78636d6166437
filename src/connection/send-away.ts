import type { Endpoints } from '../../protocol/generated/messages.js'
import { drainFrame } from './close-frame.js'
import type { LiveConnection } from './context.js'

/** Names other nodes to a device, which is served until drain(). A connection without a session is drained at once. */
export function sendAway(
  connection: Pick<LiveConnection, 'state' | 'write' | 'drain'>,
  endpoints: Endpoints,
  retryAfterMs: number,
): void {
  if (connection.state === 'open') connection.write(drainFrame(retryAfterMs, endpoints))
  else connection.drain(retryAfterMs)
}
