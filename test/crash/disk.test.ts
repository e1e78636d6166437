import t from 'tap'
import { seededRandom } from '../../src/lib/random.js'
import { ALL_THERE, type Choice, Disk, type Image } from './disk.js'
import { statesAt } from './states.js'
import { after, type Call, killedAfter, type TraceEvent } from './trace.js'

const LOST: Choice = { writes: 'gone', names: 'gone', fates: {} }

/** Each call has ended, but those that are named. */
function traceOf(calls: readonly Call[], open: readonly number[] = []): TraceEvent[] {
  return calls.flatMap((call, id): TraceEvent[] => [
    { kind: 'begin', id, call },
    ...(open.includes(id) ? [] : [{ kind: 'end' as const, id }]),
  ])
}

function diskAfter(calls: readonly Call[], open: readonly number[] = [], start?: Image): Disk {
  const disk = new Disk(start)
  for (const event of traceOf(calls, open)) disk.step(event)
  return disk
}

function write(path: string, offset: number, text: string, synced = false): Call {
  return { kind: 'write', path, offset, bytes: Buffer.from(text), synced }
}

function told(image: Image): Record<string, string | null> {
  return Object.fromEntries([...image].map(([path, bytes]) => [path, bytes?.toString('latin1') ?? null]))
}

const FILE: Call = { kind: 'file', path: 'a' }
const SYNCED: readonly Call[] = [FILE, write('a', 0, 'old'), { kind: 'sync', path: 'a' }, { kind: 'sync', path: '' }]

t.test('a file is there for certain when it and its folder were synced', async t => {
  t.same(told(diskAfter(SYNCED).image(LOST)), { a: 'old' })
  t.same(diskAfter(SYNCED).pending(), [])
  t.same(told(diskAfter(SYNCED.slice(0, 3)).image(LOST)), {}, 'its name was not')
  t.same(
    told(diskAfter([...SYNCED.slice(0, 2), { kind: 'sync', path: '' }]).image(LOST)),
    { a: '' },
    'its bytes were not',
  )
  t.same(told(diskAfter(SYNCED, [2]).image(LOST)), { a: '' }, 'its sync had not ended')
  t.same(told(diskAfter(SYNCED.slice(0, 2)).image(ALL_THERE)), { a: 'old' }, 'a kill loses nothing')
})

t.test('a sync covers what had ended when it began', async t => {
  const [sync, bytes] = [{ kind: 'sync', path: 'a' } as const, write('a', 0, 'new')]
  const disk = diskAfter(SYNCED)
  const events: TraceEvent[] = [
    { kind: 'begin', id: 10, call: bytes },
    { kind: 'begin', id: 11, call: sync },
    { kind: 'end', id: 10 },
    { kind: 'end', id: 11 },
  ]
  for (const event of events) disk.step(event)
  t.same(told(disk.image(LOST)), { a: 'old' })
  for (const event of after(events, traceOf([sync]))) if (event.kind !== 'report' && event.id > 11) disk.step(event)
  t.same(told(disk.image(LOST)), { a: 'new' })
})

t.test('a synced write is durable by itself, and what is older does not come over it', async t => {
  const calls = [...SYNCED, write('a', 0, 'xyz'), write('a', 1, 'Y', true)]
  const disk = diskAfter(calls)
  t.same(told(disk.image(LOST)), { a: 'oYd' })
  t.same(told(disk.image(ALL_THERE)), { a: 'xYz' })
})

t.test('a call that a kill cut off is there and not durable, and a later sync covers it', async t => {
  const calls = [...SYNCED, write('a', 0, 'new', true)]
  const killed = killedAfter(traceOf(calls, [4]))
  const disk = new Disk()
  for (const event of killed) disk.step(event)
  t.same([told(disk.image(LOST)), told(disk.image(ALL_THERE))], [{ a: 'old' }, { a: 'new' }])
  for (const event of after(killed, traceOf([{ kind: 'sync', path: 'a' }])).slice(killed.length)) disk.step(event)
  t.same(told(disk.image(LOST)), { a: 'new' })
})

