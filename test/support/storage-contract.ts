/**
 * What every storage of the client library must do. Without Node, tap and modules of the client: it also runs in a page, where
 * chromium has the storage (test/long/chromium.long.ts).
 */

import {
  type Changes,
  type Clearing,
  FIRST_POSITION,
  type HistoryPage,
  type Json,
  type Outcome,
  type Rewrite,
  type Storage,
  type StoredMessage,
  type StoredQuery,
  type StoredRange,
} from '../../clients/typescript/storage/storage.js'
import type { ConversationId } from '../../protocol/conversation-id.js'

export interface StorageMaker {
  /** A storage with nothing in it, or with `again` the one made last, opened anew after a close. */
  make(options: { readonly historyPerConversation: number }, again: boolean): Storage
  /** What was stored is there for the next one. */
  readonly lasting: boolean
}

export interface Opened {
  readonly storage: Storage
  readonly values: ReadonlyMap<string, Json>
}

export interface SomeChanges {
  readonly forget?: boolean
  readonly values?: { readonly [name: string]: Json | undefined }
  readonly messages?: readonly StoredMessage[]
  readonly earlier?: readonly StoredMessage[]
  readonly outcomes?: readonly Outcome[]
  readonly rewrites?: readonly Rewrite[]
  readonly clearings?: readonly Clearing[]
}

export function opened(storage: Storage): Promise<Opened> {
  return new Promise((resolve, reject) => {
    storage.open((error, values) => (error === undefined ? resolve({ storage, values }) : reject(error)))
  })
}

export function commit(storage: Storage, changes: SomeChanges): Promise<void> {
  const {
    forget = false,
    values = {},
    messages = [],
    earlier = [],
    outcomes = [],
    rewrites = [],
    clearings = [],
  } = changes
  const named = new Map(Object.entries(values))
  const whole: Changes = { forget, values: named, messages, earlier, outcomes, rewrites, clearings }
  return new Promise((resolve, reject) => {
    storage.commit(whole, error => (error === undefined ? resolve() : reject(error)))
  })
}

export function page(
  storage: Storage,
  conversation: number | ConversationId,
  before?: number,
  limit = 1000,
): Promise<HistoryPage> {
  return ranged(storage, conversation, { before, limit })
}

function ranged(storage: Storage, conversation: number | ConversationId, range: StoredRange): Promise<HistoryPage> {
  return new Promise((resolve, reject) => {
    storage.history(idOf(conversation), range, (error, found) => (error === undefined ? resolve(found) : reject(error)))
  })
}

function found(storage: Storage, query: StoredQuery): Promise<readonly StoredMessage[]> {
  return new Promise((resolve, reject) => {
    storage.search(query, (error, messages) => (error === undefined ? resolve(messages) : reject(error)))
  })
}

export function close(storage: Storage): Promise<void> {
  return new Promise(resolve => storage.close(resolve))
}

/** A message of a user, in the direct conversation with him. */
export function message(peer: number, sendSeq: number, text = `message ${sendSeq}`): StoredMessage {
  return { conversation: idOf(peer), sender: peer, device: 1, sendSeq, version: sendSeq, atMs: 1, text, code: 0 }
}

function idOf(conversation: number | ConversationId): ConversationId {
  return typeof conversation === 'number' ? `direct:${conversation}` : conversation
}

type Test = (maker: StorageMaker) => Promise<void>

