/** The same random commits to several stores: every result and everything that can be read is compared. */

import { deepStrictEqual } from 'node:assert'
import fc from 'fast-check'
import type { Test } from 'tap'
import { EMPTY } from '../../protocol/bytes.js'
import type { Actor, LogEntry, Put, Store, Unit } from '../../src/store/types.js'
import { bytesOf, entryAt, textOf } from './contract/support.js'

/** All of partition 7, so of one scope everywhere; few, so that they collide. */
const ACTORS = ['user/7', 'user/263', 'outbox/7']
const NAMES = ['a', 'b', 'contact:1', 'é𝔸']
const KEYS = ['k', 'l', '√', 'about/', 'about/√', 'about']
const CONVERSATIONS = ['direct', 'é𝔸']

/** The newest of each log are read one by one after each step: all of them would take most of the time. */
const ENTRIES_LOOKED_AT = 6

/** The entries of a chain that are asked for: it may be longer, and may end before that by their bytes. */
const CHAIN_LOOKED_AT = 5

/** What a unit does, in terms that mean the same in every store: expectations say whether to hold, not which stamp. */
interface PlannedUnit {
  readonly expect: readonly { readonly actor: Actor; readonly name: string; readonly holds: boolean }[]
  /** `from`: what stood before that, as a part of the record, stays and is not said again; undefined: all is said. */
  readonly puts: readonly {
    readonly actor: Actor
    readonly name: string
    readonly text: string | null
    readonly from: number | undefined
  }[]
  readonly appends: readonly {
    readonly actor: Actor
    readonly key: string | undefined
    readonly conversation: string | undefined
    readonly text: string
    /** How far behind the head, as the store had it before the step, is the version that it names; undefined: it names none. */
    readonly behind: number | undefined
  }[]
  /** `at`: which of the entries that are there, as a part of them. */
  readonly replaces: readonly {
    readonly actor: Actor
    readonly at: number
    readonly holds: boolean
    readonly text: string
  }[]
  readonly trims: readonly {
    readonly actor: Actor
    readonly fraction: number
    readonly entriesMax?: number | undefined
  }[]
  readonly drops: readonly { readonly actor: Actor; readonly key: string }[]
  /** How many epochs ago it was made; undefined: it rests on none. */
  readonly age: number | undefined
}

type Step =
  /** Commits one after the other, and `also` in the same turn as the last. */
  | {
      readonly kind: 'commit'
      readonly commits: readonly (readonly PlannedUnit[])[]
      readonly also: readonly PlannedUnit[]
    }
  | {
      readonly kind: 'read'
      readonly actor: Actor
      readonly from: number
      readonly to: number
      readonly entries: number
      readonly bytes: number
    }
  | {
      readonly kind: 'scan'
      readonly actor: Actor
      readonly prefix: string
      readonly after: string | null
      readonly limit: number
    }
  | { readonly kind: 'reopen' }
  | { readonly kind: 'new epoch' }

const actor = fc.constantFrom(...ACTORS)
const name = fc.constantFrom(...NAMES)
const LONG = 'a text that is long enough to be said only once. '
/** Some are much alike: a store may keep only what differs. */
const text = fc.oneof(
  { weight: 3, arbitrary: fc.string({ maxLength: 40 }) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom('', 'a', 'bb', 'ccccc'), fc.string({ maxLength: 3 }))
      .map(([head, tail]) => `${head}${LONG}${tail}`),
  },
)
const often = <T>(arbitrary: fc.Arbitrary<T>, maxLength: number) => fc.array(arbitrary, { maxLength })

const trim = fc.record({
  actor,
  fraction: fc.double({ min: 0, max: 1.2, noNaN: true }),
  entriesMax: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
})

const keyOrConversation = {
  key: fc.option(fc.constantFrom(...KEYS), { nil: undefined, freq: 2 }),
  conversation: fc.option(fc.constantFrom(...CONVERSATIONS), { nil: undefined, freq: 2 }),
}

