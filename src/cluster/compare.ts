/**
 * Makes up for events that a node may have missed. It looks at the store for every user and device that is connected here, and tells the
 * connections what they should have been told.
 */
import { headEvent, type NodeEvent } from '../sync/events.js'
import { userActor } from '../sync/rules/records.js'

export interface Connected {
  readonly uid: number
  readonly device: number
  readonly attempt: number
}

export interface Truth {
  /** The version of the user's newest durable item. */
  head(uid: number): Promise<number>
  /** The highest attempt bound for the device; undefined if its session has ended. */
  boundAttempt(uid: number, device: number): Promise<number | undefined>
}

/** The number of users looked at together: the store has other work too. */
const AT_ONCE = 64

/**
 * @param tell receives the events that were, or may have been, missed
 * @throws if the store could not answer for all of them
 */
export async function compareAll(
  connected: Iterable<Connected>,
  truth: Truth,
  tell: (event: NodeEvent) => void,
): Promise<void> {
  const byUid = new Map<number, Connected[]>()
  for (const each of connected) {
    if (each.uid === 0) continue
    const devices = byUid.get(each.uid)
    if (devices === undefined) byUid.set(each.uid, [each])
    else devices.push(each)
  }
  const users = byUid.entries()
  const work = async (): Promise<void> => {
    for (const [uid, devices] of users) await compareUser(uid, devices, truth, tell)
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, byUid.size) }, work))
}

async function compareUser(
  uid: number,
  devices: readonly Connected[],
  truth: Truth,
  tell: (event: NodeEvent) => void,
): Promise<void> {
  const to = userActor(uid)
  const version = await truth.head(uid)
  tell(headEvent(to, version))
  for (const { device, attempt } of devices) {
    const bound = await truth.boundAttempt(uid, device)
    if (bound === undefined) tell({ kind: 'ended', to, device, what: 'session', attempt, except: 0 })
    else if (bound > attempt) tell({ kind: 'ended', to, device, what: 'attempt', attempt: bound, except: 0 })
  }
}

/** Runs one comparison at a time; all requests that come meanwhile cause one more. */
export class Comparison {
  readonly #run: () => Promise<void>
  readonly #later: (run: () => void) => void
  #state: 'idle' | 'running' | 'again' = 'idle'

  /** @param later waits before a failed comparison is repeated */
  constructor(run: () => Promise<void>, later: (run: () => void) => void) {
    this.#run = run
    this.#later = later
  }

  ask(): void {
    if (this.#state !== 'idle') {
      this.#state = 'again'
      return
    }
    this.#state = 'running'
    this.#run().then(
      () => this.#next(),
      () => {
        this.#state = 'again' // the missed events are still missing
        this.#later(() => this.#next())
      },
    )
  }

  #next(): void {
    const again = this.#state === 'again'
    this.#state = 'idle'
    if (again) this.ask()
  }
}
