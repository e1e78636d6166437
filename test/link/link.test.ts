/** How a link begins and ends: who knows the secret, who is silent, and what a stranger at the port can do. */
import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import { encodeFrame, FrameDecoder } from '../../protocol/frame-codec.js'
import { seededRandom } from '../../src/lib/random.js'
import { encodeFields, Fields } from '../../src/link/fields.js'
import { END_MS, type FrameLink, QUEUED_BYTES_MAX, SILENCE_MS } from '../../src/link/frame-link.js'
import { REFUSED_MS, STRANGERS_MAX } from '../../src/link/link-server.js'
import { LogicLink } from '../../src/link/logic-link.js'
import { LoopPipe } from '../../src/link/loop.js'
import { LINK, LINK_FORM, OPEN_MS, UNPROVEN_BYTES_MAX } from '../../src/link/messages.js'
import { keptLog, LinkRig, type Logic, SECRET } from './support.js'

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
  t.same(rig.access.otherSecret, ['a:1'], 'its lease says so too')
  t.ok(rig.access.unlinkedMs >= 5_000)
  logic.kill()
  rig.start('a:1')
  rig.pass(5_000)
  t.equal(rig.access.open, 1)
  t.same(rig.access.otherSecret, [])
  t.equal(rig.access.unlinkedMs, 0)
})

t.test(
  'an access node knows for how long no logic node has taken requests: none is there, it leaves, it dies',
  async t => {
    const rig = new LinkRig()
    rig.pass(1_000)
    t.ok(rig.access.unlinkedMs >= 1_000)
    const [first, second] = [rig.start('a:1'), rig.start('b:1')]
    rig.link('a:1', 'b:1')
    rig.pass(2_000)
    t.equal(rig.access.unlinkedMs, 0)
    first.kill()
    rig.pass(500)
    t.equal(rig.access.unlinkedMs, 0, 'the other one does its work')
    void second.server.drain(10_000, () => {})
    rig.pass(500)
    t.ok(rig.access.unlinkedMs > 0)
    rig.start('a:1')
    rig.pass(2_000)
    t.equal(rig.access.unlinkedMs, 0)
  },
)

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
  const said = meeting?.kind === 'frame' ? new Fields(meeting.frame.body) : new Fields(new Uint8Array(0))
  t.same([said.text(1), said.bytes(2).length, said.bytes(3).length], [logic.name, 16, 0], 'a stranger gets no proof')
  end.write(encodeFrame({ id: 2, method: LINK.prove, body: encodeFields(new Uint8Array(32)) }))
  end.write(encodeFrame({ id: 3, method: LINK.head, body: encodeFields(7) }))
  rig.settle()
  t.match(answers.next(), { kind: 'frame', frame: { id: 2, message: 'the secret is another one' } })
  t.equal(answers.next(), undefined)
  t.ok(isClosed)
  t.ok(logic.kept.lines.some(line => line.includes('it does not know the secret')))
})

t.test('a logic node that does not know the secret, or says nonsense, gets no link', async t => {
  const rig = new LinkRig()
  const nonce = new Uint8Array(16)
  const cases = [
    { opened: encodeFields('logic', nonce), proved: encodeFields(new Uint8Array(32)), why: 'it does not know' },
    { opened: encodeFields('logic', nonce), proved: new Uint8Array(0), why: 'it does not know' },
    { opened: encodeFields('logic', new Uint8Array(17)), proved: undefined, why: 'it is no logic node' },
    { opened: encodeFields('l'.repeat(65), nonce), proved: undefined, why: 'it is no logic node' },
  ]
  for (const { opened, proved, why } of cases) {
    const kept = keptLog()
    const [end, other] = LoopPipe.pair(rig.defer)
    const asked = new FrameDecoder(4_096)
    let opens = 0
    const link = new LogicLink({
      ...{ name: 'access', address: 'a:1', secret: SECRET, clock: rig.clock, random: seededRandom('x'), log: kept.log },
      dialer: {
        dial(_, { connected }) {
          end.attach(connected(end))
          return () => {}
        },
      },
      onOpen: () => (opens += 1),
      onLost() {},
      onLeaving() {},
      refusalOf: () => undefined,
      receive() {},
      onAnswered() {},
    })
    other.attach({ receive: bytes => asked.push(bytes), closed() {} })
    rig.settle()
    for (const body of [opened, proved]) {
      if (body === undefined) continue
      const next = asked.next()
      other.write(encodeFrame({ id: next?.kind === 'frame' ? next.frame.id : 0, body }))
      rig.settle()
    }
    t.equal(opens, 0)
    t.match(kept.lines, [new RegExp(why)])
    t.equal(link.hasOtherSecret, proved !== undefined)
    link.close()
  }
})

/** Strangers at a node's port, and how many of their connections are there. */
function strange(rig: LinkRig, { server }: Logic) {
  let open = 0
  const knock = (address: string): FrameLink | undefined => {
    const [, pipe] = LoopPipe.pair(rig.defer)
    const link = server.accept(pipe, address)
    open += 1
    pipe.attach({
      receive() {},
      closed: () => {
        open -= 1
        link?.closed()
      },
    })
    return link
  }
  return { knock, count: () => open }
}

