/** How a link begins and ends: who knows the secret, who is silent, and what a stranger at the port can do. */
import t from 'tap'
import { encodeFrame, FrameDecoder } from '../../protocol/frame-codec.js'
import { encodeFields, Fields } from '../../src/link/fields.js'
import { QUEUED_BYTES_MAX, SILENCE_MS } from '../../src/link/frame-link.js'
import { UNPROVEN_MAX } from '../../src/link/link-server.js'
import { LoopPipe } from '../../src/link/loop.js'
import { LINK, LINK_FORM, OPEN_MS, UNPROVEN_BYTES_MAX } from '../../src/link/messages.js'
import { LinkRig, SECRET } from './support.js'

t.test('fields are read whatever their order, and unknown ones are skipped', async t => {
  const fields = new Fields(encodeFields(7, '', 'name', Uint8Array.of(1, 2), 2 ** 40))
  t.same(
    [fields.number(1), fields.text(2), fields.text(3), fields.number(5), fields.number(6)],
    [7, '', 'name', 2 ** 40, 0],
  )
  t.same([...fields.bytes(4)], [1, 2])
  // Field 30, and a field 1 of 64 bits, which nobody writes.
  const newer = Uint8Array.of(0xf0, 1, 5, 0x09, 1, 2, 3, 4, 5, 6, 7, 8, 0x10, 9)
  t.equal(new Fields(newer).number(2), 9)
  t.throws(() => new Fields(Uint8Array.of(0x0a, 5, 1)), { name: 'DecodeError' })
})

t.test('both ends tell that a link is open; what comes on the node bus goes both ways', async t => {
  const rig = new LinkRig()
  const logic = rig.start('a:1')
  rig.link('a:1')
  t.equal(rig.access.open, 1)
  t.equal(logic.server.size, 1)
  t.same([...logic.server.others()], ['access'])
  t.same([...rig.access.others()], [logic.name])
  t.ok(logic.server.send('access', Uint8Array.of(1)))
  t.ok(rig.access.send(logic.name, Uint8Array.of(2)))
  t.notOk(logic.server.send('nobody', Uint8Array.of(1)))
  t.notOk(rig.access.send('nobody', Uint8Array.of(2)))
  rig.settle()
  t.same([rig.events.map(bytes => [...bytes]), logic.events.map(bytes => [...bytes])], [[[1]], [[2]]])
  logic.server.close()
  rig.pass(100)
  t.equal(logic.server.size, 0)
  t.equal(rig.access.open, 0)
})

t.test('with another secret there is no link, and both ends say why', async t => {
  const rig = new LinkRig()
  const logic = rig.start('a:1', Buffer.from('quite another secret'))
  rig.link('a:1')
  rig.pass(5_000)
  t.equal(rig.access.open, 0)
  t.equal(logic.server.size, 0)
  const said = rig.kept.lines.filter(line => line.includes('it does not know the cluster secret of this node'))
  t.equal(said.length, 1, 'once, however often it is tried')
})

t.test('an access node that does not know the secret is told so, and serves nothing', async t => {
  const rig = new LinkRig()
  const logic = rig.start('a:1')
  const [end, other] = LoopPipe.pair(rig.defer)
  const answers = new FrameDecoder(4_096)
  let isClosed = false
  end.attach({ receive: bytes => answers.push(bytes), closed: () => (isClosed = true) })
  other.attach(logic.server.accept(other))
  const nonce = new Uint8Array(16)
  end.write(encodeFrame({ id: 1, method: LINK.open, body: encodeFields(LINK_FORM, 'access', nonce) }))
  rig.settle()
  const meeting = answers.next()
  t.match(meeting, { kind: 'frame', frame: { id: 1, code: 0 } })
  // The proof of the logic node, sent back to it.
  const proof = meeting?.kind === 'frame' ? new Fields(meeting.frame.body).bytes(3) : nonce
  end.write(encodeFrame({ id: 2, method: LINK.prove, body: encodeFields(proof) }))
  end.write(encodeFrame({ id: 3, method: LINK.head, body: encodeFields(7) }))
  rig.settle()
  t.match(answers.next(), { kind: 'frame', frame: { id: 2, message: 'the secret is another one' } })
  t.equal(answers.next(), undefined)
  t.ok(isClosed)
  t.ok(logic.kept.lines.some(line => line.includes('it does not know the secret')))
})

t.test('a stranger at the port costs little: few at a time, small frames, five seconds', async t => {
  const rig = new LinkRig()
  const logic = rig.start('a:1')
  const strangers = Array.from({ length: UNPROVEN_MAX + 1 }, () => LoopPipe.pair(rig.defer)[1])
  const taken = strangers.map(pipe => logic.server.accept(pipe))
  t.equal(taken.filter(link => link !== undefined).length, UNPROVEN_MAX)
  taken[0]?.receive(encodeFrame({ id: 1, method: LINK.request, body: encodeFields(1) }))
  t.equal(taken[0]?.isLost, true, 'a request before the proof')
  const nonce = new Uint8Array(16)
  const large = encodeFields(LINK_FORM, 'x', nonce, new Uint8Array(UNPROVEN_BYTES_MAX))
  taken[1]?.receive(encodeFrame({ id: 1, method: LINK.open, body: large }))
  t.equal(taken[1]?.isLost, true, 'a frame that is too large')
  taken[2]?.receive(
    encodeFrame({ id: 1, method: LINK.open, body: encodeFields(LINK_FORM + 1, 'x', new Uint8Array(16)) }),
  )
  t.equal(taken[2]?.isLost, true, 'another form')
  rig.pass(OPEN_MS + 100)
  t.equal(taken.filter(link => link?.isLost === false).length, 0)
  rig.link('a:1')
  t.equal(rig.access.open, 1)
})

t.test('a node that is stopped is given up, and linked with again when it goes on', async t => {
  const rig = new LinkRig()
  const logic = rig.start('a:1')
  rig.link('a:1')
  logic.isStopped = true
  rig.pass(SILENCE_MS + 1_500)
  t.equal(rig.access.open, 0)
  t.ok(rig.kept.lines.some(line => line.includes('the other end is silent')))
  logic.isStopped = false
  rig.pass(8_000)
  t.equal(rig.access.open, 1)
  t.equal(rig.opened, 2)
})

t.test('an end that does not read loses its link before its bytes fill the memory', async t => {
  const rig = new LinkRig()
  const logic = rig.start('a:1')
  rig.link('a:1')
  const message = new Uint8Array(2 ** 20)
  for (let i = 0; i <= QUEUED_BYTES_MAX / message.length; i += 1) logic.server.send('access', message)
  t.equal(logic.server.size, 0)
  t.ok(logic.kept.lines.some(line => line.includes('the other end does not read')))
})

t.test('a process that stood still does not blame the other end', async t => {
  const rig = new LinkRig()
  rig.start('a:1')
  rig.link('a:1')
  rig.clock.stall(10_000)
  rig.pass(2_000)
  t.equal(rig.access.open, 1)
  t.equal(rig.opened, 1)
})

t.test('an address that is dropped from the list is linked with no more', async t => {
  const rig = new LinkRig(SECRET)
  const one = rig.start('a:1')
  rig.start('b:1')
  rig.link('a:1', 'b:1')
  t.equal(rig.access.open, 2)
  rig.access.setAddresses(['b:1'])
  t.equal(rig.access.open, 2, 'it may still answer')
  one.kill()
  rig.pass(3_000)
  t.equal(rig.access.open, 1)
  rig.access.close()
  t.equal(rig.access.open, 0)
})
