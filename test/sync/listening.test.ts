/**
 * Acts of listeners and of the owner of a room, crossing in every way: a scope for each partition, each with a delay of its own. When all is
 * quiet both sides agree, the counts are right, and the board has each post that was not refused, once.
 */
import t, { type Test } from 'tap'
import { CODES } from '../../protocol/codes.js'
import { decodeItem, RoomKind, RoomRole, RoomState } from '../../protocol/generated/messages.js'
import { systemClock } from '../../src/lib/clock.js'
import { type Random, seededRandom } from '../../src/lib/random.js'
import type { MemoryStore } from '../../src/store/memory/store.js'
import { MemoryView } from '../../src/store/memory/view.js'
import { roomActor } from '../../src/sync/references.js'
import * as rules from '../../src/sync/rules/listening.js'
import { userActor } from '../../src/sync/rules/records.js'
import {
  aboutRoom,
  type Listening,
  listener,
  listenerCounts,
  listening,
  NO_LISTENING,
  NO_ROOM_RULES,
  newRid,
  type Rid,
  roomPublishers,
} from '../../src/sync/rules/room-records.js'
import type { RecordKind } from '../../src/sync/types.js'
import { verify } from '../../src/verify/verify.js'
import { startNode } from '../support/engine.js'
import { eventually } from '../support/eventually.js'
import { GroupPerson } from '../support/group-person.js'
import { SlowStore } from '../support/slow-store.js'

const HISTORIES = 15
const PEOPLE = 4
const ACTS = 80
const CODE = 'the code'

async function recordIn<T>(store: MemoryStore, actor: string, kind: RecordKind<T>, id?: string | number) {
  const [found] = await store.get(actor, [id === undefined ? kind.prefix : `${kind.prefix}/${id}`])
  return found === undefined || found.stamp === 0 ? undefined : kind.decode(found.bytes)
}

interface Scene {
  readonly random: Random
  readonly people: readonly GroupPerson[]
  readonly rid: Rid
  /** The numbers of the posts that were taken, by their authors. */
  readonly taken: Set<string>
}

async function actAtRandom({ random, people, rid, taken }: Scene, closes: boolean): Promise<unknown> {
  const one = people[random.integer(people.length)] as GroupPerson
  const other = people[random.integer(people.length)] as GroupPerson
  const [owner] = people as [GroupPerson]
  switch (random.integer(9)) {
    case 0:
    case 1:
    case 2:
      return one.act(rules.subscribe, { rid, code: random.integer(4) === 0 ? 'a guess' : CODE })
    case 3:
      return one.act(rules.unsubscribe, { rid })
    case 4: {
      const role = [RoomRole.LISTENER, RoomRole.PUBLISHER, RoomRole.REMOVED][random.integer(3)] ?? RoomRole.LISTENER
      return owner.act(rules.setRoomRole, { rid, other: other.uid, role })
    }
    case 5: {
      const wanted = { allPublish: random.integer(2) === 0, codeNeeded: random.integer(2) === 0 }
      return owner.act(rules.setRoom, { rid, title: 'x', rules: wanted, code: CODE, newCode: false })
    }
    case 6:
      return one.act(rules.confirm, { rid, upTo: 1 + random.integer(20) })
    case 7:
      if (closes && random.integer(4) === 0) return owner.act(rules.closeRoom, { rid })
      return one.act(rules.removePost, { rid, post: 1 + random.integer(20) })
    default: {
      const said = one.act(rules.postToRoom, { rid, text: 'x', fault: CODES.OK.code })
      const id = `${one.uid}/${one.sendSeq}`
      if ((await said) === 'OK') taken.add(id)
      return undefined
    }
  }
}

/** Whether a user's record says what the room does. @param there the number of the listening, by the room; 0: there is none */
function isAgreed({ state, number, role }: Listening, there: number, expected: RoomRole): boolean {
  if (there === 0) return state === RoomState.UNSPECIFIED && role === RoomRole.UNSPECIFIED
  return state === RoomState.LISTENING && number === there && role === expected
}

