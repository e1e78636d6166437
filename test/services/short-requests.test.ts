import t from 'tap'
import { CODES } from '../../protocol/codes.js'
import { createAckNotice, createSyncRequest } from '../../protocol/generated/messages.js'
import { METHODS } from '../../protocol/methods.js'
import { systemClock } from '../../src/lib/clock.js'
import { seededRandom } from '../../src/lib/random.js'
import type { Authorization } from '../../src/services/types.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { befriend, startNode, TestDevice } from '../support/engine.js'
import { eventually } from '../support/eventually.js'

async function freshNode() {
  return startNode(new MemoryStore({ scopes: 'one', random: seededRandom('store') }), systemClock, 'short')
}

t.test('the sends of a Sync are run in order before its page, each with its own result', async t => {
  const node = await freshNode()
  const alice = await new TestDevice(node).enter('alice', 1)
  const bob = await new TestDevice(node).enter('bob', 2)
  await befriend(alice, bob)
  const [one, two, three] = [alice.next(), alice.next(), alice.next()]
  const sends = [
    { sendSeq: one, to: bob.uid, text: 'one' },
    { sendSeq: two, to: 99, text: 'to nobody' },
    { sendSeq: three, to: bob.uid, text: 'three' },
  ]
  const carried = createSyncRequest({ since: 0, sends: [...sends, { sendSeq: 99, to: bob.uid, text: 'gap' }] })
  const { results, page } = await alice.call(METHODS.sync, carried)
  t.same(
    results.map(result => result.code),
    [0, CODES.UNKNOWN_USER.code, 0, CODES.GAP.code],
  )
  t.equal(results[3]?.refusal?.expectedSendSeq, three + 1)
  const first = results[0]?.version ?? 0
  t.ok(first > 0)
  t.equal(page?.kind === 'page' && page.to >= (results[2]?.version ?? 0), true, 'the page is read behind the sends')

  const again = await alice.call(METHODS.sync, createSyncRequest({ since: 0, sends }))
  t.same(
    again.results.map(({ code, version }) => [code, version]),
    [
      [0, 0],
      [CODES.UNKNOWN_USER.code, 0],
      [0, 0],
    ],
    'a repeat has the first answers and no version',
  )
  t.equal((await alice.send(bob.uid, 'one', one)).code, 0, 'and a Send of the same is the same')
})

t.test('a token says whose a request is, until its session ends', async t => {
  const node = await freshNode()
  const alice = new TestDevice(node)
  await alice.register('alice', 1)
  const ask = (token: Uint8Array): Promise<Authorization> =>
    new Promise(resolve => node.services.authorize(token, '127.0.0.1', resolve))
  const token = alice.session?.token ?? new Uint8Array(0)
  t.match(await ask(token), { kind: 'principal', uid: alice.session?.uid, device: 1, attempt: 0 })
  await alice.hello(0, 7)
  t.match(await ask(token), { kind: 'principal', attempt: 7 })
  const forged = token.slice()
  forged[20] = (forged[20] ?? 0) ^ 1
  t.match(await ask(forged), { kind: 'refused', code: CODES.UNAUTHENTICATED.code })
  t.match(await ask(new Uint8Array(3)), { kind: 'refused', code: CODES.UNAUTHENTICATED.code })
  await alice.call(METHODS.logout, {})
  t.match(await ask(token), { kind: 'refused', code: CODES.SESSION_REVOKED.code })
})

t.test('a token that another node has just given is good here, whatever this node still believes', async t => {
  const store = new MemoryStore({ random: seededRandom('store') })
  const here = await startNode(store, systemClock, 'here')
  const there = await startNode(store, systemClock, 'there')
  const ask = (token: Uint8Array): Promise<Authorization> =>
    new Promise(resolve => here.services.authorize(token, '127.0.0.1', resolve))
  const alice = new TestDevice(there)
  await alice.register('alice', 1)
  t.match(await ask(alice.session?.token ?? new Uint8Array(0)), { kind: 'principal' })
  await alice.hello()
  await alice.login('alice', 1)
  t.match(await ask(alice.session?.token ?? new Uint8Array(0)), { kind: 'principal' })
})

t.test('a first use by a request, not only by a Hello, ends the other unused tokens', async t => {
  const node = await freshNode()
  const alice = new TestDevice(node)
  await alice.register('alice', 1)
  const older = alice.session?.token ?? new Uint8Array(0)
  await alice.login('alice', 1)
  const newer = alice.session?.token ?? new Uint8Array(0)
  const ask = (token: Uint8Array): Promise<Authorization> =>
    new Promise(resolve => node.services.authorize(token, '127.0.0.1', resolve))
  t.match(await ask(newer), { kind: 'principal' })
  t.match(await ask(older), { kind: 'refused', code: CODES.UNAUTHENTICATED.code })
})

t.test('an ack beside a since from the future is not taken', async t => {
  const node = await freshNode()
  const alice = await new TestDevice(node).enter('alice', 1)
  const future = 2 ** 50
  const head = alice.told
  alice.told = future // of a request over HTTP it is the since that it names
  const ack = createAckNotice({ version: future })
  t.equal((await alice.call(METHODS.sync, createSyncRequest({ since: future, ack }))).code, CODES.RESYNC.code)
  alice.told = head
  const good = createAckNotice({ version: head })
  t.equal((await alice.call(METHODS.sync, createSyncRequest({ since: head, ack: good }))).code, 0)
  node.services.flush()
  await eventually(async () => {
    const answer = await alice.hello()
    return answer.kind === 'bound' && answer.response.ack !== 0
  })
  t.match(await alice.hello(), { response: { ack: head } })
})
