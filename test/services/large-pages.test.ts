/** Pages that threads read: the same bytes as this thread makes, bounded, given up with their askers, and never lost with a thread. */
import { createHash } from 'node:crypto'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { CODES } from '../../protocol/codes.js'
import { createSyncRequest } from '../../protocol/generated/messages.js'
import { encodePushFrame, encodeSyncBody, encodeSyncFrame, itemsBytes } from '../../protocol/item-codec.js'
import { SYNC_BYTES_MAX, SYNC_ITEMS_MAX } from '../../protocol/limits.js'
import { METHODS } from '../../protocol/methods.js'
import { pageMemory } from '../../src/lib/page-memory.js'
import { type Random, seededRandom } from '../../src/lib/random.js'
import { endOfTurn } from '../../src/lib/turn.js'
import { BEHIND_MAX, LargePages, PAGES_WAITING_MAX } from '../../src/services/large-pages.js'
import type { TimelinePage } from '../../src/services/types.js'
import { openLmdbStore } from '../../src/store/lmdb/open.js'
import { closePages } from '../../src/store/lmdb/page-reader.js'
import type { LmdbStore } from '../../src/store/lmdb/store.js'
import type { Append, Unit } from '../../src/store/types.js'
import type { Engine } from '../../src/sync/engine.js'
import { branchActor, encodeReference } from '../../src/sync/references.js'
import { userActor } from '../../src/sync/rules/records.js'
import { InlineWorkers } from '../../src/workers/inline.js'
import { WorkerPool } from '../../src/workers/pool.js'
import type { ReadPages } from '../../src/workers/read-pages.js'
import type { OwnWorkers } from '../../src/workers/tasks.js'
import { WorkerError } from '../../src/workers/types.js'
import { put } from '../store/contract/support.js'
import { newFolder } from '../store/support/folder.js'
import { startNode, TestDevice } from '../support/engine.js'
import { eventually } from '../support/eventually.js'
import { ManualClock } from '../support/manual-clock.js'
import { rounds } from '../support/rounds.js'

/** Logs of random units. */
const SEEDS = rounds(2)
const UID = 7
const USER = userActor(UID)
const NOTHING: Unit = { expect: [], puts: [], appends: [], trims: [] }
/** The asker of most pages, who stays. */
const STAYS = { signal: undefined }

/** Runs the tasks of pages when it is told to, and fails them when it is told to. */
class HeldWorkers implements OwnWorkers {
  readonly #inline = new InlineWorkers()
  readonly held: { readonly input: ReadPages; go(): void; fail(code: 'CRASHED' | 'TIMED_OUT'): void }[] = []
  holds = true

  readonly run: OwnWorkers['run'] = async (name, input, options) => {
    if (this.holds) {
      await new Promise<void>((resolve, reject) => {
        const fail = (code: 'CRASHED' | 'TIMED_OUT') => reject(new WorkerError(code, name))
        this.held.push({ input: input as ReadPages, go: resolve, fail })
      })
    }
    return this.#inline.run(name, input, options) as never
  }

  close(): Promise<void> {
    return this.#inline.close()
  }
}

async function start(t: Test, workers: OwnWorkers = new InlineWorkers(), journalBytes = 2 ** 15) {
  const folder = newFolder(t)
  const store = await openLmdbStore({ path: folder, journalBytes })
  t.teardown(async () => {
    await workers.close()
    await closePages()
    await store.close()
  })
  const clock = new ManualClock()
  const { engine } = await startNode(store, clock, 'large pages')
  const pages = new LargePages({ engine, store, workers, clock, defer: endOfTurn })
  const here = (since: number): Promise<TimelinePage> => engine.page(USER, since, SYNC_ITEMS_MAX, SYNC_BYTES_MAX)
  return { store, folder, clock, pages, here }
}

function entry(length: number, key?: string, actor = USER): Append {
  return { actor, bytes: new Uint8Array(length).fill(length % 100), ...(key === undefined ? {} : { key }) }
}

interface Filled {
  readonly store: LmdbStore
  readonly pages?: LargePages
}

