/** What a group owes to partitions whose outbox was full is paid, whatever becomes owed meanwhile. */
import t from 'tap'
import { debts } from '../../src/jobs/debts.js'
import { systemClock } from '../../src/lib/clock.js'
import { seededRandom } from '../../src/lib/random.js'
import { MemoryView } from '../../src/store/memory/view.js'
import { partitionOf } from '../../src/store/partition.js'
import { groupActor } from '../../src/sync/references.js'
import { type Debts, debtsOf, pay } from '../../src/sync/rules/debts.js'
import { userActor } from '../../src/sync/rules/records.js'
import { verify } from '../../src/verify/verify.js'
import { DeafStore } from '../support/deaf-store.js'
import { startNode } from '../support/engine.js'
import { eventually } from '../support/eventually.js'
import { GroupPerson } from '../support/group-person.js'

const PACE = { isStopped: false, rest: async () => undefined }

t.test('a partition that becomes owed while another is paid is paid, too', async t => {
  const store = new DeafStore({ scopes: 'partitions', random: seededRandom('store') })
  const node = await startNode(store, systemClock, 'node', { outboxBytesMax: 4_096 })
  const [alice, bob, carol] = [
    await GroupPerson.enter(node.engine, 'alice', 1),
    await GroupPerson.enter(node.engine, 'bob', 2),
    await GroupPerson.enter(node.engine, 'carol', 3),
  ]
  const gid = await alice.create('friends', [bob, carol])
  await bob.comeIn(gid)
  await carol.comeIn(gid)
  const group = groupActor(gid)
  const owing = async () =>
    Object.keys(((await node.engine.run(group, debtsOf, undefined)) as { result: Debts }).result.owed)
  const talkUntilOwed = async (person: GroupPerson) => {
    store.deaf = store.scopeOf(userActor(person.uid))
    for (let n = 0; !(await owing()).includes(String(person.uid % 256)); n += 1) await alice.say(gid, `${n}`)
    store.hear()
  }
  await talkUntilOwed(bob)
  await eventually(() => node.engine.outboxDepth === 0)
  let isFirst = true
  const run: typeof node.engine.run = async (actor, transition, input) => {
    if ((transition as unknown) === pay && isFirst) {
      isFirst = false
      await talkUntilOwed(carol)
    }
    return node.engine.run(actor, transition, input)
  }
  const engine = new Proxy(node.engine, {
    get(target, name) {
      if (name === 'run') return run
      const value: unknown = Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  await debts(engine)(partitionOf(group), PACE)
  t.notOk(isFirst, 'something was paid')
  t.same(await owing(), ['3'], 'the second is owed now')
  const faults: string[] = []
  verify(new MemoryView(store.disk.snapshot()), fault => faults.push(fault))
  t.same(faults, [], 'and noted')
  await eventually(() => node.engine.outboxDepth === 0)
  await debts(node.engine)(partitionOf(group), PACE)
  await alice.say(gid, 'the end')
  for (const one of [bob, carol]) await eventually(async () => (await one.texts(gid)).at(-1) === 'the end')
  const all = await alice.numbered(gid)
  t.same(await bob.numbered(gid), all.slice(1))
  t.same(await carol.numbered(gid), all.slice(2))
  t.same(await owing(), [])
  await node.engine.close()
})
