/**
 * Changes of a group's messages, in its branches (branch.ts). The group tells each branch the message as it is now. The branch puts it in
 * the place of the old one, and a follow-up into the timeline of each member who has it (PROTOCOL.md, 7.18).
 *
 *   number of the message ── a member now, and then: has it, is told
 *   number of an edit ────── a member then: may read the text; anybody else who has the message: is shown neither text
 */
import type { Actor } from '../../store/types.js'
import { encodeReference, type ItemFilter } from '../references.js'
import { branchEffect, gidOfBranch, withMentions } from './branch.js'
import { type Branch, type BranchMember, branch, wasMember } from './group-records.js'
import {
  changedItem,
  changeNumber,
  editNumber,
  groupMessageKey,
  isEdited,
  messageIn,
  messageItem,
  withheld,
} from './message-state.js'
import { uidOf, userActor } from './records.js'

/** A message as the change with this number made it. */
export const groupChanged = branchEffect({
  name: 'group-changed',
  run(tx, input) {
    const { atMs, item } = input
    const now = messageIn(item)
    if (now?.case !== 'conversationMessage') return
    const { number } = now.value
    const entry = tx.entry(number)
    const before = entry && messageIn(entry.bytes)
    if (entry === undefined || before === undefined || changeNumber(before) >= changeNumber(now)) return
    tx.replace(entry, item)
    const gid = gidOfBranch(tx.actor)
    const here = tx.get(branch)
    if (here === undefined) return
    const mentioning = withMentions(tx, here, input, number)
    if (mentioning !== here) tx.put(branch, mentioning)
    const told = { key: groupMessageKey(gid, number), bytes: encodeReference({ gid, number, atMs, update: true }) }
    const mayRead = ({ uid }: BranchMember): boolean => wasMember(here, uid, editNumber(now) || number)
    const readers = here.members.filter(({ uid }) => wasMember(here, uid, number))
    const others = readers.filter(member => !mayRead(member))
    tx.share(actorsOf(readers.filter(mayRead)), { ...told, shown: changedItem(now) })
    if (others.length > 0) tx.share(actorsOf(others), { ...told, shown: changedItem(withheld(now)) })
  },
})

function actorsOf(members: readonly BranchMember[]): Actor[] {
  return members.map(({ uid }) => userActor(uid))
}

/** Shows no text of an edited message to who was no member when it was edited. */
export const memberFilter: ItemFilter<Branch> = {
  record: branch,
  differs: isEdited,
  shown(item, reader, record) {
    const message = messageIn(item)
    if (message === undefined || wasMember(record, uidOf(reader), editNumber(message))) return item
    return messageItem(withheld(message))
  },
}
