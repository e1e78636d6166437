/** WebSocket in the simulated network: its directions carry what is written at once as one message, so that nobody sees a cut. */

import type { TransportConnection, TransportHandlers } from '../../clients/typescript/transports/transport.js'
import type { WebSocketLike } from '../../clients/typescript/transports/ws-transport.js'
import { CODES } from '../../protocol/codes.js'
import { Connection } from '../../src/connection/connection.js'
import { holdsWholeFrames } from '../../src/short/web-socket.js'
import type { Served } from './network.js'

const NORMAL = 1000
const ABNORMAL = 1006

/** The client's end, as browsers show it. */
export class SimulatedWebSocket implements WebSocketLike {
  binaryType = 'blob'
  onopen: WebSocketLike['onopen'] = null
  onmessage: WebSocketLike['onmessage'] = null
  onerror: WebSocketLike['onerror'] = null
  onclose: WebSocketLike['onclose'] = null
  readonly #connection: TransportConnection

  constructor(connect: (handlers: TransportHandlers) => TransportConnection) {
    this.#connection = connect({
      opened: () => this.onopen?.(),
      received: ({ buffer }) => this.onmessage?.({ data: buffer }),
      closed: error => {
        if (error !== undefined) this.onerror?.({ message: error.message })
        this.onclose?.({ code: error === undefined ? NORMAL : ABNORMAL, reason: '' })
      },
    })
  }

  send(bytes: Uint8Array): void {
    this.#connection.write(bytes)
  }

  close(): void {
    this.#connection.close()
  }
}

/** The server's end: a message holds whole frames and nothing else. */
export class MessageConnection extends Connection implements Served {
  override receive(message: Uint8Array): void {
    super.receive(message)
    if (!holdsWholeFrames(message)) this.close(CODES.PROTOCOL_ERROR.code, 'a frame cut by the end of its message')
  }
}
