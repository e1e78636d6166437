/** Nodes that compete for a user's records send the user's requests to one of them; users of whom nobody competes are served where they are. */
import t from 'tap'
import {
  createAckNotice,
  createGroupServiceLeaveRequest,
  createMarkReadRequest,
  createMessageId,
  createPostRequest,
  createRecallRequest,
  createSendRequest,
  encodeGroupServiceLeaveRequest,
  encodeMarkReadRequest,
  encodePostRequest,
  encodeRecallRequest,
  encodeSendRequest,
} from '../../protocol/generated/messages.js'
import { METHODS } from '../../protocol/methods.js'
import { Preference } from '../../src/cluster/rendezvous.js'
import { systemClock } from '../../src/lib/clock.js'
import { seededRandom } from '../../src/lib/random.js'
import { endOfTurn } from '../../src/lib/turn.js'
import { HOME_MS, HomeServices } from '../../src/link/home-services.js'
import { LinkServer } from '../../src/link/link-server.js'
import { LogicLinks } from '../../src/link/logic-links.js'
import { loopDialer } from '../../src/link/loop.js'
import type { Node } from '../../src/node/node.js'
import { silentLog } from '../../src/ops/log.js'
import type { Caller, Services } from '../../src/services/types.js'
import { MemoryDisk } from '../../src/store/memory/disk.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import type { Actor } from '../../src/store/types.js'
import { groupActor } from '../../src/sync/references.js'
import { userActor } from '../../src/sync/rules/records.js'
import { eventually } from '../support/eventually.js'
import { FakeServices } from '../support/fake-services.js'
import { ManualClock } from '../support/manual-clock.js'
import { testNode } from '../support/test-node.js'
import { SECRET } from './support.js'

// The nodes' timers do not keep a process alive, and without a socket nothing else does.
const alive = setInterval(() => {}, 1_000)
t.teardown(() => clearInterval(alive))

function callerOf(uid: number): Caller {
  return {
    uid,
    device: 1,
    address: '',
    told: 0,
    signal: undefined,
    respond() {},
    refuse() {},
    accepted() {},
    synced() {},
  }
}

function sendTo(to: number): Uint8Array {
  return to === 0 ? new Uint8Array(0) : encodeSendRequest(createSendRequest({ sendSeq: 1, to, text: 'x' }))
}

function markRead(conversation: string): Uint8Array {
  return encodeMarkReadRequest(createMarkReadRequest({ sendSeq: 1, conversation }))
}

function postTo(conversation: string): Uint8Array {
  return encodePostRequest(createPostRequest({ sendSeq: 1, conversation, text: 'x' }))
}

t.test(
  'while nodes compete, and for a time after the last request, a user is served at home; reads never are',
  async t => {
    const clock = new ManualClock()
    const [own, remote] = [new FakeServices(), new FakeServices()]
    const contended = new Set<Actor>()
    const busy = new Set<number>()
    /** At whose home each request was to be done. */
    const homes: Actor[] = []
    const there = {
      requestAt: (home: Actor): void => {
        homes.push(home)
      },
      ack: remote.ack.bind(remote),
      hasUnderWay: (uid: number): boolean => busy.has(uid),
    }
    const isContended = (actor: Actor): boolean => contended.has(actor)
    const home = new HomeServices({ own, remote: there, clock, isContended, anyContended: () => contended.size > 0 })
    const HERE = 'here'
    const seven = userActor(7)
    const group = 'group:7.1.7'
    const ask = (uid: number, to = 0, method: number = METHODS.send.number, body = sendTo(to)): Actor => {
      const [here, before] = [own.requests.length, homes.length]
      home.request(callerOf(uid), 1, method, body)
      t.equal(own.requests.length - here + homes.length - before, 1)
      return homes.length > before ? (homes.at(-1) ?? HERE) : HERE
    }
    t.equal(ask(7), HERE)
    contended.add(seven)
    t.equal(ask(7), seven)
    t.equal(ask(8), HERE)
    t.equal(ask(0), HERE)
    t.equal(ask(8, 7), seven, 'a message to the user')
    t.equal(ask(8, 0, METHODS.post.number, postTo('direct:7')), seven, 'one by Post')
    t.equal(ask(8, 0, METHODS.post.number, postTo('direct:9')), HERE)
    t.equal(ask(8, 0, METHODS.post.number, postTo(group)), HERE)
    t.equal(ask(8, 7, METHODS.getProfile.number), HERE, 'another request')
    t.equal(ask(8, 9), HERE)
    busy.add(8)
    t.equal(ask(8, 9), userActor(8), 'behind one that is under way over a link')
    busy.clear()
    contended.clear()
    clock.advance(HOME_MS - 1)
    t.equal(ask(7), seven)
    t.equal(ask(8, 7), seven)
    home.ack(callerOf(7), createAckNotice({ version: 0 }))
    t.same([own.acks.length, remote.acks.length], [0, 1])
    clock.advance(HOME_MS + 2_000)
    t.equal(ask(7), HERE)
    t.equal(ask(8, 7), HERE)
    contended.add(groupActor('7.1.7'))
    t.equal(ask(8, 0, METHODS.post.number, postTo(group)), groupActor('7.1.7'), 'a message to a group')
    const recall = encodeRecallRequest(
      createRecallRequest({ sendSeq: 2, conversation: group, message: createMessageId({ number: 5 }) }),
    )
    t.equal(ask(8, 0, METHODS.recall.number, recall), groupActor('7.1.7'), 'what changes a message in it')
    const leave = encodeGroupServiceLeaveRequest(createGroupServiceLeaveRequest({ sendSeq: 3, conversation: group }))
    t.equal(ask(8, 0, METHODS.groupLeave.number, leave), groupActor('7.1.7'), 'what changes the group')
    t.equal(ask(8, 0, METHODS.markRead.number, markRead(group)), HERE, 'what is written to the user alone')
    t.equal(ask(8, 0, METHODS.post.number, postTo('group:8.1.7')), HERE, 'another group')
    t.equal(ask(8, 0, METHODS.post.number, new Uint8Array([0xff])), HERE, 'no request')
    contended.add(seven)
    t.same(await home.head(7, 0), { head: 0, resync: false })
    t.match(await home.page(7, 0), { kind: 'page' })
    t.equal(remote.askers.length, 0)
  },
)

