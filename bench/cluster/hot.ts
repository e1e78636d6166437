/**
 * One user to whom many send at once, over four nodes on one Redis: every delivery changes the same records. One of the nodes is further away
 * from Redis. Each sender sends the next message when one has arrived. Beside it all are at one node.
 */

import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { present } from '../../src/lib/assert.js'
import { drained, rested } from '../arena.js'
import { type ServerProcess, startFarRelay, startLongwire } from '../children.js'
import { type FigureRow, figureRow } from '../figure-row.js'
import { inParallel } from '../fleet.js'
import { TEXT } from '../messages.js'
import { metricsOf } from '../metrics.js'
import { LongwirePair, Tally } from '../pairs.js'
import type { Preset } from '../presets.js'
import { medians } from '../statistics.js'
import { BenchUser } from '../user.js'
import type { CostContext } from './cost.js'
import { startRedis } from './redis.js'

const NODES = 4
/** Messages under way of each: enough that the time of one does not bound the rate. */
const IN_FLIGHT = 24
const FAR_MS = 3
const ACK_MS = 500

interface HotFigures {
  readonly per_second: number
  /** The share of the messages that came from the last node. */
  readonly last_share: number
  readonly refused: number
  readonly conflicts: number
}

export async function measureHot({ folder, preset, settle, say }: CostContext): Promise<FigureRow[]> {
  say('(cluster) one user to whom many send')
  const redis = await startRedis({ folder: join(folder, 'hot') })
  const relay = await startFarRelay(present(redis.primaries[0], 'the Redis').port, FAR_MS)
  const far = `redis://127.0.0.1:${relay.port}`
  const urls = Array.from({ length: NODES }, (_, i) => (i < NODES - 1 ? redis.url : far))
  const nodes = await Promise.all(urls.map(url => startLongwire(undefined, { redis: url })))
  settle([...nodes, ...redis.primaries])
  // Compiles. A short window would see nothing of a node whose first messages are under way.
  await new HotUser('first', nodes).run(preset)
  const rest = (): Promise<void> => rested([...nodes, ...redis.primaries].map(({ pid }) => pid))
  const alone: HotFigures[] = []
  const together: HotFigures[] = []
  for (let round = 1; round <= preset.rounds; round++) {
    say(`(cluster) one user to whom many send, round ${round} of ${preset.rounds}`)
    alone.push(await new HotUser(`one-${round}`, nodes.slice(0, 1)).run(preset))
    await rest()
    together.push(await new HotUser(`all-${round}`, nodes).run(preset))
    await rest()
  }
  await Promise.all(nodes.map(node => node.stop()))
  await relay.stop()
  await redis.stop()
  return rowsOf(medians(alone as never[]), medians(together as never[]), together, preset.hotSenders)
}

function rowsOf(one: HotFigures, all: HotFigures, rounds: readonly HotFigures[], senders: number): FigureRow[] {
  const refused = rounds.reduce((sum, figures) => sum + figures.refused, 0)
  return [
    figureRow({
      what: `deliveries to one user from ${senders} senders at ${NODES} nodes, one ${FAR_MS} ms further away`,
      value: all.per_second,
      unit: 'per second',
      baseline: { what: 'all at one node', value: one.per_second },
      aim: { atLeast: 0.8 },
    }),
    figureRow({
      what: '… the share of the far node',
      value: all.last_share,
      unit: '',
      baseline: { what: 'an equal share', value: 1 / NODES },
      aim: { atLeast: 0.5 },
    }),
    figureRow({ what: '… refused or given up, in all rounds', value: refused, unit: '', aim: { atMost: 0 } }),
    figureRow({ what: '… conflicts of a message', value: all.conflicts, unit: '' }),
  ]
}

class HotUser {
  readonly #name: string
  readonly #nodes: readonly ServerProcess[]
  /** A tally for each node. */
  readonly #tallies: readonly Tally[]
  #refused = 0
  #isRunning = true

  constructor(name: string, nodes: readonly ServerProcess[]) {
    this.#name = name
    this.#nodes = nodes
    this.#tallies = nodes.map(() => new Tally())
  }

  async run({ warmMs, windowMs, hotSenders }: Preset): Promise<HotFigures> {
    const receiver = await BenchUser.register(this.#at(0).port, `hot-${this.#name}`)
    const senders = await inParallel(hotSenders, i => BenchUser.register(this.#at(i).port, `${this.#name}-${i}`))
    for (const sender of senders) await Promise.all([sender.ask(receiver.uid), receiver.ask(sender.uid)])
    this.#load(senders, receiver)
    const ack = setInterval(() => receiver.ack(present(senders[0], 'a sender').uid), ACK_MS)
    await sleep(warmMs)
    while (this.#tallies.some(({ delivered }) => delivered === 0)) await sleep(1)
    const before = await this.#look()
    await sleep(windowMs)
    const after = await this.#look()
    this.#isRunning = false
    for (const tally of this.#tallies) await drained(this.#name, tally)
    clearInterval(ack)
    for (const { client } of [receiver, ...senders]) client.destroy()
    const done = after.delivered.map((count, i) => count - (before.delivered[i] ?? 0))
    const all = done.reduce((sum, count) => sum + count, 0)
    const perMessage = (count: number): number => (all === 0 ? 0 : count / all)
    return {
      per_second: (all * 1000) / (after.atMs - before.atMs),
      last_share: perMessage(done.at(-1) ?? 0),
      refused: this.#refused,
      conflicts: perMessage(after.conflicts - before.conflicts),
    }
  }

  #at(index: number): ServerProcess {
    return present(this.#nodes[index % this.#nodes.length], 'the node')
  }

  #load(senders: readonly BenchUser[], receiver: BenchUser): void {
    const bySender = new Map<number, { readonly tally: Tally; readonly pair: LongwirePair }>()
    for (const [i, sender] of senders.entries()) {
      const tally = present(this.#tallies[i % this.#nodes.length], 'the tally')
      const pair = new LongwirePair(tally, { sender, receiver }, TEXT)
      bySender.set(sender.uid, { tally, pair })
      sender.onRefused = () => {
        this.#refused++
        tally.sent--
      }
    }
    receiver.onMessage = (_, uid) => {
      const { tally, pair } = present(bySender.get(uid), 'the sender')
      tally.delivered++
      if (this.#isRunning) pair.sendOne()
    }
    for (const { pair } of bySender.values()) for (let i = 0; i < IN_FLIGHT; i++) pair.sendOne()
  }

  async #look() {
    const all = await Promise.all(this.#nodes.map(({ httpPort }) => metricsOf(httpPort)))
    return {
      conflicts: all.reduce((sum, each) => sum + (each.get('longwire_commit_conflicts_total') ?? Number.NaN), 0),
      atMs: performance.now(),
      delivered: this.#tallies.map(({ delivered }) => delivered),
    }
  }
}
