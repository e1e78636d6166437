/**
 * For random histories: History shows exactly what a replay of the timeline shows, whatever way one goes; Conversations agree with it; and
 * keyed state up to a head, with what came above it, is that of the replay.
 */

import { deepStrictEqual, ok } from 'node:assert'
import fc from 'fast-check'
import t from 'tap'
import {
  createMessageId,
  createPostRequest,
  createSyncRequest,
  decodeItem,
  GroupState,
  type Item,
  type MessageId,
} from '../../protocol/generated/messages.js'
import { METHODS } from '../../protocol/methods.js'
import { seededRandom } from '../../src/lib/random.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { userActor } from '../../src/sync/rules/records.js'
import { trimLog } from '../../src/sync/rules/retention.js'
import { befriend, startNode, TestDevice, type TestNode } from '../support/engine.js'
import { eventually } from '../support/eventually.js'
import { JumpingClock } from '../support/jumping-clock.js'
import { allConversations, historyOf, type Part, type Placed, Replay } from '../support/screen-reader.js'

const ACTS = [
  'say',
  'say',
  'say',
  'edit',
  'recall',
  'react',
  'delete',
  'clear',
  'read',
  'pin',
  'block',
  'befriend',
  'come or go',
  'epoch',
  'trim',
] as const

interface Step {
  readonly act: (typeof ACTS)[number]
  /** Who acts, of three. */
  readonly who: number
  /** Where, of the conversations there. */
  readonly where: number
  /** About which of the items there, from the newest. */
  readonly which: number
}

const step: fc.Arbitrary<Step> = fc.record({
  act: fc.constantFrom(...ACTS),
  who: fc.nat({ max: 2 }),
  where: fc.nat({ max: 2 }),
  which: fc.nat({ max: 7 }),
})

/** Three people; of the first one's timeline everything is looked at. */
class World {
  readonly #store: MemoryStore
  readonly #node: TestNode
  readonly #people: readonly TestDevice[]
  readonly #group: string

  private constructor(store: MemoryStore, node: TestNode, people: readonly TestDevice[], group: string) {
    this.#store = store
    this.#node = node
    this.#people = people
    this.#group = group
  }

  static async make(): Promise<World> {
    const store = new MemoryStore({ scopes: 'partitions', random: seededRandom('store') })
    const node = await startNode(store, new JumpingClock(), 'node')
    const people = await Promise.all(['ann', 'bob', 'carol'].map((name, key) => new TestDevice(node).enter(name, key)))
    const [ann, bob, carol] = people as [TestDevice, TestDevice, TestDevice]
    for (const [one, other] of [
      [ann, bob],
      [ann, carol],
      [bob, carol],
    ] as const)
      await befriend(one, other)
    const invitees = [{ uid: bob.uid }, { uid: carol.uid }]
    const { body } = await ann.call(METHODS.groupCreate, { sendSeq: ann.next(), title: 'we', invitees })
    const { conversation } = METHODS.groupCreate.decodeResponse(body)
    const world = new World(store, node, people, conversation)
    await world.quiet()
    return world
  }

  get reader(): TestDevice {
    return this.#people[0] as TestDevice
  }

  async quiet(): Promise<void> {
    const { engine } = this.#node
    await eventually(() => engine.queueDepth + engine.outboxDepth === 0)
  }

  async close(): Promise<void> {
    await this.#node.engine.close()
  }

  async take({ act, who, where, which }: Step): Promise<void> {
    const he = this.#people[who] as TestDevice
    const others = this.#people.filter(other => other !== he)
    const other = others[where % 2] as TestDevice
    const conversation = where === 2 ? this.#group : `direct:${other.uid}`
    const sendSeq = he.sendSeq + 1
    const named = { sendSeq, conversation }
    await this.#act(he, act, { ...named, other, which })
    await this.quiet()
    await he.hello() // which says whether the number was used up
  }

