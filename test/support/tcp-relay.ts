/** A TCP relay that a test can cut, and point at another server: what stands between two processes. */

import { once } from 'node:events'
import net from 'node:net'
import t from 'tap'

export class TcpRelay {
  /** The port on 127.0.0.1 that is relayed to. */
  to: number
  /** How much later bytes arrive, either way, on connections that begin from now on. */
  delayMs = 0
  readonly #server: net.Server
  readonly #sockets = new Set<net.Socket>()
  #open = true

  private constructor(to: number, server: net.Server) {
    this.to = to
    this.#server = server
    server.on('connection', socket => this.#relay(socket))
  }

  static async start(to: number): Promise<TcpRelay> {
    const server = net.createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const relay = new TcpRelay(to, server)
    t.teardown(() => {
      relay.cut()
      server.close()
    })
    return relay
  }

  get port(): number {
    const address = this.#server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  /** Ends all connections, and takes no new ones. */
  cut(): void {
    this.#open = false
    for (const socket of this.#sockets) socket.destroy()
  }

  /** Takes connections again. */
  join(): void {
    this.#open = true
  }

  #relay(near: net.Socket): void {
    if (!this.#open) {
      near.destroy()
      return
    }
    const far = net.connect(this.to, '127.0.0.1')
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(one)
      one.setNoDelay(true)
      if (this.delayMs === 0) one.pipe(other)
      else this.#delay(one, other)
      one.on('error', () => {})
      one.on('close', () => {
        this.#sockets.delete(one)
        other.destroy()
      })
    }
  }

  #delay(one: net.Socket, other: net.Socket): void {
    const { delayMs } = this
    one.on('data', chunk => setTimeout(() => other.destroyed || other.write(chunk), delayMs))
    one.on('end', () => setTimeout(() => other.end(), delayMs))
  }
}
