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
import { showsReactions } from './reactions.js'
import type { Stage } from './stage.js'
import { nameOf } from './witness.js'

/** Empty when nothing is missing, and nothing is there that should not be. */
export function missingInGroups(stage: Stage): string[] {
  const { groups, users } = stage
  const found: string[] = []
  for (const gid of groups) {
    const items = stage.ledger.groupItems(gid)
    found.push(...repeated(gid, items), ...strangers(stage, gid))
    const periods = periodsOf(items)
    for (const { uid } of users) found.push(...wrongOf(stage, gid, { uid, items, periods: periods.get(uid) ?? [] }))
  }
  if (groups.length > 0) found.push(...unjudged(stage))
  return found
}

/** A time in which somebody was a member: both numbers are of it. */
export interface Period {
  readonly since: number
  until: number
}

/** Who was a member when: from each joining to the end of that membership. */
export function periodsOf(items: readonly NumberedItem[]): Map<number, Period[]> {
  const all = new Map<number, Period[]>()
  const here = new Map<number, Period>()
  for (const { version, content } of items) {
    const change = content.case === 'groupChange' ? content.value : undefined
    if (change === undefined) continue
    const joined = joinedBy(change)
    if (joined !== 0) {
      const period = { since: version, until: Number.POSITIVE_INFINITY }
      here.set(joined, period)
      all.set(joined, [...(all.get(joined) ?? []), period])
    }
    const isEnd = change.act === GroupAct.LEFT || change.act === GroupAct.REMOVED
    const ended = isEnd ? [change.uid] : change.act === GroupAct.DISSOLVED ? [...here.keys()] : []
    for (const uid of ended) {
      const period = here.get(uid)
      if (period !== undefined) period.until = version
      here.delete(uid)
    }
  }
  return all
}

/** A user, and what there is of a group. */
export interface Reader {
  readonly uid: number
  readonly items: readonly NumberedItem[]
  readonly periods: readonly Period[]
}

export function wasMember({ periods }: Reader, number: number): boolean {
  return periods.some(({ since, until }) => since <= number && number <= until)
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
function wrongOf(stage: Stage, gid: Gid, reader: Reader): string[] {
  const { users, ledger, witness } = stage
  const { uid } = reader
  const conversation = groupConversation(gid)
  const entitled = reader.items.filter(({ version }) => wasMember(reader, version))
  const timeline = ledger.groupNumbers(uid, gid)
  const found = difference(
    `the timeline of ${uid}, of group ${gid},`,
    timeline.map(({ number }) => number),
    entitled.map(({ version }) => version),
  )
  const deleted = new Set(timeline.filter(each => each.isDeleted).map(({ number }) => number))
  for (const { version: number, content } of entitled) {
    if (content.case === 'conversationMessage')
      found.push(...witness.changes.wrongDeletion({ ...content.value, conversation, number }, uid, deleted.has(number)))
  }
  const visible = entitled.filter(({ version }) => !deleted.has(version))
  for (const { name, disk } of users.find(user => user.uid === uid)?.phones ?? []) {
    const stored = [...disk.model.messages()].filter(each => each.conversation === conversation && each.number)
    found.push(
      ...difference(
        `${name}, of group ${gid},`,
        stored.map(({ number = 0 }) => number),
        visible.map(({ version }) => version),
      ),
    )
    for (const each of stored) {
      const item = visible.find(({ version }) => version === each.number)
      if (item === undefined || shows(stage, reader, each, item)) continue
      found.push(`${name} has ${saysOfStored(each)} in place of ${saysOf(item.content)}, of group ${gid}`)
    }
  }
  return found
}

/** Whether the phone shows the item as this user is to see it. */
function shows({ witness }: Stage, reader: Reader, stored: StoredMessage, { content }: NumberedItem): boolean {
  if (content.case === 'groupChange') return stored.change?.by === content.value.by
  const message = content.value
  const { editNumber = 0, changeNumber = 0, recalledBy = 0 } = message.state ?? {}
  if (stored.change !== undefined || nameOf(stored) !== nameOf(message)) return false
  const mayRead = editNumber === 0 || wasMember(reader, editNumber)
  const { recalledBy: shownBy = 0, withheld = false } = stored.changed ?? {}
  const isSame = shownBy === recalledBy && withheld === !mayRead && stored.text === (mayRead ? message.text : '')
  if (isSame && showsReactions(stored, message)) return true
  // Who was not there when it was changed is not told, and may show it as it was; of the new text nothing.
  const isTold = wasMember(reader, changeNumber)
  if (isTold || (stored.text === message.text && !mayRead)) return false
  return withheld ? stored.text === '' : witness.changes.mayBe(message, stored.text)
}

function saysOf(content: NumberedItem['content']): string {
  if (content.case === 'groupChange') return `change by ${content.value.by}`
  return `${nameOf(content.value)} "${cut(content.value.text)}" ${JSON.stringify(content.value.state ?? {})}`
}

function saysOfStored(message: StoredMessage): string {
  if (message.change !== undefined) return `change by ${message.change.by}`
  return `${nameOf(message)} "${cut(message.text)}" ${JSON.stringify(message.changed ?? {})}`
}

/** The first place where two lists are not the same. */
function difference(whose: string, has: readonly number[], expected: readonly number[]): string[] {
  const length = Math.max(has.length, expected.length)
  for (let i = 0; i < length; i += 1) {
    if (has[i] !== expected[i]) return [`${whose} has ${has[i] ?? 'nothing'} in place of ${expected[i] ?? 'nothing'}`]
  }
  return []
}

function cut(text: string): string {
  return text.slice(0, 40)
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
