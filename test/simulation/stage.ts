/** What everybody in a run shares: the time, the dice, the network and the disk, who is there, who watches, and how bad it is. */

import { type Random, seededRandom } from '../../src/lib/random.js'
import { type Durability, MemoryDisk } from '../../src/store/memory/disk.js'
import { ALL_PARTITIONS, partitionOf } from '../../src/store/partition.js'
import { PARTITIONS } from '../../src/store/types.js'
import type { Gid } from '../../src/sync/rules/group-records.js'
import type { Rid } from '../../src/sync/rules/room-records.js'
import { MemoryLeases } from '../support/memory-leases.js'
import { Cast } from './cast.js'
import { SimulationFailure } from './failure.js'
import { Faults } from './faults.js'
import { Happened } from './happened.js'
import { Ledger } from './ledger.js'
import { Network } from './network.js'
import { Leaseholders } from './next-forms.js'
import { SimulatedNode } from './node.js'
import type { Phone, User } from './phone.js'
import type { Plant } from './plants.js'
import { Scheduler } from './scheduler.js'
import { drawSetup, type Setup, type StoreKind } from './setup.js'
import { Trace } from './trace.js'
import { Trims } from './trims.js'
import { Witness } from './witness.js'

export interface RunOptions {
  readonly seed: number
  readonly plant?: Plant
  readonly setup?: Partial<Setup>
  /** Told what happens, as it happens. */
  readonly onNote?: (line: string) => void
}

const DURABILITIES: Readonly<Record<StoreKind, Durability>> = {
  one: 'immediate',
  partitions: 'immediate',
  embedded: 'manual',
  failover: 'manual',
  'failover-n0': 'hasty',
}

/** So many partitions beside those of the users may have groups and rooms. Such a one is made only where its name belongs to one of all these. */
const GROUP_PARTITIONS = 24

export class Stage {
  readonly seed: number
  readonly plant: Plant
  readonly random: Random
  readonly scheduler = new Scheduler()
  readonly trace = new Trace()
  readonly network: Network
  readonly disk: MemoryDisk
  readonly leases: MemoryLeases
  readonly leaseholders = new Leaseholders()
  readonly ledger: Ledger
  readonly witness: Witness
  readonly trims: Trims
  readonly cast: Cast
  readonly faults: Faults
  readonly users: User[] = []
  readonly nodes: readonly SimulatedNode[]
  /** Those that somebody has asked to make. */
  readonly groups: Gid[] = []
  /** The boards that somebody has asked to make. */
  readonly rooms: Rid[] = []
  /** Where somebody lives, or a group or a room may: work in the 250 empty partitions would be most of what happens. */
  readonly partitions: ReadonlySet<number>
  /** The partitions of each primary of the store. */
  readonly primaries: readonly (readonly number[])[]
  readonly happened = new Happened()
  setup: Setup
  /** Faults happen, still. */
  chaos = true
  readonly #onNote: RunOptions['onNote']
  readonly #blocked = new Set<string>()
  readonly #parted = new Set<string>()
  readonly #torn = new Set<string>()
  #texts = 0

  constructor({ seed, plant = {}, setup, onNote }: RunOptions) {
    this.seed = seed
    this.plant = plant
    this.#onNote = onNote
    this.random = seededRandom(`longwire ${seed}`)
    const ofGroups = seededRandom(`longwire groups ${seed}`)
    this.setup = drawSetup(this.random, ofGroups, plant.setup ?? setup)
    this.network = new Network(this.scheduler, this.random, this.setup.network)
    this.network.onBytes = bytes => this.trace.bytes(bytes)
    this.scheduler.onEvent = event => this.trace.event(event.what, event.atMs)
    const { store } = this.setup
    const time = { monotonic: () => this.scheduler.nowMs }
    const durability = DURABILITIES[store]
    this.disk = plant.disk?.(this.random, durability, time) ?? new MemoryDisk(this.random, durability, time)
    this.leases = new MemoryLeases({ now: () => this.scheduler.nowMs })
    this.ledger = new Ledger(this.disk)
    this.witness = new Witness(this.ledger, this.fail)
    this.witness.losesTail = store === 'failover-n0'
    this.witness.limited = this.setup.limits !== 'open'
    this.witness.narrow = this.setup.outboxBytesMax !== undefined
    this.trims = new Trims(this)
    this.faults = new Faults(this)
    this.cast = new Cast(this)
    this.cast.gather()
    const homes = this.users.map(({ account }) => partitionOf(`account/${account}`))
    const forGroups = Array.from({ length: this.setup.groups + this.setup.rooms > 0 ? GROUP_PARTITIONS : 0 }, () =>
      ofGroups.integer(PARTITIONS),
    )
    this.partitions = new Set([...homes, ...forGroups])
    this.primaries = shared(this.partitions, this.setup.primaries)
    this.nodes = Array.from({ length: this.setup.nodes }, (_, index) => new SimulatedNode(this, `node${index + 1}`))
  }

