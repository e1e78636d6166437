/**
 * Five thousand clients lose their connections and come back at the same moment, without the jitter that the client library
 * would put between them: all are back within seconds, nobody much later than the others, the event loop is not held up, and
 * those who were there go on talking.
 */

import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { befriend, registerUsers, type UserPair } from '../../bench/fleet.js'
import { Samples } from '../../bench/statistics.js'
import { eventually } from '../support/eventually.js'
import type { StormClientsWord } from './support/storm-clients.js'
import type { StormServerWord } from './support/storm-server.js'

const CLIENTS = 5_000
const BYSTANDERS = 20
const ROUNDS = 3
/** What one turn of the event loop may take. */
const HELD_MS_MAX = 50
/** The last one, and a bystander's message: far below what a person calls a failure. */
const BACK_MS_MAX = 10_000

t.test('5 000 clients come back at once', async t => {
  const server = child('storm-server.js', t.testdir(), '--limits', 'open')
  t.teardown(() => server.kill('SIGKILL'))
  const { port } = await heard<StormServerWord, 'ready'>(server, 'ready')
  const clients = child('storm-clients.js', String(port), String(CLIENTS))
  t.teardown(() => clients.kill('SIGKILL'))
  await heard<StormClientsWord, 'ready'>(clients, 'ready')
  const talk = new Talk(await befriend(await registerUsers(port, 'bystander', BYSTANDERS)))
  const held = async (): Promise<number> => {
    server.send('held')
    return (await heard<StormServerWord, 'held'>(server, 'held')).maxMs
  }

  const heldMs: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    clients.send('cut')
    await heard<StormClientsWord, 'cut'>(clients, 'cut')
    // The server has seen that they are gone when it answers again.
    await talk.exchanged(BYSTANDERS)
    await held()
    const before = talk.begin()
    clients.send('reconnect')
    const { afterMs } = await heard<StormClientsWord, 'back'>(clients, 'back')
    heldMs.push(await held())
    const spokenMs = talk.delivered.percentile(1)
    const [first = 0, middle = 0, last = 0] = [afterMs[0], afterMs[CLIENTS / 2], afterMs[CLIENTS - 1]]
    t.comment(
      `back after ${[first, middle, last].map(Math.round)} ms, held ${heldMs.at(-1)?.toFixed(1)}, chat ${spokenMs.toFixed(1)}`,
    )
    t.equal(afterMs.length, CLIENTS, 'everybody is back')
    t.ok(last < BACK_MS_MAX, `the last one after ${last} ms`)
    t.ok(last < 4 * middle, `nobody starved: half were back after ${middle} ms, the last after ${last} ms`)
    t.ok(talk.count - before >= BYSTANDERS, 'bystanders were heard meanwhile')
    t.ok(spokenMs < last / 2, `a bystander's message took ${spokenMs} ms, and the storm ${last} ms`)
  }
  talk.stop()
  // One round may meet a collection of garbage, or a machine that was given to somebody else.
  const good = heldMs.filter(ms => ms < HELD_MS_MAX).length
  t.ok(good >= ROUNDS - 1, `the event loop was held for ${heldMs} ms`)
})

/** Pairs that always have one message on its way, and how long each took. */
class Talk {
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

function child(script: string, ...argv: string[]): ChildProcess {
  const path = fileURLToPath(new URL(`./support/${script}`, import.meta.url))
  // As `npm start` does; a profile of the test's own would be written by it.
  return fork(path, argv, { execArgv: ['--max-semi-space-size=32'] })
}

/** The next word of this kind. @throws if the process ends before */
function heard<W extends { readonly kind: string }, K extends W['kind']>(
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
