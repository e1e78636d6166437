/** What a page has in place of references. */
import t from 'tap'
import {
  createConversationMessage,
  createItem,
  createMessage,
  decodeItem,
  encodeItem,
  type Item,
} from '../../protocol/generated/messages.js'
import { seededRandom } from '../../src/lib/random.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import type { Actor, Append } from '../../src/store/types.js'
import { Engine } from '../../src/sync/engine.js'
import { jsonValue } from '../../src/sync/record-kinds.js'
import { branchActor, decodeReference, encodeReference, type ItemFilter } from '../../src/sync/references.js'
import type { TimelinePage } from '../../src/sync/types.js'
import { engineOptions } from '../support/engine-options.js'
import { testBound } from '../support/test-bound.js'

const USER = 'user/1'
const GID = '1.1.1'
const BRANCH = branchActor(GID, 1)
const CHANGED_TAG = 90

const direct = (text: string): Uint8Array =>
  encodeItem(
    createItem({
      content: {
        case: 'message',
        value: createMessage({ sender: 2, device: 1, sendSeq: 3, atMs: 4, text }),
      },
    }),
  )
const ofGroup = (number: number, text: string): Uint8Array =>
  encodeItem(
    createItem({
      content: {
        case: 'conversationMessage',
        value: createConversationMessage({
          sender: 2,
          device: 1,
          sendSeq: 3,
          atMs: 4,
          conversation: `group:${GID}`,
          text,
          number,
        }),
      },
    }),
  )

/** The text of a message in an item, and whether a Changed holds it. */
function shownIn(bytes: Uint8Array): string {
  const isChanged = bytes[0] === CHANGED_TAG
  const { content }: Item = decodeItem(isChanged ? withoutChanged(bytes) : bytes)
  const text = content?.case === 'message' || content?.case === 'conversationMessage' ? content.value.text : undefined
  return isChanged ? `changed: ${text}` : String(text)
}

/** The item of the message that an item with a Changed holds: its fields 1 and 2 are fields 2 and 8 of Item. */
function withoutChanged(bytes: Uint8Array): Uint8Array {
  let at = 1
  while ((bytes[at] ?? 0) > 127) at += 1
  const item = bytes.slice(at + 1)
  item[0] = item[0] === 10 ? 18 : 66
  return item
}

async function start(appends: readonly Append[], filter?: ItemFilter<readonly number[]>) {
  const store = new MemoryStore({ random: seededRandom('references') })
  const unit = { expect: [], puts: [], trims: [] }
  for (const append of appends) await store.commit(0, [{ ...unit, appends: [append] }])
  const options = filter === undefined ? {} : { itemFilter: filter as ItemFilter<unknown> }
  const engine = new Engine({ ...engineOptions('references'), store, ...options })
  return { store, engine, unit }
}

const at = (actor: Actor, version: number, bytes: Uint8Array): Append => ({ actor, at: version, bytes })
const own = (bytes: Uint8Array, key?: string): Append => ({ actor: USER, key, bytes })

function shown(page: TimelinePage): readonly string[] {
  return page.kind === 'page' ? page.items.map(({ version, bytes }) => `${version} ${shownIn(bytes)}`) : []
}

t.test('a reference is read as it was written, those of older nodes too', async t => {
  for (const reference of [
    { gid: GID, number: 7, atMs: 5, update: true, version: 0 },
    { gid: '', number: 0, atMs: 5, update: true, version: 9 },
  ]) {
    t.same(decodeReference(encodeReference(reference)), reference)
  }
  t.same(decodeReference(encodeReference({ gid: GID, number: 7, atMs: 5 })), {
    gid: GID,
    number: 7,
    atMs: 5,
    update: false,
    version: 0,
  })
})

t.test('an update tells the item that it refers to, as it is now', async t => {
  const long = 'long'.repeat(100)
  const { engine } = await start([
    at(BRANCH, 7, ofGroup(7, long)),
    own(direct('direct')),
    own(encodeReference({ gid: GID, number: 7, atMs: 5 })),
    own(encodeReference({ gid: GID, number: 7, atMs: 6, update: true }), 'about/group'),
    own(encodeReference({ gid: '', number: 0, atMs: 6, update: true, version: 1 }), 'about/direct'),
  ])
  const page = await engine.page(USER, 0, 10, 10_000)
  t.same(shown(page), ['1 direct', `2 ${long}`, `3 changed: ${long}`, '4 changed: direct'])
  t.match(page, { trimmed: false, more: false })
  const part = await engine.page(USER, 0, 10, 500)
  t.same(shown(part), ['1 direct', `2 ${long}`])
  t.match(part, { to: 2, more: true })
})