t.test('pending writes arrive in any order, in part, as zeros or as garbage', async t => {
  const long = 'n'.repeat(1536)
  const disk = diskAfter([...SYNCED, write('a', 0, long), write('a', 3, '!')])
  const [first = 0, second = 0] = disk.pending().map(({ id }) => id)
  const found = (fates: Choice['fates'], garbage?: Choice['garbage']): string =>
    told(disk.image({ ...ALL_THERE, fates, ...(garbage === undefined ? {} : { garbage }) })).a ?? ''
  t.equal(found({ [first]: 'gone' }), 'old!')
  t.equal(found({ [second]: 'gone' }), long)
  t.equal(found({ [first]: 'zeros', [second]: 'gone' }), `old${'\0'.repeat(1533)}`)
  t.equal(found({ [first]: [1], [second]: 'gone' }), `old${'\0'.repeat(509)}${'n'.repeat(512)}${'\0'.repeat(512)}`)
  const spoilt = found({ [second]: 'gone' }, { id: first, sector: 1, sectorBytes: 512 })
  t.equal(spoilt.slice(0, 512) + spoilt.slice(1024), 'n'.repeat(1024))
  t.not(spoilt.slice(512, 1024), 'n'.repeat(512))
  const old = diskAfter([...SYNCED, write('a', 3, '!', true)], [4]).image({
    ...ALL_THERE,
    fates: {},
    garbage: { id: 4, sector: 0, sectorBytes: 512 },
  })
  t.not(told(old).a?.slice(0, 3), 'old', 'garbage destroys what was synced, too')
})

t.test('names come and go with their folders', async t => {
  const start: Image = new Map([
    ['d', null],
    ['d/a', Buffer.from('1')],
  ])
  const calls: Call[] = [
    { kind: 'folder', path: 'd/e' },
    { kind: 'file', path: 'd/e/b' },
    { kind: 'move', from: 'd/e/b', to: 'd/a' },
    { kind: 'remove', path: 'd/e' },
  ]
  const disk = diskAfter(calls, [], start)
  t.same(told(disk.image(ALL_THERE)), { d: null, 'd/a': '' })
  t.same(told(disk.image(LOST)), { d: null, 'd/a': '1' })
  t.same(told(disk.image({ ...ALL_THERE, fates: { 2: 'gone', 3: 'gone' } })), {
    d: null,
    'd/a': '1',
    'd/e': null,
    'd/e/b': '',
  })
  t.same(
    told(disk.image({ ...ALL_THERE, fates: { 0: 'gone' } })),
    { d: null, 'd/a': '' },
    'moved out of a folder that was lost',
  )
  t.same(told(diskAfter([...calls, { kind: 'sync', path: 'd' }], [], start).image({ ...LOST, names: 'gone' })), {
    d: null,
    'd/a': '',
  })
})

t.test('damage is done to what is there', async t => {
  const disk = diskAfter(SYNCED)
  const found = (damage: Choice['damage']) =>
    told(disk.image({ ...ALL_THERE, ...(damage === undefined ? {} : { damage }) }))
  t.same(found({ kind: 'flip', path: 'a', bit: 8 }), { a: 'omd' })
  t.same(found({ kind: 'short', path: 'a', size: 1 }), { a: 'o' })
  t.same(found({ kind: 'gone', path: 'a' }), {})
})

t.test('few pending calls: every combination of them is built', async t => {
  const disk = diskAfter([...SYNCED, write('a', 0, 'A'), write('a', 1, 'B'), write('a', 2, 'C')])
  const found = new Set([...statesAt(disk, seededRandom(1), 0)].map(({ choice }) => told(disk.image(choice)).a))
  for (const text of ['old', 'Ald', 'oBd', 'olC', 'ABd', 'AlC', 'oBC', 'ABC']) t.ok(found.has(text), text)
})
