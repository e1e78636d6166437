/** Messages of a group as other rules make them: that mention somebody, or were recalled. */
import { createConversationMessage, createItem, decodeItem, encodeItem } from '../../protocol/generated/messages.js'
import { partitionOf } from '../../src/store/partition.js'
import type { Engine } from '../../src/sync/index.js'
import { branchActor, groupActor } from '../../src/sync/references.js'
import { nextNumber, partitionsOf, publish } from '../../src/sync/rules/group-changes.js'
import { type Gid, groupConversation, members } from '../../src/sync/rules/group-records.js'
import { userActor } from '../../src/sync/rules/records.js'
import type { Transition } from '../../src/sync/types.js'

interface Saying {
  readonly gid: Gid
  readonly sender: number
  readonly uids: readonly number[]
}

const mention: Transition<Saying, number> = {
  name: 'test.mention',
  run(tx, { gid, sender, uids }) {
    const number = nextNumber(tx)
    const mentions = uids.map((uid, start) => ({ start, length: 1, uid }))
    const extra = { reply: undefined, mentions, metadata: new Uint8Array(0), forwarded: false }
    const conversation = groupConversation(gid)
    const value = createConversationMessage({
      sender,
      device: 1,
      sendSeq: number,
      conversation,
      number,
      extra,
      text: 'you',
      atMs: tx.nowMs,
    })
    const item = encodeItem(createItem({ content: { case: 'conversationMessage', value } }))
    publish(tx, partitionsOf(tx.get(members) ?? new Map()), number, item, tx.nowMs)
    return number
  },
}

/** Publishes a message that mentions these users (0: all). @returns its number */
export async function sayTo(engine: Engine, saying: Saying): Promise<number> {
  const said = await engine.run(groupActor(saying.gid), mention, saying)
  if (said.kind !== 'done') throw new Error(said.kind)
  return said.result
}

const recall: Transition<{ readonly number: number }, void> = {
  name: 'test.recall',
  run(tx, { number }) {
    const entry = tx.entry(number)
    const { content } = decodeItem(entry?.bytes ?? new Uint8Array(0))
    if (entry === undefined || content?.case !== 'conversationMessage') throw new Error('no message')
    const { sender, device, sendSeq, conversation } = content.value
    const state = { ...NO_STATE, recalledBy: sender }
    const value = createConversationMessage({ sender, device, sendSeq, conversation, number, state })
    tx.replace(entry, encodeItem(createItem({ content: { case: 'conversationMessage', value } })))
  },
}

/** The state of a message to which nothing has happened. */
export const NO_STATE = {
  editedAtMs: 0,
  editNumber: 0,
  changeNumber: 0,
  recalledBy: 0,
  deleted: false,
  withheld: false,
  reactions: [],
}

/** Recalls a message of a group where this user lives. */
export async function recallFor(engine: Engine, gid: Gid, uid: number, number: number): Promise<void> {
  const recalled = await engine.run(branchActor(gid, partitionOf(userActor(uid))), recall, { number })
  if (recalled.kind !== 'done') throw new Error(recalled.kind)
}