/** Mostly none, so that most units are done. */
const behind = fc.oneof(
  { weight: 12, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.integer({ min: -3, max: 60 }) },
)

const plannedUnit: fc.Arbitrary<PlannedUnit> = fc.record({
  expect: often(fc.record({ actor, name, holds: fc.integer({ min: 0, max: 9 }).map(n => n > 0) }), 2),
  puts: often(
    fc.record({
      actor,
      name,
      text: fc.option(text, { nil: null, freq: 4 }),
      from: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined, freq: 2 }),
    }),
    3,
  ),
  appends: often(fc.record({ actor, ...keyOrConversation, text, behind }), 4),
  replaces: fc.oneof(
    { weight: 3, arbitrary: fc.constant([]) },
    {
      weight: 1,
      arbitrary: often(
        fc.record({
          actor,
          at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
          holds: fc.integer({ min: 0, max: 9 }).map(n => n > 0),
          text,
        }),
        2,
      ),
    },
  ),
  trims: fc.oneof({ weight: 8, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: often(trim, 1) }),
  drops: fc.oneof(
    { weight: 5, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: often(fc.record({ actor, key: fc.constantFrom(...KEYS) }), 2) },
  ),
  age: fc.constantFrom(undefined, undefined, 0, 1),
})

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.record({
      kind: fc.constant('commit' as const),
      commits: often(often(plannedUnit, 4), 12),
      also: often(plannedUnit, 2),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('read' as const),
      actor,
      from: fc.double({ min: 0, max: 1, noNaN: true }),
      to: fc.double({ min: 0, max: 1.1, noNaN: true }),
      entries: fc.integer({ min: 1, max: 5 }),
      bytes: fc.integer({ min: 0, max: 100 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('scan' as const),
      actor,
      prefix: fc.constantFrom('', 'a', 'contact', 'contact:1', 'é', 'none'),
      after: fc.constantFrom(null, '', 'a', 'b', 'contact:1', 'contact:9', 'é', 'é𝔸'),
      limit: fc.integer({ min: 1, max: 6 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reopen' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('new epoch' as const) }) },
)

/** The first store says where heads and stamps are, so that plans become the same units for all. */
async function unitsOf(model: Store, plans: readonly PlannedUnit[], newStamp: () => number): Promise<Unit[]> {
  const heads = new Map<Actor, number>()
  const stamps = new Map<string, number>()
  const records = new Map<string, Uint8Array>()
  const entries = new Map<Actor, readonly LogEntry[]>()
  for (const actor of ACTORS) {
    const range = await model.read(actor, 0, Number.MAX_SAFE_INTEGER, 10_000, 1e9)
    entries.set(actor, range.entries)
    for (const { version } of range.entries) {
      stamps.set(`${actor}@${version}`, (await entryAt(model, actor, version))?.stamp ?? 0)
    }
    heads.set(actor, (await model.read(actor, 0, 0, 1, 0)).head)
    for (const [i, { stamp, bytes }] of (await model.get(actor, NAMES)).entries()) {
      stamps.set(`${actor} ${NAMES[i]}`, stamp)
      records.set(`${actor} ${NAMES[i]}`, bytes)
    }
  }
  return plans.map(plan => {
    const expect = plan.expect.map(({ actor, name, holds }) => {
      return { actor, name, stamp: holds ? (stamps.get(`${actor} ${name}`) ?? 0) : newStamp() }
    })
    const puts: Put[] = []
    for (const { actor, name, text, from } of plan.puts) {
      const stamp = newStamp()
      const before = stamps.get(`${actor} ${name}`) ?? 0
      const isFirst = !puts.some(put => put.actor === actor && put.name === name)
      if (text === null) puts.push({ actor, name, stamp, bytes: null })
      else if (from === undefined || before === 0 || !isFirst) puts.push({ actor, name, stamp, bytes: bytesOf(text) })
      else {
        const kept = (records.get(`${actor} ${name}`) ?? EMPTY).slice(0, Math.floor(from * 20))
        const rest = bytesOf(text)
        expect.push({ actor, name, stamp: before })
        const patch = { length: kept.length + rest.length, ranges: [kept.length, rest.length] }
        puts.push({ actor, name, stamp, bytes: rest, patch })
      }
    }
    // What a later unit expects: this one's stamps, whether it stands or falls.
    for (const { actor, name, bytes, stamp, patch } of puts) {
      const record = `${actor} ${name}`
      stamps.set(record, bytes === null ? 0 : stamp)
      const kept = patch === undefined ? EMPTY : (records.get(record) ?? EMPTY).slice(0, patch.ranges[0])
      records.set(record, Buffer.concat([kept, bytes ?? EMPTY]))
    }
    const appends = plan.appends.map(({ actor, key, conversation, text, behind }) => {
      const at = behind === undefined ? undefined : Math.max(1, (heads.get(actor) ?? 0) + behind)
      return { actor, key, conversation: key === undefined ? conversation : undefined, at, bytes: bytesOf(text) }
    })
    const replaces = plan.replaces.map(({ actor, at, holds, text }) => {
      const there = entries.get(actor) ?? []
      const version = there[Math.floor(at * there.length)]?.version ?? 1
      const expected = holds ? (stamps.get(`${actor}@${version}`) ?? 0) : newStamp()
      return { actor, version, expected, stamp: newStamp(), bytes: bytesOf(text) }
    })
    for (const { actor, version, stamp } of replaces) stamps.set(`${actor}@${version}`, stamp)
    const trims = plan.trims.map(({ actor, fraction, entriesMax }) => ({
      actor,
      upTo: Math.floor((heads.get(actor) ?? 0) * fraction),
      entriesMax,
    }))
    const epoch = plan.age === undefined ? undefined : { partition: 7, epoch: model.epochOf(7) - plan.age }
    return { expect, puts, appends, trims, drops: plan.drops, replaces, epoch }
  })
}

async function everything(store: Store): Promise<unknown> {
  const [walked, more, actors] = await Promise.all([
    store.logs(7, null, 2),
    store.logs(7, 'user/263', 9),
    Promise.all(ACTORS.map(actor => allOf(store, actor))),
  ])
  return { epoch: store.epochOf(7), walked, more, actors }
}

async function allOf(store: Store, actor: Actor): Promise<unknown> {
  const [range, lasting, newest, conversations, more, tally, records, all] = await Promise.all([
    store.read(actor, 0, Number.MAX_SAFE_INTEGER, 10_000, 1e9),
    lastingPages(store, actor),
    Promise.all(CONVERSATIONS.map(conversation => store.newest(actor, conversation))),
    store.conversations(actor, null, 1),
    store.conversations(actor, 'direct', 9),
    store.tally(actor, Number.MAX_SAFE_INTEGER, 3, 20),
    store.get(actor, NAMES),
    scanned(store, actor, '', null, 1000),
  ])
  const { entries, ...log } = range
  const looked = [log.floor, ...entries.slice(-ENTRIES_LOOKED_AT).map(({ version }) => version)]
  const alone = await Promise.all([
    store.entries(actor, looked),
    store.entries(actor, looked.toReversed(), 20),
    store.keyed(actor, KEYS),
    ...newest.map(version => store.chain(actor, version, CHAIN_LOOKED_AT, 60)),
  ])
  return {
    log,
    entries: entries.map(({ version, bytes }) => `${version}:${textOf(bytes)}`),
    lasting,
    alone: alone.map(some => some.map(entry => ({ ...entry, bytes: textOf(entry?.bytes ?? EMPTY) }))),
    newest,
    conversations: [...conversations, ...more],
    tally,
    records: records.map(({ stamp, bytes }) => `${stamp}:${textOf(bytes)}`),
    scanned: all,
  }
}

/** All lasting entries, page by page, and where each page ends. */
async function lastingPages(store: Store, actor: Actor): Promise<unknown[]> {
  const pages: unknown[] = []
  for (let after = 0; ; ) {
    const { entries, ...page } = await store.lasting(actor, after, 3, 60)
    pages.push({ ...page, entries: entries.map(({ version, bytes }) => `${version}:${textOf(bytes)}`) })
    if (!page.more) return pages
    after = page.to
  }
}

async function scanned(
  store: Store,
  actor: Actor,
  prefix: string,
  after: string | null,
  limit: number,
): Promise<string[]> {
  const found = await store.scan(actor, prefix, after, limit)
  return found.map(({ name, stamp, bytes }) => `${name} ${stamp}:${textOf(bytes)}`)
}

/** Does a step on each store and fails if they do not answer alike. */
async function take(
  stores: Store[],
  openers: readonly (() => Promise<Store>)[],
  step: Step,
  newStamp: () => number,
): Promise<void> {
  const [model] = stores
  if (model === undefined) throw new Error('no store')
  const same = async (ask: (store: Store) => Promise<unknown>): Promise<void> => {
    const [first, ...others] = await Promise.all(stores.map(ask))
    for (const other of others) deepStrictEqual(other, first)
  }
  if (step.kind === 'commit') {
    const units = await unitsOf(model, [...step.commits.flat(), ...step.also], newStamp)
    await same(async store => {
      const scope = store.scopeOf('user/7')
      const results: Promise<unknown>[] = []
      let done = 0
      for (const { length } of step.commits) {
        await results.at(-1)
        results.push(store.commit(scope, units.slice(done, done + length)))
        done += length
      }
      results.push(store.commit(scope, units.slice(done)))
      return Promise.all(results)
    })
  } else if (step.kind === 'read') {
    const { head } = await model.read(step.actor, 0, 0, 1, 0)
    const at = (fraction: number): number => Math.floor(head * fraction)
    await same(async store => {
      const range = await store.read(step.actor, at(step.from), at(step.to), step.entries, step.bytes)
      return { ...range, entries: range.entries.map(({ version, bytes }) => `${version}:${textOf(bytes)}`) }
    })
  } else if (step.kind === 'scan') {
    await same(store => scanned(store, step.actor, step.prefix, step.after, step.limit))
  } else if (step.kind === 'new epoch') {
    await same(store => store.newEpoch(store.scopeOf('user/7')))
  } else {
    await Promise.all(stores.map(store => store.close()))
    stores.splice(0, stores.length, ...(await Promise.all(openers.map(open => open()))))
  }
  await same(everything)
}

/**
 * @param openersFor new, empty data for one run: a way to open each of the stores, again after it was closed
 * @param reopenEvery the steps after which the stores are closed and opened again; absent: only at random
 */
export async function storesAnswerAlike(
  t: Test,
  openersFor: (t: Test) => readonly (() => Promise<Store>)[],
  reopenEvery = Number.POSITIVE_INFINITY,
): Promise<void> {
  const reopen: Step = { kind: 'reopen' }
  const run = async (random: readonly Step[]): Promise<void> => {
    const steps = random.flatMap((step, i) => ((i + 1) % reopenEvery === 0 ? [step, reopen] : [step]))
    const openers = openersFor(t)
    const stores = await Promise.all(openers.map(open => open()))
    let stamps = 0
    try {
      for (const step of steps) await take(stores, openers, step, () => ++stamps)
    } finally {
      await Promise.all(stores.map(store => store.close()))
    }
  }
  let last = Promise.resolve()
  const property = fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 20 }), random => {
    last = run(random)
    return last
  })
  // A failure is made smaller for 20 s at most. On a slow machine there are fewer runs, and the last one goes on.
  await fc.assert(property, { numRuns: 25, interruptAfterTimeLimit: 20_000 })
  await last
  t.pass()
}
