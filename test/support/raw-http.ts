/** A TCP connection to the short side that sends whatever bytes a test likes, and keeps what it gets. */

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { eventually } from './eventually.js'

/** The headers of an upgrade to a WebSocket. */
export const WEB_SOCKET_UPGRADE = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
] as const

export class RawHttp {
  /** Everything that came, as latin1. */
  received = ''
  closed = false
  readonly socket: Socket

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', bytes => {
      this.received += bytes.toString('latin1')
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      this.closed = true
    })
  }

  /** @param localAddress where it comes from, of 127.0.0.0/8 */
  static async connect(port: number, localAddress = '127.0.0.1'): Promise<RawHttp> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true, localAddress })
    const client = new RawHttp(socket)
    await once(socket, 'connect')
    return client
  }

  /** The statuses of all answers so far. */
  get statuses(): number[] {
    return [...this.received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status))
  }

  send(bytes: string | Uint8Array): void {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
  }

  /** Waits for so many answers, or for the end. */
  async answers(count: number): Promise<number[]> {
    await eventually(() => this.statuses.length >= count || this.closed)
    return this.statuses
  }

  /** Waits for the server's end. */
  async end(limitMs = 10_000): Promise<number[]> {
    await eventually(() => this.closed, limitMs)
    return this.statuses
  }

  destroy(): void {
    this.socket.destroy()
  }
}

/** Sends these bytes; settles with the statuses of the answers when the server has closed. */
export async function closedWith(port: number, bytes: string | Uint8Array): Promise<number[]> {
  const client = await RawHttp.connect(port)
  client.send(bytes)
  return client.end()
}

/** The head of a request, with an empty line behind it. */
export function head(start: string, ...headers: readonly string[]): string {
  return [start, 'Host: test', ...headers, '', ''].join('\r\n')
}