/** A log of so many entries, in the tables but for the last few. */
async function fill(t: Test, { store, pages }: Filled, entries: number, actor = USER): Promise<void> {
  const append = entry(100, undefined, actor)
  for (let i = 0; i < entries; i += 100) {
    await store.commit(0, [{ ...NOTHING, appends: Array.from({ length: 100 }, () => append) }])
  }
  await eventually(async () => {
    await store.commit(0, [{ ...NOTHING, appends: [append] }])
    return (store.settled(actor, 0)?.upTo ?? 0) >= entries
  })
  // From its first page on the user is known to be behind.
  if (pages !== undefined) t.match(await pages.page(actor, 0), { kind: 'page', more: true, items: { length: 256 } })
}

/** The hashes of all that is made of a page. Each is made at once: the next form overwrites what is in front of encoded items. */
function forms(since: number, page: TimelinePage): unknown {
  if (page.kind === 'resync') return page
  const hash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
  const { to, more, trimmed, head, items } = page
  const results = [{ version: 3, from: 0, code: 0, message: '', retryAfterMs: 0, refusal: undefined }]
  const made = [
    hash(encodeSyncFrame(5, since, page)),
    hash(encodeSyncFrame(300, since, page, results)),
    hash(encodeSyncBody(since, page)),
    hash(encodeSyncBody(since, page, results)),
    hash(encodePushFrame(since, to, trimmed, items)),
  ]
  return { to, more, trimmed, head, length: items.length, bytes: itemsBytes(items), made }
}

function randomUnit(random: Random, head: number): Unit {
  const key = () => `k${random.integer(4)}`
  const unit: Unit = { ...NOTHING }
  switch (random.integer(8)) {
    case 0:
      return { ...unit, trims: [{ actor: USER, upTo: random.integer(head + 1) >> 1 }] }
    case 1:
      return { ...unit, drops: [{ actor: USER, key: key() }] }
    case 2: {
      const version = 1 + random.integer(head + 1)
      return { ...unit, replaces: [{ actor: USER, version, expected: 0, stamp: 9, bytes: entry(77).bytes }] }
    }
    default: {
      const most = random.integer(5) === 0 ? 4_000 : 200
      const appends = Array.from({ length: 1 + random.integer(250) }, () =>
        entry(random.integer(most), random.integer(20) === 0 ? key() : undefined),
      )
      return { ...unit, appends }
    }
  }
}

t.test('a page that a thread reads has the same bytes, whatever happened to the log', async t => {
  let there = 0
  let resyncs = 0
  for (let seed = 1; seed <= SEEDS; seed++) {
    const random = seededRandom(`large pages ${seed}`)
    const { store, pages, here } = await start(t, undefined, 2 ** (14 + random.integer(5)))
    let head = 0
    for (let step = 0; step < 60; step++) {
      if (random.integer(25) === 0) await store.newEpoch(0)
      await store.commit(0, [randomUnit(random, head)])
      head = (await here(Number.MAX_SAFE_INTEGER)).head
      for (const since of [0, random.integer(head + 2), Math.max(0, head - random.integer(700))]) {
        await pages.page(USER, 0) // it is known to be behind
        const [made, expected] = [await pages.page(USER, since, STAYS), await here(since)]
        if (made.kind === 'page' && 'encoded' in made.items) there++
        if (made.kind === 'resync') resyncs++
        const [one, other] = [made, expected].map(page => JSON.stringify(forms(since, page)))
        if (one !== other) t.equal(one, other, `seed ${seed}, step ${step}, since ${since}`)
      }
    }
  }
  t.ok(there > 33 * SEEDS, `${there} pages were read there`)
  t.ok(resyncs > 3 * SEEDS, `${resyncs} were of no timeline`)
})

