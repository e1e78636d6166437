/** The state of messages, and where a log has them: pure. */
import t from 'tap'
import {
  createConversationMessage,
  createGroupChange,
  createMessage,
  createMessageExtra,
  createMessageState,
  decodeItem,
  encodeItem,
} from '../../protocol/generated/messages.js'
import type { StoredEntry } from '../../src/store/types.js'
import { encodeReference } from '../../src/sync/references.js'
import {
  findDirect,
  findNumbered,
  SEARCH_SLICE,
  SEARCH_SLICES_MAX,
  type SearchedLog,
} from '../../src/sync/rules/message-search.js'
import * as rules from '../../src/sync/rules/message-state.js'

const MENTION = { start: 0, length: 2, uid: 9 }
const CONTENT = { kind: 1, body: new Uint8Array([1]) }
const EDITION = { text: 'new', mentions: [], atMs: 50 }

const direct = (fields = {}): rules.AnyMessage => ({
  case: 'message',
  value: createMessage({ sender: 7, device: 1, sendSeq: 3, atMs: 10, recipient: 8, text: 'old', ...fields }),
})
const inGroup = (fields = {}): rules.AnyMessage => ({
  case: 'conversationMessage',
  value: createConversationMessage({
    ...{ sender: 7, device: 1, sendSeq: 3, atMs: 10, conversation: 'group:a.b.c', number: 5, text: 'old' },
    ...fields,
  }),
})

t.test('an edit changes the text and the mentions, and keeps the rest', async t => {
  const extra = createMessageExtra({ mentions: [MENTION], metadata: new Uint8Array([1]), forwarded: true })
  const { value } = rules.edited(
    direct({ extra, state: createMessageState({ reactions: [{ kind: 'x', count: 1, mine: false }] }) }),
    EDITION,
  )
  t.match(value, { sender: 7, device: 1, sendSeq: 3, atMs: 10, recipient: 8, text: 'new' })
  t.same(value.extra, { ...extra, mentions: [] })
  t.same(value.state, createMessageState({ editedAtMs: 50, reactions: [{ kind: 'x', count: 1, mine: false }] }))
  const plain = rules.edited(direct({ extra: createMessageExtra({ mentions: [MENTION] }) }), EDITION)
  t.equal(plain.value.extra, undefined, 'what says nothing is left out')
  const named = rules.edited(inGroup(), { ...EDITION, mentions: [MENTION], number: 9 })
  t.same(named.value.extra?.mentions, [MENTION])
  t.same(named.value.state, createMessageState({ editedAtMs: 50, editNumber: 9, changeNumber: 9 }))
})

t.test('a recall leaves the id, the time and the place, and is final', async t => {
  const full = { content: CONTENT, extra: createMessageExtra({ mentions: [MENTION] }) }
  const state = createMessageState({ editedAtMs: 20, editNumber: 6, reactions: [{ kind: 'x', count: 1, mine: false }] })
  const gone = rules.recalled(inGroup({ ...full, state }), 4, 9)
  t.same(gone, inGroup({ text: '', state: createMessageState({ recalledBy: 4, changeNumber: 9 }) }))
  t.same(rules.recalled(direct(full), 7), direct({ text: '', state: createMessageState({ recalledBy: 7 }) }))
  t.ok(rules.isRecalled(gone))
  t.equal(rules.edited(gone, EDITION), gone, 'an edit behind it changes nothing')
  t.equal(rules.recalled(gone, 5, 11), gone, 'nor does another recall')
  t.equal(rules.reacted(gone, [{ kind: 'x', count: 1, mine: false }], 12), gone, 'nor a reaction')
})

t.test('a tombstone is the id alone, and nothing changes it', async t => {
  const gone = rules.deleted(direct({ content: CONTENT }))
  t.same(gone, direct({ text: '', state: createMessageState({ deleted: true }) }))
  t.ok(rules.isDeleted(gone))
  for (const after of [rules.edited(gone, EDITION), rules.recalled(gone, 7), rules.reacted(gone, [])])
    t.equal(after, gone)
})

t.test('what is withheld has neither text', async t => {
  const reply = { sender: 1, device: 1, sendSeq: 1, number: 2 }
  const message = rules.edited(inGroup({ extra: createMessageExtra({ reply }) }), {
    ...EDITION,
    mentions: [MENTION],
    number: 9,
  })
  const { value } = rules.withheld(message)
  t.match(value, { text: '', content: undefined, extra: { reply, mentions: [] } })
  t.same(value.state, createMessageState({ editedAtMs: 50, editNumber: 9, changeNumber: 9, withheld: true }))
})

t.test('whether a stored item was edited is seen without its text', async t => {
  t.notOk(rules.isEdited(rules.messageItem(inGroup())))
  t.ok(rules.isEdited(rules.messageItem(rules.edited(inGroup(), { ...EDITION, number: 9 }))))
  t.notOk(rules.isEdited(rules.messageItem(rules.reacted(inGroup(), [{ kind: 'x', count: 1, mine: false }], 9))))
  t.notOk(rules.isEdited(rules.messageItem(rules.edited(direct(), EDITION))), 'a direct one is for its users')
})

