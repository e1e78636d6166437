/** Presence and typing between nodes: who is told of whom, when, and what it costs. */
import t from 'tap'
import { decodeGroupServiceCreateResponse, encodeSignalNotice } from '../../protocol/generated/messages.js'
import { METHODS } from '../../protocol/methods.js'
import { INTERESTS_MAX } from '../../src/cluster/interests.js'
import { GRACE_MS, GRANT_MS, SIGNALS_PER_SECOND } from '../../src/connection/watches.js'
import { cast, direct, type Looker, signalScene } from '../support/signal-scene.js'

const ONLINE = ({ uid }: { readonly uid: number }): string => `direct:${uid}: ${uid} online`
const OFFLINE = ({ uid }: { readonly uid: number }): string => `direct:${uid}: ${uid} offline`
const TYPES = ({ uid }: { readonly uid: number }): string => `direct:${uid}: ${uid} types`

const PLACES = [
  { kind: 'store', names: ['a'], here: 'a', there: 'a' },
  { kind: 'store', names: ['a', 'b'], here: 'a', there: 'b' },
  { kind: 'hub', names: ['hub', 'a', 'b'], here: 'a', there: 'b' },
  { kind: 'hub', names: ['hub', 'a'], here: 'a', there: 'hub' },
  { kind: 'hub', names: ['hub', 'a'], here: 'hub', there: 'a' },
] as const

for (const { kind, names, here, there } of PLACES) {
  const where = here === there ? 'at one node' : `at ${here} and ${there}, of the ${kind} of ${names.join(', ')}`
  t.test(`who looks is told who comes, types and goes: ${where}`, async t => {
    const scene = await signalScene(kind, names)
    const [alice, bob] = await cast(scene)
    const a = await scene.connect(alice, here)
    t.same(await a.watch(direct(bob)), { presence: [{ uid: bob.uid, online: false }], off: false })
    const b = await scene.connect(bob, there)
    await scene.settle()
    t.same(a.signals(), [ONLINE(bob)])
    t.same(await b.watch(direct(alice)), { presence: [{ uid: alice.uid, online: here === there }], off: false })
    await scene.settle()
    t.same(b.signals(), here === there ? [] : [ONLINE(alice)])
    t.equal(await b.type(direct(alice)), 'OK')
    await scene.settle()
    t.same([a.signals(), b.signals()], [[TYPES(bob)], []])
    b.leave()
    await scene.pass(GRACE_MS - 1_000)
    t.same(a.signals(), [])
    await scene.pass(2_000)
    t.same(a.signals(), [OFFLINE(bob)])
    await scene.close()
  })
}

t.test('connecting, and typing where nobody looks, sends nothing to other nodes', async t => {
  const scene = await signalScene('store', ['a', 'b'])
  const [alice, bob] = await cast(scene)
  const [a, b] = [await scene.connect(alice, 'a'), await scene.connect(bob, 'b')]
  await b.type(direct(alice))
  b.leave()
  await scene.pass(120_000)
  t.same(scene.sent(), [])
  t.same([a.signals(), a.pipe.seen().filter(({ what }) => what === 'typing')], [[], []])
  await scene.close()
})

t.test('who reconnects within the grace does not flicker, wherever it is', async t => {
  const scene = await signalScene('store', ['a', 'b'])
  const [alice, bob] = await cast(scene)
  const a = await scene.connect(alice, 'a')
  await a.watch(direct(bob))
  for (const at of ['b', 'b', 'a', 'b']) {
    const b = await scene.connect(bob, at)
    await scene.pass(1_000)
    b.leave()
    await scene.pass(GRACE_MS - 2_000)
  }
  t.same(a.signals(), [ONLINE(bob)])
  await scene.pass(GRACE_MS)
  t.same(a.signals(), [OFFLINE(bob)])
  await scene.close()
})

t.test('the users of a node that is killed are offline within 60 s', async t => {
  const scene = await signalScene('store', ['a', 'b'])
  const [alice, bob] = await cast(scene)
  const a = await scene.connect(alice, 'a')
  await a.watch(direct(bob))
  await scene.connect(bob, 'b')
  await scene.pass(100_000)
  t.same(a.signals(), [ONLINE(bob)], 'as long as it lives')
  scene.node('b').kill()
  let seconds = 0
  for (let told = a.signals(); told.length === 0 && seconds < 100; told = a.signals()) {
    await scene.pass(1_000)
    seconds += 1
  }
  t.ok(seconds <= 60, `${seconds} s`)
  await scene.close()
})