  /** In use. */
  get phones(): Phone[] {
    return this.users.flatMap(({ phones }) => phones)
  }

  after(ms: number, what: string, run: () => void): void {
    this.scheduler.after(ms, what, run)
  }

  /** Again and again while there is chaos, about every so many milliseconds; Infinity: never. */
  everyNowAndThen(everyMs: number, what: string, run: () => void): void {
    if (everyMs === Number.POSITIVE_INFINITY) return
    this.after(-Math.log(1 - this.random.fraction()) * everyMs, what, () => {
      if (!this.chaos) return
      run()
      this.everyNowAndThen(everyMs, what, run)
    })
  }

  readonly chance = (probability: number): boolean => this.network.chance(probability)

  /** One of them, if there is any. */
  pick<T>(of: readonly T[]): T | undefined {
    return of[this.random.integer(of.length || 1)]
  }

  /** A new text; now and then as long as allowed, so that a page is bounded by its bytes. */
  nextText(): string {
    this.#texts += 1
    // Where texts are looked for, each ends.
    const text = `text ${this.#texts}${this.setup.groups > 0 ? ';' : ''}`
    return this.chance(0.005) ? text.padEnd(this.random.integer(16_384), '.') : text
  }

  nextTitle(): string {
    this.#texts += 1
    return `title ${this.#texts}`
  }

  /** One of the two blocks the other: requests may be dropped unseen from now on. */
  block(a: number, b: number): void {
    this.#blocked.add(pairOf(a, b))
    this.part(a, b)
  }

  /** One of the two ends what is between them: what is on its way may be refused. */
  part(a: number, b: number): void {
    this.#parted.add(pairOf(a, b))
  }

  /** Whether one of the two ever ended what was between them. */
  readonly parted = (a: number, b: number): boolean => this.#parted.has(pairOf(a, b))

  /** Whether a request between the two may have been dropped. */
  readonly unseen = (a: number, b: number): boolean => this.#blocked.has(pairOf(a, b))

  /** The store has lost a change of what is between the two, perhaps of one side alone: they may disagree from now on. */
  tear(a: number, b: number): void {
    this.#torn.add(pairOf(a, b))
  }

  /** Pairs of whose effects the target has lost some that the source had seen taken, with the number of the last one sent. */
  readonly untaken = new Map<string, number>()

  readonly mayDisagree = (a: number, b: number): boolean => this.#torn.has(pairOf(a, b))

  readonly fail = (what: string): void => {
    this.note(`FAILED: ${what}`)
    this.scheduler.fail(new SimulationFailure(what))
  }

  readonly note = (text: string): void => {
    this.#onNote?.(`${(this.scheduler.nowMs / 1000).toFixed(3).padStart(9)} ${text}`)
  }
}

/** All partitions, shared out among primaries in a way that each has some of those where somebody lives. */
function shared(inhabited: ReadonlySet<number>, primaries: number): number[][] {
  const homes = [...inhabited]
  const primaryOf = (partition: number): number => Math.max(0, homes.indexOf(partition)) % primaries
  return Array.from({ length: primaries }, (_, primary) => ALL_PARTITIONS.filter(each => primaryOf(each) === primary))
}

function pairOf(a: number, b: number): string {
  return `${Math.min(a, b)} ${Math.max(a, b)}`
}
