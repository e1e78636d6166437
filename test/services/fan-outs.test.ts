/** What a user causes in groups is counted in members (docs/limits.md, fan-outs). */
import t from 'tap'
import { type CodeName, codeName } from '../../protocol/codes.js'
import { createPostRequest, decodeGroupServiceCreateResponse } from '../../protocol/generated/messages.js'
import { METHODS, type RequestMethod } from '../../protocol/methods.js'
import { seededRandom } from '../../src/lib/random.js'
import { Limits } from '../../src/ops/rate-limits.js'
import { LIMIT_NAMES } from '../../src/ops/rate-limits-table.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { befriend, startNode, TestDevice } from '../support/engine.js'
import { ManualClock } from '../support/manual-clock.js'

const BURST = 20

async function world() {
  const clock = new ManualClock()
  const off = Object.fromEntries(LIMIT_NAMES.map(name => [name, null]))
  const limits = new Limits(clock, { ...off, 'fan-outs': { amount: 1, unit: 's', burst: BURST } })
  const store = new MemoryStore({ scopes: 'one', random: seededRandom('store') })
  const node = await startNode(store, clock, 'node', { limits })
  const names = ['alice', 'bob', 'carol'] as const
  const [alice, bob, carol] = (await Promise.all(
    names.map((name, key) => new TestDevice(node).enter(name, key + 1)),
  )) as [TestDevice, TestDevice, TestDevice]
  await befriend(alice, bob)
  await befriend(alice, carol)
  const invitees = [bob, carol].map(({ uid }) => ({ uid }))
  const made = await alice.call(METHODS.groupCreate, { sendSeq: alice.next(), title: 'three', invitees })
  const { conversation } = decodeGroupServiceCreateResponse(made.body)
  const used = ({ uid }: TestDevice): number => {
    for (let left = BURST; left > 0; left--) if (limits.wait('fan-outs', uid, left) === 0) return BURST - left
    return BURST
  }
  const ask = async <Q, A>(device: TestDevice, method: RequestMethod<Q, A>, request: Q): Promise<CodeName> =>
    codeName((await device.call(method, request)).code) as CodeName
  const by = (device: TestDevice, sendSeq = device.next()) => ({ sendSeq, conversation })
  const post = (device: TestDevice, sendSeq?: number) =>
    ask(device, METHODS.post, createPostRequest({ ...by(device, sendSeq), text: 'hello' }))
  return { clock, alice, bob, used, ask, by, post }
}

t.test('a message and an act cost one for each member; a repeat and what is refused cost nothing', async t => {
  const { alice, bob, used, ask, by, post } = await world()
  t.equal(used(alice), 0, 'who is invited is counted elsewhere')
  t.equal(await post(alice), 'OK')
  t.equal(used(alice), 3)
  t.equal(await post(alice, alice.sendSeq), 'OK')
  t.equal(used(alice), 3, 'a repeat')
  t.equal(await ask(alice, METHODS.groupRename, { ...by(alice), title: 'us' }), 'OK')
  t.equal(used(alice), 6)
  t.equal(await ask(bob, METHODS.groupRename, { ...by(bob), title: 'mine' }), 'NOT_ADMIN')
  t.equal(used(bob), 0)
})

t.test('beyond it nothing more is told to members, but who leaves may go; another user is not touched', async t => {
  const { clock, alice, bob, used, ask, by, post } = await world()
  for (let n = 0; n < 7; n++) t.equal(await post(alice), 'OK')
  t.equal(used(alice), BURST)
  t.equal(await post(alice), 'RECIPIENT_LIMIT')
  const refused = alice.sendSeq
  t.equal(await ask(alice, METHODS.groupRename, { ...by(alice), title: 'us' }), 'REQUEST_LIMIT')
  t.equal(await post(bob), 'OK')
  clock.advance(3_000)
  t.equal(await post(alice), 'OK')
  t.equal(await post(alice, refused), 'RECIPIENT_LIMIT', 'its number was used up')
  t.equal(await ask(alice, METHODS.groupLeave, by(alice)), 'OK')
})
