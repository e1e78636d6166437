/**
 * Whether everybody has of each group what they are to have. The group's own numbered items say it all: what was written, and who was a
 * member when.
 */

import type { StoredMessage } from '../../clients/typescript/storage/storage.js'
import { isGroupConversation } from '../../protocol/conversation-id.js'
import { GroupAct } from '../../protocol/generated/messages.js'
import { joinedBy } from '../../src/sync/rules/branch.js'
import { type Gid, groupConversation, members } from '../../src/sync/rules/group-records.js'
import type { NumberedItem } from './ledger.js'
import type { Phone } from './phone.js'
import type { Stage } from './stage.js'
import { nameOf } from './witness.js'

/** Empty when nothing is missing, and nothing is there that should not be. */
export function missingInGroups(stage: Stage): string[] {
  const { groups, users } = stage
  const found: string[] = []
  for (const gid of groups) {
    const items = stage.ledger.groupItems(gid)
    found.push(...repeated(gid, items), ...strangers(stage, gid))
    const entitled = entitledTo(items)
    for (const { uid } of users) found.push(...wrongOf(stage, gid, uid, entitled.get(uid) ?? []))
  }
  if (groups.length > 0) found.push(...unjudged(stage))
  return found
}

/** An item as it is compared: its number, and what it says. */
interface Line {
  readonly number: number
  readonly says: string
}

/** What each user is to have: all from each joining to the end of that membership, both included. */
function entitledTo(items: readonly NumberedItem[]): Map<number, Line[]> {
  const here = new Set<number>()
  const theirs = new Map<number, Line[]>()
  for (const { version, content } of items) {
    const change = content.case === 'groupChange' ? content.value : undefined
    const joined = change === undefined ? 0 : joinedBy(change)
    if (joined !== 0) here.add(joined)
    const line = { number: version, says: saysOf(content) }
    for (const uid of here) theirs.set(uid, [...(theirs.get(uid) ?? []), line])
    if (change?.act === GroupAct.LEFT || change?.act === GroupAct.REMOVED) here.delete(change.uid)
    if (change?.act === GroupAct.DISSOLVED) here.clear()
  }
  return theirs
}

function saysOf(content: NumberedItem['content']): string {
  if (content.case === 'groupChange') return `change by ${content.value.by}`
  return `${nameOf(content.value)} ${content.value.text}`
}

function saysOfStored(message: StoredMessage): string {
  if (message.change !== undefined) return `change by ${message.change.by}`
  return `${nameOf(message)} ${message.text}`
}

/** Numbers that are not their version, and messages that the group has twice or out of order. */
function repeated(gid: Gid, items: readonly NumberedItem[]): string[] {
  const found: string[] = []
  const last = new Map<string, number>()
  for (const { version, content } of items) {
    if (content.value.number !== version) found.push(`group ${gid} has number ${content.value.number} at ${version}`)
    if (content.case === 'groupChange') continue
    const { sender, device, sendSeq } = content.value
    const from = `${sender}/${device}`
    if (sendSeq <= (last.get(from) ?? 0)) found.push(`group ${gid} has ${nameOf(content.value)} again, or late`)
    last.set(from, sendSeq)
  }
  return found
}

/** Members whose account is deleted. */
function strangers({ ledger }: Stage, gid: Gid): string[] {
  const gone = [...(ledger.groupRecord(gid, members)?.keys() ?? [])].filter(uid => ledger.isDeleted(uid))
  return gone.map(uid => `${uid} is deleted, and a member of group ${gid}`)
}

/** What is wrong with the user's timeline, and with what the user's phones show. */
function wrongOf({ users, ledger }: Stage, gid: Gid, uid: number, entitled: readonly Line[]): string[] {
  const conversation = groupConversation(gid)
  const numbers = ledger.items(uid).flatMap(({ reference }) => (reference?.gid === gid ? [reference.number] : []))
  const found = difference(
    `the timeline of ${uid}, of group ${gid},`,
    numbers.map(String),
    entitled.map(({ number }) => String(number)),
  )
  const expected = entitled.map(({ number, says }) => `${number}: ${says}`)
  for (const { name, disk } of users.find(user => user.uid === uid)?.phones ?? []) {
    const stored = [...disk.model.messages()].filter(message => message.conversation === conversation)
    const shown = stored.flatMap(each => (each.number ? [`${each.number}: ${saysOfStored(each)}`] : []))
    found.push(...difference(`${name}, of group ${gid},`, shown, expected))
  }
  return found
}

/** The first place where two lists are not the same. */
function difference(whose: string, has: readonly string[], expected: readonly string[]): string[] {
  const length = Math.max(has.length, expected.length)
  for (let i = 0; i < length; i += 1) {
    if (has[i] !== expected[i]) return [`${whose} has ${cut(has[i])} in place of ${cut(expected[i])}`]
  }
  return []
}

function cut(line = 'nothing'): string {
  return line.slice(0, 80)
}

/** Messages that were accepted and are neither in their group nor failed, or are both; and those without a place. */
function unjudged({ groups, users, ledger, witness }: Stage): string[] {
  const found: string[] = []
  const items = groups.flatMap(gid => ledger.groupItems(gid))
  const inGroup = new Set(
    items.flatMap(({ content }) => (content.case === 'conversationMessage' ? [nameOf(content.value)] : [])),
  )
  const failed = ledger.failures(users.map(({ uid }) => uid))
  for (const [name, { sender, conversation }] of witness.groups.accepted) {
    const isThere = inGroup.has(name) !== failed.has(name)
    if (users.some(({ uid }) => uid === sender) && !isThere)
      found.push(`${name} was accepted, and is ${inGroup.has(name) ? 'in it and failed' : 'nowhere'}: ${conversation}`)
  }
  for (const { phones } of users) for (const phone of phones) found.push(...unplaced(phone, inGroup))
  return found
}

/** Messages that a phone waits for, or shows as written though no group has them. */
function unplaced({ name, disk: { model } }: Phone, inGroup: ReadonlySet<string>): string[] {
  const waiting = [...model.values.keys()].filter(key => key.startsWith('posted/'))
  const written = [...model.messages()].filter(
    ({ conversation, code, change }) => isGroupConversation(conversation) && code === 0 && change === undefined,
  )
  return [
    ...waiting.map(key => `${name} has ${key}`),
    ...written.filter(each => !inGroup.has(nameOf(each))).map(each => `${name} shows ${nameOf(each)}, and no group`),
  ]
}
