/**
 * A process that writes random units on an lmdb store until it is killed, and reports on descriptor 3 what it tries, what
 * is answered and what it reads.
 *
 *   node killed-writer.js <folder> <seed> <journal bytes>
 */

import fs from 'node:fs'
import { type Random, seededRandom } from '../../../src/lib/random.js'
import { openLmdbStore } from '../../../src/store/lmdb/open.js'
import type { LmdbStore } from '../../../src/store/lmdb/store.js'
import { ACTORS, contentOf, NAMES, type Report, scanAll, textOf, unitOf, type WrittenUnit } from './killed-plan.js'

const [folder = '', seed = '', journalBytes = ''] = process.argv.slice(2)
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

const stamps = new Map<string, number>()
for (const actor of ACTORS) {
  const records = await store.get(actor, NAMES)
  records.forEach(({ stamp }, i) => {
    stamps.set(`${actor} ${NAMES[i]}`, stamp)
  })
}
report({ kind: 'opened', pid: process.pid, content: await contentOf(store) })

// Two commits and a few reads are under way at any time, so that a kill meets both.
await Promise.all([commits(store), commits(store), reads(store), reads(store)])

async function commits(store: LmdbStore): Promise<void> {
  for (;;) {
    const units = Array.from({ length: 1 + random.integer(6) }, () => randomUnit(random))
    report({ kind: 'trying', units })
    report({ kind: 'committed', results: await store.commit(0, units.map(unitOf)) })
  }
}

async function reads(store: LmdbStore): Promise<void> {
  for (;;) {
    if (random.integer(20) === 0) report({ kind: 'scanned', records: await scanAll(store) })
    const actor = pick(ACTORS)
    const { entries, durable } = await store.read(actor, 0, Number.MAX_SAFE_INTEGER, 1 + random.integer(50), 1e9)
    const shown = entries.filter(({ version }) => version <= durable)
    report({ kind: 'read', actor, durable, entries: shown.map(({ version, bytes }) => `${version}:${textOf(bytes)}`) })
    await new Promise(setImmediate)
  }
}

function randomUnit(random: Random): WrittenUnit {
  const [actor, other] = [pick(ACTORS), pick(ACTORS)]
  const name = pick(NAMES)
  const before = stamps.get(`${actor} ${name}`) ?? 0
  const stamp = 1 + random.integer(2 ** 53 - 2)
  const removes = random.integer(15) === 0
  const holds = random.integer(12) > 0
  const text = `${stamp} ${'x'.repeat(random.integer(300))}`
  if (holds) stamps.set(`${actor} ${name}`, removes ? 0 : stamp)
  const key = random.integer(3) === 0 ? { key: `key ${random.integer(4)}` } : {}
  return {
    expect: [{ actor, name, stamp: holds ? before : 1 + random.integer(1000) }],
    puts: [{ actor, name, stamp, text: removes ? null : text }],
    appends: [
      { actor, ...key, text: `from ${stamp}` },
      { actor: other, text: `to ${stamp}` },
    ],
    trims: random.integer(30) === 0 ? [{ actor, upTo: random.integer(2 ** 31) }] : [],
  }
}

function pick<T>(from: readonly T[]): T {
  return from[random.integer(from.length)] as T
}