t.test('a newer stranger takes the place of the oldest of its network, or of the network with the most', async t => {
  const rig = new LinkRig()
  const logic = rig.start('a:1')
  const { knock, count } = strange(rig, logic)
  const other = knock('10.0.0.2')
  for (let i = 0; i < 3 * STRANGERS_MAX.network; i += 1) {
    knock('10.0.0.1')
    rig.settle()
  }
  t.equal(count(), 1 + STRANGERS_MAX.network)
  for (let i = 0; i < STRANGERS_MAX.all - 10; i += 1) {
    knock(`10.0.1.${1 + i}`)
    rig.settle()
  }
  t.equal(count(), STRANGERS_MAX.all)
  t.equal(other?.isLost, false)
  rig.link('a:1')
  t.equal(rig.access.open, 1, 'an access node finds a place')
  rig.pass(OPEN_MS + 100)
  t.equal(count(), 0)
  t.equal(logic.server.strangers.total, 0)
})

t.test('a refused stranger is counted until its connection is closed, which is soon', async t => {
  const rig = new LinkRig()
  const logic = rig.start('a:1')
  const open = encodeFields(LINK_FORM + 1, 'x', new Uint8Array(16))
  let destroyed = 0
  const deaf = { queuedBytes: 0, write() {}, end() {}, destroy: () => (destroyed += 1) }
  for (let i = 0; i < STRANGERS_MAX.network + 5; i += 1) {
    const link = logic.server.accept({ ...deaf }, '10.0.0.1')
    link?.receive(encodeFrame({ id: 1, method: LINK.open, body: open }))
    t.equal(link?.isLost, true)
  }
  t.equal(destroyed, 5)
  rig.pass(REFUSED_MS + 50)
  t.ok(destroyed >= STRANGERS_MAX.network + 5)
})

t.test('a stranger at the port costs little: small frames, five seconds', async t => {
  const rig = new LinkRig()
  const logic = rig.start('a:1')
  const { knock } = strange(rig, logic)
  const taken = Array.from({ length: 4 }, () => knock('10.0.0.1'))
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
  const other = rig.start('b:1')
  rig.link('a:1', 'b:1')
  t.equal(rig.access.open, 2)
  rig.access.setAddresses(['b:1'])
  t.equal(rig.access.open, 2, 'it may still answer')
  const asked = new Set<string>()
  for (const { name, services } of [one, other]) {
    services.head = async () => {
      asked.add(name)
      return { head: 0, resync: false }
    }
  }
  for (let uid = 1; uid <= 20; uid += 1) void rig.access.services.head(uid, 0)
  rig.settle()
  await turn()
  rig.settle()
  t.equal(one.services.requests.length + one.server.inWork, 0)
  t.equal(asked.size, 1, 'all at the other one')
  one.kill()
  rig.pass(3_000)
  t.equal(rig.access.open, 1)
  rig.access.close()
  t.equal(rig.access.open, 0)
})

t.test('one node has one link, at however many addresses it is found', async t => {
  const rig = new LinkRig()
  const one = rig.start('a:1')
  rig.logics.set('b:1', one)
  const itself = rig.start('c:1', SECRET, 'access')
  rig.link('a:1', 'b:1', 'c:1')
  rig.pass(5_000)
  t.equal(rig.access.open, 1)
  t.equal(rig.opened, 1, 'and it stays')
  t.equal(one.server.size, 1)
  t.equal(itself.server.size, 0)
  const said = (text: string): number => rig.kept.lines.filter(line => line.includes(text)).length
  t.equal(said('the node there is named as the one at '), 1)
  t.equal(said('this node itself is there'), 1)
})

t.test('an end that does not close when the other has is closed', async t => {
  const rig = new LinkRig()
  const logic = rig.start('a:1')
  let isDestroyed = false
  const pipe = { queuedBytes: 0, write() {}, end() {}, destroy: () => (isDestroyed = true) }
  const link = logic.server.accept(pipe)
  logic.server.close()
  t.equal(link?.isLost, true)
  t.equal(isDestroyed, false)
  rig.pass(END_MS + 100)
  t.equal(isDestroyed, true)
})

t.test('strangers are told of once a second', async t => {
  const rig = new LinkRig()
  const logic = rig.start('a:1')
  for (let i = 0; i < 10; i += 1) {
    const link = logic.server.accept(LoopPipe.pair(rig.defer)[1])
    link?.receive(encodeFrame({ id: 1, method: LINK.request, body: encodeFields(1) }))
  }
  t.equal(logic.kept.lines.filter(line => line.includes('did not become one')).length, 1)
})

t.test('a node that drains answers what it has, and commits acks for which others wait', async t => {
  const rig = new LinkRig()
  const logic = rig.start('a:1')
  rig.link('a:1')
  logic.services.heldPages = []
  const page = rig.access.services.page(7, 0)
  rig.settle()
  t.equal(logic.server.inWork, 1)
  let [flushed, isDone] = [0, false]
  void logic.server.drain(2_000, () => (flushed += 1)).then(() => (isDone = true))
  const passing = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= 50) {
      rig.pass(50)
      await turn()
    }
  }
  await passing(500)
  t.equal(rig.access.open, 0, 'it takes no more')
  t.equal(isDone, false)
  t.ok(flushed > 1)
  logic.services.heldPages[0]?.()
  await passing(200)
  t.equal(isDone, true)
  t.match(await page, { kind: 'page' })
})
