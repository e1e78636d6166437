/** The simulated network keeps what TCP promises, and nothing more. */

import t from 'tap'
import type { Pipe } from '../../src/connection/pipe.js'
import { seededRandom } from '../../src/lib/random.js'
import { type Doom, Network, type Weather } from './network.js'
import { Process } from './process.js'
import { Scheduler } from './scheduler.js'

const WEATHER: Weather = {
  latencyMs: 20,
  jitterMs: 100,
  bytesPerMs: 20,
  windowBytes: 500,
  fragmented: 0.9,
  doomed: 0,
  doomMs: 1,
  lostSyn: 0,
}

/** A client that sends 0, 1, 2 … and a node that sends the same back. */
function echo(seed: number, weather = WEATHER) {
  const scheduler = new Scheduler()
  const random = seededRandom(seed)
  const network = new Network(scheduler, random, weather)
  const client = new Process(scheduler, random, 'client')
  const node = new Process(scheduler, random, 'node')
  const told: string[] = []
  const echoed: number[] = []
  let pipe: Pipe | undefined
  const host = {
    process: node,
    accept: (accepted: Pipe) => {
      pipe = accepted
      return {
        receive: (bytes: Uint8Array) => accepted.write(bytes.slice()),
        drained: () => told.push('drained'),
        ended: () => accepted.end(),
        gone: () => told.push('gone'),
      }
    },
  }
  const connection = network
    .transport(client, () => [host])
    .connect({
      opened: () => told.push('opened'),
      received: bytes => echoed.push(...bytes),
      closed: error => told.push(error === undefined ? 'closed' : error.message),
    })
  const send = (from: number, to: number): void => {
    for (let i = from; i < to; i += 7) {
      connection.write(Uint8Array.from({ length: Math.min(7, to - i) }, (_, j) => (i + j) % 256))
    }
  }
  return { scheduler, network, client, node, told, echoed, connection, send, pipe: () => pipe }
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i % 256)

t.test('bytes arrive whole and in order, in any cut, however slowly they are taken', async t => {
  for (let seed = 1; seed <= 20; seed += 1) {
    const { scheduler, told, echoed, connection, send } = echo(seed)
    await scheduler.run(1_000)
    send(0, 5_000)
    connection.close()
    await scheduler.run(60_000)
    t.same(echoed.slice(0, 5_000), upTo(echoed.length), `seed ${seed}`)
    t.ok(told.includes('gone'))
  }
})

t.test('a reader that pauses keeps the writer waiting, and loses nothing', async t => {
  const { scheduler, echoed, send, pipe } = echo(3)
  await scheduler.run(1_000)
  pipe()?.pause()
  send(0, 5_000)
  await scheduler.run(20_000)
  t.same(echoed, [])
  pipe()?.resume()
  await scheduler.run(60_000)
  t.same(echoed, upTo(5_000))
})

t.test('whatever befalls a connection, what arrives is a beginning of what was sent', async t => {
  const dooms: Doom[] = ['reset', 'silent', 'stall', 'deaf', 'mute', 'client-alone', 'server-alone']
  for (const doom of dooms) {
    const { scheduler, network, client, told, echoed, send } = echo(5)
    await scheduler.run(1_000)
    send(0, 3_000)
    await scheduler.run(1_200)
    network.doomAll(client, doom)
    await scheduler.run(100_000)
    t.same(echoed, upTo(echoed.length), doom)
    t.equal(echoed.length === 3_000, doom === 'stall', doom)
    const heard = { reset: 'connection reset gone', 'client-alone': 'gone', 'server-alone': 'connection reset' }
    t.equal(
      told
        .filter(each => each !== 'opened' && each !== 'drained')
        .sort()
        .join(' '),
      heard[doom as 'reset'] ?? '',
      doom,
    )
  }
})

t.test('a killed process hears and says nothing more; its kernel closes what it had open', async t => {
  const { scheduler, network, node, told, echoed, send } = echo(7)
  await scheduler.run(1_000)
  send(0, 2_000)
  await scheduler.run(1_100)
  node.kill()
  network.ended(node, false)
  const before = echoed.length
  await scheduler.run(60_000)
  t.notOk(told.includes('gone'))
  t.ok(told.some(each => each === 'closed' || each === 'connection reset'))
  t.same(echoed, upTo(echoed.length))
  t.ok(echoed.length >= before)
})

t.test('a process that stands still takes nothing, and then all that came meanwhile, in order', async t => {
  for (let seed = 1; seed <= 20; seed += 1) {
    const { scheduler, node, echoed, told, send } = echo(seed)
    let ticks = 0
    node.standStill()
    node.clock.after(10, () => {
      ticks += 1
    })
    send(0, 300)
    await scheduler.run(20_000)
    t.same([ticks, echoed, told], [0, [], ['opened']], 'its kernel opens the connection')
    node.goOn(seed % 2 === 0)
    await scheduler.run(100_000)
    t.same([ticks, echoed], [1, upTo(300)], `seed ${seed}`)
    t.ok(node.stoodStillMs >= 20_000)
  }
})