t.test('a page with a reference to an item of a group is read here, and shows the item', async t => {
  const { store, pages } = await start(t)
  await fill(t, { store, pages }, 600)
  const item = new TextEncoder().encode('the item of the group')
  const reference = { gid: '1.1.1', number: 5, atMs: 0 }
  await store.commit(0, [
    { ...NOTHING, appends: [{ actor: branchActor('1.1.1', UID), at: 5, bytes: item }] },
    { ...NOTHING, appends: [{ actor: USER, bytes: encodeReference(reference) }] },
    { ...NOTHING, appends: [{ actor: USER, bytes: encodeReference({ ...reference, number: 6 }) }] },
  ])
  const { head } = await store.read(USER, 0, Number.MAX_SAFE_INTEGER, 1, 0)
  await fill(t, { store }, 1_200)
  const page = await pages.page(USER, head - 10, STAYS)
  if (page.kind === 'resync' || 'encoded' in page.items) throw new Error('it was read there')
  t.same(page.items.find(({ version }) => version === head - 1)?.bytes, item)
  t.notOk(
    page.items.some(({ version }) => version === head),
    'what is not there any more is left out',
  )
  t.ok(page.items.some(({ version }) => version > head))
})

t.test('real threads read them too, and hold no state of the tables, which would make the file grow', async t => {
  const clock = new ManualClock()
  const workers = new WorkerPool({ clock, threads: 2 })
  const started = await start(t, workers)
  const { store, folder, pages, here } = started
  await fill(t, started, 3_000)
  const sinces = Array.from({ length: 40 }, (_, i) => i * 50)
  const made = await Promise.all(sinces.map(since => pages.page(USER, since, STAYS)))
  for (const [i, page] of made.entries()) {
    t.ok(page.kind === 'page' && 'encoded' in page.items)
    t.same(forms(sinces[i] ?? 0, page), forms(sinces[i] ?? 0, await here(sinces[i] ?? 0)))
  }
  const churn = async () => {
    for (let i = 0; i < 200; i++) {
      const puts = Array.from({ length: 50 }, (_, record) => put(USER, `r${record}`, 'x'.repeat(200)))
      await store.commit(0, [{ ...NOTHING, puts }])
    }
  }
  await churn()
  const before = statSync(join(folder, 'data.mdb')).size
  await pages.page(USER, 0, STAYS)
  for (let i = 0; i < 3; i++) await churn()
  t.ok(statSync(join(folder, 'data.mdb')).size < before + 300_000)
})

t.test('a log that is trimmed meanwhile is read here', async t => {
  const workers = new HeldWorkers()
  const started = await start(t, workers)
  const { store, pages, here } = started
  await fill(t, started, 1_000)
  const asked = pages.page(USER, 0, STAYS)
  await eventually(() => workers.held.length === 1)
  await store.commit(0, [{ ...NOTHING, trims: [{ actor: USER, upTo: 300 }] }])
  workers.held[0]?.go()
  const page = await asked
  t.match(page, { kind: 'page', trimmed: true })
  t.same(forms(0, page), forms(0, await here(0)))
})

t.test('what has left the log is left out only when that is durable', async t => {
  const started = await start(t)
  const { store, pages, here } = started
  await store.commit(0, [{ ...NOTHING, appends: [entry(10, 'k')] }])
  await fill(t, started, 1_000)
  let done = false
  const write = store.commit(0, [{ ...NOTHING, drops: [{ actor: USER, key: 'k' }] }]).then(() => {
    done = true
  })
  t.same(store.settled(USER, 0)?.left, [1])
  const page = await pages.page(USER, 0, STAYS)
  t.ok(done)
  await write
  t.ok(page.kind === 'page' && 'encoded' in page.items)
  t.same(forms(0, page), forms(0, await here(0)))
})

t.test('pages are made in the memory of those that have left, and nothing of these is in them', async t => {
  const workers = new WorkerPool({ clock: new ManualClock(), threads: 1 })
  const started = await start(t, workers)
  const { pages, here } = started
  await fill(t, started, 1_000)
  const left = await pages.page(USER, 0, STAYS)
  if (left.kind !== 'page' || !('encoded' in left.items)) throw new Error('no thread read it')
  const { buffer } = left.items.encoded
  pageMemory.giveBack(encodeSyncFrame(1, 0, left))
  t.same(forms(300, await pages.page(USER, 300, STAYS)), forms(300, await here(300)))
  t.equal(buffer.byteLength, 0, 'the thread has it')

  const short = new Uint8Array(9_000)
  pageMemory.lend(short)
  pageMemory.giveBack(short)
  const page = await pages.page(USER, 300, STAYS)
  t.ok(page.kind === 'page' && 'encoded' in page.items, 'a buffer that is too short is not used')
})

