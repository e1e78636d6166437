/**
 * What a page of a timeline, or the JSON or gzip of an answer, costs the main thread: made there, and by a thread, by size. The sizes from
 * which the server hands on are in services/large-pages.ts, short/connect-answer.ts and short/answer-forms.ts, with these numbers.
 */

import { encodeMessageItem, encodeSyncBody, encodeSyncFrame } from '../protocol/item-codec.js'
import { SYNC_BYTES_MAX } from '../protocol/limits.js'
import { METHODS } from '../protocol/methods.js'
import { present } from '../src/lib/assert.js'
import { systemClock } from '../src/lib/clock.js'
import { pageMemory } from '../src/lib/page-memory.js'
import { type Random, seededRandom } from '../src/lib/random.js'
import { openLmdbStore } from '../src/store/lmdb/open.js'
import type { LmdbStore } from '../src/store/lmdb/store.js'
import { formed } from '../src/workers/form-answer.js'
import { WorkerPool } from '../src/workers/pool.js'
import { dataFolder, removeFolder } from './children.js'
import type { Preset } from './presets.js'
import { ownMainCpuUs } from './process-probe.js'
import { medians, rounded } from './statistics.js'

interface Cost {
  /** How many are asked for at once. */
  readonly at_once: number
  readonly here_us: number
  readonly there_us: number
}

export interface PageCost extends Cost {
  readonly items: number
}

export interface BodyCost extends Cost {
  readonly form: 'json' | 'gzip' | 'json and gzip'
  /** Of the encoded response. */
  readonly bytes: number
}

export interface WorkerCosts {
  readonly pages: readonly PageCost[]
  readonly bodies: readonly BodyCost[]
}

const SIZES = [16, 64, 256]
const BODY_SIZES = [16, 32, 64, 128, 256]
const AT_ONCE = [1, 8]
const FORMS = ['json', 'gzip', 'json and gzip'] as const
const LOG = 'user/1'
const LOG_ITEMS = 10_500
/** The last `since` from which all sizes are full pages. */
const SINCE_MAX = 9_000

export async function workerCosts(preset: Preset): Promise<WorkerCosts> {
  const folder = dataFolder()
  await fill(folder)
  const store = await openLmdbStore({ path: folder }) // everything is in the tables
  const workers = new WorkerPool({ clock: systemClock, threads: 1 })
  const pages: PageCost[] = []
  for (const items of SIZES) {
    for (const atOnce of AT_ONCE) {
      const there = (since: number): Promise<number> => pagesThere(store, workers, { since, items, count: atOnce })
      const here = (since: number): Promise<number> => pageHere(store, since, items)
      pages.push({ items, ...(await costOf(preset, atOnce, { here, there })) })
    }
  }
  const bodies: BodyCost[] = []
  for (const form of FORMS) {
    for (const items of BODY_SIZES) {
      const body = await bodyOf(store, items)
      const order = () => ({
        bytes: body.slice(),
        json: form === 'gzip' ? undefined : METHODS.sync.number,
        takesGzip: form !== 'json',
      })
      for (const atOnce of AT_ONCE) {
        const orders = Array.from({ length: atOnce }, order)
        const here = async (): Promise<number> => {
          formed(order())
          return 1
        }
        const there = async (): Promise<number> => {
          await Promise.all(orders.map(each => workers.run('form-answer', each)))
          return atOnce
        }
        bodies.push({ form, bytes: body.length, ...(await costOf(preset, atOnce, { here, there })) })
      }
    }
  }
  await workers.close()
  await store.close()
  removeFolder(folder)
  return { pages, bodies }
}

async function fill(folder: string): Promise<void> {
  const store = await openLmdbStore({ path: folder })
  const random = seededRandom(1)
  for (let i = 0; i < LOG_ITEMS; i += 500) {
    const appends = Array.from({ length: 500 }, (_, k) => ({
      actor: LOG,
      conversation: `user/${k % 7}`,
      bytes: encodeMessageItem({
        sender: 1_000_000,
        device: 1,
        sendSeq: 1_000 + i + k,
        atMs: Date.now(),
        recipient: 0,
        text: textOf(random),
      }),
    }))
    await store.commit(0, [{ expect: [], puts: [], appends, trims: [] }])
  }
  await store.close()
}

const WORDS =
  'at the station half past seven I will be there if train from coast is on time bring red map please can you call me'

/** 100 bytes, which gzip shortens about as much as what people write. */
function textOf(random: Random): string {
  const words = WORDS.split(' ')
  const chosen = Array.from({ length: 50 }, () => words[random.integer(words.length)])
  return chosen.join(' ').slice(0, 100)
}

/** Does so many, from different places of the log. @returns how many were done */
type Work = (since: number) => Promise<number>

/** The CPU of this thread for each, in turns. */
async function costOf(
  { rounds, pageTurns }: Preset,
  atOnce: number,
  work: { readonly here: Work; readonly there: Work },
): Promise<Cost> {
  const turns: { here: number; there: number }[] = []
  for (let round = 0; round <= rounds; round++) {
    const here = await mainUs(pageTurns, atOnce, work.here)
    const there = await mainUs(pageTurns, atOnce, work.there)
    if (round > 0) turns.push({ here, there }) // the first compiles
  }
  const { here, there } = medians(turns)
  return { at_once: atOnce, here_us: rounded(here, 1), there_us: rounded(there, 1) }
}

async function mainUs(turns: number, atOnce: number, work: Work): Promise<number> {
  const before = ownMainCpuUs()
  let done = 0
  for (let turn = 0; turn < turns; turn++) {
    const since = (turn * 256) % SINCE_MAX
    while (done < (turn + 1) * atOnce) done += await work(since)
  }
  return (ownMainCpuUs() - before) / done
}

async function pageHere(store: LmdbStore, since: number, items: number): Promise<number> {
  const { entries } = await store.read(LOG, since, Number.MAX_SAFE_INTEGER, items, SYNC_BYTES_MAX)
  encodeSyncFrame(1, since, { to: entries.at(-1)?.version ?? 0, more: true, trimmed: false, items: entries })
  return 1
}

async function pagesThere(
  store: LmdbStore,
  workers: WorkerPool,
  { since, items, count }: { readonly since: number; readonly items: number; readonly count: number },
): Promise<number> {
  const { upTo, place } = present(store.settled(LOG, since), 'the part in the tables')
  const range = { actor: LOG, after: since, upTo, left: [], foreign: -1, entriesMax: items, bytesMax: SYNC_BYTES_MAX }
  const ranges = Array.from({ length: count }, () => range)
  const pages = await workers.run('read-pages', { place, ranges, buffers: pageMemory.take(count) })
  for (const page of pages) {
    const made = present(page, 'a full page')
    await store.read(LOG, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, 1, 0)
    pageMemory.lend(made.encoded)
    pageMemory.giveBack(encodeSyncFrame(1, since, { to: made.last, more: true, trimmed: false, items: made }))
  }
  return count
}

async function bodyOf(store: LmdbStore, items: number): Promise<Uint8Array> {
  const { entries } = await store.read(LOG, 0, Number.MAX_SAFE_INTEGER, items, SYNC_BYTES_MAX)
  return encodeSyncBody(0, { to: items, more: true, trimmed: false, items: entries })
}
