/** What `longwire verify` finds: nothing in a store that the rules made, and each fault that is put into one. */

import t from 'tap'
import { ContactState, encodeItem } from '../../protocol/generated/messages.js'
import { METHODS } from '../../protocol/methods.js'
import { present } from '../../src/lib/assert.js'
import { systemClock } from '../../src/lib/clock.js'
import { seededRandom } from '../../src/lib/random.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { MemoryView } from '../../src/store/memory/view.js'
import type { Append, Put, Trim } from '../../src/store/types.js'
import type { ViewedLog } from '../../src/store/view.js'
import { NO_TARGETS, outboxEntry, outboxEntryId } from '../../src/sync/outbox-entry.js'
import { pairIn, pairOut, recordName } from '../../src/sync/record-kinds.js'
import { deviceWindow, EMPTY_WINDOW, NO_HASH, withUsed } from '../../src/sync/rules/device-window.js'
import {
  accountName,
  accountsActor,
  contact,
  contactIndex,
  devices,
  given,
  NOBODY,
  password,
  profile,
  userActor,
} from '../../src/sync/rules/records.js'
import { session } from '../../src/sync/rules/session-record.js'
import type { RecordKind } from '../../src/sync/types.js'
import type { Counts } from '../../src/verify/findings.js'
import { verify } from '../../src/verify/verify.js'
import { befriend, startNode, TestDevice } from '../support/engine.js'
import { eventually } from '../support/eventually.js'

async function world() {
  const store = new MemoryStore({ random: seededRandom('store') })
  const node = await startNode(store, systemClock, 'verify')
  const alice = await new TestDevice(node).enter('alice', 1)
  const bob = await new TestDevice(node).enter('bob', 2)
  const carol = await new TestDevice(node).enter('carol', 3)
  await new TestDevice(node).login('alice', 9)
  await befriend(alice, bob)
  await alice.send(bob.uid, 'one')
  await alice.send(bob.uid, 'two')
  await bob.call(METHODS.contactRequest, { sendSeq: bob.next(), uid: carol.uid, greeting: '' })
  await carol.call(METHODS.contactBlock, { sendSeq: carol.next(), uid: alice.uid })
  await alice.call(METHODS.removeDevice, { sendSeq: alice.next(), device: 2 })
  await eventually(async () => (await bob.items()).filter(({ item }) => item.content?.case === 'message').length === 2)
  return { store, node, alice, bob, carol }
}

type World = Awaited<ReturnType<typeof world>>

function verified({ store }: World): { readonly faults: readonly string[]; readonly counts: Counts } {
  const faults: string[] = []
  const counts = verify(new MemoryView(store.disk.snapshot()), fault => faults.push(fault))
  t.equal(counts.faults, faults.length)
  return { faults, counts }
}

/** Changes what is stored, past all rules. */
async function spoil({ store }: World, parts: { puts?: Put[]; appends?: Append[]; trims?: Trim[] }): Promise<void> {
  await store.commit(0, [{ expect: [], puts: [], appends: [], trims: [], ...parts }])
}

function put<T>(actor: string, kind: RecordKind<T>, value: T | null, id?: string | number): Put {
  return { actor, name: recordName(kind, id), bytes: value === null ? null : kind.encode(value), stamp: 7 }
}

/** The first effect of Alice to Bob, in the outbox. */
function entryPut({ alice, bob }: World): Put {
  const [source, target] = [userActor(alice.uid), userActor(bob.uid)]
  const entry = { source, target, seq: 1, before: 0, kind: 'message', payload: new Uint8Array(0), targets: NO_TARGETS }
  return put(`outbox/${alice.uid % 256}`, outboxEntry, entry, outboxEntryId(source, target, 1))
}

t.test('an entry that is settled by one node, and not yet removed by the other, is no fault', async t => {
  const whole = await world()
  const [alice, bob] = [userActor(whole.alice.uid), userActor(whole.bob.uid)]
  const counters = [put(alice, pairOut, { sent: 1, settled: 1 }, bob), put(bob, pairIn, { last: 1 }, alice)]
  await spoil(whole, { puts: [...counters, entryPut(whole)] })
  const { faults, counts } = verified(whole)
  t.same(faults, [])
  t.equal(counts.outboxEntries, 1)
})

