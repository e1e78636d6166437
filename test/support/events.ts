/** Events as tests make them. */
import type { AppendedEvent, EndedEvent } from '../../src/sync/events.js'
import { userActor } from '../../src/sync/rules/records.js'

export function appended(
  uid: number,
  { from, version, bytes }: { from: number; version: number; bytes: Uint8Array | undefined },
): AppendedEvent {
  return { kind: 'appended', to: userActor(uid), from, version, bytes }
}

export function ended(uid: number, device: number, what: EndedEvent['what'], attempt: number, except = 0): EndedEvent {
  return { kind: 'ended', to: userActor(uid), device, what, attempt, except }
}
