/** Writes an HTTP answer where there is no request to answer, or none that node:http would answer: the last bytes on a socket. */

import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'

/** Ends the connection with a status. */
export function refuseSocket(socket: Socket, status: number): void {
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Error'}`,
    'Connection: close',
    'Content-Length: 0',
    'Cache-Control: no-store',
    ...(status === 426 ? ['Upgrade: websocket', 'Sec-WebSocket-Version: 13'] : []),
    '\r\n',
  ]
  socket.end(head.join('\r\n'))
  socket.destroySoon()
}
