/** Transitions see the entries of logs, and replace them. */
import t, { type Test } from 'tap'
import { seededRandom } from '../../src/lib/random.js'
import { openLmdbStore } from '../../src/store/lmdb/open.js'
import { MemoryDisk } from '../../src/store/memory/disk.js'
import { type CommitInFlight, type MemoryFaults, NO_FAULTS, type ReadInFlight } from '../../src/store/memory/faults.js'
import { MemoryStore, type MemoryStoreOptions } from '../../src/store/memory/store.js'
import type { Store, StoredEntry, Unit } from '../../src/store/types.js'
import { jsonEffect } from '../../src/sync/effect-kinds.js'
import { Engine } from '../../src/sync/engine.js'
import type { AppendedEvent } from '../../src/sync/events.js'
import { jsonValue } from '../../src/sync/record-kinds.js'
import type { EffectKind, Transition, Tx } from '../../src/sync/types.js'
import { engineOptions, QUIET_MONITOR } from '../support/engine-options.js'
import { eventually } from '../support/eventually.js'
import { testBound } from '../support/test-bound.js'

// The engine's timers do not keep a process alive.
const awake = setInterval(() => {}, 1_000)
t.teardown(() => clearInterval(awake))

const CONVERSATION = 'conversation'
const SLICE = 256

const count = jsonValue<number>('entries-count', testBound())

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const textOf = ({ bytes }: { readonly bytes: Uint8Array }): string => new TextDecoder().decode(bytes)

/** Has a unit put a record, as all requests do. */
function counts(tx: Tx): void {
  tx.put(count, (tx.get(count) ?? 0) + 1)
}

/** The entry of the conversation whose text begins with this. */
function find(tx: Tx, name: string, slice = SLICE): StoredEntry | undefined {
  for (let from = tx.newest(CONVERSATION); from !== 0; ) {
    const part = tx.chain(from, slice)
    const found = part.find(entry => textOf(entry).startsWith(name))
    if (found !== undefined) return tx.entry(found.version)
    from = part.at(-1)?.previous ?? 0
  }
  return undefined
}

/** Puts a mark behind a message. @returns what it is then; '' if there is none */
function mark(tx: Tx, name: string, sign: string): string {
  const entry = find(tx, name)
  if (entry === undefined) return ''
  const text = `${textOf(entry)}${sign}`
  tx.replace(entry, bytesOf(text))
  return text
}

const write: Transition<string, void> = {
  name: 'write',
  run(tx, text) {
    counts(tx)
    tx.appendTo(CONVERSATION, bytesOf(text))
  },
}

const edit: Transition<{ name: string; sign: string }, string> = {
  name: 'edit',
  run(tx, { name, sign }) {
    counts(tx)
    return mark(tx, name, sign)
  },
}

/** The same without a record. */
const plainEdit: Transition<{ name: string; sign: string }, string> = {
  name: 'plain-edit',
  run: (tx, { name, sign }) => mark(tx, name, sign),
}

const look: Transition<string, string> = {
  name: 'look',
  run(tx, name) {
    const entry = find(tx, name)
    return entry === undefined ? '' : textOf(entry)
  },
}

interface Told {
  readonly what: 'write' | 'mark' | 'fail' | 'both' | 'write 7' | 'mark 7'
  readonly text: string
}

const told: EffectKind<Told> = jsonEffect<Told>({
  name: 'entries-told',
  run(tx, { what, text }) {
    if (what === 'write' || what === 'both') tx.appendTo(CONVERSATION, bytesOf(text))
    if (what === 'write 7') tx.appendAt(7, bytesOf(text))
    const seventh = what === 'mark 7' ? tx.entry(7) : undefined
    if (seventh !== undefined) tx.replace(seventh, bytesOf(`${textOf(seventh)}*`))
    if (what !== 'mark' && what !== 'fail' && what !== 'both') return
    mark(tx, text, '*')
    if (what === 'fail') throw new Error('a bug')
  },
})

