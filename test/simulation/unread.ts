/** Whether the server counts what is unread as one counts who looks at each message: none of those by others above the mark is left out. */

import { CODES } from '../../protocol/codes.js'
import { type ConversationId, directConversation } from '../../protocol/conversation-id.js'
import { type Gid, groupConversation } from '../../src/sync/rules/group-records.js'
import { EVERYBODY } from '../../src/sync/rules/mentions.js'
import { periodsOf, wasMember } from './group-convergence.js'
import type { User } from './phone.js'
import type { Stage } from './stage.js'

interface Counts {
  readonly unread: number
  readonly mentions: number
}

/** Each user's first phone asks about all conversations. @returns what is still to be answered, and answers that are wrong */
export function everybodyCounts(stage: Stage): () => string[] {
  if (stage.groups.length === 0) return () => []
  stage.note('--- everybody asks what is unread')
  const open = new Set<string>()
  const wrong: string[] = []
  const ask = (user: User, conversation: ConversationId, expected: () => Counts): void => {
    const name = `${user.account} of ${conversation}`
    open.add(name)
    const again = (): void => stage.after(1_000, 'asks again', () => ask(user, conversation, expected))
    const client = user.phones[0]?.client
    if (client === undefined) {
      again()
      return
    }
    client.conversations.unread(conversation).then(
      ({ unread, mentions }) => {
        open.delete(name)
        stage.happened.count('counts of what is unread')
        const [is, should] = [JSON.stringify({ unread, mentions }), JSON.stringify(expected())]
        if (is !== should) wrong.push(`${name} is told ${is} in place of ${should}`)
      },
      (error: { readonly code?: number }) => {
        if (error.code === CODES.RATE_LIMITED.code || !error.code) {
          again()
          return
        }
        open.delete(name)
        wrong.push(`${name} is told nothing: ${error}`)
      },
    )
  }
  for (const user of stage.users) {
    for (const gid of stage.groups) {
      if (stage.ledger.groupOf(user.uid, gid) === undefined) continue
      ask(user, groupConversation(gid) as ConversationId, () => unreadInGroup(stage, user.uid, gid))
    }
    for (const { uid } of stage.users) {
      if (uid === user.uid || stage.ledger.contactOf(user.uid, uid) === undefined) continue
      ask(user, directConversation(uid), () => ({ unread: unreadOf(stage, user.uid, uid), mentions: 0 }))
    }
  }
  return () => [...wrong, ...Array.from(open, name => `${name} is not answered`)]
}

function unreadInGroup({ ledger }: Stage, uid: number, gid: Gid): Counts {
  const items = ledger.groupItems(gid)
  const reader = { uid, items, periods: periodsOf(items).get(uid) ?? [] }
  const present = reader.periods.find(({ until }) => until === Number.POSITIVE_INFINITY)
  // A mark begins with the joining.
  const read = Math.max(ledger.conversationOf(uid, gid)?.read ?? 0, present?.since ?? 0)
  const deleted = new Set(ledger.groupNumbers(uid, gid).flatMap(each => (each.isDeleted ? [each.number] : [])))
  const theirs = items.flatMap(({ version, content }) => {
    if (content.case !== 'conversationMessage' || version <= read || !wasMember(reader, version)) return []
    const { sender, state } = content.value
    return sender === uid || state?.recalledBy || deleted.has(version) ? [] : [content.value]
  })
  const mentioning = theirs.filter(({ extra, state, number }) => {
    const isMeant = extra?.mentions.some(mention => mention.uid === uid || mention.uid === EVERYBODY)
    return isMeant && wasMember(reader, state?.editNumber || number)
  })
  return { unread: Math.min(theirs.length, 100), mentions: Math.min(mentioning.length, 100) }
}

function unreadOf({ ledger }: Stage, uid: number, peer: number): number {
  const read = ledger.readOf(uid, peer)
  const theirs = ledger.messages(uid).filter(({ message: { sender, device, sendSeq, state } }) => {
    const isGone = state !== undefined && (state.recalledBy !== 0 || state.deleted)
    return sender === peer && sendSeq > (read[device] ?? 0) && !isGone
  })
  return Math.min(theirs.length, 100)
}
