/** What befalls the nodes, their store and the ways between them, as long as there is chaos. */

import type { EventBatch } from '../../src/cluster/peers.js'
import type { MemoryDisk } from '../../src/store/memory/disk.js'
import type { Stage } from './acts.js'
import type { SimulatedNode } from './node.js'
import type { Setup } from './setup.js'

export interface FaultsOptions {
  readonly stage: Stage
  readonly nodes: readonly SimulatedNode[]
  readonly disk: MemoryDisk
  setup(): Setup
  /** Faults happen, still. */
  chaos(): boolean
  /** An embedded store fell back to what was durable. */
  crashed(): void
  /** The store was backed up; and it was put back to that. */
  backedUp(): void
  restored(): void
}

const OUTAGE_MS_MAX = 8_000
/** Between two looks of who sees to it that nodes run. */
const SUPERVISOR_MS_MAX = 6_000
/** How likely it is, each time. */
const AMBUSH = 0.01

export class Faults {
  readonly #options: FaultsOptions
  /** `<node> store`, or `<node> <other node>`. */
  readonly #outages = new Set<string>()

  constructor(options: FaultsOptions) {
    this.#options = options
  }

  begin(): void {
    const { nodes, setup } = this.#options
    const { nodeKillMs, outageMs, restoreMs } = setup()
    for (const node of nodes) {
      this.everyNowAndThen(nodeKillMs, 'node ends', () => this.#end(node))
      this.#supervise(node)
    }
    this.everyNowAndThen(outageMs, 'outage', () => this.#interrupt())
    if (restoreMs !== undefined) this.#backUp(restoreMs)
  }

  /** A phone has just shown or stored something: if an embedded store does not have it yet, now is the moment to take it away. */
  ambush(): void {
    const { stage, nodes, disk, setup, chaos } = this.#options
    const [node] = nodes
    const isCalm = setup().nodeKillMs === Number.POSITIVE_INFINITY
    if (node === undefined || disk.durability !== 'manual' || isCalm || !chaos() || !this.#chance(AMBUSH)) return
    stage.after(0, 'ambush', () => {
      if (!node.alive) return
      stage.note(`${node.name} is ambushed`)
      node.kill(false)
      this.#crash()
    })
  }

  /** From the moment on that `begun` says, nodes die one after the other: in the midst of what has begun. */
  haunt(begun: () => boolean): void {
    const { stage, nodes, disk, chaos } = this.#options
    const { random } = stage
    if (!begun()) {
      if (chaos()) stage.after(20, 'haunt', () => this.haunt(begun))
      return
    }
    for (let i = 0; i < 6; i += 1) {
      stage.after(40 * i + 40 * random.fraction(), 'haunted', () => {
        const node = nodes[random.integer(nodes.length)]
        if (!chaos() || node?.alive !== true || !this.#chance(0.5)) return
        stage.note(`${node.name} is killed in the midst of a deletion`)
        node.kill(false)
        if (disk.durability === 'manual') this.#crash()
      })
    }
  }

  end(): void {
    this.#outages.clear()
    for (const node of this.#options.nodes) node.jump(0)
  }

  /** Whether the node cannot reach its store. */
  cutOff(node: string): boolean {
    return this.#outages.has(`${node} store`)
  }

  /** Events from one node to another: late, reordered or lost. */
  carry(from: string, to: string, batch: EventBatch): void {
    const { stage, nodes, setup } = this.#options
    const { eventsLost, eventMs } = setup()
    if (this.#outages.has(`${from} ${to}`) || this.#chance(eventsLost)) return
    const late = this.#chance(eventsLost) ? 5_000 * stage.random.fraction() : 0
    stage.after(eventMs * 2 * stage.random.fraction() + late, `events ${from} ${to}`, () => {
      nodes.find(node => node.name === to)?.receive(batch)
    })
  }

  /** Again and again while there is chaos, about every so many milliseconds. */
  everyNowAndThen(everyMs: number, what: string, run: () => void): void {
    const { stage, chaos } = this.#options
    if (everyMs === Number.POSITIVE_INFINITY) return
    stage.after(-Math.log(1 - stage.random.fraction()) * everyMs, what, () => {
      if (!chaos()) return
      run()
      this.everyNowAndThen(everyMs, what, run)
    })
  }

  /** Whatever ended a node, somebody starts it again. */
  #supervise(node: SimulatedNode): void {
    const { stage, setup, chaos } = this.#options
    const { random } = stage
    const look = (): void => {
      if (!node.alive) node.start()
      const { clockJumpMs } = setup()
      if (clockJumpMs > 0 && this.#chance(0.1)) node.jump((2 * random.fraction() - 1) * clockJumpMs)
      stage.after(chaos() ? SUPERVISOR_MS_MAX * random.fraction() : 500, 'supervisor', look)
    }
    stage.after(500, 'supervisor', look)
  }

  #end(node: SimulatedNode): void {
    const { stage, disk } = this.#options
    if (this.#chance(0.2)) {
      stage.note(`${node.name} drains`)
      void node.drain()
      return
    }
    if (!node.alive) return
    const withMachine = this.#chance(0.25)
    stage.note(`${node.name} is killed${withMachine ? ' with its machine' : ''}`)
    node.kill(withMachine)
    if (disk.durability === 'manual') this.#crash()
  }

  /** The process that had the store for itself is dead. */
  #crash(): void {
    const { disk, crashed } = this.#options
    // What it was writing may have become durable, though it never came to know.
    if (this.#chance(0.3)) disk.sync()
    disk.crash()
    crashed()
  }

  /** Something is out of reach for a while: a node's store, or the way between two nodes. */
  #interrupt(): void {
    const { stage, nodes } = this.#options
    const { random } = stage
    const pick = (): string => nodes[random.integer(nodes.length)]?.name ?? ''
    const what = this.#chance(0.5) ? `${pick()} store` : `${pick()} ${pick()}`
    stage.note(`out of reach: ${what}`)
    this.#outages.add(what)
    stage.after(OUTAGE_MS_MAX * random.fraction(), 'outage over', () => this.#outages.delete(what))
  }

  /** Once, the store is put back to what it was a while before; what was committed since is gone. */
  #backUp(atMs: number): void {
    const { stage, nodes, disk, chaos, backedUp, restored } = this.#options
    stage.after(atMs, 'backup', () => {
      // Who registers between backup and restore would be nobody afterwards: another story.
      if (stage.users.some(user => user.uid === 0)) {
        if (chaos()) this.#backUp(1_000)
        return
      }
      stage.note('the store is backed up')
      const snapshot = disk.snapshot()
      backedUp()
      stage.after(1_000 + 10_000 * stage.random.fraction(), 'restore', () => {
        if (!chaos()) return
        stage.note('the store is put back to the backup')
        for (const node of nodes) node.kill(false)
        disk.restore(snapshot)
        disk.newEpoch()
        restored()
      })
    })
  }

  #chance(probability: number): boolean {
    return probability > 0 && this.#options.stage.random.fraction() < probability
  }
}
