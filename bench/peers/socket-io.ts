/**
 * socket.io over WebSocket (socket-io-server.ts): it routes a message to the room of the other user, acknowledges it to the sender
 * and stores nothing. Written as its protocol has it: engine.io's revision 4, events and acknowledgements as text.
 */

import { RawClient } from '../raw-client.js'
import { SOCKET_IO_WEB_SOCKET } from '../web-socket-framing.js'
import type { PeerConnection } from './connection.js'

/** The first characters of messages: of engine.io, and for a message of socket.io a second one. */
const OPEN = 48
const PING = 50
const MESSAGE = 52
const CONNECTED = 48
const EVENT = 50
const ACKNOWLEDGED = 51

const PONG = Buffer.from('3')

export class SocketIoConnection implements PeerConnection {
  onAccepted: () => void = () => {}
  onMessage: () => void = () => {}
  readonly client: RawClient
  readonly #event: string
  #sent = 0

  private constructor(client: RawClient, peer: string, text: string) {
    this.client = client
    this.#event = JSON.stringify(['message', { to: peer, text }])
  }

  static connect(port: number, user: string, peer: string, text: string): Promise<SocketIoConnection> {
    return new Promise((resolve, reject) => {
      RawClient.connect(port, SOCKET_IO_WEB_SOCKET, client => {
        const connection = new SocketIoConnection(client, peer, text)
        const hello = Buffer.from(`40${JSON.stringify({ user })}`)
        client.onMessage = message => {
          if (message[0] === OPEN) client.write(hello)
          else if (message[0] === MESSAGE && message[1] === CONNECTED) resolve(connection)
          else connection.#take(message)
        }
      }).catch(reject)
    })
  }

  send(count: number): void {
    this.client.writeAll(Array.from({ length: count }, () => Buffer.from(`42${this.#sent++}${this.#event}`)))
  }

  #take(message: Uint8Array): void {
    const [first, second] = message
    if (first === MESSAGE && second === EVENT) this.onMessage()
    else if (first === MESSAGE && second === ACKNOWLEDGED) this.onAccepted()
    else if (first === PING) this.client.write(PONG)
    else throw new Error(`socket.io says ${Buffer.from(message).toString('latin1')}`)
  }
}