const tell: Transition<{ to: string; all: readonly Told[] }, void> = {
  name: 'tell',
  run(tx, { to, all }) {
    counts(tx)
    for (const each of all) tx.effect(told, to, each)
  },
}

interface Rig {
  readonly engine: Engine
  readonly store: Store
  readonly appended: AppendedEvent[]
  readonly asides: string[]
}

async function startOn(store: Store, seed = 'entries'): Promise<Rig> {
  const appended: AppendedEvent[] = []
  const asides: string[] = []
  const engine = new Engine({
    ...engineOptions(seed),
    store,
    effects: [told] as readonly EffectKind<unknown>[],
    delivery: {
      send(event) {
        if (event.kind === 'appended') appended.push(event)
      },
    },
    monitor: {
      ...QUIET_MONITOR,
      setAside: (_source, target, _kind, error) => asides.push(`${target}: ${String(error)}`),
    },
    onFatal: error => t.fail(String(error)),
  })
  await engine.start()
  return { engine, store, appended, asides }
}

function start(options: MemoryStoreOptions = {}, seed = 'entries'): Promise<Rig> {
  return startOn(new MemoryStore({ random: seededRandom(seed), ...options }), seed)
}

async function result<I, R>({ engine }: Rig, actor: string, transition: Transition<I, R>, input: I): Promise<R> {
  const outcome = await engine.run(actor, transition, input)
  if (outcome.kind !== 'done') throw new Error(outcome.kind)
  return outcome.result
}

async function textsOf({ engine }: Rig, actor: string): Promise<readonly string[]> {
  const page = await engine.page(actor, 0, 1_000, 1e6)
  return page.kind === 'page' ? page.items.map(textOf) : []
}

/** The units of each write from now on. */
function writesOf(store: Store): readonly (readonly Unit[])[] {
  const writes: (readonly Unit[])[] = []
  const { commit } = store
  store.commit = (scope, units) => {
    writes.push(units)
    return commit.call(store, scope, units)
  }
  return writes
}

/** Holds commits back, and reads while `holdsReads` says so. */
class Held {
  readonly commits: CommitInFlight[] = []
  readonly reads: ReadInFlight[] = []
  holdsCommits = true
  holdsReads = false
  readonly faults: MemoryFaults = {
    ...NO_FAULTS,
    commit: call => (this.holdsCommits ? void this.commits.push(call) : call.answer()),
    read: call => (this.holdsReads ? void this.reads.push(call) : call.answer()),
  }

  /** Answers one commit after the other until `isDone`. */
  async until(isDone: () => boolean): Promise<void> {
    await eventually(() => {
      this.commits.shift()?.answer()
      return isDone()
    })
  }
}

async function walks(t: Test, rig: Rig): Promise<void> {
  const texts = Array.from({ length: 2 * SLICE + 10 }, (_, i) => `${i}.`)
  await Promise.all(texts.map(text => result(rig, 'user/1', write, text)))
  const told = rig.appended.length
  t.equal(await result(rig, 'user/1', edit, { name: '3.', sign: '!' }), '3.!')
  t.equal(await result(rig, 'user/1', edit, { name: '3.', sign: '?' }), '3.!?', 'and once more')
  t.equal(await result(rig, 'user/1', edit, { name: 'none', sign: '?' }), '')
  t.equal(await result(rig, 'user/1', look, '3.'), '3.!?')
  t.equal((await textsOf(rig, 'user/1'))[3], '3.!?')
  t.equal(rig.appended.length, told, 'nobody is told')
  t.equal(await result(rig, 'user/2', look, '3.'), '', 'of another log')
  await rig.engine.close()
}

t.test('a transition walks a conversation and replaces an entry', async t => {
  await walks(t, await start())
})

t.test('so it does on the embedded store', async t => {
  const store = await openLmdbStore({ path: t.testdir() })
  await walks(t, await startOn(store))
  await store.close()
})

