/**
 * A process that uses a store, and reports what it tries, what is answered and what it reads. A recorder watches it.
 *
 *   CRASH_REPORTS=<file> node workload.js <data folder> <plan as JSON>
 */

import fs from 'node:fs'
import path from 'node:path'
import { present } from '../../src/lib/assert.js'
import { systemClock } from '../../src/lib/clock.js'
import { seededRandom } from '../../src/lib/random.js'
import { backUp } from '../../src/store/lmdb/backup.js'
import { openLmdbStore } from '../../src/store/lmdb/open.js'
import { restore } from '../../src/store/lmdb/restore.js'
import { ACTORS, contentOf, scanAll, textOf, unitOf } from '../store/support/killed-plan.js'
import { RandomUnits } from '../store/support/random-units.js'
import { BACKUP } from './record.js'
import { SMALL, type StoryReport, type WorkloadPlan } from './story.js'

const [folder = '', text = ''] = process.argv.slice(2)
const plan = JSON.parse(text) as WorkloadPlan
const reports = present(process.env.CRASH_REPORTS, 'CRASH_REPORTS')
const random = seededRandom(plan.seed)

function report(report: StoryReport): void {
  fs.appendFileSync(reports, `${JSON.stringify(report)}\n`)
}

const backup = path.join(folder, BACKUP)
if (plan.end === 'restore') {
  report({ kind: 'restoring' })
  await restore({ from: backup, to: folder, epochMin: 0 })
  report({ kind: 'restored' })
  process.kill(process.pid, 'SIGKILL')
}

const store = await openLmdbStore({
  ...SMALL,
  path: folder,
  onFatal: error => {
    process.stderr.write(`${error.message}\n`)
    process.exit(70)
  },
})
const units = await RandomUnits.for(store, random)
report({
  kind: 'opened',
  pid: process.pid,
  content: await contentOf(store),
  id: Buffer.from(store.id).toString('hex'),
  epoch: store.epochOf(0),
})

let left = plan.commits
// Two commits are under way at any time, so that one is judged while the other is written.
await Promise.all([commits(), commits()])
if (plan.end === 'back up') {
  report({ kind: 'backing up' })
  await backUp({ from: folder, to: backup, clock: systemClock })
  report({ kind: 'backed up' })
}
if (plan.end !== 'kill') await store.close()
process.kill(process.pid, 'SIGKILL')

async function commits(): Promise<void> {
  while (left-- > 0) {
    if (plan.epochs === true && left % 4 === 0) {
      report({ kind: 'beginning an epoch' })
      await store.newEpoch(0)
      report({ kind: 'epoch begun' })
      continue
    }
    const count = random.integer(8) === 0 ? 10 + random.integer(40) : 1 + random.integer(4)
    const tried = Array.from({ length: count }, () => units.next())
    report({ kind: 'trying', units: tried })
    const results = await store.commit(0, tried.map(unitOf))
    report({ kind: 'committed', results })
    units.committed(tried, results)
    if (random.integer(6) === 0) report({ kind: 'scanned', records: await scanAll(store) })
    const actor = units.pick(ACTORS)
    const { entries, durable } = await store.read(actor, 0, Number.MAX_SAFE_INTEGER, 1e6, 1e9)
    const shown = entries.filter(({ version }) => version <= durable)
    report({ kind: 'read', actor, durable, entries: shown.map(({ version, bytes }) => `${version}:${textOf(bytes)}`) })
  }
}