const preference = new Preference(['one', 'two'])

function homeOf(uid: number): string | undefined {
  return preference.of(userActor(uid))
}

/** Nodes on one disk that are linked with each other and themselves. */
async function homes() {
  const disk = new MemoryDisk(seededRandom('disk'))
  const names = ['one', 'two']
  const nodes = new Map<string, Node>()
  const servers = new Map<string, LinkServer>()
  const links: LogicLinks[] = []
  /** The requests that each node was asked over links. */
  const served = new Map(names.map(name => [name, 0]))
  for (const name of names) {
    const common = { name, secret: SECRET, clock: systemClock, random: seededRandom(name), log: silentLog }
    const server = new LinkServer({ ...common, receive() {} })
    servers.set(name, server)
    const dialer = {
      dial: (address: string, callbacks: Parameters<ReturnType<typeof loopDialer>['dial']>[1]) =>
        loopDialer(endOfTurn, pipe => servers.get(address)?.accept(pipe)).dial(address, callbacks),
    }
    const home = new LogicLinks({ ...common, own: name, dialer, receive() {}, onOpen() {} })
    links.push(home)
    const node = testNode({
      name,
      store: new MemoryStore({ disk, shared: true }),
      clock: systemClock,
      random: seededRandom(name),
      onFatal: error => t.fail(String(error)),
      prefers: actor => preference.of(actor),
      links: server,
      home,
    })
    nodes.set(name, node)
    const { services } = node.logic
    const counted: Services = Object.assign(Object.create(services) as Services, {
      request(...args: Parameters<Services['request']>) {
        served.set(name, (served.get(name) ?? 0) + 1)
        services.request(...args)
      },
    })
    await node.start()
    node.serve()
    server.serve(counted)
  }
  for (const each of links) each.setAddresses(names)
  await eventually(() => links.every(({ open }) => open === 2))
  return { nodes, served, links, servers }
}

t.test('of two nodes one serves a user that they compete for; when it is gone, the other does', async t => {
  const { nodes, served, servers } = await homes()
  const [one, two] = [nodes.get('one'), nodes.get('two')]
  if (one === undefined || two === undefined) throw new Error('no nodes')
  const asked = (node: Node, uid: number) =>
    new Promise<number>(resolve => {
      const caller = {
        ...callerOf(uid),
        respond: () => resolve(0),
        refuse: (_id: number, code: number) => resolve(code),
      }
      node.access.context.services.request(caller, 1, METHODS.listDevices.number, new Uint8Array(0))
    })
  const uid = [...Array(1_000).keys()].map(i => i + 256).find(each => homeOf(each) === 'two') ?? 0
  t.equal(await asked(one, uid), 0)
  t.same([...served.values()], [0, 0])
  for (const node of [one, two]) node.engine.take({ kind: 'contended', to: userActor(uid) })
  t.equal(await asked(one, uid), 0)
  t.equal(await asked(two, uid), 0)
  t.same(
    [...served],
    [
      ['one', 0],
      ['two', 2],
    ],
  )
  servers.get('two')?.abort()
  t.equal(await asked(one, uid), 0)
  t.same(
    [...served],
    [
      ['one', 1],
      ['two', 2],
    ],
  )
  // While it drains, its own clients have still to be answered.
  await servers.get('one')?.drain(100, () => {})
  t.equal(await asked(one, uid), 0)
  await Promise.all([one.close(), two.close()])
})
