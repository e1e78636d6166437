import { messageOf } from '../lib/error-message.js'
/** Collects what a walk over a store counts and finds, and takes records apart. */

export interface Counts {
  users: number
  deletedUsers: number
  names: number
  devices: number
  friendships: number
  /** Those that have members. */
  groups: number
  rooms: number
  messages: number
  items: number
  outboxEntries: number
  /** Effects that threw and were kept for people. */
  setAside: number
  faults: number
}

/** Takes each finding as a line. */
export class Findings {
  readonly counts: Counts = {
    users: 0,
    deletedUsers: 0,
    names: 0,
    devices: 0,
    friendships: 0,
    groups: 0,
    rooms: 0,
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
      this.fault(`${what} cannot be read: ${messageOf(error)}`)
    }
  }
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
