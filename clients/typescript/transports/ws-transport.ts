// WebSocket, by the interface that browsers have, and Node from 22 on; node-ws-transport.ts brings it to Node 20. Each message
// holds whole frames (PROTOCOL.md, 13.10).
import { FRAME_TO_SERVER_BYTES_MAX } from '../../../protocol/limits.js'
import { urlAt, webSocketUrl } from './endpoint-url.js'
import type { Transport, TransportConnection, TransportHandlers } from './transport.js'

/** The part of the WebSocket interface that is used. */
export interface WebSocketLike {
  binaryType: string
  onopen: (() => void) | null
  onmessage: ((event: { readonly data: unknown }) => void) | null
  onerror: ((event: { readonly message?: unknown }) => void) | null
  onclose: ((event: { readonly code: number; readonly reason: string }) => void) | null
  send(bytes: Uint8Array): void
  close(code?: number): void
}

export interface WebSocketOptions {
  /** ws:// or wss://, with the server's path /ws. It never holds a token: URLs end up in logs. */
  readonly url: string
  /** Makes a socket. Default: the global WebSocket. */
  readonly open?: (url: string) => WebSocketLike
  /** The longest time in which nothing is sent. Default 45 000: most proxies cut a WebSocket that was silent for 60 s. */
  readonly heartbeatMs?: number
}

const HEARTBEAT_MS = 45_000

/** All the frames of one message, their lengths included. */
const MESSAGE_BYTES_MAX = FRAME_TO_SERVER_BYTES_MAX

/** The end of a connection that was closed on purpose, and of one whose other side just says nothing. */
const NORMAL = 1000
const NO_STATUS = 1005

export function wsTransport({ url, open = openGlobal, heartbeatMs = HEARTBEAT_MS }: WebSocketOptions): Transport {
  return {
    name: 'ws',
    preamble: false,
    heartbeatMs,
    address: url,
    at(endpoint) {
      const other = urlAt(url, endpoint.url)
      return other === undefined ? undefined : wsTransport({ url: webSocketUrl(other), open, heartbeatMs })
    },
    connect(handlers: TransportHandlers): TransportConnection {
      const socket = open(url)
      let failure: Error | undefined
      socket.binaryType = 'arraybuffer'
      socket.onopen = () => handlers.opened()
      socket.onmessage = ({ data }) => {
        if (data instanceof ArrayBuffer) {
          handlers.received(new Uint8Array(data))
          return
        }
        failure ??= new Error('a text message came')
        socket.close(NORMAL)
      }
      socket.onerror = ({ message }) => {
        failure ??= new Error(typeof message === 'string' && message !== '' ? message : 'the WebSocket failed')
      }
      socket.onclose = ({ code, reason }) => {
        const clean = code === NORMAL || code === NO_STATUS
        handlers.closed(failure ?? (clean ? undefined : new Error(`WebSocket status ${code} ${reason}`.trim())))
      }
      return {
        write: bytes => {
          for (const message of messages(bytes)) socket.send(message)
        },
        close: () => socket.close(NORMAL),
      }
    },
  }
}

function openGlobal(url: string): WebSocketLike {
  const { WebSocket } = globalThis as { readonly WebSocket?: new (url: string) => WebSocketLike }
  if (WebSocket === undefined) throw new Error('there is no WebSocket here')
  return new WebSocket(url)
}

/** Cuts whole frames into as few messages as may be. */
function* messages(frames: Uint8Array): IterableIterator<Uint8Array> {
  let start = 0
  let end = 0
  while (end < frames.length) {
    const next = endOfFrame(frames, end)
    if (next - start > MESSAGE_BYTES_MAX && end > start) {
      yield frames.subarray(start, end)
      start = end
    }
    end = next
  }
  yield frames.subarray(start, end)
}

function endOfFrame(frames: Uint8Array, start: number): number {
  let length = 0
  let at = start
  for (let scale = 1; ; scale *= 128) {
    const byte = frames[at++] as number
    length += (byte & 127) * scale
    if (byte < 128) return at + length
  }
}
