/**
 * Whether what was changed is so everywhere, and nowhere as it was. It is for worlds of groups alone, where nothing is trimmed and nothing
 * acknowledged is lost.
 */

import type { StoredMessage } from '../../clients/typescript/storage/storage.js'
import { directConversation, isGroupConversation } from '../../protocol/conversation-id.js'
import type { Message } from '../../protocol/generated/messages.js'
import { groupConversation } from '../../src/sync/rules/group-records.js'
import { keyOf, type Named, textsIn } from './changes.js'
import { areMirrored, showsReactions } from './reactions.js'
import type { Stage } from './stage.js'
import { nameOf } from './witness.js'

const NONE_FAILED: ReadonlySet<string> = new Set()

/** Empty when nothing is missing. */
export function wrongChanges(stage: Stage): string[] {
  if (stage.groups.length === 0) return []
  return [...wrongInGroups(stage), ...wrongBetween(stage), ...remaining(stage)]
}

function failedOf({ ledger, users }: Stage): ReadonlySet<string> {
  return new Set(ledger.failures(users.map(({ uid }) => uid)).keys())
}

/** What is wrong with the groups' messages, in their own logs and in their branches. */
function wrongInGroups(stage: Stage): string[] {
  const { groups, ledger, users, witness } = stage
  const failed = failedOf(stage)
  const isKnown = (uid: number): boolean => users.some(user => user.uid === uid)
  return groups.flatMap(gid => {
    const conversation = groupConversation(gid)
    const messages = new Map(
      ledger
        .groupItems(gid)
        .flatMap(({ version, content }) =>
          content.case === 'conversationMessage' ? [[version, content.value] as const] : [],
        ),
    )
    const own = [...messages].flatMap(([number, message]) => {
      const named = { ...message, conversation, number }
      return [
        ...witness.changes.wrongWith(named, message, failed, isKnown),
        ...witness.reactions.wrongCounts(named, message, { failed, isKnown }),
      ]
    })
    const branches = ledger.branchItems(gid).flatMap(({ branch, version, content }) => {
      const inBranch = JSON.stringify(content.value)
      const inGroup = JSON.stringify(messages.get(version))
      return inBranch === inGroup ? [] : [`${branch} has ${inBranch} in place of ${inGroup}`]
    })
    return [...own, ...branches]
  })
}

/** What is wrong with direct messages, in both timelines and on all phones. */
function wrongBetween(stage: Stage): string[] {
  const { ledger, users, witness, parted } = stage
  const found: string[] = []
  const copies = ledger.copies(users.map(({ uid }) => uid))
  for (const { uid, phones } of users) {
    const shown = phones.map(({ name, disk }) => ({ name, messages: directOn(disk.model.messages()) }))
    for (const { message } of ledger.messages(uid)) {
      const { sender, recipient, state } = message
      const named = { ...message, conversation: directConversation(sender === uid ? recipient : sender) }
      const isDeleted = state?.deleted === true
      found.push(...witness.changes.wrongDeletion(named, uid, isDeleted))
      for (const { name, messages } of shown) found.push(...wrongOn(name, messages.get(nameOf(message)), message))
      if (isDeleted) continue
      found.push(...witness.reactions.wrongOwn(named, message, uid))
      if (sender !== uid) continue
      // What the other side refused is changed here all the same.
      found.push(...witness.changes.wrongWith(named, message, NONE_FAILED, () => true))
      const other = copies.get(`${recipient} ${nameOf(message)}`)
      // Who is a friend no more refuses an edit; what a departed one has goes in slices.
      if (other === undefined || other.state?.deleted || parted(sender, recipient) || ledger.isDeleted(recipient))
        continue
      found.push(...differing(named, message, other))
    }
  }
  return found
}

/** What the two copies of a message do not have in common. */
function differing(named: Named, message: Message, other: Message): string[] {
  const { sender, recipient } = message
  const found: string[] = []
  if (!areMirrored(message, other))
    found.push(`${keyOf(named)} has ${reactionsOf(message)} at ${sender}, and ${reactionsOf(other)} at ${recipient}`)
  if (other.text !== message.text || other.state?.recalledBy !== message.state?.recalledBy)
    found.push(`${keyOf(named)} says "${message.text}" at ${sender}, and "${other.text}" at ${recipient}`)
  return found
}

function wrongOn(name: string, stored: StoredMessage | undefined, message: Message): string[] {
  if (message.state?.deleted) return stored === undefined ? [] : [`${name} shows ${nameOf(message)}, which is deleted`]
  if (stored === undefined || stored.code !== 0) return []
  const isSame = stored.text === message.text && (stored.changed?.recalledBy ?? 0) === (message.state?.recalledBy ?? 0)
  if (!showsReactions(stored, message))
    return [`${name} shows ${nameOf(message)} with other reactions than ${reactionsOf(message)}`]
  return isSame ? [] : [`${name} shows ${nameOf(message)} as "${stored.text}" in place of "${message.text}"`]
}

function reactionsOf({ state }: Message): string {
  return JSON.stringify(state?.reactions ?? [])
}

function directOn(messages: Iterable<StoredMessage>): Map<string, StoredMessage> {
  const direct = [...messages].filter(({ conversation }) => !isGroupConversation(conversation))
  return new Map(direct.map(message => [nameOf(message), message]))
}

/** Texts that no message has any more, and that are somewhere still. */
function remaining({ groups, ledger, users, cast }: Stage): string[] {
  const inGroups = groups.flatMap(gid => ledger.groupItems(gid)).map(({ content }) => content.value)
  const direct = [...users.map(({ uid }) => uid), ...cast.departed.map(({ uid }) => uid)].flatMap(uid =>
    ledger.messages(uid),
  )
  const present = new Set([...inGroups, ...direct.map(({ message }) => message)].flatMap(({ text }) => textsIn(text)))
  const found: string[] = []
  for (const { place, bytes } of ledger.contents()) {
    const gone = textsIn(Buffer.from(bytes).toString('latin1')).find(text => !present.has(text))
    if (gone !== undefined) found.push(`${place} has "${gone}", which no message says`)
  }
  for (const { name, disk } of users.flatMap(({ phones }) => phones)) {
    for (const [key, value] of disk.model.values) {
      if (textsIn(JSON.stringify(value)).length > 0) found.push(`${name} has a text in ${key}`)
    }
  }
  return found
}
