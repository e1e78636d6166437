/**
 * A request as the server takes it from the socket. A request for any protocol other than WebSocket is treated like any other request.
 * RFC 9110, 7.8, has a server ignore an upgrade that it does not know, and curl and Java ask for h2c in each.
 */

import { IncomingMessage } from 'node:http'

const ASKED = Symbol('asked')

/** The request class that createServer is given as `IncomingMessage`. */
export class Incoming extends IncomingMessage {
  // No initializer: the parser's first word comes from within the constructor above.
  declare [ASKED]: boolean

  /** Whether 'upgrade' is emitted in place of 'request': node:http asks when all headers are there. CONNECT stays refused. */
  get upgrade(): boolean {
    return this[ASKED] && (this.method === 'CONNECT' || this.headers.upgrade?.toLowerCase() === 'websocket')
  }

  set upgrade(asked: boolean | null) {
    this[ASKED] = asked === true
  }

  /**
   * Whether it asked for a protocol that is not offered. The parser drops what came behind it in the same read, so it is the last
   * request.
   */
  get ignoresUpgrade(): boolean {
    return this[ASKED] && !this.upgrade
  }
}
