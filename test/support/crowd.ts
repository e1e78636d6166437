/** Connections that say nothing, are held as long as they can be had, and are made again when they end. */

import { connect, type Socket } from 'node:net'

export class Crowd {
  /** How many have ended; one that was refused has, too. */
  ended = 0
  #left = false
  readonly #port: number
  readonly #againMs: number
  readonly #sockets = new Set<Socket>()

  /** @param againMs from the end of one to the next one in its place */
  constructor(port: number, size: number, againMs: number) {
    this.#port = port
    this.#againMs = againMs
    for (let i = 0; i < size; i++) this.#come()
  }

  leave(): void {
    this.#left = true
    for (const socket of this.#sockets) socket.destroy()
  }

  #come(): void {
    const socket = connect(this.#port, '127.0.0.1')
    this.#sockets.add(socket)
    socket.on('error', () => {})
    socket.resume()
    socket.on('close', () => {
      this.#sockets.delete(socket)
      this.ended++
      if (!this.#left) setTimeout(() => !this.#left && this.#come(), this.#againMs)
    })
  }
}
