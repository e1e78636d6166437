/** The frames of protocol/vectors through a whole connection: at once, byte by byte, and cut in two. */

import t from 'tap'
import { connectionRig, helloFrame, joined, LEADING_ZERO } from '../support/connection-rig.js'
import { FakeServices } from '../support/fake-services.js'
import { type Effects, expectedOf, shortHash } from '../support/vector-effects.js'
import { bytesOf, chunkings, frameVectors } from '../support/vectors.js'

async function effectsOf(chunks: readonly Uint8Array[]): Promise<Effects> {
  const services = new FakeServices()
  const requests: string[] = []
  services.onRequest = ({ caller, id, method, body }) => {
    requests.push(`${id} ${method} ${shortHash(body)}`)
    caller.respond(id, new Uint8Array(0))
  }
  const rig = connectionRig(services)
  const { pipe, connection } = rig.connect()
  connection.receive(joined(LEADING_ZERO, helloFrame(1, { token: Uint8Array.of(7), attempt: 1 })))
  await rig.turn()
  pipe.seen()
  for (const chunk of chunks) connection.receive(chunk)
  await rig.turn()
  const seen = pipe.seen()
  const close = seen.find(({ what }) => what === 'close')?.code
  const pinged = close === undefined && seen.some(({ what }) => what === '00')
  return { requests, acks: services.acks.length, pinged, close }
}

for (const vector of frameVectors().filter(({ direction }) => direction === 'to-server')) {
  t.test(vector.name, async t => {
    const wanted = expectedOf(vector.expect)
    for (const { how, chunks } of chunkings(bytesOf(vector.bytes))) {
      const effects = await effectsOf(chunks)
      if (JSON.stringify(effects) !== JSON.stringify(wanted)) t.same(effects, wanted, how)
    }
    t.pass(wanted.close ?? 'taken')
  })
}