t.test('what this node accepted before is seen, though it is not durable yet', async t => {
  const held = new Held()
  const rig = await start({ faults: held.faults })
  const answers: string[] = []
  rig.engine.submit('user/1', write, 'a', () => answers.push('written'))
  rig.engine.submit('user/1', edit, { name: 'a', sign: '!' }, outcome => answers.push(JSON.stringify(outcome)))
  rig.engine.submit('user/1', write, 'b', () => answers.push('written'))
  await held.until(() => answers.length === 3)
  t.match(answers[1], /"result":"a!"/)
  t.same(await textsOf(rig, 'user/1'), ['a!', 'b'])
})

t.test('of two replacements on their way, the second is made of the first', async t => {
  const held = new Held()
  const rig = await start({ faults: held.faults })
  held.holdsCommits = false
  await result(rig, 'user/1', write, 'a')
  held.holdsCommits = true
  const answers: Promise<string>[] = []
  for (const sign of '12345') answers.push(result(rig, 'user/1', edit, { name: 'a', sign }))
  let done = 0
  for (const answer of answers) void answer.then(() => (done += 1))
  await held.until(() => done === answers.length)
  t.same(await Promise.all(answers), ['a1', 'a12', 'a123', 'a1234', 'a12345'])
  t.equal(rig.engine.conflicts, 0)
})

t.test('many who change one entry share writes, and none falls', async t => {
  const rig = await start()
  await result(rig, 'user/1', write, 'a')
  const writes = writesOf(rig.store)
  const who = Array.from({ length: 100 }, (_, i) => `user/${i + 2}`)
  const mark: Told = { what: 'mark', text: 'a' }
  await Promise.all(who.map(user => result(rig, user, tell, { to: 'user/1', all: [mark] })))
  t.equal((await textsOf(rig, 'user/1'))[0], `a${'*'.repeat(100)}`)
  t.equal(rig.engine.conflicts, 0)
  t.ok(writes.length < 10, `${writes.length} writes`)
})

t.test('an answer rests on no replacement that may still fall', async t => {
  const disk = new MemoryDisk(seededRandom('disk'))
  const held = new Held()
  held.holdsCommits = false
  const rig = await start({ disk, faults: held.faults })
  const other = await start({ disk }, 'other')
  await result(rig, 'user/1', write, 'a')
  held.holdsCommits = true
  // The same partition: they may see each other's logs.
  const peer = 'user/257'
  const lookAt: Transition<string, string> = { name: 'look-at', run: (tx, name) => look.run(tx.at('user/1'), name) }
  held.holdsReads = true
  const edited = result(rig, 'user/1', plainEdit, { name: 'a', sign: '!' })
  const seen = result(rig, peer, lookAt, 'a')
  // Both read at once; the first is planned, and the second meets its replacement.
  await eventually(() => {
    for (const read of held.reads.splice(0)) read.answer()
    return held.commits.length > 0
  })
  held.holdsReads = false
  t.equal(await result(other, 'user/1', plainEdit, { name: 'a', sign: '?' }), 'a?')
  let done = 0
  for (const each of [edited, seen]) void each.then(() => (done += 1))
  await held.until(() => done === 2)
  t.equal(await edited, 'a?!', 'it fell')
  t.not(await seen, 'a!', 'which never was')
})

t.test('a replacement by another engine meanwhile is a conflict, and it is planned again', async t => {
  for (const transition of [edit, plainEdit]) {
    const disk = new MemoryDisk(seededRandom('disk'))
    const held = new Held()
    held.holdsCommits = false
    const rig = await start({ disk, faults: held.faults })
    const other = await start({ disk }, 'other')
    await result(rig, 'user/1', write, 'a')
    held.holdsCommits = true
    const edited = result(rig, 'user/1', transition, { name: 'a', sign: '!' })
    await eventually(() => held.commits.length === 1)
    t.equal(await result(other, 'user/1', plainEdit, { name: 'a', sign: '?' }), 'a?')
    held.holdsCommits = false
    held.commits[0]?.answer()
    t.equal(await edited, 'a?!')
    t.equal(rig.engine.conflicts, 1)
  }
})

