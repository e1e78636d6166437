/**
 * Asks for a scope wherever it is. On a Cluster its slot may move meanwhile, key by key:
 *
 *   asked ──► all answered
 *    ▲ │ MOVED, ASK: only what was refused goes where it says, when that primary is connected
 *    └─┘
 *
 * Each command has one key, so none can find half of its keys. A lost connection rejects: nobody knows what was done.
 */

import { type Clock, pause } from '../../lib/clock.js'
import { ALL_PARTITIONS } from '../partition.js'
import type { ScopeId } from '../types.js'
import { type Command, historyIn, LostError, NotSentError, type Reply, valueIn } from './link.js'
import type { Primary, Redirection, Topology, Way } from './topology.js'

/** The time for which a primary that is not connected is waited for: a slot may have moved to one that nobody has asked yet. */
const CONNECT_MS_MAX = 5_000
const LOOK_MS = 20
const REDIRECTIONS_MAX = 16
/** The keys of one page, and the most that a slot may have. */
const PAGE = 1_000
const ALL = 2 ** 31 - 1

export interface Answered {
  readonly values: readonly unknown[]
  /** The primary that answered last. */
  readonly primary: Primary
}

/** Called with each primary before it is asked. */
type Meet = (primary: Primary) => Promise<unknown>

/** Tries for a while what cannot be sent yet. */
export async function whenSent<T>(clock: Clock, ask: () => Promise<T>): Promise<T> {
  const untilMs = clock.monotonic() + CONNECT_MS_MAX
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      if (!(error instanceof NotSentError) || clock.monotonic() > untilMs) throw error
    }
    await pause(clock, LOOK_MS)
  }
}

/** Asks in one piece, and settles when everything is answered. */
export async function follow(
  topology: Topology,
  scope: ScopeId,
  link: Way,
  commands: readonly Command[],
  meet?: Meet,
): Promise<Answered> {
  const values: unknown[] = []
  let left = commands.map((command, index) => ({ command, index }))
  let primary = topology.primaryOf(scope)
  let asking = false
  for (let i = 0; i < REDIRECTIONS_MAX && primary !== undefined; i++) {
    const asked: Primary = primary
    await meet?.(asked)
    const sent = left.flatMap(({ command }): Command[] => (asking ? [['ASKING'], command] : [command]))
    const replies: readonly Reply[] = await whenSent(topology.clock, () => asked[link].ask(sent))
    const refused: typeof left = []
    left.forEach((each, at) => {
      const reply = replies[asking ? 2 * at + 1 : at]
      const next: Redirection | undefined =
        reply !== undefined && 'refusal' in reply ? topology.redirected(scope, reply.refusal, asked) : undefined
      if (next === undefined) values[each.index] = valueIn(reply)
      else {
        refused.push(each)
        primary = next.primary
      }
    })
    if (refused.length === 0) return { values, primary: asked }
    left = refused
    asking = true
  }
  throw new LostError(
    primary === undefined ? 'no primary is known for it' : 'the primaries send each other what was asked',
  )
}

/** What asks for all scopes of a Redis from a beginning to an end between which no server may lose anything. */
export class Follower {
  readonly #topology: Topology
  /** The history of each primary when it was asked first. */
  readonly #histories = new Map<Primary, string>()

  constructor(topology: Topology) {
    this.#topology = topology
  }

  async ask(scope: ScopeId, link: Way, commands: readonly Command[]): Promise<readonly unknown[]> {
    return (await this.answered(scope, link, commands)).values
  }

  answered(scope: ScopeId, link: Way, commands: readonly Command[]): Promise<Answered> {
    return follow(this.#topology, scope, link, commands, this.#meet)
  }

  /** Asks about each scope. */
  each(scopes: readonly ScopeId[], command: (scope: ScopeId) => Command): Promise<readonly unknown[]> {
    return Promise.all(scopes.map(async scope => (await this.ask(scope, 'writes', [command(scope)]))[0]))
  }

  /** Pages of all keys that have a hash tag; some may come twice. */
  async *keys(): AsyncGenerator<readonly string[]> {
    if (this.#topology.slotOf(0) === undefined) yield* this.#scanned()
    else for (const partition of ALL_PARTITIONS) yield* this.#keysIn(partition)
  }

  /** Rejects if a primary has another history than when it was asked first. @returns the histories of all */
  async sameHistories(): Promise<readonly string[]> {
    for (const [primary, before] of this.#histories) {
      if ((await this.#historyOf(primary)) === before) continue
      throw new LostError(`Redis at ${primary.host} was started anew or replaced meanwhile, and may have lost a part`)
    }
    return [...this.#histories.values()]
  }

  async *#scanned(): AsyncGenerator<readonly string[]> {
    let cursor = '0'
    do {
      const [reply] = await this.ask(0, 'reads', [['SCAN', cursor, 'MATCH', '{*}*', 'COUNT', PAGE]])
      const [next, keys] = reply as [Buffer, Buffer[]]
      cursor = String(next)
      yield keys.map(String)
    } while (cursor !== '0')
  }

  /**
   * The keys of a partition: those that its primary has, then those of the primary that its slot is moving to. A key moves in this direction,
   * so none is missed. A scan of the whole server would miss those that come behind its cursor.
   */
  async *#keysIn(partition: number): AsyncGenerator<readonly string[]> {
    const slot = this.#topology.slotOf(partition) ?? 0
    const list: Command = ['CLUSTER', 'GETKEYSINSLOT', slot, ALL]
    // A key that nobody has: while the slot moves, its primary names the next one.
    const probe: Command = ['EXISTS', `{${partition}}`]
    const found = new Set<string>()
    let primary = this.#topology.primaryOf(partition)
    for (let i = 0; i < REDIRECTIONS_MAX && primary !== undefined; i++) {
      const asked: Primary = primary
      await this.#meet(asked)
      const { clock } = this.#topology
      const [keys, , probed] = await whenSent(clock, () => asked.reads.ask([list, ['ASKING'], probe]))
      for (const key of valueIn(keys) as Buffer[]) found.add(String(key))
      primary = probed !== undefined && 'refusal' in probed ? this.#next(partition, probed.refusal, asked) : undefined
    }
    const all = [...found].filter(key => key.startsWith(`{${partition}}`))
    for (let at = 0; at < all.length; at += PAGE) yield all.slice(at, at + PAGE)
  }

  #next(partition: number, refusal: Error, asked: Primary): Primary {
    const next = this.#topology.redirected(partition, refusal, asked)
    if (next === undefined) throw refusal
    return next.primary
  }

  readonly #meet = async (primary: Primary): Promise<void> => {
    if (this.#histories.has(primary)) return
    const history = await this.#historyOf(primary)
    if (!this.#histories.has(primary)) this.#histories.set(primary, history)
  }

  async #historyOf({ control }: Primary): Promise<string> {
    const [info] = await whenSent(this.#topology.clock, () => control.ask([['INFO', 'replication']]))
    return historyIn(valueIn(info)) ?? ''
  }
}
