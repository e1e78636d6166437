/** An attack: what it needs prepared, how the server is started for it, and what the attacker's process then does. */

export interface Attack {
  /** One line of the table. */
  readonly what: string
  /** Options of the server beside the defaults. */
  readonly options?: readonly string[]
  /** The server's standard error has no reader. */
  readonly unreadStderr?: true
  /** A device that its account knows logs in meanwhile, and is timed. */
  readonly knownLogins?: true
  /** Runs against a server without limits, on the data folder that is attacked afterwards. @returns what run() gets */
  prepare?(site: Site): Promise<readonly Account[]>
  /** Begins the attack and returns; runs in a process of its own, until that is killed. */
  run(target: Target, tally: Tally): void
}

export interface Site {
  readonly port: number
  readonly httpPort: number
  /** Whether the benchmark works is all that is asked: a few of everything. */
  readonly tiny: boolean
}

export interface Target extends Site {
  readonly accounts: readonly Account[]
}

/** A device of an account that the attacker has. */
export interface Account {
  readonly uid: number
  /** The token in base64url, as HTTP has it. */
  readonly token: string
  /** The attempt of the Hello before. */
  readonly attempt: number
  /** The number of the numbered request before. */
  readonly sendSeq: number
  readonly peers: readonly number[]
}

/** The requests made, and the answers by code: they show whether the attack took place. */
export class Tally {
  readonly counts: Record<string, number> = {}

  add(what: string, count = 1): void {
    this.counts[what] = (this.counts[what] ?? 0) + count
  }
}

/** Addresses of loopback: the attacker's, and the proxy's that is trusted. The honest users have 127.0.0.1. */
export const ATTACKER = '127.0.0.2'
export const PROXY = '127.0.0.9'