/** By what they say. Each begins with nothing, and throws if it finds something else than it says. */
export const STORAGE_TESTS: Readonly<Record<string, Test>> = {
  'keeps values, whatever JSON they are, and takes them away': async maker => {
    const values = { a: 1, b: [1, 'two', { c: null }], d: '', e: false, 'out/1': ['m', 300, 'é'], 'out/10': 0 }
    const first = await opened(maker.make({ historyPerConversation: 100 }, false))
    same(first.values.size, 0)
    await commit(first.storage, { values })
    await commit(first.storage, { values: { a: undefined, none: undefined, b: 'b' } })
    await close(first.storage)
    if (!maker.lasting) return
    const again = await opened(maker.make({ historyPerConversation: 100 }, true))
    const { a: _, ...left } = { ...values, b: 'b' }
    same(Object.fromEntries(again.values), left)
    await close(again.storage)
  },

  'keeps messages by conversation, in the order in which they came': async maker => {
    const { storage } = await opened(maker.make({ historyPerConversation: 100 }, false))
    await commit(storage, { messages: [message(7, 1), message(8, 1), message(7, 3)] })
    await commit(storage, { messages: [message(7, 2, 'ü'.repeat(5_000))] })
    same((await page(storage, 7)).messages, [message(7, 1), message(7, 3), message(7, 2, 'ü'.repeat(5_000))])
    same((await page(storage, 8)).messages, [message(8, 1)])
    same(await page(storage, 9), { messages: [], before: undefined, after: undefined })
    await close(storage)
  },

  'keeps every conversation by its id, and content that is not text': async maker => {
    const { storage } = await opened(maker.make({ historyPerConversation: 100 }, false))
    const group = { ...message(7, 5), conversation: 'group:9' } as const
    const strange = { ...group, sendSeq: 6, text: '', content: { kind: 900, body: 'AQID' } }
    await commit(storage, { messages: [message(7, 1), group, strange, { ...group, conversation: 'group:90' }] })
    await commit(storage, { outcomes: [{ ...group, code: 105 }] })
    same((await page(storage, 7)).messages, [message(7, 1)])
    same((await page(storage, 'group:9')).messages, [{ ...group, code: 105 }, strange])
    same((await page(storage, 'group:9', undefined, 1)).messages, [strange])
    await close(storage)
    if (!maker.lasting) return
    const again = await opened(maker.make({ historyPerConversation: 100 }, true))
    same((await page(again.storage, 'group:9')).messages, [{ ...group, code: 105 }, strange])
    same((await page(again.storage, 7)).messages, [message(7, 1)])
    await close(again.storage)
  },

  'keeps the place of a message in a group, and changes of the group between messages': async maker => {
    const { storage } = await opened(maker.make({ historyPerConversation: 100 }, false))
    const spoken = { ...message(7, 5), conversation: 'group:9', number: 70 } as const
    const change = { act: 'removed', by: 7, uid: 8, text: '', role: 'none' } as const
    const changed = { ...spoken, device: 0, sendSeq: 0, number: 71, text: '', change }
    const strange = { ...spoken, sendSeq: 6, number: 80, content: { kind: 900, body: 'AQID' } }
    await commit(storage, { messages: [spoken, changed, strange] })
    same((await page(storage, 'group:9')).messages, [spoken, changed, strange])
    await close(storage)
    if (!maker.lasting) return
    const again = await opened(maker.make({ historyPerConversation: 100 }, true))
    same((await page(again.storage, 'group:9')).messages, [spoken, changed, strange])
    await close(again.storage)
  },

  'gives pages from the newest on, none twice and none left out, also while it grows': async maker => {
    const { storage } = await opened(maker.make({ historyPerConversation: 1_000 }, false))
    for (let i = 1; i <= 25; i++) await commit(storage, { messages: [message(7, i), message(8, i)] })
    const found: number[] = []
    let before: number | undefined
    let pages = 0
    do {
      const next: Awaited<ReturnType<typeof page>> = await page(storage, 7, before, 10)
      found.unshift(...next.messages.map(each => each.sendSeq))
      before = next.before
      pages += 1
      if (pages === 1) await commit(storage, { messages: [message(7, 26)] })
    } while (before !== undefined)
    same(
      found,
      Array.from({ length: 25 }, (_, i) => i + 1),
    )
    same(pages, 3)
    same((await page(storage, 8, undefined, 25)).before, undefined)
    await close(storage)
  },

  'marks a message as failed, and only that one': async maker => {
    const { storage } = await opened(maker.make({ historyPerConversation: 100 }, false))
    const other = { ...message(7, 1), device: 2 }
    await commit(storage, { messages: [message(7, 1), other, message(7, 2), message(8, 1)] })
    await commit(storage, {
      outcomes: [
        { ...message(7, 1), code: 105 },
        { ...message(9, 9), code: 105 },
      ],
    })
    same((await page(storage, 7)).messages, [{ ...message(7, 1), code: 105 }, other, message(7, 2)])
    // In one commit with the message itself.
    await commit(storage, { messages: [message(7, 3)], outcomes: [{ ...message(7, 3), code: 106 }] })
    same((await page(storage, 7)).messages.at(-1)?.code, 106)
    same((await page(storage, 8)).messages, [message(8, 1)])
    await close(storage)
  },

  'rewrites a message in its place, takes one out, and leaves the others': async maker => {
    const { storage } = await opened(maker.make({ historyPerConversation: 100 }, false))
    const plain = message(7, 1)
    const rich = {
      ...message(7, 2),
      content: { kind: 2, body: 'AQID' },
      extra: { reply: [8, 1, 3, 0], mentions: [[0, 4, 8]], metadata: 'AQ==', forwarded: true },
      changed: { reactions: [['👍', 2]] },
    } as const
    const spoken = { ...message(8, 5), conversation: 'group:9', number: 70 } as const
    const change = { act: 'removed', by: 7, uid: 8, text: '', role: 'none' } as const
    const changed = { ...spoken, device: 0, sendSeq: 0, number: 71, text: '', change }
    await commit(storage, { messages: [plain, rich, message(7, 3), spoken, changed] })
    same((await page(storage, 7)).messages, [plain, rich, message(7, 3)])
    const { content: _, extra: __, ...gone } = { ...rich, text: '', changed: { recalledBy: 7 } }
    const found: string[] = []
    const finds = (name: string) => ({ found: () => found.push(name) })
    await commit(storage, {
      outcomes: [{ ...plain, code: 105 }],
      rewrites: [
        { ...plain, present: { text: 'between', changed: { editedAtMs: 4 } } },
        { ...plain, present: { text: 'other', changed: { editedAtMs: 5 } }, ...finds('other') },
        { ...rich, present: { text: '', changed: { recalledBy: 7 } } },
        { ...message(7, 3), ...finds('removed') },
        { ...message(7, 4), present: { text: 'unknown' }, ...finds('unknown') },
        { conversation: 'group:9', sender: 0, device: 0, sendSeq: 0, number: 70, present: { text: 'by number' } },
        { conversation: 'group:9', sender: 0, device: 0, sendSeq: 0, number: 71 },
      ],
    })
    same(found, ['other', 'removed'])
    const edited = { ...plain, text: 'other', code: 105, changed: { editedAtMs: 5 } }
    const left = [edited, gone]
    same((await page(storage, 7)).messages, left)
    same((await page(storage, 'group:9')).messages, [{ ...spoken, text: 'by number' }, changed])
    // In one commit with the message itself.
    await commit(storage, { messages: [message(7, 6)], rewrites: [{ ...message(7, 6), present: { text: 'new' } }] })
    left.push({ ...message(7, 6), text: 'new' } as typeof edited)
    same((await page(storage, 7)).messages, left)
    await close(storage)
    if (!maker.lasting) return
    const again = await opened(maker.make({ historyPerConversation: 100 }, true))
    same((await page(again.storage, 7)).messages, left)
    same((await page(again.storage, 'group:9')).messages, [{ ...spoken, text: 'by number' }, changed])
    await close(again.storage)
  },

  'puts earlier messages before what is there, page after page': async maker => {
    const { storage } = await opened(maker.make({ historyPerConversation: 100 }, false))
    const of = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => message(7, from + i))
    await commit(storage, { messages: [...of(21, 22), message(8, 9)] })
    const rich = { ...message(7, 20), extra: { metadata: 'AQ==' }, changed: { reactions: [['👍', 2]] } } as const
    await commit(storage, { messages: [message(7, 23)], earlier: [...of(18, 19), rich, message(8, 8)] })
    await commit(storage, {
      earlier: [...of(15, 17), { ...message(7, 3), conversation: 'group:9', number: 70 }],
      outcomes: [{ ...message(7, 15), code: 105 }],
    })
    const whole = [{ ...message(7, 15), code: 105 }, ...of(16, 19), rich, ...of(21, 23)]
    same((await page(storage, 7)).messages, whole)
    same((await page(storage, 8)).messages, [message(8, 8), message(8, 9)])
    const newest = await page(storage, 7, undefined, 4)
    same(newest.messages, whole.slice(5))
    same((await page(storage, 7, newest.before, 10)).messages, whole.slice(0, 5))
    await commit(storage, { messages: [message(7, 24)] })
    same((await page(storage, 7)).messages.at(-1), message(7, 24))
    await close(storage)
    if (!maker.lasting) return
    const again = await opened(maker.make({ historyPerConversation: 100 }, true))
    await commit(again.storage, { earlier: of(13, 14) })
    same((await page(again.storage, 7)).messages, [...of(13, 14), ...whole, message(7, 24)])
    same((await page(again.storage, 'group:9')).messages.length, 1)
    await close(again.storage)
  },

  'keeps the newest where earlier messages are too many': async maker => {
    const { storage } = await opened(maker.make({ historyPerConversation: 20 }, false))
    const of = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => message(7, from + i))
    await commit(storage, { messages: of(91, 100) })
    await commit(storage, { earlier: of(41, 90) })
    const { messages } = await page(storage, 7)
    holds(messages.length >= 20 && messages.length < 36, `${messages.length} are kept`)
    same(messages, of(101 - messages.length, 100))
    await close(storage)
  },

  'gives pages from the oldest on, and around a message': async maker => {
    const { storage } = await opened(maker.make({ historyPerConversation: 1_000 }, false))
    for (let i = 1; i <= 25; i++) await commit(storage, { messages: [message(7, i), message(8, i)] })
    const numbers = ({ messages }: HistoryPage) => messages.map(each => each.sendSeq)
    const from = (first: number, count: number) => Array.from({ length: count }, (_, i) => first + i)
    const oldest = await ranged(storage, 7, { after: FIRST_POSITION, limit: 10 })
    same(numbers(oldest), from(1, 10))
    same(oldest.before, undefined)
    const second = await ranged(storage, 7, { after: oldest.after, limit: 10 })
    same(numbers(second), from(11, 10))
    same(numbers(await ranged(storage, 7, { before: second.before, limit: 3 })), from(8, 3))
    const last = await ranged(storage, 7, { after: second.after, limit: 10 })
    same(numbers(last), from(21, 5))
    same(last.after, undefined)
    await commit(storage, { messages: [message(7, 26)] })
    const around = await ranged(storage, 7, { around: message(7, 12), limit: 4 })
    same(numbers(around), from(10, 4))
    same(numbers(await ranged(storage, 7, { before: around.before, limit: 4 })), from(6, 4))
    same(numbers(await ranged(storage, 7, { after: around.after, limit: 4 })), from(14, 4))
    same(numbers(await ranged(storage, 7, { around: message(7, 12), limit: 1 })), [12])
    same(await ranged(storage, 7, { around: message(7, 40), limit: 4 }), await page(storage, 9))
    await close(storage)
  },

  'finds texts, whatever the case, the newest first': async maker => {
    const { storage } = await opened(maker.make({ historyPerConversation: 100 }, false))
    const at = (atMs: number, text: string, peer = 7): StoredMessage => ({ ...message(peer, atMs, text), atMs })
    const change = { act: 'renamed', by: 7, uid: 0, text: 'Berlin', role: 'none' } as const
    const changed = { ...at(6, 'berlin'), conversation: 'group:9', number: 71, change } as const
    await commit(storage, {
      messages: [at(2, 'To Berlin'), at(3, '秋游计划'), at(5, 'berliner', 8), at(4, 'Paris'), changed],
    })
    await commit(storage, { earlier: [at(1, 'in BERLIN')] })
    const texts = async (query: Partial<StoredQuery>) =>
      (await found(storage, { text: 'berlin', limit: 10, ...query })).map(each => each.text)
    same(await texts({}), ['berliner', 'To Berlin', 'in BERLIN'])
    same(await texts({ conversation: 'direct:7' }), ['To Berlin', 'in BERLIN'])
    same(await texts({ conversation: 'direct:7', limit: 1 }), ['To Berlin'])
    same(await texts({ text: '游计' }), ['秋游计划'])
    same(await texts({ text: 'rome' }), [])
    await close(storage)
  },

  'clears a conversation up to a version, and pages go on where they were': async maker => {
    const { storage } = await opened(maker.make({ historyPerConversation: 100 }, false))
    const of = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => message(7, from + i))
    const unsent = { ...message(7, 50), version: 0, code: 105 }
    await commit(storage, { messages: [...of(1, 2), unsent, ...of(3, 20), message(8, 1)] })
    const { before } = await page(storage, 7, undefined, 10)
    await commit(storage, { clearings: [{ conversation: 'direct:7', upTo: 5 }], rewrites: [{ ...message(7, 8) }] })
    await commit(storage, { rewrites: [{ ...message(7, 15) }] })
    same((await page(storage, 7, before, 10)).messages, [unsent, ...of(6, 7), ...of(9, 10)])
    same((await page(storage, 8)).messages, [message(8, 1)])
    // With what comes in the same commit.
    await commit(storage, {
      messages: [...of(21, 22), { ...message(7, 30), version: 40 }],
      clearings: [{ conversation: 'direct:7', upTo: 30 }],
    })
    const left = [unsent, { ...message(7, 30), version: 40 }]
    same((await page(storage, 7)).messages, left)
    // And with what gets its version in the same commit.
    await commit(storage, { messages: [31, 32].map(sendSeq => ({ ...message(7, sendSeq), version: 0 })) })
    await commit(storage, {
      outcomes: [31, 32].map(sendSeq => ({ ...message(7, sendSeq), version: 10 + sendSeq })),
      clearings: [{ conversation: 'direct:7', upTo: 41 }],
    })
    left.splice(1, 1, { ...message(7, 32), version: 42 })
    same((await page(storage, 7)).messages, left)
    await close(storage)
    if (!maker.lasting) return
    const again = await opened(maker.make({ historyPerConversation: 100 }, true))
    same((await page(again.storage, 7)).messages, left)
    await close(again.storage)
  },

  'forgets everything that was there, and keeps what comes with it': async maker => {
    const { storage } = await opened(maker.make({ historyPerConversation: 100 }, false))
    await commit(storage, { values: { a: 1, b: 2 }, messages: [message(7, 1)] })
    await commit(storage, { forget: true, values: { z: 1 }, messages: [message(7, 9)] })
    same((await page(storage, 7)).messages, [message(7, 9)])
    await close(storage)
    if (!maker.lasting) return
    const again = await opened(maker.make({ historyPerConversation: 100 }, true))
    same([...again.values], [['z', 1]])
    same((await page(again.storage, 7)).messages, [message(7, 9)])
    await close(again.storage)
  },

  'keeps the newest of a conversation, and a few more': async maker => {
    const { storage } = await opened(maker.make({ historyPerConversation: 20 }, false))
    for (let i = 1; i <= 60; i += 3) {
      await commit(storage, { messages: [message(7, i), message(7, i + 1), message(7, i + 2), message(8, i)] })
      const { messages } = await page(storage, 7)
      same(messages.at(-1)?.sendSeq, i + 2)
      if (i > 20) holds(messages.length >= 20 && messages.length < 36, `${messages.length} are kept`)
    }
    same((await page(storage, 8)).messages.length, 20)
    await close(storage)
  },

  'keeps no history if it is told so': async maker => {
    const { storage } = await opened(maker.make({ historyPerConversation: 0 }, false))
    await commit(storage, { values: { a: 1 }, messages: [message(7, 1)] })
    same(await page(storage, 7), { messages: [], before: undefined, after: undefined })
    await close(storage)
  },
}

function same(found: unknown, wanted: unknown): void {
  const [x, y] = [found, wanted].map(sorted)
  if (x !== y) throw new Error(`${x}\n  is not\n${y}`)
}

function holds(condition: boolean, what: string): void {
  if (!condition) throw new Error(what)
}

/** As text, with the names of objects in order. */
function sorted(value: unknown): string | undefined {
  return JSON.stringify(value, (_, each) =>
    typeof each === 'object' && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([x], [y]) => (x < y ? -1 : 1)))
      : each,
  )
}
