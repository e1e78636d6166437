/** The path of the bytes over a TCP socket. */

import type { Socket } from 'node:net'
import { EMPTY } from '../../protocol/bytes.js'
import { isSocketBetween, type Pipe } from '../connection/pipe.js'
import { ownerOf } from '../connection/socket-owner.js'
import { pageMemory } from '../lib/page-memory.js'

export class SocketPipe implements Pipe {
  readonly #socket: Socket
  /** Whether the kernel did not take everything, and is awaited. */
  #isFull = false

  constructor(socket: Socket) {
    this.#socket = socket
  }

  get admitted(): Socket {
    return this.#socket
  }

  get transport(): 'tcp' {
    return 'tcp'
  }

  get queuedBytes(): number {
    return this.#socket.writableLength
  }

  isBetween(localPort: number, remoteAddress: string, remotePort: number): boolean {
    return isSocketBetween(this.#socket, localPort, remoteAddress, remotePort)
  }

  write(bytes: Uint8Array): void {
    const socket = this.#socket
    if (socket.destroyed || socket.writableEnded) return
    socket.write(bytes)
    if (socket.writableLength === 0) pageMemory.giveBack(bytes)
    else if (!this.#isFull) {
      this.#isFull = true
      // 'drain' comes only after much more; a write behind it is done when this one is.
      socket.write(EMPTY, error => {
        if (!error) pageMemory.giveBack(bytes)
        this.#drained()
      })
    }
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    if (!this.#socket.destroyed) this.#socket.resume()
  }

  end(): void {
    if (!this.#socket.writableEnded) this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  /** Goes on when the kernel has taken everything; also called when the socket is destroyed, which does no harm. */
  #drained(): void {
    this.#isFull = false
    ownerOf(this.#socket)?.drained()
  }
}
