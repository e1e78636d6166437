/** Rooms grown as far as they go: for the bounds of their records. */
import { CODES } from '../../protocol/codes.js'
import { RoomKind, RoomRole } from '../../protocol/generated/messages.js'
import { ROOM_PUBLISHERS_MAX, ROOMS_MAX, ROOMS_OWNED_MAX } from '../../protocol/limits.js'
import * as rules from '../../src/sync/rules/listening.js'
import { newRid, type Rid } from '../../src/sync/rules/room-records.js'
import type { TestNode } from './engine.js'
import { eventually } from './eventually.js'
import { GroupPerson } from './group-person.js'

const TITLE = '"'.repeat(128)
const CODE = '0'.repeat(32)
const RULES = { allPublish: true, codeNeeded: true }

async function create(owner: GroupPerson): Promise<Rid> {
  const rid = newRid(owner.uid, 1, owner.sendSeq + 1)
  await owner.act(rules.createRoom, { rid, title: TITLE, kind: RoomKind.BOARD, rules: RULES, code: CODE })
  return rid
}

/** All the rooms that one user may listen to, and all the publishers that one of them may have. */
export async function fullRooms({ engine }: TestNode): Promise<void> {
  const ann = await GroupPerson.enter(engine, 'ann', 0)
  const rids: Rid[] = []
  let owner = ann
  while (rids.length < ROOMS_MAX) {
    if (rids.length % ROOMS_OWNED_MAX === 0) owner = await GroupPerson.enter(engine, `owner-${rids.length}`, 1)
    const rid = await create(owner)
    await ann.act(rules.subscribe, { rid, code: CODE })
    rids.push(rid)
  }
  const rid = rids.at(-1) ?? ''
  const isListening = async (person: GroupPerson): Promise<boolean> =>
    (await person.act(rules.confirm, { rid, upTo: 1 })) === 'OK'
  for (let n = 0; n < ROOM_PUBLISHERS_MAX; n += 1) {
    const person = await GroupPerson.enter(engine, `user-${n}-`, 2)
    await person.act(rules.subscribe, { rid, code: CODE })
    await eventually(() => isListening(person))
    await owner.act(rules.setRoomRole, { rid, other: person.uid, role: RoomRole.PUBLISHER })
  }
  await ann.act(rules.postToRoom, { rid, text: '"'.repeat(16_384), fault: CODES.OK.code })
  await ann.act(rules.setRoom, { rid, title: TITLE, rules: RULES, code: CODE, newCode: true })
  await ann.act(rules.removePost, { rid, post: 7 })
  await eventually(async () => (await ann.failures()).length > 0)
}
