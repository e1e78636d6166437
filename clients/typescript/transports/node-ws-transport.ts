// WebSocket for Node, where not every version that is supported has one of its own.
import { isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { type ClientOptions, WebSocket } from 'ws'
import { urlAt, webSocketUrl } from './endpoint-url.js'
import { type RaceOptions, raceConnect } from './tcp-race.js'
import type { Transport } from './transport.js'
import { type WebSocketLike, wsTransport } from './ws-transport.js'

/** The time after close() that the server may take to close its side before the socket is destroyed. */
const LINGER_MS = 2_000

/** The most bytes of a message. Whatever the server writes at once comes as one: many frames, each bounded by itself. */
const MESSAGE_BYTES_MAX = 16_777_216

export interface NodeWebSocketOptions extends Pick<RaceOptions, 'clock' | 'resolve' | 'open'> {
  /** ws:// or wss://, with the server's path /ws; never with a token in it. */
  readonly url: string
}

export function nodeWsTransport({ url, ...race }: NodeWebSocketOptions): Transport {
  const options = {
    perMessageDeflate: false,
    maxPayload: MESSAGE_BYTES_MAX,
    closeTimeout: LINGER_MS,
    createConnection: connector(race, new URL(url).protocol === 'wss:'),
  }
  return {
    ...wsTransport({ url, open: each => new WebSocket(each, options) as WebSocketLike }),
    at(endpoint) {
      const other = urlAt(url, endpoint.url)
      return other === undefined ? undefined : nodeWsTransport({ url: webSocketUrl(other), ...race })
    },
  }
}

type CreateConnection = NonNullable<ClientOptions['createConnection']>

function connector(race: Omit<RaceOptions, 'host' | 'port'>, isSecure: boolean): CreateConnection {
  const create = (options: Connection, created: (error: Error | null, socket?: Socket) => void): undefined => {
    const { host } = options
    const port = Number(options.port)
    raceConnect({ ...race, host, port }, (error, socket) => {
      if (socket === undefined) created(error ?? new Error('not connected'))
      else if (isSecure)
        created(
          null,
          connectTls({ ...options, port, path: undefined, socket, servername: isIP(host) === 0 ? host : '' }),
        )
      else created(null, socket)
    })
  }
  return create as unknown as CreateConnection
}

/** The options that `ws` hands to a function that connects. */
interface Connection {
  readonly host: string
  readonly port: number | string
}
