/**
 * What every storage of the client library must do. Without Node, tap and modules of the client: it also runs in a page, where
 * chromium has the storage (test/long/chromium.long.ts).
 */

import type { Changes, Failure, Json, Storage, StoredMessage } from '../../clients/typescript/storage/storage.js'
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
  readonly failures?: readonly Failure[]
}

export function opened(storage: Storage): Promise<Opened> {
  return new Promise((resolve, reject) => {
    storage.open((error, values) => (error === undefined ? resolve({ storage, values }) : reject(error)))
  })
}

export function commit(storage: Storage, changes: SomeChanges): Promise<void> {
  const { forget = false, values = {}, messages = [], failures = [] } = changes
  const whole: Changes = { forget, values: new Map(Object.entries(values)), messages, failures }
  return new Promise((resolve, reject) => {
    storage.commit(whole, error => (error === undefined ? resolve() : reject(error)))
  })
}

export function page(
  storage: Storage,
  conversation: number | ConversationId,
  before?: number,
  limit = 1000,
): Promise<{ readonly messages: readonly StoredMessage[]; readonly before: number | undefined }> {
  return new Promise((resolve, reject) => {
    storage.history(idOf(conversation), before, limit, (error, found) =>
      error === undefined ? resolve(found) : reject(error),
    )
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
    same(await page(storage, 9), { messages: [], before: undefined })
    await close(storage)
  },

  'keeps every conversation by its id, and content that is not text': async maker => {
    const { storage } = await opened(maker.make({ historyPerConversation: 100 }, false))
    const group = { ...message(7, 5), conversation: 'group:9' } as const
    const strange = { ...group, sendSeq: 6, text: '', content: { kind: 900, body: 'AQID' } }
    await commit(storage, { messages: [message(7, 1), group, strange, { ...group, conversation: 'group:90' }] })
    await commit(storage, { failures: [{ ...group, code: 105 }] })
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
      failures: [
        { ...message(7, 1), code: 105 },
        { ...message(9, 9), code: 105 },
      ],
    })
    same((await page(storage, 7)).messages, [{ ...message(7, 1), code: 105 }, other, message(7, 2)])
    // In one commit with the message itself.
    await commit(storage, { messages: [message(7, 3)], failures: [{ ...message(7, 3), code: 106 }] })
    same((await page(storage, 7)).messages.at(-1)?.code, 106)
    same((await page(storage, 8)).messages, [message(8, 1)])
    await close(storage)
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
    same(await page(storage, 7), { messages: [], before: undefined })
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
