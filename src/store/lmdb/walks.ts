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

export function tally(
  actors: Actors,
  tables: Tables,
  actor: Actor,
  from: Version,
  entriesMax: number,
  bytesMax: number,
): Tally {
  const log = actors.glance(actor)
  let unkeyed = 0
  let bytes = 0
  let looked = 0
  let to = 0
  /** False when enough was seen. */
  const take = (version: Version, keyed: boolean, length: number): boolean => {
    looked++
    to = version
    if (!keyed) {
      unkeyed++
      bytes += length
    }
    return looked < entriesMax && bytes < bytesMax
  }
  for (let i = log.indexAfter(from) - 1; i >= 0; i--) {
    const version = present(log.versions[i], 'the version')
    if (!take(version, actors.keyed(log, i), actors.entryLength(log, i))) return { unkeyed, bytes, to }
  }
  for (const { version, keyed, length } of tables.entriesDown(actor, Math.min(from, log.tablesHead))) {
    if (!log.hasLeft(version) && !take(version, keyed, length)) return { unkeyed, bytes, to }
  }
  return { unkeyed, bytes, to }
}
