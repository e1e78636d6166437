/** A power loss while a store of 0.1.0 is taken over: each record and each entry is there after the next start, once. */

import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import t, { type Test } from 'tap'
import { SECTOR_BYTES, WRITES_AT, writeAt } from '../../src/store/lmdb/journal-file.js'
import { type Chapter, DATA, goOn } from '../crash/chapter.js'
import { type Cut, type Explored, type ExploreOptions, explore } from '../crash/explorer.js'
import { hashOfOthers, othersOf } from '../crash/others.js'
import { notSynced, TABLES, without } from '../crash/plants.js'
import { tellFault } from '../crash/replay.js'
import { JOURNAL, type StateKind } from '../crash/states.js'
import type { Trace } from '../crash/trace.js'
import { newFolder } from '../store/support/folder.js'
import { makeOldFolder, OLD_FILES, OLD_TEXTS } from '../store/support/old-store.js'

/** States that are all opened, some 120. Damage beside a crash is looked for elsewhere. */
const FEW: readonly StateKind[] = ['killed', 'lost', 'reordered', 'zeros', 'names']

/** States of which some are drawn: a write was torn in one of many ways. */
const MANY: readonly StateKind[] = ['torn', 'garbage']
const MANY_MAX = Number(process.env.STATES ?? 60)

const old = join(newFolder(t), 'data')
makeOldFolder(old)
const others = await hashOfOthers(old)
const OPTIONS: ExploreOptions = { seed: 'taken over', statesMax: 10_000, chances: 2, faultsMax: 3, kinds: FEW, others }

const START: Chapter = {
  start: new Map([
    ['srv', null],
    [DATA, null],
    ...[...OLD_FILES].map(([name, bytes]): [string, Buffer] => {
      return [`${DATA}/${name}`, JOURNAL.test(name) ? shortened(bytes) : bytes]
    }),
  ]),
  told: [],
  trace: [],
}

const taken = await goOn(START, undefined, [{ seed: 'taken over', commits: 2, end: 'close' }], 'wrapped')
/** Where the store was open. */
const opened = taken.trace.findIndex(event => event.kind === 'report')

t.test('the old store holds what two users wrote', async t => {
  const lines = await othersOf(old)
  for (const text of OLD_TEXTS) {
    t.equal(lines.filter(line => line.includes('} ') && line.includes(text)).length, 2, `${text}: for each of them`)
  }
})

t.test('a power loss at any moment of the take-over', async t => {
  const explored = await explore(taken, OPTIONS)
  told(t, taken, explored)
  for (const kind of FEW) t.ok((explored.opened[kind] ?? 0) > 0, `some of them ${kind}`)
  told(t, taken, await explore(taken, { ...OPTIONS, statesMax: MANY_MAX, kinds: MANY }))
})

t.test('a power loss while the next start completes what was left of one', async t => {
  const second = { seed: 'completed', commits: 1, end: 'kill' } as const
  for (const part of [0.5, 0.8]) {
    const at = Math.round(part * opened)
    const cut: Cut = { kind: 'killed', at, choice: { writes: 'there', names: 'there', fates: {} } }
    const chapter = await goOn(taken, cut, [second], 'wrapped')
    told(t, chapter, await explore(chapter, { ...OPTIONS, statesMax: MANY_MAX, kinds: [...FEW, ...MANY] }))
  }
})

/** Syncs of the take-over that are left out. */
const PLANTS: Readonly<Record<string, (trace: Trace) => Trace>> = {
  'the new journal is not synced': without(call => call.kind === 'sync' && JOURNAL.test(call.path)),
  "the folder is not synced when the new journal's names are in it": without(
    call => call.kind === 'sync' && call.path === DATA,
  ),
  'the tables are not synced before the old journal goes': trace => notSynced(trace, TABLES),
}

for (const [name, plant] of Object.entries(PLANTS)) {
  t.test(`finds it if ${name}`, async t => {
    const { faults } = await explore({ ...taken, trace: plant(taken.trace) }, { ...OPTIONS, faultsMax: 1 })
    t.comment(faults[0]?.text)
    t.ok(faults[0], 'something is missing')
  })
}

/** A journal file as if it had been made for what it holds: the zeros behind it would be most of each state. */
function shortened(file: Buffer): Buffer {
  let end = WRITES_AT
  for (let at = WRITES_AT; at < file.length; at += SECTOR_BYTES) {
    end = Math.max(end, writeAt(file, at, file.readDoubleLE(24))?.end ?? 0)
  }
  const short = Buffer.from(file.subarray(0, end))
  short.writeDoubleLE(end, 16)
  short.writeUInt32LE(crc32(short.subarray(4, 48)), 0)
  return short
}

function told(t: Test, chapter: Chapter, { possible, opened, faults }: Explored): void {
  t.comment(`${possible} states are possible; opened: ${JSON.stringify(opened)}`)
  for (const fault of faults) t.fail(tellFault({ ...fault, chapter }))
  t.equal(faults.length, 0)
}
