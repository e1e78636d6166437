/** What the tests of storms share: processes that are started and talked to, and people who talk meanwhile. */

import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { UserPair } from '../../../bench/fleet.js'
import { Samples } from '../../../bench/statistics.js'
import { eventually } from '../../support/eventually.js'
import type { StormServerWord } from './storm-server.js'

/** Pairs that always have one message on its way, and how long each took. */
export class Talk {
  readonly delivered = new Samples()
  readonly #pairs: readonly UserPair[]
  count = 0
  #stopped = false

  constructor(pairs: readonly UserPair[]) {
    this.#pairs = pairs
    for (const { sender, receiver } of pairs) {
      let sentMs = 0
      const say = (): void => {
        sentMs = performance.now()
        sender.client.write(sender.nextSend(receiver.uid, 'hello'))
      }
      receiver.onMessage = () => {
        this.count++
        this.delivered.add(performance.now() - sentMs)
        if (!this.#stopped) setImmediate(say)
      }
      say()
    }
  }

  /** Times are of what is delivered from here on. @returns the count so far */
  begin(): number {
    this.delivered.clear()
    return this.count
  }

  exchanged(more: number): Promise<void> {
    const before = this.count
    return eventually(() => this.count >= before + more)
  }

  stop(): void {
    this.#stopped = true
    for (const { sender, receiver } of this.#pairs) for (const { client } of [sender, receiver]) client.destroy()
  }
}

export function child(script: string, ...argv: string[]): ChildProcess {
  const path = fileURLToPath(new URL(`./${script}`, import.meta.url))
  // As `npm start` does; a profile of the test's own would be written by it.
  return fork(path, argv, { execArgv: ['--max-semi-space-size=32'] })
}

/** The next word of this kind. @throws if the process ends before */
export function heard<W extends { readonly kind: string }, K extends W['kind']>(
  from: ChildProcess,
  kind: K,
): Promise<Extract<W, { kind: K }>> {
  return new Promise((resolve, reject) => {
    from.once('exit', code => reject(new Error(`ended with ${code}`)))
    const listen = (word: W): void => {
      if (word.kind !== kind) return
      from.off('message', listen)
      resolve(word as Extract<W, { kind: K }>)
    }
    from.on('message', listen)
  })
}

/** For how long the server's event loop was held up since it was last asked. */
export async function heldMs(server: ChildProcess): Promise<number> {
  server.send('held')
  return (await heard<StormServerWord, 'held'>(server, 'held')).maxMs
}