t.test('the users of the store itself are checked, and not counted', async t => {
  const whole = await world()
  const { counts } = verified(whole)
  const friend = { ...NOBODY, state: ContactState.FRIEND }
  const [first] = await whole.bob.items()
  await spoil(whole, {
    puts: [put(userActor(254), contact, friend, 255), put(userActor(255), contact, friend, 254)],
    appends: [{ actor: userActor(255), bytes: encodeItem(present(first, 'an item').item) }],
  })
  t.same(verified(whole), { faults: [], counts })
})

t.test('a store that the rules made has no faults, also after an account was deleted', async t => {
  const whole = await world()
  const { faults, counts } = verified(whole)
  t.same(faults, [])
  t.match(counts, { users: 3, deletedUsers: 0, names: 3, devices: 3, friendships: 1, messages: 4 })
  const { alice, bob } = whole
  await alice.call(METHODS.deleteAccount, { sendSeq: alice.next(), password: 'correct horse' })
  await bob.call(METHODS.contactBlock, { sendSeq: bob.next(), uid: alice.uid })
  const after = verified(whole)
  t.same(after.faults, [])
  t.match(after.counts, { users: 2, deletedUsers: 1, names: 3, devices: 2, friendships: 0 })
})

/** What is done to a healthy store, and the one fault (or the first) that must be found. */
const FAULTS: Readonly<Record<string, readonly [(world: World) => { puts?: Put[]; appends?: Append[] }, RegExp]>> = {
  'a friendship of one side': [
    ({ alice, bob }) => ({ puts: [put(userActor(bob.uid), contact, null, alice.uid)] }),
    /the first is a friend of the second, the second not of the first|has \d+, who is no contact/,
  ],
  'a contact outside the index': [
    ({ alice }) => ({ puts: [put(userActor(alice.uid), contactIndex, [])] }),
    /is not in the user's index/,
  ],
  'an invitation that nobody made': [
    ({ bob, carol, store }) => {
      const [known] = store.disk.get(userActor(bob.uid), [recordName(contact, carol.uid)])
      const before = contact.decode(known?.bytes ?? new Uint8Array())
      return { puts: [put(userActor(bob.uid), contact, { ...before, own: 99 }, carol.uid)] }
    },
    /was invited with request 1, which the second did not make/,
  ],
  'a block that the other does not know of': [
    ({ alice, carol }) => ({ puts: [put(userActor(alice.uid), contact, null, carol.uid)] }),
    /the first blocks the second, who knows otherwise/,
  ],
  'a name of nobody': [
    ({ alice }) => ({ puts: [put(userActor(alice.uid), profile, null)] }),
    /the name alice is of user \d+, who is not there|is not there, and has a password/,
  ],
  'a user without a name': [
    ({ alice }) => ({ puts: [put(accountsActor(alice.uid), accountName, null, 'alice')] }),
    /is called alice, a name that is not of this user/,
  ],
  'a user without a password': [
    ({ alice }) => ({ puts: [put(userActor(alice.uid), password, null)] }),
    /has no password/,
  ],
  'a device without a session': [
    ({ alice }) => ({ puts: [put(userActor(alice.uid), session, null, 1)] }),
    /lives and has no session/,
  ],
  'a session without a device': [
    ({ alice }) => ({ puts: [put(userActor(alice.uid), devices, { last: 2, epoch: 1, list: [] })] }),
    /session \d+\/1 goes on without its device/,
  ],
  'a window behind what was sent': [
    ({ alice }) => ({
      puts: [put(userActor(alice.uid), deviceWindow, withUsed(EMPTY_WINDOW, 1, NO_HASH, 0), 1)],
    }),
    /its device has sent 1/,
  ],
  'a mark above what was sent': [
    ({ alice, bob }) => ({
      puts: [put(userActor(alice.uid), given, { delivered: { 1: 1_000 }, read: {} }, bob.uid)],
    }),
    /has stored 1000 of/,
  ],
  'an effect that went nowhere': [
    ({ alice, bob }) => ({
      puts: [put(userActor(alice.uid), pairOut, { sent: 1, settled: 0 }, userActor(bob.uid))],
    }),
    /effect 1 of user\/\d+ to user\/\d+ is neither settled nor in the outbox/,
  ],
  'an effect that was never sent': [
    ({ alice, bob }) => ({ puts: [put(userActor(bob.uid), pairIn, { last: 4 }, userActor(alice.uid))] }),
    /has taken 4 of user\/\d+, which has sent 0/,
  ],
  'an entry of the outbox that nobody counts': [
    whole => ({ puts: [entryPut(whole)] }),
    /is in the outbox, and its pair does not count it/,
  ],
  'a record that is none': [
    ({ alice }) => ({
      puts: [{ actor: userActor(alice.uid), name: 'devices', bytes: new Uint8Array([1]), stamp: 7 }],
    }),
    /cannot be read/,
  ],
  'an item that is none': [
    ({ alice }) => ({ appends: [{ actor: userActor(alice.uid), bytes: new Uint8Array([0xff]) }] }),
    /the log of user\/\d+, item \d+ cannot be read/,
  ],
}

