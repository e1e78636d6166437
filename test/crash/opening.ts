/** Opens what a crash left, looks at what is there, and goes on with it. */

import fs from 'node:fs'
import path from 'node:path'
import { systemClock } from '../../src/lib/clock.js'
import { openLmdbStore } from '../../src/store/lmdb/open.js'
import { restore } from '../../src/store/lmdb/restore.js'
import type { LmdbStore } from '../../src/store/lmdb/store.js'
import { viewStore } from '../../src/store/lmdb/view.js'
import { Findings } from '../../src/verify/findings.js'
import { verifyLog } from '../../src/verify/logs.js'
import { ACTORS, type Content, contentOf } from '../store/support/killed-plan.js'
import { hashOfOthers, OWN } from './others.js'
import { BACKUP } from './record.js'
import { hashOfContent, SMALL } from './story.js'

/** `hash` is of the content that was there; `wrong` says what went wrong later. */
export type Found =
  | {
      readonly kind: 'opened'
      readonly hash: string
      readonly id: string
      readonly summary: string
      readonly epoch: number
      /** The content of the backup, if there is one. */
      readonly backup?: string
      /** What else is there, if it was asked for. */
      readonly others?: string
      readonly wrong?: string
    }
  | { readonly kind: 'refused'; readonly reason: string }

/**
 * What throws, then or later, is a refusal.
 * @param withOthers whether it looks at what the workload did not make, too
 */
export async function openFolder(folder: string, withOthers: boolean): Promise<Found> {
  try {
    const store = await openLmdbStore({ ...SMALL, path: folder })
    const content = await contentOf(store)
    const id = Buffer.from(store.id).toString('hex')
    const epoch = store.epochOf(0)
    const others = withOthers ? { others: await hashOfOthers(folder) } : {}
    const hash = await hashOfContent(store)
    const found = { kind: 'opened', hash, id, epoch, summary: summaryOf(content), ...others } as const
    const wrong = (await wrongLogOf(folder)) ?? (await goesOn(store, folder, content, id))
    if (wrong !== undefined) return { ...found, wrong }
    const from = path.join(folder, BACKUP)
    return fs.existsSync(from) ? { ...found, backup: await hashOfBackup(from, `${folder}-restored`) } : found
  } catch (error) {
    return { kind: 'refused', reason: error instanceof Error ? error.message : String(error) }
  }
}

/** What is wrong with the keys, conversations and lists of logs, if anything. Its entries are no items, which is not looked at. */
function wrongLogOf(folder: string): Promise<string | undefined> {
  return viewStore(folder, systemClock, view => {
    const faults: string[] = []
    const findings = new Findings(fault => faults.push(fault))
    for (const log of view.logs()) if (OWN.has(log.actor)) verifyLog(view, log, findings)
    return faults.find(fault => !/\bitem \d/.test(fault))
  })
}

/** Whether what is appended now comes behind all that is there, and all is there after the next start too. */
async function goesOn(store: LmdbStore, folder: string, content: Content, id: string): Promise<string | undefined> {
  const appends = ACTORS.map(actor => ({ actor, bytes: Buffer.from('after the crash') }))
  const [result] = await store.commit(0, [{ expect: [], puts: [], appends, trims: [] }])
  if (result?.kind !== 'committed') return 'an append was refused'
  const again = ACTORS.find((actor, i) => (result.appended[i]?.version ?? 0) <= (content.logs[actor]?.head ?? 0))
  if (again !== undefined) return `${again} was given a version again`
  const hash = await hashOfContent(store)
  await store.close()
  const next = await openLmdbStore({ ...SMALL, path: folder })
  try {
    if (Buffer.from(next.id).toString('hex') !== id) return 'the next start found another store'
    return (await hashOfContent(next)) === hash ? undefined : 'the next start did not find all of it'
  } finally {
    await next.close()
  }
}

async function hashOfBackup(from: string, to: string): Promise<string> {
  await restore({ from, to, epochMin: 0 })
  const store = await openLmdbStore({ ...SMALL, path: to })
  try {
    return await hashOfContent(store)
  } finally {
    await store.close()
  }
}

function summaryOf({ logs, records }: Content): string {
  const entries = Object.values(logs).reduce((sum, log) => sum + log.entries.length, 0)
  return `${records.length} records, ${entries} entries`
}