t.test('a page whose thread dies is refused with UNAVAILABLE; the next ones are read here for a while', async t => {
  const workers = new HeldWorkers()
  const started = await start(t, workers)
  const { clock, pages } = started
  await fill(t, started, 1_000)
  const asked = pages.page(USER, 0, STAYS)
  const ofHello = pages.page(USER, 0)
  await eventually(() => workers.held.length === 1)
  workers.held[0]?.fail('CRASHED')
  await t.rejects(asked, { code: 'CRASHED' })
  t.match(await ofHello, { kind: 'page', to: 256 }, 'nobody could ask for the first page again')
  t.match(await pages.page(USER, 0, STAYS), { to: 256 })
  t.equal(workers.held.length, 1)
  clock.advance(5_000)
  const later = pages.page(USER, 0, STAYS)
  await eventually(() => workers.held.length === 2)
  workers.held[1]?.fail('TIMED_OUT')
  await t.rejects(later, { code: 'TIMED_OUT' })
  const stuck = pages.page(USER, 0, STAYS)
  await eventually(() => workers.held.length === 3)
  workers.held[2]?.go()
  t.match(await stuck, { to: 256 })
})

/** A device on a node whose workers are held; of its timeline more than a page is in the tables, and the node knows that it is behind. */
async function deviceBehind(t: Test) {
  const workers = new HeldWorkers()
  const store = await openLmdbStore({ path: newFolder(t), journalBytes: 2 ** 15 })
  t.teardown(() => store.close())
  const node = await startNode(store, new ManualClock(), 'behind', { workers })
  const device = await new TestDevice(node).enter('alice', 1)
  await fill(t, { store }, 600, userActor(device.uid))
  const sync = () => device.call(METHODS.sync, createSyncRequest({ since: 0 }))
  t.match((await sync()).page, { more: true })
  return { workers, node, device, sync }
}

t.test('a Sync whose thread hangs is told to come back', async t => {
  const { workers, sync } = await deviceBehind(t)
  const reply = sync()
  await eventually(() => workers.held.length === 1)
  workers.held[0]?.fail('TIMED_OUT')
  t.match(await reply, { code: CODES.UNAVAILABLE.code, retryAfterMs: 1_000 })
})

t.test('a Sync is given up with its connection', async t => {
  const { workers, device, sync } = await deviceBehind(t)
  const gone = new AbortController()
  Object.assign(device, { signal: gone.signal })
  const reply = sync()
  await eventually(() => workers.held.length === 1)
  gone.abort()
  t.match(await reply, { code: CODES.UNAVAILABLE.code })
  workers.held[0]?.go()
})

t.test('a first page is given up with its connection, too', async t => {
  const { workers, node, device } = await deviceBehind(t)
  const gone = new AbortController()
  const page = node.services.page(device.uid, 0, gone)
  await eventually(() => workers.held.length === 1)
  gone.abort()
  await t.rejects(page, { code: 'ABORTED' })
  workers.held[0]?.go()
})

/** The most pages of one task; one is under way at a time. */
const TASK = 8

/** Asks for as many pages as one task reads, which is then under way. It waits for go(). */
async function occupy(pages: LargePages, { held }: HeldWorkers): Promise<{ go(): Promise<unknown> }> {
  const asked = Array.from({ length: TASK }, () => pages.page(USER, 0, STAYS))
  await eventually(() => held.length === 1)
  return {
    go() {
      for (const { go } of held) go()
      return Promise.all(asked)
    },
  }
}