  async #act(
    he: TestDevice,
    act: Step['act'],
    asked: { sendSeq: number; conversation: string; other: TestDevice; which: number },
  ): Promise<unknown> {
    const { other, which, ...named } = asked
    const message = (await messageAt(he, named.conversation, which)) ?? createMessageId({ number: 1 })
    const { uid } = other
    const contact = { sendSeq: named.sendSeq, uid }
    switch (act) {
      case 'say':
        return he.call(
          METHODS.post,
          createPostRequest({ ...named, text: `text ${named.sendSeq} é👍`.repeat(which * 3 + 1) }),
        )
      case 'edit':
        return he.call(METHODS.edit, { ...named, message, text: 'another text', mentions: [] })
      case 'recall':
        return he.call(METHODS.recall, { ...named, message })
      case 'react':
        return he.call(METHODS.react, { ...named, message, kind: '👍', off: which % 2 === 0 })
      case 'delete':
        return he.call(METHODS.delete, { ...named, messages: [message] })
      case 'clear': {
        const upTo = (await he.items()).at(-1 - which)?.version ?? 1
        return he.call(METHODS.clear, { ...named, upTo })
      }
      case 'read':
        return this.#read(he, named, message)
      case 'pin':
        return he.call(METHODS.setConversation, {
          ...named,
          settings: { muted: which > 3, pinned: which % 2 === 0, archived: false, unread: false },
        })
      case 'block':
        return he.call(which % 2 === 0 ? METHODS.contactBlock : METHODS.contactUnblock, contact)
      case 'befriend':
        if (which < 2) return he.call(METHODS.contactRemove, contact)
        return he.call(METHODS.contactRequest, { ...contact, greeting: '' })
      case 'come or go':
        return this.#comeOrGo(he, other, named.sendSeq)
      case 'epoch':
        await this.#store.newEpoch(this.#store.scopeOf(userActor(he.uid)))
        return NOTHING
      case 'trim': {
        const upTo = (await he.items())[which]?.version ?? 1
        await this.#node.engine.run(userActor(he.uid), trimLog, { upTo })
        return NOTHING
      }
    }
  }

  async #read(he: TestDevice, named: { sendSeq: number; conversation: string }, message: MessageId) {
    if (named.conversation === this.#group) return he.call(METHODS.markRead, { ...named, number: message.number || 1 })
    if (message.sender === he.uid || message.sender === 0) return NOTHING
    const marks = [{ peer: message.sender, device: message.device, sendSeq: message.sendSeq }]
    he.told = Number.MAX_SAFE_INTEGER
    await new Promise<void>(resolve => {
      this.#node.services.ack(he, { version: 1, delivered: marks, read: marks }, resolve)
      this.#node.services.flush()
    })
    return NOTHING
  }

  /** A member leaves; somebody who is none is invited by who is one. */
  async #comeOrGo(he: TestDevice, other: TestDevice, sendSeq: number): Promise<unknown> {
    const group = { sendSeq, conversation: this.#group }
    const state = (await he.items()).findLast(({ item: { content } }) => content?.case === 'group')?.item.content
    const isMember = state?.case === 'group' && state.value.state === GroupState.MEMBER
    if (isMember && he.uid % 2 === 0) return he.call(METHODS.groupLeave, group)
    return he.call(METHODS.groupInvite, { ...group, invitees: [{ uid: other.uid }] })
  }
}

/** Stands for a request that was not made. */
const NOTHING = {}

/** Names one of the messages of a conversation, from the newest; undefined: there is none. */
async function messageAt(he: TestDevice, conversation: string, which: number): Promise<MessageId | undefined> {
  const shown = (await Replay.of(he)).shown(conversation).flatMap(({ item: { content } }) => {
    if (content?.case === 'message') {
      const { sender, device, sendSeq } = content.value
      return [createMessageId({ sender, device, sendSeq })]
    }
    return content?.case === 'conversationMessage' ? [createMessageId({ number: content.value.number })] : []
  })
  return shown.at(-1 - (which % Math.max(1, shown.length)))
}

/** An answer is right if it has what the replay shows of its range, and goes on. */
function assertPart(part: Part, shown: readonly Placed[]): void {
  const { from, to, items } = part
  ok(from <= to, `${from} is above ${to}`)
  deepStrictEqual(
    items,
    shown.filter(({ version }) => version > from && version <= to),
  )
}

/** Walks a conversation backwards from the newest item. */
async function assertBackwards(reader: TestDevice, conversation: string, shown: readonly Placed[], limit: number) {
  const seen: Placed[] = []
  let part = await historyOf(reader, conversation, { limit })
  for (;;) {
    assertPart(part, shown)
    seen.unshift(...part.items)
    if (part.from === 0) break
    const before = limit % 2 === 0 ? (part.items[0]?.version ?? part.from + 1) : part.from + 1
    const next = await historyOf(reader, conversation, { before, limit })
    ok(next.to === before - 1 && next.from < part.from, `${next.from} is not before ${part.from}`)
    part = next
  }
  deepStrictEqual(seen, shown)
}

/** Walks it forwards from a version. */
async function assertForwards(
  reader: TestDevice,
  conversation: string,
  shown: readonly Placed[],
  limit: number,
  at: number,
) {
  const { head } = await reader.node.services.head(reader.uid, 0)
  for (let after = at; after < head; ) {
    const part = await historyOf(reader, conversation, { after, limit })
    assertPart(part, shown)
    deepStrictEqual(part.from, after)
    ok(part.to > after, 'no progress')
    after = part.to
  }
}

