/** What stands in a memory store, whatever it means. */
import type { MemoryStore } from '../../src/store/memory/store.js'
import { MemoryView } from '../../src/store/memory/view.js'

/** The places of a store that have this text: names of records, and versions of entries, each behind its actor. */
export function placesOf(store: MemoryStore, text: string): string[] {
  const view = new MemoryView(store.disk.snapshot())
  const has = (bytes: Uint8Array): boolean => Buffer.from(bytes).includes(text)
  const places: string[] = []
  for (const { actor, name, bytes } of view.records()) if (has(bytes)) places.push(`${actor} ${name}`)
  for (const log of view.logs())
    for (const { version, bytes } of log.entries()) if (has(bytes)) places.push(`${log.actor} ${version}`)
  return places.sort()
}
