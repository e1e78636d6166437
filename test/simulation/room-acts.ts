/** What people do on boards. The witness of rooms is told of each request, and of its answer. */

import type { Client } from '../../clients/typescript/api/client.js'
import { LongwireError } from '../../clients/typescript/base/errors.js'
import type { ConversationId } from '../../protocol/conversation-id.js'
import { partitionOf } from '../../src/store/partition.js'
import { roomActor } from '../../src/sync/references.js'
import { newRid, type Rid, roomConversation } from '../../src/sync/rules/room-records.js'
import type { Act } from './acts.js'
import type { Phone } from './phone.js'
import type { Stage } from './stage.js'

const ROOMS_MAX = 2

/** Makes a board, if there is to be one more and the name that it gets lies where work is done. @returns whether it did */
export function openRoom(stage: Stage, phone: Phone, client: Client): boolean {
  if (stage.setup.rooms === 0 || stage.rooms.length >= ROOMS_MAX) return false
  const { uid, device, nextSendSeq } = client.state()
  const rid = newRid(uid, device, nextSendSeq)
  if (!stage.partitions.has(partitionOf(roomActor(rid)))) return false
  void client.rooms.create(stage.nextTitle(), 'board', { allPublish: stage.chance(0.5), codeNeeded: false })
  stage.rooms.push(rid)
  stage.note(`${phone.name} makes board ${rid}`)
  return true
}

export const listen: Act = (stage, _phone, client) => {
  const room = someRoom(stage)
  if (room === undefined) return
  void (stage.chance(0.85) ? client.rooms.subscribe(room) : client.rooms.unsubscribe(room))
}

export const post: Act = (stage, phone, client) => {
  const rid = stage.pick(stage.rooms)
  if (rid === undefined) return
  const { device, nextSendSeq } = client.state()
  const [text, id] = [stage.nextText(), { sender: phone.user.uid, device, sendSeq: nextSendSeq }]
  const asked = client.rooms.post(roomConversation(rid), text)
  const answered = stage.witness.rooms.posted(rid, id, text)
  asked.then(
    () => answered('taken'),
    error => answered(isFinal(error) ? 'refused' : 'unsure'),
  )
}

export const removePost: Act = (stage, phone, client) => {
  const rid = stage.pick(stage.rooms)
  const number = rid === undefined ? undefined : somePost(stage, rid)
  if (rid === undefined || number === undefined) return
  const { device, nextSendSeq } = client.state()
  const id = { sender: phone.user.uid, device, sendSeq: nextSendSeq }
  stage.witness.rooms.removing(rid, number)
  void client.rooms.remove(roomConversation(rid), number).then(
    () => stage.witness.rooms.removed(rid, number, id),
    () => {},
  )
}

/** Confirms up to some post: the newest, or one of before. */
export const confirm: Act = (stage, phone, client) => {
  const rid = stage.pick(stage.rooms)
  const upTo = rid === undefined ? undefined : somePost(stage, rid)
  if (rid === undefined || upTo === undefined) return
  void client.rooms.confirm(roomConversation(rid), upTo).then(
    () => stage.witness.rooms.confirmed(rid, phone.user.uid, upTo),
    () => {},
  )
}

export const setRole: Act = (stage, phone, client) => {
  const room = someRoom(stage)
  const other = stage.pick(stage.users.filter(user => user !== phone.user && user.uid !== 0))
  const role = stage.pick(['publisher', 'publisher', 'listener', 'listener', 'removed'] as const)
  if (room === undefined || other === undefined || role === undefined) return
  void client.rooms.setRole(room, other.uid, role)
}

export const changeRoom: Act = (stage, _phone, client) => {
  const room = someRoom(stage)
  if (room === undefined) return
  if (stage.chance(0.05)) void client.rooms.close(room)
  else void client.rooms.set(room, stage.nextTitle(), { allPublish: stage.chance(0.5), codeNeeded: false })
}

function someRoom(stage: Stage): ConversationId | undefined {
  const rid = stage.pick(stage.rooms)
  return rid === undefined ? undefined : roomConversation(rid)
}

function somePost(stage: Stage, rid: Rid): number | undefined {
  return stage.pick(stage.ledger.posts(rid))?.number
}

/** Whether the server refused it. What it does not remember, and what never came to it, may be done or not. */
function isFinal(error: unknown): boolean {
  return error instanceof LongwireError && error.code > 0 && error.reason !== 'SETTLED' && error.reason !== 'VOIDED'
}
