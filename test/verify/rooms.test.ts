/** What `verify` finds in a store of rooms: nothing in a sound one, and each record that says otherwise than another. */
import t from 'tap'
import { CODES } from '../../protocol/codes.js'
import {
  createConversationMessage,
  encodeItem,
  RoomKind,
  RoomRole,
  RoomState,
} from '../../protocol/generated/messages.js'
import { systemClock } from '../../src/lib/clock.js'
import { seededRandom } from '../../src/lib/random.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { MemoryView } from '../../src/store/memory/view.js'
import type { Actor } from '../../src/store/types.js'
import { roomActor } from '../../src/sync/references.js'
import { lastNumber } from '../../src/sync/rules/group-records.js'
import * as rules from '../../src/sync/rules/listening.js'
import { userActor } from '../../src/sync/rules/records.js'
import {
  listener,
  listenerCounts,
  listening,
  listeningIndex,
  NO_LISTENING,
  NO_ROOM_RULES,
  newRid,
  roomConversation,
  roomPublishers,
} from '../../src/sync/rules/room-records.js'
import type { RecordKind } from '../../src/sync/types.js'
import { verify } from '../../src/verify/verify.js'
import { startNode } from '../support/engine.js'
import { eventually } from '../support/eventually.js'
import { GroupPerson } from '../support/group-person.js'
import { putRecord } from '../support/put-record.js'

/** Alice has a board with two posts, the second removed. Bob listens and publishes; Eve was removed. */
async function world() {
  const store = new MemoryStore({ scopes: 'one', random: seededRandom('store') })
  const node = await startNode(store, systemClock, 'node')
  const enter = (name: string, key: number) => GroupPerson.enter(node.engine, name, key)
  const [alice, bob, eve] = [await enter('alice', 1), await enter('bob', 2), await enter('eve', 3)]
  const rid = newRid(alice.uid, 1, alice.sendSeq + 1)
  const about = { title: 'news', kind: RoomKind.BOARD, rules: NO_ROOM_RULES, code: '' }
  await alice.act(rules.createRoom, { rid, ...about })
  for (const each of [bob, eve]) await each.act(rules.subscribe, { rid, code: '' })
  await alice.act(rules.setRoomRole, { rid, other: bob.uid, role: RoomRole.PUBLISHER })
  await alice.act(rules.setRoomRole, { rid, other: eve.uid, role: RoomRole.REMOVED })
  for (const text of ['hello', 'world']) await alice.act(rules.postToRoom, { rid, text, fault: CODES.OK.code })
  await alice.act(rules.removePost, { rid, post: 2 })
  await bob.act(rules.confirm, { rid, upTo: 1 })
  const change = <T>(actor: Actor, kind: RecordKind<T>, value: T, id?: string | number) =>
    putRecord(node.engine, actor, kind, value, id)
  const look = () => {
    const faults: string[] = []
    const { rooms } = verify(new MemoryView(store.disk.snapshot()), fault => faults.push(fault))
    return { faults: faults.sort(), rooms }
  }
  await eventually(() => look().faults.length === 0)
  const of = (uid: number) => {
    const bytes = new MemoryView(store.disk.snapshot()).record(userActor(uid), `${listening.prefix}/${rid}`)
    return bytes === undefined ? NO_LISTENING : listening.decode(bytes)
  }
  return { node, store, rid, alice, bob, eve, change, look, of, room: roomActor(rid) }
}

t.test('a sound store of rooms has no faults, and says how many there are', async t => {
  const { node, look, of, bob, eve } = await world()
  t.same(look(), { faults: [], rooms: 1 })
  t.match(of(bob.uid), { state: RoomState.LISTENING, role: RoomRole.PUBLISHER, confirmed: 1 })
  t.match(of(eve.uid), { state: RoomState.UNSPECIFIED })
  await node.engine.close()
})

t.test('what a user is to a room is compared with the room and the own list', async t => {
  const { node, rid, bob, eve, change, look, of } = await world()
  const [before, actor] = [of(bob.uid), userActor(bob.uid)]
  await change(actor, listening, { ...before, number: before.number + 1 }, rid)
  t.match(look().faults, [/^user \d+ is 2 of \d+ to room .*, and the room knows otherwise$/])
  await change(actor, listening, { ...before, role: RoomRole.LISTENER }, rid)
  t.match(look().faults, [/^user \d+ has another kind or role of room/])
  await change(actor, listening, { ...before, kind: RoomKind.REALTIME }, rid)
  t.match(look().faults, [/^user \d+ has another kind or role of room/])
  await change(actor, listening, { ...before, state: RoomState.ASKED }, rid)
  t.match(look().faults, [/is 1 of \d+ to room/, /listens to room .*, and does not know of it$/])
  await change(actor, listening, before, rid)
  await change(userActor(eve.uid), listening, { ...before, role: RoomRole.LISTENER }, rid)
  t.match(look().faults, [/^the list of rooms of user \d+ is wrong about/, /the room knows otherwise$/])
  await change(userActor(eve.uid), listening, NO_LISTENING, rid)
  await change(actor, listeningIndex, [])
  t.match(look().faults, [/^the list of rooms of user \d+ is wrong about/])
  await node.engine.close()
})

t.test('a room counts its listeners, and its publishers listen', async t => {
  const { node, room, eve, change, look } = await world()
  await change(room, listenerCounts, { listening: 3, removed: 1 })
  t.match(look().faults, [/has 2 and 1 removed listeners, and counts 3 and 1$/])
  await change(room, listenerCounts, { listening: 2, removed: 0 })
  t.match(look().faults, [/has 2 and 1 removed listeners, and counts 2 and 0$/])
  await change(room, listenerCounts, { listening: 2, removed: 1 })
  await change(room, roomPublishers, [eve.uid])
  t.match(look().faults, [/has another kind or role/, /publishes in .*, and does not listen to it$/])
  await change(room, roomPublishers, [])
  t.match(look().faults, [/has another kind or role/])
  await node.engine.close()
})

t.test('a listener that knows nothing of it is found', async t => {
  const { node, room, eve, change, look } = await world()
  await change(room, listener, { number: 7, removed: false }, eve.uid)
  t.match(look().faults, [/and counts 2 and 1$/, /^user \d+ is 0 of .*knows otherwise$/, /does not know of it$/])
  await node.engine.close()
})

t.test('posts lie under their numbers, once each, in the order in which their devices sent them', async t => {
  const { node, store, rid, room, alice, change, look } = await world()
  const post = (number: number, sendSeq: number, conversation = roomConversation(rid)) => {
    const value = createConversationMessage({ sender: alice.uid, device: 1, sendSeq, conversation, number, text: 'x' })
    return encodeItem({ skip: 0, content: { case: 'conversationMessage', value } })
  }
  const append = (at: number, bytes: Uint8Array) =>
    store.commit(0, [{ expect: [], puts: [], trims: [], appends: [{ actor: room, at, bytes }] }])
  await change(room, lastNumber, { n: 4, epoch: 0 })
  await append(3, post(3, 1))
  t.match(look().faults, [/^item 3 of room.* is \d+\/1\/1 again, or late$/])
  await append(4, post(4, 99))
  t.match(look().faults, [/^item 3 of/, /^item 4 of room.* is \d+\/1\/99, and its device has sent \d+$/])
  await append(5, post(5, 100))
  t.match(look().faults.join('\n'), /^item 5 of room.* is above the last number that the room has given out$/m)
  await append(6, post(6, 101, 'room:other'))
  t.match(look().faults.join('\n'), /^item 6 of room.* is no post of this room$/m)
  await node.engine.close()
})
