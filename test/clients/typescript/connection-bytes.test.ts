/** Bytes from the server: in every cut, at random, and broken; never a throw. */

import t from 'tap'
import { encodeNotice, encodeResponse, PING } from '../../../protocol/frame-codec.js'
import { seededRandom } from '../../../src/lib/random.js'
import { answer, Harness, sessionOf, UID } from '../../support/client-harness.js'
import { bytesOf, chunkings, frameVectors } from '../../support/vectors.js'

t.test('the vectors of frames to a client, in every cut: never a throw, and the same end', async t => {
  for (const vector of frameVectors().filter(each => each.direction === 'to-client')) {
    const bytes = bytesOf(vector.bytes)
    const broken = vector.expect.some(each => 'error' in each)
    let ends = 0
    for (const chunking of chunkings(bytes)) {
      const harness = await Harness.online()
      const { pipe } = harness
      for (const chunk of chunking.chunks) pipe.receive(chunk)
      const reason = harness.of('connection').at(-1)
      const understood = reason?.state !== 'waiting' || !/^not understood/.test(reason.reason)
      // Frames that are well-formed may still say something that no server says.
      if (broken && understood) t.fail(`${vector.name}, ${chunking.how}: ${JSON.stringify(reason)}`)
      ends += understood ? 0 : 1
    }
    const all = [...chunkings(bytes)].length
    t.ok(ends === 0 || ends === all, `${vector.name}: ${ends} of ${all}`)
  }
})

t.test('a whole session byte by byte', async t => {
  const harness = await Harness.start()
  void harness.client.account.login({ account: 'ann', password: 'correct horse' })
  harness.settle()
  harness.pipe.open()
  const hello = harness.pipe.take('hello')
  const login = harness.pipe.take('login')
  const drip = (...frames: Uint8Array[]): void => {
    for (const byte of Buffer.concat(frames)) harness.pipe.receive(Uint8Array.of(byte))
  }
  drip(answer('hello', hello.id), PING, answer('login', login.id, { session: sessionOf() }))
  const named = harness.pipe.take('hello')
  drip(answer('hello', named.id, { uid: UID, device: 1, storeId: sessionOf().storeId }))
  t.equal(harness.client.state().phase, 'online')
})

t.test('random bytes, and bodies that are none, never throw: the connection ends and another is tried', async t => {
  const random = seededRandom('hostile bytes')
  for (let round = 0; round < 300; round++) {
    const harness = await Harness.online()
    harness.client.send(300, 'hello')
    harness.settle()
    const { id } = harness.pipe.take('send')
    const body = random.bytes(random.integer(40))
    const method = random.integer(8)
    const frame =
      round % 3 === 0 ? body : round % 3 === 1 ? encodeResponse(id, body) : encodeNotice(Math.max(1, method), body)
    harness.pipe.receive(frame)
    const { phase } = harness.client.state()
    t.ok(phase === 'online' || phase === 'waiting' || phase === 'draining' || phase === 'stopped', phase)
  }
})
