/** Walks over logs, for retention: over what is in memory and in the tables, remembering nothing of what they pass. */

import { present } from '../../lib/assert.js'
import { textOrder } from '../text.js'
import type { Actor, LogSummary, Tally, Version } from '../types.js'
import type { Actors, LogState } from './actors.js'
import type { Tables } from './tables.js'

export function logsAfter(actors: Actors, tables: Tables, after: Actor | null, limit: number): LogSummary[] {
  const recent = [...actors.changed()]
    .filter(({ actor, log }) => (log?.versions.length ?? 0) > 0 && (after === null || textOrder(actor, after) > 0))
    .map(({ actor }) => actor)
    .sort(textOrder)
  const found: LogSummary[] = []
  let i = 0
  for (let inTables = tables.nextWithEntry(after); found.length < limit; ) {
    const next = recent[i]
    if (inTables === undefined && next === undefined) break
    const isRecent = next !== undefined && (inTables === undefined || textOrder(next, inTables) <= 0)
    const actor = isRecent ? next : present(inTables, 'the actor')
    const log = actors.glance(actor)
    const { head, floor, gaps } = log
    if (isRecent || holdsEntry(tables, actor, log)) found.push({ actor, head, floor, gaps })
    if (isRecent) i++
    if (actor === inTables) inTables = tables.nextWithEntry(actor)
  }
  return found
}

/** Whether one that is in the tables has not left the log. */
function holdsEntry(tables: Tables, actor: Actor, log: LogState): boolean {
  for (const { version } of tables.entriesDown(actor, log.tablesHead)) if (!log.hasLeft(version)) return true
  return false
}

export function tally(actors: Actors, tables: Tables, actor: Actor, from: Version, entriesMax: number): Tally {
  const log = actors.glance(actor)
  let unkeyed = 0
  let looked = 0
  let to = 0
  /** False when enough was seen. */
  const take = (version: Version, keyed: boolean): boolean => {
    if (looked === entriesMax) return false
    looked++
    if (!keyed) unkeyed++
    to = version
    return true
  }
  for (let i = log.indexAfter(from) - 1; i >= 0; i--) {
    if (!take(present(log.versions[i], 'the version'), actors.keyed(log, i))) return { unkeyed, to }
  }
  for (const { version, keyed } of tables.entriesDown(actor, Math.min(from, log.tablesHead))) {
    if (!log.hasLeft(version) && !take(version, keyed)) return { unkeyed, to }
  }
  return { unkeyed, to }
}
