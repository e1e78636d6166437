// WebSocket for Node, where not every version that is supported has one of its own.
import { WebSocket } from 'ws'
import type { Transport } from './transport.js'
import { type WebSocketLike, wsTransport } from './ws-transport.js'

/** After close(), how long the server may take to close its side before the socket is destroyed. */
const LINGER_MS = 2_000

/** What the server writes at once comes as one message: many frames, each bounded by itself. */
const MESSAGE_BYTES_MAX = 16_777_216

/** @param url ws:// or wss://, with the server's path /ws; never with a token in it */
export function nodeWsTransport({ url }: { readonly url: string }): Transport {
  const options = { perMessageDeflate: false, maxPayload: MESSAGE_BYTES_MAX, closeTimeout: LINGER_MS }
  return wsTransport({ url, open: each => new WebSocket(each, options) as WebSocketLike })
}
