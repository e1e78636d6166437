/** The TCP connections under links: the port that a logic node listens on, and the connections that an access node opens. */

import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { endOfTurn } from '../lib/turn.js'
import { LINK_PORT_DEFAULT, parseAddress } from '../ops/address.js'
import type { FrameLink, LinkPipe } from './frame-link.js'
import type { DialCallbacks, LinkDialer } from './logic-link.js'

type PipeUser = Pick<FrameLink, 'receive' | 'closed'>

export class LinkListener {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  /** @param accept gives the user of a new connection; undefined: it is refused */
  constructor(accept: (pipe: LinkPipe, address: string) => PipeUser | undefined) {
    this.#server = createServer(socket => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
      attach(socket, accept(new SocketLinkPipe(socket), socket.remoteAddress ?? ''))
    })
  }

  /** @throws the error of a port that cannot be listened on */
  async listen(host: string, port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen({ host, port }, () => {
        this.#server.off('error', reject)
        // It could not accept, for want of descriptors: the one who came tries again.
        this.#server.on('error', () => {})
        resolve()
      })
    })
    return (this.#server.address() as AddressInfo).port
  }

  /** Takes no more connections. */
  close(): void {
    this.#server.close()
  }

  /** Closes the port and all connections at once. */
  abort(): void {
    this.close()
    for (const socket of this.#sockets) socket.destroy()
  }
}

export const tcpDialer: LinkDialer = {
  dial(address: string, { connected, failed }: DialCallbacks) {
    const { host = '', port = 0 } = parseAddress(address, LINK_PORT_DEFAULT) ?? {}
    const socket = connect({ host, port })
    const onError = (error: Error): void => failed(error.message)
    socket.once('error', onError)
    socket.once('connect', () => {
      socket.off('error', onError)
      attach(socket, connected(new SocketLinkPipe(socket)))
    })
    return () => {
      socket.off('error', onError)
      socket.on('error', () => {})
      socket.destroy()
    }
  },
}

function attach(socket: Socket, user: PipeUser | undefined): void {
  socket.setNoDelay()
  socket.on('error', () => {}) // 'close' follows
  if (user === undefined) return
  socket.on('data', chunk => user.receive(chunk))
  socket.on('close', () => user.closed())
}

/** Frames of one turn leave in one write. */
class SocketLinkPipe implements LinkPipe {
  readonly #socket: Socket
  #isCorked = false

  constructor(socket: Socket) {
    this.#socket = socket
  }

  get queuedBytes(): number {
    return this.#socket.writableLength
  }

  write(bytes: Uint8Array): void {
    const socket = this.#socket
    if (socket.destroyed || socket.writableEnded) return
    if (!this.#isCorked) {
      this.#isCorked = true
      socket.cork()
      endOfTurn(() => {
        this.#isCorked = false
        socket.uncork()
      })
    }
    socket.write(bytes)
  }

  end(): void {
    this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }
}
