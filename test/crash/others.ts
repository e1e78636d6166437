/** Everything in a store but what the workload makes: what was there before it, and must stay as it was. */

import { createHash } from 'node:crypto'
import { systemClock } from '../../src/lib/clock.js'
import { viewStore } from '../../src/store/lmdb/view.js'
import type { StoreView } from '../../src/store/view.js'
import { ACTORS } from '../store/support/killed-plan.js'

/** The workload's actors. */
export const OWN: ReadonlySet<string> = new Set(ACTORS)

/** Each record and each log with its entries, one line each. */
export function othersOf(folder: string): Promise<string[]> {
  return viewStore(folder, systemClock, view => [...recordsOf(view), ...logsOf(view)])
}

export async function hashOfOthers(folder: string): Promise<string> {
  const lines = await othersOf(folder)
  return createHash('sha1').update(lines.join('\n')).digest('base64')
}

function* recordsOf(view: StoreView): Generator<string> {
  for (const { actor, name, stamp, bytes } of view.records()) {
    if (!OWN.has(actor)) yield `${actor}/${name} ${stamp} ${latin1(bytes)}`
  }
}

function* logsOf(view: StoreView): Generator<string> {
  for (const { entries, keys, newest, ...log } of view.logs()) {
    if (OWN.has(log.actor)) continue
    yield JSON.stringify({ ...log, keys: [...keys], newest: [...newest] })
    for (const { bytes, ...entry } of entries()) yield `${log.actor} ${JSON.stringify(entry)} ${latin1(bytes)}`
  }
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1')
}
