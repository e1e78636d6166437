/**
 * Whether a store is what the rules make of one: everything is read, each record is compared with those that say the same of
 * the other side. For people and tests; nothing is changed.
 *
 * One record at a time, and what it is compared with is looked up: the store may be of any size.
 */

import type { StoreView } from '../store/view.js'
import { uidOf } from '../sync/rules/records.js'
import { CounterCheck } from './counters.js'
import { FriendCheck } from './friends.js'
import { verifyLog } from './logs.js'
import { PeopleCheck } from './people.js'

export interface Counts {
  users: number
  deletedUsers: number
  names: number
  devices: number
  friendships: number
  messages: number
  items: number
  outboxEntries: number
  /** Effects that threw and were kept for people. */
  setAside: number
  faults: number
}

/** What is found is told to it: one line each. */
export class Findings {
  readonly counts: Counts = {
    users: 0,
    deletedUsers: 0,
    names: 0,
    devices: 0,
    friendships: 0,
    messages: 0,
    items: 0,
    outboxEntries: 0,
    setAside: 0,
    faults: 0,
  }
  readonly #tell: (fault: string) => void

  constructor(tell: (fault: string) => void) {
    this.#tell = tell
  }

  fault(text: string): void {
    this.counts.faults += 1
    this.#tell(text)
  }

  /** Runs a check; one that cannot read what it looks at finds a fault. */
  check(what: string, run: () => void): void {
    try {
      run()
    } catch (error) {
      this.fault(`${what} cannot be read: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
}

/** @param tell called with each fault, one line */
export function verify(view: StoreView, tell: (fault: string) => void): Counts {
  const findings = new Findings(tell)
  const checks = [new PeopleCheck(view, findings), new FriendCheck(view, findings), new CounterCheck(view, findings)]
  for (const record of view.records()) {
    const { actor, name, bytes } = record
    const [prefix = ''] = name.split('/', 1)
    const id = name.slice(prefix.length + 1)
    findings.check(`${actor}/${name}`, () => {
      for (const check of checks) check.record({ actor, uid: uidOf(actor), prefix, id, bytes })
    })
  }
  for (const log of view.logs()) findings.check(`the log of ${log.actor}`, () => verifyLog(view, log, findings))
  return findings.counts
}

/** A record taken apart: its name is `prefix` or `prefix/id`. */
export interface NamedRecord {
  readonly actor: string
  /** 0 for an actor that is no user. */
  readonly uid: number
  readonly prefix: string
  readonly id: string
  readonly bytes: Uint8Array
}
