/** Edit and Recall as methods: names of messages, limits, and nodes that are too old. The rules: test/sync. */
import t from 'tap'
import { codeName } from '../../protocol/codes.js'
import { createMessageId, decodeGroupServiceCreateResponse, type MessageId } from '../../protocol/generated/messages.js'
import { METHODS } from '../../protocol/methods.js'
import { FORMS, GROUP_FORMS } from '../../src/cluster/node-status.js'
import { systemClock } from '../../src/lib/clock.js'
import { seededRandom } from '../../src/lib/random.js'
import { Limits } from '../../src/ops/rate-limits.js'
import { LIMIT_NAMES, type LimitSettings } from '../../src/ops/rate-limits-table.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { befriend, startNode, TestDevice } from '../support/engine.js'
import { eventually } from '../support/eventually.js'

const off = Object.fromEntries(LIMIT_NAMES.map(name => [name, null]))

async function world(limits?: LimitSettings) {
  let forms = FORMS
  const store = new MemoryStore({ scopes: 'one', random: seededRandom('store') })
  const node = await startNode(store, systemClock, 'node', {
    forms: () => forms,
    ...(limits === undefined ? {} : { limits: new Limits(systemClock, { ...off, ...limits }) }),
  })
  const alice = await new TestDevice(node).enter('alice', 1)
  const bob = await new TestDevice(node).enter('bob', 2)
  await befriend(alice, bob)
  const direct = `direct:${bob.uid}`
  const edit = async (message: Partial<MessageId>, text: string, conversation = direct, mentions: never[] = []) => {
    const named = { sendSeq: alice.next(), conversation, message: createMessageId(message) }
    return codeName((await alice.call(METHODS.edit, { ...named, text, mentions })).code)
  }
  const recall = async (message: Partial<MessageId>, conversation = direct) => {
    const named = { sendSeq: alice.next(), conversation, message: createMessageId(message) }
    return codeName((await alice.call(METHODS.recall, named)).code)
  }
  const send = async (text: string) => {
    await alice.send(bob.uid, text)
    return { sender: alice.uid, device: alice.device, sendSeq: alice.sendSeq }
  }
  return { node, alice, bob, edit, recall, send, setForms: (n: number) => (forms = n) }
}

t.test('a message is named as its conversation does', async t => {
  const { node, alice, bob, edit, recall, send } = await world()
  const one = await send('one')
  t.equal(await edit({ ...one, number: 1 }, 'x'), 'NO_SUCH_MESSAGE')
  t.equal(await recall({ ...one, number: 1 }), 'NO_SUCH_MESSAGE')
  t.equal(await edit(one, 'x'.repeat(16_385)), 'TEXT_TOO_LONG')
  t.equal(await edit(one, 'uno'), 'OK')
  t.equal(await recall(one), 'OK')
  t.equal(await edit(one, 'x'), 'RECALLED')
  t.equal(await recall({ ...one, sendSeq: 999 }), 'NO_SUCH_MESSAGE')
  t.equal(await edit(one, 'x', `direct:${alice.uid}`), 'SELF')
  t.equal(await edit({ number: 1 }, 'x', 'group:1.1.1'), 'NO_SUCH_GROUP')
  t.equal(await recall({ number: 1 }, 'cloud:1'), 'NO_SUCH_GROUP')
  const made = await alice.call(METHODS.groupCreate, { sendSeq: alice.next(), title: 'we', invitees: [] })
  const { conversation } = decodeGroupServiceCreateResponse(made.body)
  t.equal(await edit(one, 'x', conversation), 'NO_SUCH_MESSAGE', 'a group gives numbers')
  const changed = (await bob.items()).filter(({ item }) => item.content?.case === 'changed')
  t.equal(changed.length, 1)
  await node.engine.close()
})

t.test('edits and recalls count as messages', async t => {
  const { node, edit, recall, send } = await world({ 'sends-recipient': { amount: 1, unit: 'h', burst: 4 } })
  const one = await send('one')
  for (const text of ['a', 'b', 'c']) t.equal(await edit(one, text), 'OK')
  t.equal(await edit(one, 'd'), 'RECIPIENT_LIMIT')
  t.equal(await recall(one), 'RECIPIENT_LIMIT')
  await node.engine.close()
})

t.test('searches that find nothing are limited, those that find are not', async t => {
  const { node, alice, bob, edit, recall, send } = await world({
    'timeline-walks': { amount: 1, unit: 'h', burst: 100 },
  })
  const one = await send('one')
  const gone = { ...one, sendSeq: 999 }
  const [conversation, source] = [`direct:${bob.uid}`, `direct:${bob.uid}`]
  const message = createMessageId(gone)
  const forward = () => alice.call(METHODS.forward, { sendSeq: alice.sendSeq + 1, conversation, source, message })
  const remove = () => alice.call(METHODS.delete, { sendSeq: alice.sendSeq + 1, conversation, messages: [message] })
  for (const text of ['a', 'b', 'c', 'd', 'e']) t.equal(await edit(one, text), 'OK')
  t.equal(await edit(gone, 'x'), 'NO_SUCH_MESSAGE')
  t.equal(await recall(gone), 'NO_SUCH_MESSAGE')
  for (const ask of [forward, remove]) {
    t.equal(codeName((await ask()).code), 'NO_SUCH_MESSAGE')
    alice.next()
  }
  for (const ask of [forward, remove]) t.equal(codeName((await ask()).code), 'RATE_LIMITED')
  t.equal(await edit(one, 'f'), 'RATE_LIMITED')
  alice.sendSeq -= 1
  t.equal(await recall(one), 'RATE_LIMITED')
  await node.engine.close()
})

t.test('nothing is changed while a node is there that could not read it', async t => {
  const { node, edit, recall, send, setForms, bob } = await world()
  const one = await send('one')
  setForms(GROUP_FORMS)
  t.equal(await edit(one, 'x'), 'NOT_ALLOWED')
  t.equal(await recall(one), 'NOT_ALLOWED')
  setForms(FORMS)
  t.equal(await edit(one, 'uno'), 'OK')
  await eventually(async () => (await bob.items()).some(({ item }) => item.content?.case === 'changed'))
  await node.engine.close()
})
