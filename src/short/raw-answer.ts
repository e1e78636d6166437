/** Writes an HTTP answer where there is no request to answer, or none that node:http would answer: the last bytes on a socket. */

import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'

/** The value of a Retry-After header: seconds, rounded up. */
export function retryAfter(ms: number): string {
  return String(Math.ceil(ms / 1_000))
}

/** Ends the connection with a status. @param retryAfterMs the time after which the client is to come back; 0: none is named */
export function refuseSocket(socket: Socket, status: number, retryAfterMs = 0): void {
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Error'}`,
    'Connection: close',
    'Content-Length: 0',
    'Cache-Control: no-store',
    ...(retryAfterMs > 0 ? [`Retry-After: ${retryAfter(retryAfterMs)}`] : []),
    ...(status === 426 ? ['Upgrade: websocket', 'Sec-WebSocket-Version: 13'] : []),
    '\r\n',
  ]
  socket.end(head.join('\r\n'))
  socket.destroySoon()
}