t.test('an item is stored as the message, and told as its change', async t => {
  for (const message of [direct(), inGroup()]) {
    t.same(rules.messageIn(rules.messageItem(message)), message)
    const { content } = decodeItem(rules.changedItem(message))
    t.equal(content?.case, 'changed')
    t.same(content?.case === 'changed' && content.value.message?.value, message.value)
  }
  const change = encodeItem({ skip: 0, content: { case: 'groupChange', value: createGroupChange({ number: 4 }) } })
  t.equal(rules.messageIn(change), undefined)
  t.equal(rules.directKey({ sender: 7, device: 1, sendSeq: 3 }), 'about/7/1/3')
  t.equal(rules.groupMessageKey('a.b.c', 5), 'about/a.b.c/5')
})

/** A log with one conversation, of these bytes by version from 1 on; it counts the slices that are read. */
function logOf(conversation: string, items: readonly Uint8Array[]): SearchedLog & { slices: number } {
  const entries = items.map((bytes, i): StoredEntry => {
    return { version: i + 1, bytes, stamp: 0, conversation, previous: i } as StoredEntry
  })
  return {
    slices: 0,
    newest: name => (name === conversation ? entries.length : 0),
    chain(from, entriesMax) {
      this.slices += 1
      return entries.slice(Math.max(0, from - entriesMax), from).reverse()
    },
    entry: version => entries[version - 1],
  }
}

const stored = (sender: number, device: number, sendSeq: number) =>
  rules.messageItem(direct({ sender, device, sendSeq, text: 'x' }))

t.test('a direct message is found along its conversation, and a walk that has passed it ends', async t => {
  const items = Array.from({ length: 2 * SEARCH_SLICE }, (_, i) => stored(7 + (i % 2), 1, 10 + 2 * i))
  const log = logOf('8', items)
  t.equal(findDirect(log, 8, { sender: 7, device: 1, sendSeq: 10 })?.version, 1)
  t.equal(log.slices, 2)
  t.equal(findDirect(log, 8, { sender: 8, device: 1, sendSeq: 12 })?.version, 2)
  log.slices = 0
  t.equal(findDirect(log, 8, { sender: 7, device: 1, sendSeq: 10 + 4 * (SEARCH_SLICE - 1) + 2 }), undefined)
  t.equal(log.slices, 1, 'an earlier one of the device was met')
  t.equal(findDirect(log, 8, { sender: 7, device: 2, sendSeq: 10 }), undefined)
  t.equal(findDirect(log, 9, { sender: 7, device: 1, sendSeq: 10 }), undefined)
})

t.test('of a long conversation the newest part is searched', async t => {
  const most = SEARCH_SLICE * SEARCH_SLICES_MAX
  const log = logOf('8', [stored(7, 1, 1), ...Array.from({ length: most }, (_, i) => stored(8, 1, i + 1))])
  t.equal(findDirect(log, 8, { sender: 7, device: 1, sendSeq: 1 }), undefined)
  t.equal(log.slices, SEARCH_SLICES_MAX)
  t.equal(findDirect(log, 8, { sender: 8, device: 1, sendSeq: 1 })?.version, 2)
})

t.test('each slice of a walk is read once, however often its transition is planned', async t => {
  let reads = 0
  const slices = Array.from({ length: SEARCH_SLICES_MAX }, (_, slice) => {
    return Array.from({ length: SEARCH_SLICE }, (_, i): StoredEntry => {
      const version = (SEARCH_SLICES_MAX - slice) * SEARCH_SLICE - i
      const bytes = stored(8, 1, version)
      return {
        version,
        stamp: 1,
        conversation: '8',
        previous: version - 1,
        get bytes() {
          reads += 1
          return bytes
        },
      }
    })
  })
  const log: SearchedLog = {
    newest: () => SEARCH_SLICES_MAX * SEARCH_SLICE,
    chain: from => slices[SEARCH_SLICES_MAX - from / SEARCH_SLICE] ?? [],
    entry: () => undefined,
  }
  for (let plan = 0; plan < SEARCH_SLICES_MAX; plan += 1) findDirect(log, 8, { sender: 7, device: 1, sendSeq: 1 })
  t.equal(reads, SEARCH_SLICE * SEARCH_SLICES_MAX)
})

t.test("a group's message is found by its number, whatever stands in its place", async t => {
  const gid = 'a.b.c'
  const reference = (number: number) => encodeReference({ gid, number, atMs: 1 })
  const tombstone = rules.messageItem(rules.deleted(inGroup({ number: 5 })))
  const change = encodeItem({ skip: 0, content: { case: 'groupChange', value: createGroupChange({ number: 7 }) } })
  const log = logOf(`group:${gid}`, [reference(3), tombstone, change, reference(9)])
  for (const [i, number] of [3, 5, 7, 9].entries()) t.equal(findNumbered(log, gid, number)?.version, i + 1)
  for (const number of [2, 4, 8, 10]) t.equal(findNumbered(log, gid, number), undefined)
})
