/** A link within one process: to the node itself, or between nodes of a test. */

import type { Defer } from '../lib/turn.js'
import type { FrameLink, LinkPipe } from './frame-link.js'
import type { LinkDialer } from './logic-link.js'

type PipeUser = Pick<FrameLink, 'receive' | 'closed'>

/** One end of a pipe in memory: what is written arrives at the end of the turn. */
export class LoopPipe implements LinkPipe {
  readonly #defer: Defer
  #chunks: Uint8Array[] = []
  #user: PipeUser | undefined
  #other: LoopPipe | undefined
  #isClosed = false
  queuedBytes = 0

  private constructor(defer: Defer) {
    this.#defer = defer
  }

  static pair(defer: Defer): readonly [LoopPipe, LoopPipe] {
    const [one, other] = [new LoopPipe(defer), new LoopPipe(defer)]
    one.#other = other
    other.#other = one
    return [one, other]
  }

  /** Sets who takes the bytes that arrive at this end. */
  attach(user: PipeUser | undefined): void {
    this.#user = user
  }

  /** Takes bytes from the other end. */
  arrive(bytes: Uint8Array): void {
    this.#user?.receive(bytes)
  }

  write(bytes: Uint8Array): void {
    if (this.#isClosed) return
    this.#chunks.push(bytes)
    this.queuedBytes += bytes.length
    if (this.#chunks.length === 1) this.#defer(() => this.#flush())
  }

  end(): void {
    this.#defer(() => this.destroy())
  }

  destroy(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#defer(() => this.#user?.closed())
    this.#other?.destroy()
  }

  #flush(): void {
    const chunks = this.#chunks
    this.#chunks = []
    this.queuedBytes = 0
    if (this.#isClosed) return
    for (const chunk of chunks) this.#other?.arrive(chunk)
  }
}

/** Dials a node of this process, whatever the address. @param accept the node's LinkServer.accept */
export function loopDialer(defer: Defer, accept: (pipe: LinkPipe) => PipeUser | undefined): LinkDialer {
  return {
    dial(_address, { connected }) {
      let isGivenUp = false
      defer(() => {
        if (isGivenUp) return
        const [access, logic] = LoopPipe.pair(defer)
        logic.attach(accept(logic))
        access.attach(connected(access))
      })
      return () => {
        isGivenUp = true
      }
    },
  }
}
