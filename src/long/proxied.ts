/** A connection that a trusted load balancer brings: it is nobody's until its PROXY header has come, and then its client's. */

import type { Socket } from 'node:net'
import { HELLO_TIMEOUT_MS } from '../../protocol/limits.js'
import { Timed, type Wheel } from '../lib/wheel.js'
import { ProxyHeader } from './proxy-header.js'

export interface ProxiedEnd {
  /** The header is there; the address is undefined if it names none. `rest` came behind it. `leftMs`: of the time for the Hello. */
  named(address: string | undefined, rest: Uint8Array, leftMs: number): void
  /** There is no such header, or not in time. */
  failed(reason: string): void
  /** One way or another it is no longer waited for. Called once, first. */
  over(): void
}

export class Proxied extends Timed {
  readonly #socket: Socket
  readonly #wheel: Wheel
  readonly #end: ProxiedEnd
  readonly #header = new ProxyHeader()
  readonly #startTick: number
  readonly #onData = (chunk: Uint8Array): void => this.#received(chunk)
  readonly #onGone = (): void => this.#leave()

  constructor(socket: Socket, wheel: Wheel, end: ProxiedEnd) {
    super()
    this.#socket = socket
    this.#wheel = wheel
    this.#end = end
    wheel.add(this, HELLO_TIMEOUT_MS)
    this.#startTick = wheel.tick
    socket.on('data', this.#onData)
    socket.on('end', this.#onGone)
    socket.on('close', this.#onGone)
    socket.on('error', ignore)
  }

  override expired(): void {
    this.#leave()
    this.#end.failed('no PROXY header in time')
  }

  #received(chunk: Uint8Array): void {
    const result = this.#header.push(chunk)
    if (result.kind === 'more') return
    this.#leave()
    if (result.kind === 'malformed') {
      this.#end.failed(result.reason)
      return
    }
    const waitedMs = (this.#wheel.tick - this.#startTick) * 1_000
    this.#end.named(result.address, result.rest, Math.max(1, HELLO_TIMEOUT_MS - waitedMs))
  }

  /** The socket is somebody else's from here on, or gone. */
  #leave(): void {
    const socket = this.#socket
    socket.off('data', this.#onData)
    socket.off('end', this.#onGone)
    socket.off('close', this.#onGone)
    this.#wheel.remove(this)
    this.#end.over()
    if (socket.readableEnded) socket.destroy()
  }
}

/** 'close' follows. Stays on a socket that is handed on: one more such handler does no harm. */
function ignore(): void {}