t.test('an entry that is trimmed meanwhile is gone', async t => {
  const disk = new MemoryDisk(seededRandom('disk'))
  const held = new Held()
  held.holdsCommits = false
  const rig = await start({ disk, faults: held.faults })
  const other = await start({ disk }, 'other')
  await result(rig, 'user/1', write, 'a')
  held.holdsCommits = true
  const edited = result(rig, 'user/1', edit, { name: 'a', sign: '!' })
  await eventually(() => held.commits.length === 1)
  const trim: Transition<void, void> = { name: 'trim', run: tx => tx.trim(1) }
  await result(other, 'user/1', trim, undefined)
  held.holdsCommits = false
  held.commits[0]?.answer()
  t.equal(await edited, '')
  t.same(await textsOf(rig, 'user/1'), [])
})

t.test('one that waits for its entries sees what fell before it, and is done again', async t => {
  const disk = new MemoryDisk(seededRandom('disk'))
  const held = new Held()
  held.holdsCommits = false
  const rig = await start({ disk, faults: held.faults })
  const other = await start({ disk }, 'other')
  await result(rig, 'user/1', write, 'a')
  held.holdsCommits = true
  const written = result(rig, 'user/1', write, 'b')
  const edited = result(rig, 'user/1', edit, { name: 'b', sign: '!' })
  await eventually(() => held.commits.length === 1)
  await result(other, 'user/1', write, 'c')
  held.holdsCommits = false
  held.commits[0]?.answer()
  await written
  t.equal(await edited, 'b!')
  t.same(await textsOf(rig, 'user/1'), ['a', 'c', 'b!'])
})

t.test('a unit of another epoch reads its entries again', async t => {
  const held = new Held()
  held.holdsCommits = false
  const rig = await start({ faults: held.faults })
  await result(rig, 'user/1', write, 'a')
  const ofEpoch: Transition<string, string> = {
    name: 'of-epoch',
    run: (tx, name) => mark(tx, name, String(tx.epoch)),
  }
  let asked = 0
  const { newest } = rig.store
  rig.store.newest = (...of) => {
    asked += 1
    return newest.apply(rig.store, of)
  }
  held.holdsCommits = true
  const edited = result(rig, 'user/1', ofEpoch, 'a')
  await eventually(() => held.commits.length === 1)
  await rig.store.newEpoch(0)
  held.holdsCommits = false
  held.commits[0]?.answer()
  t.equal(await edited, 'a2')
  t.equal(asked, 2)
})

t.test('a write whose answer was lost replaces once', async t => {
  let calls = 0
  const faults: MemoryFaults = {
    ...NO_FAULTS,
    commit(call) {
      calls += 1
      if (calls % 2 === 0) call.answer()
      else {
        call.apply()
        call.lose()
      }
    },
  }
  const rig = await start({ faults })
  await result(rig, 'user/1', write, 'a')
  t.equal(await result(rig, 'user/1', plainEdit, { name: 'a', sign: '!' }), 'a!')
  t.equal(await result(rig, 'user/1', edit, { name: 'a', sign: '?' }), 'a!?')
  t.same(await textsOf(rig, 'user/1'), ['a!?'])
})

t.test('a replacement is taken back with the effect that throws', async t => {
  for (const scopes of ['one', 'partitions'] as const) {
    const rig = await start({ scopes })
    await result(rig, 'user/2', write, 'a')
    const all: readonly Told[] = [
      { what: 'fail', text: 'a' },
      { what: 'mark', text: 'a' },
    ]
    await result(rig, 'user/1', tell, { to: 'user/2', all })
    await eventually(() => rig.engine.outboxDepth === 0)
    t.same(await textsOf(rig, 'user/2'), ['a*'], scopes)
    t.same(rig.asides, ['user/2: Error: a bug'])
    await rig.engine.close()
  }
})