t.test('an update of what is gone is left out; an item that is gone is told', async t => {
  const { engine, store, unit } = await start([
    own(direct('old')),
    own(encodeReference({ gid: GID, number: 7, atMs: 6, update: true }), 'about/group'),
    own(encodeReference({ gid: '', number: 0, atMs: 6, update: true, version: 1 }), 'about/direct'),
    own(direct('new')),
  ])
  await store.commit(0, [{ ...unit, appends: [], trims: [{ actor: USER, upTo: 1 }] }])
  const page = await engine.page(USER, 1, 10, 10_000)
  t.same(shown(page), ['4 new'])
  t.match(page, { trimmed: false, to: 4 })
  await store.commit(0, [{ ...unit, appends: [own(encodeReference({ gid: GID, number: 7, atMs: 5 }))] }])
  t.match(await engine.page(USER, 1, 10, 10_000), { trimmed: true, to: 5 })
})

t.test('an update refers to a message, not to a reference or another item', async t => {
  const contact = encodeItem(createItem({ content: { case: 'ownProfile', value: { account: 'a', nickname: 'b' } } }))
  const { engine } = await start([
    at(BRANCH, 7, ofGroup(7, 'text')),
    own(encodeReference({ gid: GID, number: 7, atMs: 5 })),
    own(contact),
    own(encodeReference({ gid: '', number: 0, atMs: 6, update: true, version: 1 }), 'about/1'),
    own(encodeReference({ gid: '', number: 0, atMs: 6, update: true, version: 2 }), 'about/2'),
    own(encodeReference({ gid: '', number: 0, atMs: 6, version: 1 })),
  ])
  const page = await engine.page(USER, 0, 10, 10_000)
  t.equal(page.kind === 'page' && page.items.length, 2)
  t.match(page, { trimmed: true, to: 5 }, 'nor does an item stand behind two references')
})

t.test('a reader is shown what the filter gives, and the record of the branch is read once', async t => {
  const members = jsonValue<readonly number[]>('references-members', testBound())
  const asked: string[] = []
  const filter: ItemFilter<readonly number[]> = {
    record: members,
    differs: item => shownIn(item).includes('edited'),
    shown(item, reader, record) {
      asked.push(`${reader} ${JSON.stringify(record)}`)
      return record?.includes(1) === true ? item : ofGroup(0, 'hidden')
    },
  }
  const { engine, store, unit } = await start(
    [
      at(BRANCH, 7, ofGroup(7, 'edited')),
      at(BRANCH, 8, ofGroup(8, 'plain')),
      own(direct('edited')),
      own(encodeReference({ gid: GID, number: 7, atMs: 5 })),
      own(encodeReference({ gid: GID, number: 8, atMs: 5 })),
      own(encodeReference({ gid: GID, number: 7, atMs: 6, update: true }), 'about/7'),
    ],
    filter,
  )
  let gets = 0
  const { get } = store
  store.get = (...of) => {
    gets += 1
    return get.apply(store, of)
  }
  t.same(shown(await engine.page(USER, 0, 10, 10_000)), ['1 edited', '2 hidden', '3 plain', '4 changed: hidden'])
  t.same(asked, [`${USER} undefined`, `${USER} undefined`])
  t.equal(gets, 1)
  const put = { actor: BRANCH, name: 'references-members', bytes: members.encode([1]), stamp: 1 }
  await store.commit(0, [{ ...unit, appends: [], puts: [put] }])
  t.same(shown(await engine.page(USER, 0, 10, 10_000)), ['1 edited', '2 edited', '3 plain', '4 changed: edited'])
  t.equal(gets, 2)
  await engine.page(USER, 2, 1, 10_000)
  t.equal(gets, 2, 'no record is read for what all are shown alike')
})
