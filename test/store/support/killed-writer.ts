/**
 * A process that writes random units on an lmdb store until it is killed, and reports on descriptor 3 what it tries, what
 * is answered and what it reads.
 *
 *   node killed-writer.js <folder> <seed> <journal bytes> [the number of commits after which lmdb can write its state no more]
 */

import fs from 'node:fs'
import { seededRandom } from '../../../src/lib/random.js'
import { openLmdbStore } from '../../../src/store/lmdb/open.js'
import type { LmdbStore } from '../../../src/store/lmdb/store.js'
import { ACTORS, contentOf, type Report, scanAll, textOf, unitOf } from './killed-plan.js'
import { RandomUnits } from './random-units.js'
import { breakStateFile } from './state-file.js'

const [folder = '', seed = '', journalBytes = '', commitsWithState] = process.argv.slice(2)
const random = seededRandom(seed)

function report(report: Report): void {
  fs.writeSync(3, `${JSON.stringify(report)}\n`)
}

const store = await openLmdbStore({
  path: folder,
  journalBytes: Number(journalBytes),
  onFatal: error => {
    process.stderr.write(`${error.message}\n`)
    process.exit(70)
  },
}).catch(error => {
  process.stderr.write(`${error.message}\n`)
  process.exit(71)
})

let committed = 0
const units = await RandomUnits.for(store, random)
report({ kind: 'opened', pid: process.pid, content: await contentOf(store) })

// Two commits and a few reads are under way at any time, so that a kill meets both.
await Promise.all([commits(store), commits(store), reads(store), reads(store)])

async function commits(store: LmdbStore): Promise<void> {
  for (;;) {
    const tried = Array.from({ length: 1 + random.integer(6) }, () => units.next())
    report({ kind: 'trying', units: tried })
    const results = await store.commit(0, tried.map(unitOf))
    report({ kind: 'committed', results })
    units.committed(tried, results)
    if (++committed === Number(commitsWithState)) breakStateFile(folder)
  }
}

async function reads(store: LmdbStore): Promise<void> {
  for (;;) {
    if (random.integer(20) === 0) report({ kind: 'scanned', records: await scanAll(store) })
    const actor = units.pick(ACTORS)
    const { entries, durable } = await store.read(actor, 0, Number.MAX_SAFE_INTEGER, 1 + random.integer(50), 1e9)
    const shown = entries.filter(({ version }) => version <= durable)
    report({ kind: 'read', actor, durable, entries: shown.map(({ version, bytes }) => `${version}:${textOf(bytes)}`) })
    await new Promise(setImmediate)
  }
}