t.test('whatever is lost between nodes, presence is right again within a minute', async t => {
  const scene = await signalScene('store', ['a', 'b'])
  const [alice, bob] = await cast(scene)
  const a = await scene.connect(alice, 'a')
  scene.lost.all = true
  await a.watch(direct(bob))
  const b = await scene.connect(bob, 'b')
  await scene.pass(20_000)
  t.same(a.signals(), [])
  scene.lost.all = false
  await scene.pass(16_000)
  t.same(a.signals(), [ONLINE(bob)])
  scene.lost.all = true
  b.leave()
  await scene.pass(10_000)
  scene.lost.all = false
  await scene.pass(50_000)
  t.same(a.signals(), [OFFLINE(bob)])
  await scene.close()
})

t.test('a client on polls is online while it polls, and its poll is not woken by signals', async t => {
  const scene = await signalScene('store', ['a', 'b'])
  const [alice, bob] = await cast(scene)
  const a = await scene.connect(alice, 'a')
  await a.watch(direct(bob))
  const { connect, hub } = scene.node('b').access
  const answers: unknown[] = []
  const token = Buffer.from(bob.session?.token ?? []).toString('base64url')
  const request = (path: string, body: object) => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` }
    const bytes = new TextEncoder().encode(JSON.stringify(body))
    const call = { method: 'POST', path: `/longwire.v1.${path}`, address: '192.0.2.1', headers }
    return new Promise<string>(resolve => {
      connect.handle(call, bytes, ({ status, body }) => resolve(`${status} ${new TextDecoder().decode(body)}`))
    })
  }
  const conversations = [{ conversation: direct(alice) }]
  t.equal(await request('SignalService/Watch', { conversations }), '200 {}', 'it is told of nobody')
  const { to } = JSON.parse((await request('MessageService/Sync', {})).slice(4))
  request('MessageService/Sync', { since: to, waitMs: 25_000 }).then(answer => answers.push(answer))
  await scene.pass(1_000)
  t.equal(hub.polls.size, 1)
  t.same(a.signals(), [ONLINE(bob)])
  await a.type(direct(bob))
  await scene.pass(10_000)
  t.same(answers, [])
  await scene.pass(25_000)
  t.equal(answers.length, 1)
  t.same(a.signals(), [OFFLINE(bob)])
  await scene.close()
})

/** Alice looks at Bob; then something happens. */
async function looking() {
  const scene = await signalScene('store', ['a', 'b'])
  const [alice, bob, carol] = await cast(scene)
  const a = await scene.connect(alice, 'a')
  const b = await scene.connect(bob, 'b')
  await a.watch(direct(bob))
  await b.watch(direct(alice))
  await scene.settle()
  return { scene, alice, bob, carol, a, b, first: [a.signals(), b.signals()] }
}

const PREFERENCES = { noReceipts: false, askBeforeGroups: false, friendsOnly: false }

/** What ends that the two see each other, and what Alice is answered when she types to Bob then. */
const ENDS: Readonly<Record<string, { act(a: Looker, b: Looker): Promise<unknown>; types: string }>> = {
  'a block': {
    act: (a, b) => a.ask(METHODS.contactBlock, { sendSeq: a.account.next(), uid: b.uid }),
    types: 'BLOCKED',
  },
  'a block by the other': {
    act: (a, b) => b.ask(METHODS.contactBlock, { sendSeq: b.account.next(), uid: a.uid }),
    types: 'BLOCKED',
  },
  'the end of the friendship': {
    act: (a, b) => b.ask(METHODS.contactRemove, { sendSeq: b.account.next(), uid: a.uid }),
    types: 'NOT_FRIEND',
  },
  'a preference': {
    act: a =>
      a.ask(METHODS.setPreferences, {
        sendSeq: a.account.next(),
        preferences: { ...PREFERENCES, noPresence: true },
      }),
    types: 'OK',
  },
  "the other's preference": {
    act: (_a, b) =>
      b.ask(METHODS.setPreferences, {
        sendSeq: b.account.next(),
        preferences: { ...PREFERENCES, noPresence: true },
      }),
    types: 'OK',
  },
}

for (const [what, { act, types }] of Object.entries(ENDS)) {
  t.test(`${what} ends presence with the next grant, on both sides, and typing`, async t => {
    const { scene, alice, bob, a, b, first } = await looking()
    t.same(first, [[ONLINE(bob)], [ONLINE(alice)]])
    await act(a, b)
    await scene.pass(GRANT_MS + 2_000)
    t.same([a.signals(), b.signals()], [[OFFLINE(bob)], [OFFLINE(alice)]])
    t.equal(await a.type(direct(bob)), types)
    await b.type(direct(alice))
    b.leave()
    await scene.pass(10_000)
    await scene.connect(bob, 'b')
    await scene.pass(GRANT_MS)
    t.same([a.signals(), b.signals()], [[], []])
    await scene.close()
  })
}

/** A group of Alice's, with Bob and Carol in it; all three look at it. */
async function group() {
  const scene = await signalScene('store', ['a', 'b'])
  const [alice, bob, carol] = await cast(scene)
  await scene.befriend(alice, carol)
  const a = await scene.connect(alice, 'a')
  const b = await scene.connect(bob, 'b')
  const c = await scene.connect(carol, 'b')
  const invitees = [{ uid: bob.uid }, { uid: carol.uid }]
  const made = await a.ask(METHODS.groupCreate, { sendSeq: alice.next(), title: 'us', invitees })
  const { conversation } = decodeGroupServiceCreateResponse(made.body as Uint8Array)
  await scene.pass(5_000)
  for (const looker of [a, b, c]) t.same(await looker.watch(conversation), { presence: [], off: false })
  await scene.settle()
  return { scene, alice, bob, carol, a, b, c, conversation }
}

t.test('typing in a group goes to the members who look at it; who is muted types to nobody', async t => {
  const { scene, alice, bob, a, b, c, conversation } = await group()
  t.equal(await a.type(conversation), 'OK')
  await scene.settle()
  const typing = `${conversation}: ${alice.uid} types`
  t.same([a.signals(), b.signals(), c.signals()], [[], [typing], [typing]])
  await c.watch()
  const mute = { sendSeq: alice.next(), conversation, uid: bob.uid, muted: true }
  t.match(await a.ask(METHODS.groupMute, mute), { what: 'answer' })
  await scene.pass(4_000)
  t.equal(await b.type(conversation), 'MUTED')
  t.equal(await a.type(conversation), 'OK')
  await scene.settle()
  t.same([a.signals(), b.signals(), c.signals()], [[], [typing], []])
  await scene.close()
})

t.test('who is removed from a group types there no more at once, and hears nothing after the next grant', async t => {
  const { scene, alice, carol, a, b, c, conversation } = await group()
  await a.ask(METHODS.groupRemove, { sendSeq: alice.next(), conversation, uid: carol.uid, number: 0 })
  await scene.pass(4_000)
  t.equal(await c.type(conversation), 'NO_SUCH_GROUP')
  await scene.settle()
  t.same(b.signals(), [])
  await scene.pass(GRANT_MS + 2_000)
  await b.type(conversation)
  await scene.settle()
  t.equal(a.signals().length, 1)
  t.same(c.signals(), [])
  await scene.close()
})

t.test('a conversation that is refused ends alone: the others that the client looks at stay', async t => {
  const { scene, alice, bob, a, b, conversation } = await group()
  await b.watch(conversation, direct(alice))
  await a.ask(METHODS.groupRemove, { sendSeq: alice.next(), conversation, uid: bob.uid, number: 0 })
  await scene.pass(GRANT_MS + 4_000)
  await a.type(conversation)
  await a.type(direct(bob))
  await scene.settle()
  t.same(
    b.signals().filter(signal => signal.endsWith('types')),
    [TYPES(alice)],
  )
  await scene.close()
})

t.test('a connection that does not keep up gets no signals; its messages come, and then what is so', async t => {
  const { scene, alice, bob, a, b } = await looking()
  a.pipe.takes = false
  await b.ask(METHODS.send, { sendSeq: bob.next(), to: alice.uid, text: 'x'.repeat(1_000) })
  await scene.settle()
  const waiting = a.connection.waitingBytes
  t.ok(waiting > 1_000, 'a message waits')
  for (let i = 0; i < 5; i += 1) {
    await b.type(direct(alice))
    await scene.pass(3_000)
  }
  b.leave()
  await scene.pass(10_000)
  t.equal(a.connection.waitingBytes, waiting, 'and nothing else')
  t.equal(scene.node('a').access.context.backlog.total, waiting)
  a.pipe.takes = true
  a.pipe.release()
  await scene.pass(2_000)
  t.same(a.signals(), [OFFLINE(bob)])
  await scene.close()
})

t.test('a connection gets 20 signals in a second, and no more', async t => {
  const { scene, a, b, conversation } = await group()
  const { watches } = scene.node('b').access
  const before = { ...watches.figures }
  await a.type(conversation)
  await scene.settle()
  b.signals()
  const notice = (uid: number): Uint8Array =>
    encodeSignalNotice({ conversation, signal: { case: 'typing', value: { uid, stopped: false } } })
  const to = `group/${conversation.slice('group:'.length)}`
  const say = (uid: number): void =>
    watches.take({ kind: 'transient', from: 'a', to, topic: 'signal', bytes: notice(uid) })
  await scene.pass(1_000)
  for (let uid = 1_000; uid < 1_050; uid += 1) say(uid)
  await scene.settle()
  t.equal(b.signals().length, SIGNALS_PER_SECOND)
  t.equal(watches.figures.dropped - before.dropped, 60, 'of 50 each, to two')
  await scene.pass(1_000)
  say(1_000)
  await scene.settle()
  t.equal(b.signals().length, 1)
  watches.take({ kind: 'transient', from: 'a', to, topic: 'signal', bytes: Uint8Array.of(0xff) })
  t.same(b.signals(), [], 'what is no notice is dropped')
  await scene.close()
})

t.test('a node that looks at too much refuses a Watch', async t => {
  const { scene, bob, a } = await looking()
  const { interests } = scene.node('a').access
  for (let uid = 1_000_000; interests.size < INTERESTS_MAX; uid += 1) interests.add(`user/${uid}`)
  t.equal(await a.watch(direct(bob)), 'OVERLOADED')
  t.same(await a.watch(), { presence: [], off: false })
  await scene.close()
})

t.test('typing ends at once where the sender may not write any more, whatever the other looks at', async t => {
  const { scene, bob, a, b } = await looking()
  await b.ask(METHODS.contactBlock, { sendSeq: bob.next(), uid: a.uid })
  await scene.pass(4_000)
  await a.type(direct(bob))
  await scene.settle()
  t.same(b.signals(), [])
  await scene.close()
})

t.test('a preference that is taken back shows the user again', async t => {
  const { scene, bob, a, b } = await looking()
  const set = (noPresence: boolean) =>
    b.ask(METHODS.setPreferences, { sendSeq: bob.next(), preferences: { ...PREFERENCES, noPresence } })
  await set(true)
  await scene.pass(GRANT_MS + 2_000)
  t.same(a.signals(), [OFFLINE(bob)])
  t.same(await b.watch(direct(a)), { presence: [], off: true })
  await set(false)
  await scene.pass(GRANT_MS + 2_000)
  t.same(a.signals(), [ONLINE(bob)])
  await scene.close()
})

t.test('a Watch of what is not the own is refused, and the one before stays', async t => {
  const { scene, alice, bob, carol, a, b } = await looking()
  const nobody = 'direct:999999'
  t.equal(await a.watch(direct(bob), direct(carol)), 'NOT_FRIEND')
  t.equal(await a.watch(nobody), 'NOT_FRIEND', 'like somebody who is no friend')
  t.equal(await a.watch(direct(alice)), 'SELF')
  t.equal(await a.watch('group:1.1.1'), 'NO_SUCH_GROUP')
  t.equal(await a.watch('board:1.1.1'), 'NO_SUCH_GROUP')
  t.equal(await a.watch('direct:x'), 'INVALID_ARGUMENT')
  t.equal(await a.watch('x'.repeat(65)), 'INVALID_ARGUMENT')
  t.equal(await a.watch(''), 'BAD_BODY')
  t.equal(await a.watch(...Array.from({ length: 21 }, (_, i) => `direct:${i + 1}`)), 'INVALID_ARGUMENT')
  t.equal(await a.type('direct:x'), 'INVALID_ARGUMENT')
  t.equal(await a.type(direct(carol)), 'NOT_FRIEND')
  t.equal(await a.type('group:1.1.1'), 'NO_SUCH_GROUP')
  await b.type(direct(alice))
  await scene.settle()
  t.same(a.signals(), [TYPES(bob)])
  t.same(await a.watch(), { presence: [], off: false }, 'a Watch of nothing')
  b.leave()
  await scene.pass(4_000)
  t.same(a.signals(), [])
  t.equal(scene.node('a').access.watches.size, 0)
  await scene.close()
})

t.test('one word of typing in 3 s is passed on for each conversation; the rest is answered and ignored', async t => {
  const { scene, alice, bob, a, b } = await looking()
  for (let i = 0; i < 10; i += 1) t.equal(await b.type(direct(alice), i % 2 === 1), 'OK')
  await scene.settle()
  t.same(a.signals(), [TYPES(bob)])
  await scene.pass(3_000)
  t.equal(await b.type(direct(alice), true), 'OK')
  await scene.settle()
  t.same(a.signals(), [`direct:${bob.uid}: ${bob.uid} stops`])
  await scene.close()
})

t.test('of two Watches the later one counts, in whatever order they are answered', async t => {
  const { scene, bob, a, b } = await looking()
  const both = [a.watch(direct(bob)), a.watch()]
  await Promise.all(both)
  b.leave()
  await scene.pass(10_000)
  t.same(a.signals(), [])
  t.equal(scene.node('a').access.watches.size, 0)
  await scene.close()
})