/** Checks what is so when nothing is under way any more. @returns what is wrong */
async function wrongs(store: MemoryStore, { people, rid, taken }: Scene): Promise<string[]> {
  const found: string[] = []
  const room = roomActor(rid)
  const about = await recordIn(store, room, aboutRoom)
  const publishers = (await recordIn(store, room, roomPublishers)) ?? []
  const roleOf = (uid: number): RoomRole => {
    if (uid === about?.owner && !about.closed) return RoomRole.OWNER
    return publishers.includes(uid) ? RoomRole.PUBLISHER : RoomRole.LISTENER
  }
  const counts = { listening: 0, removed: 0 }
  for (const { uid } of people) {
    const own = (await recordIn(store, userActor(uid), listening, rid)) ?? NO_LISTENING
    const known = await recordIn(store, room, listener, uid)
    if (known !== undefined) counts[known.removed ? 'removed' : 'listening'] += 1
    const there = known === undefined || known.removed ? 0 : known.number
    if (!isAgreed(own, there, roleOf(uid)))
      found.push(`${uid} has ${JSON.stringify(own)}; the room: ${JSON.stringify(known)}`)
  }
  const counted = await recordIn(store, room, listenerCounts)
  if (JSON.stringify(counted) !== JSON.stringify(counts))
    found.push(`${JSON.stringify(counted)} in place of ${JSON.stringify(counts)}`)
  const { entries } = await store.read(room, 0, Number.MAX_SAFE_INTEGER, 10_000, 2 ** 24)
  const kept = new Set(entries.map(({ bytes }) => idIn(bytes)))
  const refused = (await Promise.all(people.map(refusedOf))).flat()
  const expected = [...taken].filter(id => !refused.includes(id))
  if (kept.size !== entries.length || JSON.stringify([...kept].sort()) !== JSON.stringify(expected.sort()))
    found.push(`the board has ${[...kept].sort().join()}, not ${expected.join()}`)
  return found
}

function idIn(bytes: Uint8Array): string {
  const { content } = decodeItem(bytes)
  return content?.case === 'conversationMessage' ? `${content.value.sender}/${content.value.sendSeq}` : 'no post'
}

async function refusedOf(person: GroupPerson): Promise<string[]> {
  return (await person.items()).flatMap(({ content }) =>
    content?.case === 'failed' ? [`${person.uid}/${content.value.sendSeq}`] : [],
  )
}

async function history(t: Test, seed: number): Promise<void> {
  const random = seededRandom(`listening ${seed}`)
  const store = new SlowStore(random)
  const node = await startNode(store, systemClock, `node ${seed}`)
  const people: GroupPerson[] = []
  for (let n = 0; n < PEOPLE; n += 1) people.push(await GroupPerson.enter(node.engine, `user-${n}`, n))
  const [owner] = people as [GroupPerson]
  const rid = newRid(owner.uid, 1, owner.sendSeq + 1)
  await owner.act(rules.createRoom, { rid, title: 'x', kind: RoomKind.BOARD, rules: NO_ROOM_RULES, code: CODE })
  const scene = { random, people, rid, taken: new Set<string>() }
  const underWay: Promise<unknown>[] = []
  for (let n = 0; n < ACTS; n += 1) {
    underWay.push(actAtRandom(scene, n > ACTS / 2 && seed % 3 === 0))
    for (let turns = random.integer(6); turns > 0; turns -= 1) await new Promise(setImmediate)
  }
  await Promise.all(underWay)
  await eventually(async () => {
    await new Promise(setImmediate)
    const isQuiet = node.engine.outboxDepth === 0 && node.engine.queueDepth === 0
    return isQuiet && (await wrongs(store, scene)).length === 0
  }, 5_000).catch(async () => t.same(await wrongs(store, scene), [], `seed ${seed}`))
  const faults: string[] = []
  verify(new MemoryView(store.disk.snapshot()), fault => faults.push(fault))
  if (faults.length > 0) t.same(faults, [], `seed ${seed}`)
  if (node.asides.length > 0) t.same(node.asides, [], `seed ${seed}`)
  await node.engine.close()
}

t.test('however acts cross, both sides agree, and the board has each post that was not refused', async t => {
  for (let seed = 1; seed <= HISTORIES; seed += 1) await history(t, seed)
  t.pass(`${HISTORIES} histories`)
})
