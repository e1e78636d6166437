// TCP for Node.
import { connect } from 'node:net'
import type { Transport, TransportConnection, TransportHandlers } from './transport.js'

export interface TcpOptions {
  readonly host: string
  readonly port: number
}

/** After close(), how long the server may take to close its side before the socket is destroyed. */
const LINGER_MS = 2_000

export function tcpTransport({ host, port }: TcpOptions): Transport {
  return {
    name: 'tcp',
    preamble: true,
    connect(handlers: TransportHandlers): TransportConnection {
      const socket = connect({ host, port, noDelay: true })
      let failure: Error | undefined
      socket.on('connect', () => handlers.opened())
      socket.on('data', bytes => handlers.received(bytes))
      // The server's end of the stream ends ours: a half-open chat connection is of no use.
      socket.on('end', () => socket.destroy())
      socket.on('error', error => {
        failure = error
      })
      socket.on('close', () => handlers.closed(failure))
      return {
        write: bytes => {
          if (socket.writable) socket.write(bytes)
        },
        close: () => {
          if (socket.connecting) {
            socket.destroy()
            return
          }
          socket.end()
          socket.setTimeout(LINGER_MS, () => socket.destroy())
        },
      }
    },
  }
}