t.test('an effect is put off where it reads what its unit appends: at once, and from an outbox', async t => {
  for (const scopes of ['one', 'partitions'] as const) {
    const rig = await start({ scopes })
    const all: readonly Told[] = [
      { what: 'write', text: 'a' },
      { what: 'mark', text: 'a' },
      { what: 'write', text: 'b' },
      { what: 'mark', text: 'b' },
      { what: 'mark', text: 'a' },
    ]
    await result(rig, 'user/1', tell, { to: 'user/2', all })
    await eventually(() => rig.engine.outboxDepth === 0)
    t.same(await textsOf(rig, 'user/2'), ['a**', 'b*'], scopes)
    t.same(rig.asides, [])
    await rig.engine.close()
  }
})

t.test('so it is where the entry has its version from a rule', async t => {
  for (const scopes of ['one', 'partitions'] as const) {
    const rig = await start({ scopes })
    const all: readonly Told[] = [
      { what: 'write 7', text: 'a' },
      { what: 'mark 7', text: '' },
    ]
    await result(rig, 'user/1', tell, { to: 'user/2', all })
    await eventually(() => rig.engine.outboxDepth === 0)
    t.same(await textsOf(rig, 'user/2'), ['a*'], scopes)
    await rig.engine.close()
  }
})

t.test('an effect that reads what it appends itself is set aside', async t => {
  for (const scopes of ['one', 'partitions'] as const) {
    const rig = await start({ scopes })
    const all: readonly Told[] = [
      { what: 'write', text: 'a' },
      { what: 'both', text: 'b' },
      { what: 'write', text: 'c' },
    ]
    await result(rig, 'user/1', tell, { to: 'user/2', all })
    await eventually(() => rig.engine.outboxDepth === 0)
    t.same(await textsOf(rig, 'user/2'), ['a', 'c'], scopes)
    t.match(rig.asides, [/reads what its own unit appends/])
    await rig.engine.close()
  }
})

t.test('a walk of many short slices ends within the bound of readings', async t => {
  const rig = await start()
  for (let i = 0; i < 200; i += 1) await result(rig, 'user/1', write, `${i}.`)
  const slowly: Transition<string, string> = {
    name: 'slowly',
    run(tx, name) {
      const entry = find(tx, name, 1)
      return entry === undefined ? '' : textOf(entry)
    },
  }
  t.equal(await result(rig, 'user/1', slowly, '0.'), '0.')
})

t.test('several replacements of one entry in a unit are one, and each sees the one before', async t => {
  const rig = await start()
  await result(rig, 'user/1', write, 'a')
  const twice: Transition<void, string> = {
    name: 'twice',
    run(tx) {
      mark(tx, 'a', '!')
      return mark(tx.at('user/1'), 'a', '?')
    },
  }
  const writes = writesOf(rig.store)
  t.equal(await result(rig, 'user/1', twice, undefined), 'a!?')
  t.equal(writes[0]?.[0]?.replaces?.length, 1)
  t.same(await textsOf(rig, 'user/1'), ['a!?'])
})

t.test('what stands for an item is told as the item, under a key too', async t => {
  const rig = await start()
  const share: Transition<void, void> = {
    name: 'share',
    run(tx) {
      counts(tx)
      tx.append(bytesOf('x'), 'about/1', bytesOf('shown'))
      tx.share(['user/1', 'user/257'], { key: 'about/2', bytes: bytesOf('y'), shown: bytesOf('told') })
    },
  }
  for (let i = 0; i < 2; i += 1) await result(rig, 'user/1', share, undefined)
  t.same(await textsOf(rig, 'user/1'), ['x', 'y'])
  t.same(await textsOf(rig, 'user/257'), ['y'])
  t.same(
    rig.appended.slice(0, 3).map(({ bytes = new Uint8Array(0) }) => textOf({ bytes })),
    ['shown', 'told', 'told'],
  )
})