t.test('a page is given up with its asker, before a thread reads it or while one does', async t => {
  const workers = new HeldWorkers()
  const started = await start(t, workers)
  const { pages } = started
  await fill(t, started, 1_000)
  const before = await occupy(pages, workers)
  const gone = new AbortController()
  const stays = pages.page(USER, 1, STAYS)
  const waits = pages.page(USER, 2, gone)
  gone.abort()
  await t.rejects(waits, { code: 'ABORTED' })
  await t.rejects(pages.page(USER, 3, gone), { code: 'ABORTED' })
  await before.go()
  await eventually(() => workers.held.length === 2)
  const afters = workers.held[1]?.input.ranges.map(range => range.after)
  t.same(afters, [1], 'those that were given up are not read')
  workers.held[1]?.go()
  t.match(await stays, { to: 257 })

  const last = new AbortController()
  const running = pages.page(USER, 4, last)
  await eventually(() => workers.held.length === 3)
  last.abort()
  await t.rejects(running, { code: 'ABORTED' })
  workers.held[2]?.go()
})

t.test('an asker is told that its page waits, and when it is read', async t => {
  const workers = new HeldWorkers()
  const started = await start(t, workers)
  const { pages } = started
  await fill(t, started, 1_000)
  const before = await occupy(pages, workers)
  const told: boolean[] = []
  const asked = pages.page(USER, 1, { signal: undefined, pageWaits: waits => told.push(waits) })
  await eventually(() => told.length === 1)
  await before.go()
  await eventually(() => workers.held.length === 2)
  t.same(told, [true, false])
  workers.held[1]?.go()
  t.match(await asked, { to: 257 })
})

t.test('tasks, pages in a task and pages that wait are bounded', async t => {
  const workers = new HeldWorkers()
  const started = await start(t, workers)
  const { pages } = started
  await fill(t, started, 1_000)
  const before = await occupy(pages, workers)
  const waiting = Array.from({ length: PAGES_WAITING_MAX }, () => pages.page(USER, 0, STAYS))
  await t.rejects(pages.page(USER, 0, STAYS), { code: 'QUEUE_FULL' })
  await new Promise<void>(endOfTurn)
  t.same(
    workers.held.map(({ input }) => input.ranges.length),
    [TASK],
  )
  await before.go()
  await eventually(() => workers.held.length === 2)
  t.equal(workers.held[1]?.input.ranges.length, TASK)
  workers.holds = false
  for (const { go } of workers.held) go()
  for (const page of await Promise.all(waiting)) if (page.kind !== 'page') t.fail('all that waited are read')
})

t.test('after a task the next one waits seven times as long as it took, and 50 ms at most', async t => {
  const workers = new HeldWorkers()
  const started = await start(t, workers)
  const { clock, pages } = started
  await fill(t, started, 1_000)
  for (const [tookMs, restMs] of [
    [4, 28],
    [1_000, 50],
  ] as const) {
    const begun = workers.held.length
    const first = pages.page(USER, 0, STAYS)
    await eventually(() => workers.held.length === begun + 1)
    const second = pages.page(USER, 0, STAYS)
    clock.advance(tookMs)
    workers.held.at(-1)?.go()
    await first
    clock.advance(restMs - 1)
    await new Promise<void>(endOfTurn)
    await new Promise<void>(endOfTurn)
    t.equal(workers.held.length, begun + 1, `${tookMs} ms: it rests`)
    clock.advance(1)
    await eventually(() => workers.held.length === begun + 2)
    workers.held.at(-1)?.go()
    await second
  }
})

t.test('of so many users it is known that they are behind, and of no more', async t => {
  const asked: string[] = []
  const engine = {
    page: async () => ({ kind: 'page', items: [], to: 1, more: true, trimmed: false, head: 2 }),
  } as unknown as Engine
  const store = {
    settled(actor: string) {
      asked.push(actor)
      return undefined
    },
  } as unknown as LmdbStore
  const workers = new InlineWorkers()
  const pages = new LargePages({ engine, store, workers, clock: new ManualClock(), defer: endOfTurn })
  for (let uid = 0; uid <= BEHIND_MAX; uid++) await pages.page(userActor(uid), 0)
  t.same(asked, [], 'of a user who is not known to be behind nobody looks')
  await pages.page(userActor(0), 1)
  t.same(asked, [])
  await pages.page(userActor(BEHIND_MAX), 1)
  t.same(asked, [userActor(BEHIND_MAX)])
})