/** Looks around a version, and around each message that is shown. */
async function assertAround(
  reader: TestDevice,
  conversation: string,
  shown: readonly Placed[],
  limit: number,
  at: number,
) {
  assertPart(await historyOf(reader, conversation, { around: at, limit }), shown)
  for (const { version, item } of shown) {
    const { content } = item
    if (content?.case !== 'message' && content?.case !== 'conversationMessage') continue
    const { sender, device, sendSeq } = content.value
    const message =
      content.case === 'message'
        ? createMessageId({ sender, device, sendSeq })
        : createMessageId({ number: content.value.number })
    const part = await historyOf(reader, conversation, { message, limit })
    assertPart(part, shown)
    ok(
      part.items.some(placed => placed.version === version),
      'the message itself is there',
    )
  }
}

async function assertConversations(reader: TestDevice, replay: Replay, limit: number) {
  const all = await allConversations(reader, limit)
  const listed = all.filter(({ version }) => version > 0)
  deepStrictEqual(new Set(listed.map(({ conversation }) => conversation)), replay.conversations)
  const unpinned = listed.flatMap(({ settings, version }) => (settings?.pinned === true ? [] : [version]))
  deepStrictEqual(
    unpinned,
    unpinned.toSorted((a, b) => b - a),
  )
  for (const { conversation, version, last, unread, settings, read, cleared } of all) {
    const shown = replay.shown(conversation).filter(({ item: { content } }) => content?.case !== 'failed')
    deepStrictEqual(version, replay.newest(conversation))
    deepStrictEqual(last?.content?.case, shown.at(-1)?.item.content?.case)
    deepStrictEqual(unread, replay.unread(conversation), `what is unread in ${conversation}`)
    const state = replay.stateOf(conversation)
    deepStrictEqual({ settings, read, cleared }, { settings: state.settings, read: state.read, cleared: state.cleared })
  }
}

/** All keyed state up to a head, read while something happens behind the first page. */
async function pagesOfState(reader: TestDevice, head: number, meanwhile: () => Promise<void>): Promise<Placed[]> {
  const items: Placed[] = []
  let happens: (() => Promise<void>) | undefined = meanwhile
  for (let since = 0; since < head; ) {
    const { page } = await reader.call(METHODS.sync, createSyncRequest({ since, state: true }))
    if (page?.kind !== 'page' || 'encoded' in page.items || page.state !== true) throw new Error('no page of state')
    for (const { version, bytes } of page.items) items.push({ version, item: { ...decodeItem(bytes), skip: 0 } })
    ok(page.to > since, 'no progress')
    since = page.to
    await happens?.()
    happens = undefined
  }
  await happens?.()
  return items
}

/** What is newest under each key. Of anything else there is nothing. */
function newestByKey(items: readonly Placed[]): ReadonlyMap<string, Placed> {
  return new Map(
    items
      .toSorted((a, b) => a.version - b.version)
      .flatMap(placed => {
        const key = keyOf(placed.item)
        return key === undefined ? [] : [[key, placed] as const]
      }),
  )
}

function keyOf({ content }: Item): string | undefined {
  switch (content?.case) {
    case 'contact':
      return `contact/${content.value.uid}`
    case 'delivered':
      return `delivered/${content.value.peer}`
    case 'read':
      return `${content.value.own ? 'own-read' : 'read'}/${content.value.peer}`
    case 'ownProfile':
    case 'preferences':
      return content.case
    case 'group':
    case 'conversationState':
      return `${content.case}/${content.value.conversation}`
    default:
      return undefined
  }
}

t.test('whatever has happened, History and Conversations show what a replay shows', async t => {
  const run = async (steps: readonly Step[], limit: number, fraction: number): Promise<void> => {
    const world = await World.make()
    const { reader } = world
    const half = Math.floor(steps.length / 2)
    for (const each of steps.slice(0, half)) await world.take(each)
    const { head } = await reader.node.services.head(reader.uid, 0)
    const state = await pagesOfState(reader, head, async () => {
      for (const each of steps.slice(half)) await world.take(each)
    })
    const replay = await Replay.of(reader)
    const above = replay.items.filter(({ version }) => version > head)
    deepStrictEqual(newestByKey([...state, ...above]), newestByKey(replay.items))
    const versions = [1, ...replay.items.map(({ version }) => version)]
    const at = versions[Math.floor(fraction * (versions.length - 1))] ?? 1
    for (const conversation of replay.conversations) {
      const shown = replay.shown(conversation)
      await assertBackwards(reader, conversation, shown, limit)
      await assertForwards(reader, conversation, shown, limit, at)
      await assertAround(reader, conversation, shown, limit, at)
    }
    await assertConversations(reader, replay, limit)
    await world.close()
  }
  const property = fc.asyncProperty(
    fc.array(step, { minLength: 5, maxLength: 60 }),
    fc.integer({ min: 1, max: 7 }),
    fc.double({ min: 0, max: 1, noNaN: true }),
    run,
  )
  await fc.assert(property, { numRuns: 40, interruptAfterTimeLimit: 40_000 })
  t.pass()
})
