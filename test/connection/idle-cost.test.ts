/** The heap that an idle connection costs: with 100 000 of them each hundred bytes are 10 MB. */

import t from 'tap'
import { createHelloResponse } from '../../protocol/generated/messages.js'
import { Connection } from '../../src/connection/connection.js'
import type { Pipe } from '../../src/connection/pipe.js'
import { connectionRig, helloFrame, joined, LEADING_ZERO } from '../support/connection-rig.js'
import { FakeServices } from '../support/fake-services.js'
import { liveHeapBytes } from '../support/live-heap.js'
import { TOKEN } from '../support/open-connection.js'

/** With these there, the code is warm and has what all connections share. */
const BEFORE = 2_000
const MEASURED = 10_000

/** Measured are 765 (Node 20), with the places in the hub and in sets. One array more is 40, a closure with its context 100. */
const BYTES_MAX = 790

/** All connections write to this one: what a pipe costs is its transport's. */
const PIPE: Pipe = {
  transport: 'tcp',
  admitted: { destroy() {} },
  queuedBytes: 0,
  write() {},
  pause() {},
  resume() {},
  end() {},
  destroy() {},
}

t.test('an idle connection costs the heap no more than its objects: no closure, no array', async t => {
  const services = new FakeServices()
  const rig = connectionRig(services)
  let uid = 0
  services.answerOf = ({ attempt, since }) => {
    const response = createHelloResponse({ uid: ++uid, device: 1, serverTimeMs: 1 })
    return { kind: 'bound', response, attempt, since }
  }
  services.page = () => Promise.resolve({ kind: 'page', items: [], to: 0, more: false, trimmed: false, head: 0 })
  const held: Connection[] = []
  const open = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      const connection = new Connection(rig.context, PIPE, '192.0.2.1', { leadingZero: true })
      connection.receive(joined(LEADING_ZERO, helloFrame(1, { token: TOKEN, attempt: 1 })))
      held.push(connection)
      if (i % 500 === 499) await rig.turn()
    }
  }
  await open(BEFORE)
  const before = await settledHeap()
  await open(MEASURED)
  const bytes = Math.round(((await settledHeap()) - before) / MEASURED)
  t.ok(held.every(({ state }) => state === 'open'))
  t.ok(bytes < BYTES_MAX, `${bytes} bytes`)
})

/** The least of a few looks: what the engine compiles meanwhile, and frees, is not counted. */
async function settledHeap(): Promise<number> {
  let least = Number.POSITIVE_INFINITY
  for (let look = 0; look < 5; look++) {
    await new Promise(setImmediate)
    least = Math.min(least, liveHeapBytes())
  }
  return least
}
