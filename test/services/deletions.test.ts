/** Delete and Clear as requests: what they must name. */
import t from 'tap'
import { codeName } from '../../protocol/codes.js'
import {
  createMessageId,
  createPostRequest,
  decodeGroupServiceCreateResponse,
  type MessageId,
} from '../../protocol/generated/messages.js'
import { DELETIONS_MAX } from '../../protocol/limits.js'
import { METHODS } from '../../protocol/methods.js'
import { seededRandom } from '../../src/lib/random.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { befriend, startNode, TestDevice } from '../support/engine.js'
import { eventually } from '../support/eventually.js'
import { JumpingClock } from '../support/jumping-clock.js'

async function world() {
  const node = await startNode(new MemoryStore({ random: seededRandom('store') }), new JumpingClock(), 'node')
  const alice = await new TestDevice(node).enter('alice', 1)
  const bob = await new TestDevice(node).enter('bob', 2)
  await befriend(alice, bob)
  return { node, alice, bob, direct: `direct:${bob.uid}` }
}

t.test('Delete names one to 64 messages, each as its conversation does', async t => {
  const { node, alice, bob, direct } = await world()
  const remove = async (messages: MessageId[], conversation = direct) => {
    const { code } = await alice.call(METHODS.delete, { sendSeq: alice.next(), conversation, messages })
    // Those use up no number.
    if (['INVALID_ARGUMENT', 'BAD_BODY'].includes(codeName(code))) alice.sendSeq -= 1
    return codeName(code)
  }
  const one = createMessageId({ sender: alice.uid, device: 1, sendSeq: alice.next() })
  await alice.call(METHODS.send, { sendSeq: one.sendSeq, to: bob.uid, text: 'one' })
  const many = (count: number) => Array.from({ length: count }, () => one)
  t.equal(await remove([]), 'BAD_BODY')
  for (const messages of [many(DELETIONS_MAX + 1), [one, createMessageId({ number: 1 })], [{ ...one, sender: 1 }]])
    t.equal(await remove(messages), 'INVALID_ARGUMENT', `${messages.length} messages`)
  for (const named of [{ device: 0 }, { sendSeq: 0 }, { number: 1 }])
    t.equal(await remove([{ ...one, ...named }]), 'INVALID_ARGUMENT', JSON.stringify(named))
  t.equal(await remove([one], 'group:1.1.1'), 'INVALID_ARGUMENT')
  for (const conversation of ['nothing', 'direct:', 'group:', 'channel:1'])
    t.equal(await remove([createMessageId({ number: 1 })], conversation), 'INVALID_ARGUMENT', conversation)
  t.equal(await remove(many(DELETIONS_MAX)), 'OK')
  await eventually(async () => (await bob.items()).some(({ item }) => item.content?.case === 'message'))
  await node.engine.close()
})

t.test('Clear begins its work at once, in a direct conversation and in a group', async t => {
  const { node, alice, bob, direct } = await world()
  await node.jobs.start()
  const made = await alice.call(METHODS.groupCreate, { sendSeq: alice.next(), title: 'two', invitees: [] })
  const { conversation } = decodeGroupServiceCreateResponse(made.body)
  await alice.call(METHODS.post, createPostRequest({ sendSeq: alice.next(), conversation, text: 'to the group' }))
  await alice.call(METHODS.send, { sendSeq: alice.next(), to: bob.uid, text: 'to him' })
  const texts = async () =>
    (await alice.items()).flatMap(({ item: { content } }) =>
      content?.case === 'message' || content?.case === 'conversationMessage' ? [content.value.text] : [],
    )
  await eventually(async () => (await texts()).length === 2)
  for (const wrong of ['nothing', 'direct:', 'group:', 'channel:1']) {
    const { code } = await alice.call(METHODS.clear, { sendSeq: alice.sendSeq + 1, conversation: wrong, upTo: 1 })
    t.equal(codeName(code), 'INVALID_ARGUMENT', wrong)
  }
  const upTo = (await alice.items()).at(-1)?.version ?? 0
  for (const cleared of [direct, conversation]) {
    const { code } = await alice.call(METHODS.clear, { sendSeq: alice.next(), conversation: cleared, upTo })
    t.equal(codeName(code), 'OK')
  }
  await eventually(async () => (await texts()).every(text => text === ''))
  await node.jobs.stop()
  await node.engine.close()
})
