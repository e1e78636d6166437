// TCP for Node.
import type { Socket } from 'node:net'
import { type RaceOptions, raceConnect } from './tcp-race.js'
import type { Transport, TransportConnection, TransportHandlers } from './transport.js'

/** `clock`, `resolve`, `open`: for tests. */
export type TcpOptions = RaceOptions

/** The time after close() that the server may take to close its side before the socket is destroyed. */
const LINGER_MS = 2_000

export function tcpTransport(options: TcpOptions): Transport {
  return {
    name: 'tcp',
    preamble: true,
    address: `tcp://${options.host.includes(':') ? `[${options.host}]` : options.host}:${options.port}`,
    at: ({ host, port }) => (host === '' ? undefined : tcpTransport({ ...options, host, port })),
    connect(handlers: TransportHandlers): TransportConnection {
      let socket: Socket | undefined
      const race = raceConnect(options, (error, connected) => {
        if (connected === undefined) {
          handlers.closed(error)
          return
        }
        socket = connected
        use(connected, handlers)
      })
      return {
        write: bytes => {
          if (socket?.writable) socket.write(bytes)
        },
        close: () => {
          if (socket === undefined) {
            race.abandon()
            return
          }
          socket.end()
          socket.setTimeout(LINGER_MS, () => socket?.destroy())
        },
      }
    },
  }
}

function use(socket: Socket, handlers: TransportHandlers): void {
  let failure: Error | undefined
  socket.on('data', bytes => handlers.received(bytes))
  // The server's end of the stream ends ours: a half-open chat connection is of no use.
  socket.on('end', () => socket.destroy())
  socket.on('error', error => {
    failure = error
  })
  socket.on('close', () => handlers.closed(failure))
  handlers.opened()
}