for (const [name, [spoiling, found]] of Object.entries(FAULTS)) {
  t.test(`finds ${name}`, async t => {
    const whole = await world()
    await spoil(whole, spoiling(whole))
    const { faults } = verified(whole)
    t.ok(faults.length > 0)
    t.match(faults.join('\n'), found)
  })
}

t.test('finds keys that a trim would not find with their entries, or left behind', async t => {
  const { store } = await world()
  const say = (key: string) => ({ actor: 'other/1', key, bytes: Buffer.from('x') })
  await store.commit(0, [{ expect: [], puts: [], appends: ['k', 'about/1', 'about/2'].map(say), trims: [] }])
  const faultsWith = (spoil: Partial<ViewedLog>, passing: readonly (string | undefined)[]) => {
    const view = new MemoryView(store.disk.snapshot())
    const logs = [...view.logs()]
    view.logs = function* () {
      for (const log of logs) {
        const entries = () => [...log.entries()].map((entry, i) => ({ ...entry, passingKey: passing[i] }))
        yield log.actor === 'other/1' ? { ...log, ...spoil, entries } : log
      }
    }
    const faults: string[] = []
    verify(view, fault => faults.push(fault))
    return faults
  }
  t.same(faultsWith({}, [undefined, 'about/1', 'about/2']), [])
  t.same(faultsWith({ floor: 1 }, [undefined, 'about/1', 'about/2']), [], 'what stays is below the floor')
  t.same(faultsWith({ floor: 2 }, [undefined, 'about/1', 'about/2']), [
    'the log of other/1 was trimmed up to 2, and has 2',
  ])
  t.same(faultsWith({}, [undefined, undefined, 'about/1']), [
    'the log of other/1 has about/1 as 2, which a trim takes for one that stays',
    'the log of other/1 has about/2 as 3, which a trim takes for about/1',
  ])
  t.same(faultsWith({}, ['k', 'about/1', 'about/2']), ['the log of other/1 has k as 1, which a trim takes for k'])
})

t.test('finds links of a conversation that lead elsewhere, and a log that no walk would find', async t => {
  const { store } = await world()
  const say = (text: string) => ({ actor: 'other/1', conversation: 'c', bytes: Buffer.from(text) })
  await store.commit(0, [{ expect: [], puts: [], appends: ['a', 'b', 'c'].map(say), trims: [] }])
  const trims = [{ actor: 'other/1', upTo: 1 }]
  await store.commit(0, [{ expect: [], puts: [], appends: [], trims }])
  const faultsWith = (spoil: (log: ViewedLog) => Partial<ViewedLog>) => {
    const view = new MemoryView(store.disk.snapshot())
    const logs = [...view.logs()]
    view.logs = function* () {
      for (const log of logs) yield log.actor === 'other/1' ? { ...log, ...spoil(log) } : log
    }
    const faults: string[] = []
    verify(view, fault => faults.push(fault))
    return faults
  }
  const linked = (log: ViewedLog, version: number, previous: number) => ({
    entries: () => [...log.entries()].map(entry => (entry.version === version ? { ...entry, previous } : entry)),
  })
  t.same(
    faultsWith(() => ({})),
    [],
    'the first link leads to what was trimmed',
  )
  t.same(
    faultsWith(log => linked(log, 3, 1)),
    ['the log of other/1 has 3 behind 1 in a conversation, and 2 is there'],
  )
  t.same(
    faultsWith(log => linked(log, 2, 2)),
    ['the log of other/1 has 2 behind 2 in a conversation, and nothing is there'],
  )
  t.same(
    faultsWith(() => ({ newest: new Map([['c', 2]]) })),
    ['the log of other/1 has 2 as the newest of a conversation, which is 3'],
  )
  t.same(
    faultsWith(() => ({ newest: new Map() })),
    ['the log of other/1 has 0 as the newest of a conversation, which is 3'],
  )
  t.same(
    faultsWith(() => ({ listed: false })),
    ['the log of other/1 is not in the list of its partition'],
  )
})
