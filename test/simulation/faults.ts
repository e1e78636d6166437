/** What befalls the nodes, their store and the ways between them, as long as there is chaos. */

import { LEASE_MS } from '../../src/cluster/members.js'
import { ALL_PARTITIONS, partitionOf } from '../../src/store/partition.js'
import type { NodeId, ScopeId } from '../../src/store/types.js'
import { uidOf } from '../../src/sync/rules/records.js'
import { lookBack } from './convergence.js'
import { sendAway } from './group-acts.js'
import type { Pair } from './ledger.js'
import { NEXT_FORMS } from './next-forms.js'
import type { SimulatedNode } from './node.js'
import type { Stage } from './stage.js'
import { type MessageId, nameOf } from './witness.js'

const OUTAGE_MS_MAX = 8_000
/** Before it everybody has registered, and there are groups. */
const DOWN_AFTER_MS = 8_000
/** Between two looks of who sees to it that nodes run. */
const SUPERVISOR_MS_MAX = 6_000
/** How likely it is, each time. */
const AMBUSH = 0.01
/** How likely a node stops in the midst of a delivery, each time. */
const STILL_AMID = 0.03

/** What stood in the store before it lost its tail. */
interface Before {
  readonly ties: ReadonlyMap<string, string>
  readonly copies: ReadonlyMap<string, MessageId>
  readonly failures: ReadonlyMap<string, MessageId>
  readonly pairs: ReadonlyMap<string, Pair>
}

const NO_PAIR: Pair = { sent: 0, settled: 0, taken: 0 }

export class Faults {
  readonly #stage: Stage
  /** `<node> store`, or `<node> <other node>`. */
  readonly #outages = new Set<string>()
  /** Whether a store with N = 0 may fail over: everybody has registered, and that is kept. */
  #mayLose = false

  constructor(stage: Stage) {
    this.#stage = stage
  }

  begin(): void {
    const stage = this.#stage
    const { nodeKillMs, outageMs, failoverMs, restoreMs, stillMs, downMs } = stage.setup
    for (const node of stage.nodes) {
      stage.everyNowAndThen(nodeKillMs, 'node ends', () => this.#end(node))
      stage.everyNowAndThen(stillMs, 'node stands still', () => this.#stop(node, 'stands still'))
      this.#supervise(node)
    }
    stage.everyNowAndThen(outageMs, 'outage', () => this.#interrupt())
    stage.everyNowAndThen(failoverMs, 'failover', () => this.#failOver())
    if (restoreMs !== undefined) this.#backUp(restoreMs)
    if (downMs > 0) stage.after(DOWN_AFTER_MS, 'a partition goes down', () => this.#takeDown(downMs))
  }

  /** A phone has just shown or stored something: if an embedded store does not have it yet, now is the moment to take it away. */
  ambush(): void {
    const { nodes, setup, chaos, chance } = this.#stage
    const [node] = nodes
    const isCalm = setup.nodeKillMs === Number.POSITIVE_INFINITY
    const losesTail = setup.store !== 'one' && setup.store !== 'partitions'
    if (node === undefined || !losesTail || isCalm || !chaos || !chance(AMBUSH)) return
    this.#stage.after(0, 'ambush', () => {
      if (setup.store === 'embedded') this.#kill(node, false, 'is ambushed')
      else this.#failOver()
    })
  }

  /** From the moment on that `begun` says, nodes die one after the other: in the midst of what has begun. */
  haunt(begun: () => boolean): void {
    const stage = this.#stage
    if (!begun()) {
      if (stage.chaos) stage.after(20, 'haunt', () => this.haunt(begun))
      return
    }
    for (let i = 0; i < 6; i += 1) {
      stage.after(40 * i + 40 * stage.random.fraction(), 'haunted', () => {
        const node = stage.pick(stage.nodes)
        if (node === undefined || !stage.chaos || !stage.chance(0.5)) return
        this.#kill(node, false, 'is killed in the midst of a deletion')
      })
    }
  }

  end(): void {
    this.#outages.clear()
    for (const node of this.#stage.nodes) {
      node.jump(0)
      if (node.started) node.process.goOn(true)
      // The last of them are replaced.
      if (this.#stage.setup.mixed && node.forms < NEXT_FORMS) this.#kill(node, false, 'gives way to the next revision')
    }
  }

  /** Whether the node cannot reach its store, or this scope of it. */
  cutOff(node: string, scope?: ScopeId): boolean {
    return this.#outages.has(`${node} store`) || this.#outages.has(`scope ${scope}`)
  }

  /** Events from one node to another: late, reordered or lost. */
  carry(from: string, to: NodeId, message: Uint8Array): void {
    const { nodes, setup, random, chance } = this.#stage
    const { eventsLost, eventMs } = setup
    const receiver = nodes.find(node => node.member === to)
    if (receiver === undefined || this.#outages.has(`${from} ${receiver.name}`) || chance(eventsLost)) return
    const late = chance(eventsLost) ? 5_000 * random.fraction() : 0
    this.#stage.after(eventMs * 2 * random.fraction() + late, `events ${from} ${receiver.name}`, () =>
      receiver.receive(to, message),
    )
  }

  /** A node hands a delivery to its store: now and then it stops right there. */
  delivers(node: SimulatedNode): void {
    const { setup, chaos, chance } = this.#stage
    if (!chaos || setup.stillMs === Number.POSITIVE_INFINITY || !chance(STILL_AMID)) return
    this.#stop(node, 'stands still in the midst of a delivery')
  }

  /** The node's process stands still for longer than its lease, and then goes on where it was. */
  #stop(node: SimulatedNode, how: string): void {
    const { nodes, partitions, random, chance, note, happened } = this.#stage
    if (!node.alive || node.process.still) return
    const { process } = node
    note(`${node.name} ${how}`)
    happened.count(`nodes that ${how.replace('stands', 'stood')}`)
    const owned = [...partitions].filter(partition => node.owns(partition))
    process.standStill()
    const ms = chance(0.1) ? 30_000 : LEASE_MS * (1 + 4 * random.fraction())
    this.#stage.after(ms, 'goes on', () => {
      if (!process.still) return
      const others = nodes.filter(other => other !== node)
      const isTaken = owned.some(partition => others.some(other => other.owns(partition)))
      if (isTaken) happened.count('nodes that others took over from while they stood still')
      note(`${node.name} goes on`)
      process.goOn(chance(0.5))
    })
  }

  /** Whatever ended a node, somebody starts it again. */
  #supervise(node: SimulatedNode): void {
    const stage = this.#stage
    const { random } = stage
    const look = (): void => {
      if (!node.alive) node.start()
      const { clockJumpMs } = stage.setup
      if (clockJumpMs > 0 && stage.chance(0.1)) node.jump((2 * random.fraction() - 1) * clockJumpMs)
      stage.after(stage.chaos ? SUPERVISOR_MS_MAX * random.fraction() : 500, 'supervisor', look)
    }
    stage.after(500, 'supervisor', look)
  }

  #end(node: SimulatedNode): void {
    const { chance, note } = this.#stage
    if (chance(0.2)) {
      note(`${node.name} drains`)
      void node.drain()
      return
    }
    const withMachine = chance(0.25)
    this.#kill(node, withMachine, `is killed${withMachine ? ' with its machine' : ''}`)
  }

  /** Of what it was writing to a store of its own some may have become durable, though it never came to know. */
  #kill(node: SimulatedNode, withMachine: boolean, how: string): void {
    const { disk, setup, chance, note } = this.#stage
    if (!node.alive) return
    note(`${node.name} ${how}`)
    node.kill(withMachine)
    if (setup.store !== 'embedded') return
    if (chance(0.3)) disk.sync()
    disk.crash()
    lookBack(this.#stage)
  }

  /** Another copy of the store goes on, or of one primary: what was not durable is gone. Calls under way are never answered. */
  #failOver(): void {
    const { disk, chance, note, nodes, setup, primaries } = this.#stage
    if (setup.store === 'failover-n0' && !this.#mayLose) return
    const isWhole = primaries.length === 1 || chance(0.3)
    const partitions = isWhole ? ALL_PARTITIONS : (this.#stage.pick(primaries) ?? ALL_PARTITIONS)
    note(isWhole ? 'the store fails over' : 'a primary of the store fails over')
    this.#stage.happened.count(isWhole ? 'failovers of the store' : 'failovers of one primary')
    if (chance(0.3)) {
      disk.sync(partitions)
      this.#kept(partitions)
    }
    const before = this.#seen()
    disk.crash(partitions)
    disk.newEpoch(partitions)
    for (const node of nodes) node.store?.failedOver()
    if (setup.store === 'failover-n0') this.#lost(before, partitions)
    else lookBack(this.#stage)
  }

  #seen(): Before {
    const { users, ledger } = this.#stage
    const uids = users.map(({ uid }) => uid)
    return {
      ties: ledger.ties(uids),
      copies: ledger.copies(uids),
      failures: ledger.failures(uids),
      pairs: ledger.pairs(),
    }
  }

  /** The store has lost what it had acknowledged since it last kept something. */
  #lost({ ties, copies, failures, pairs }: Before, partitions: readonly number[]): void {
    const { witness, cast, phones } = this.#stage
    const after = this.#seen()
    for (const [pair, was] of ties) {
      const [a = 0, b = 0] = pair.split(' ').map(Number)
      // A node may still carry to one side what the other has lost.
      if (after.ties.get(pair) !== was) this.#stage.tear(a, b)
    }
    for (const [copy, id] of copies) if (!after.copies.has(copy)) witness.lost(id)
    for (const [name, id] of failures) if (!after.failures.has(name)) witness.lostFailure(id)
    for (const [name, was] of pairs) this.#lostOf(name, was, after)
    witness.restored(phones.map(({ name }) => name))
    cast.restored(partitions)
    this.#kept(partitions)
  }

  #lostOf(name: string, was: Pair, after: Before): void {
    const is = after.pairs.get(name) ?? NO_PAIR
    const [bySource, byTarget] = [is.sent < was.sent, is.taken < was.taken]
    if (byTarget) {
      // Until the next effect comes, the target does not know that it has lost some.
      this.#stage.untaken.set(name, is.sent)
      this.#mayBeLost(name, after)
    }
    if (bySource !== byTarget)
      this.#stage.happened.count(bySource ? 'pairs lost at the source only' : 'pairs lost at the target only')
  }

  /** Messages that the target may have taken and lost, without a copy that would show it: it had refused them, and lost that, too. */
  #mayBeLost(pair: string, { copies }: Before): void {
    const { ledger, witness } = this.#stage
    const [source = 0, target = 0] = pair.split(' > ').map(uidOf)
    if (source === 0 || target === 0) return
    for (const { message } of ledger.messages(source)) {
      const isSent = message.sender === source && message.recipient === target
      if (isSent && !copies.has(`${target} ${nameOf(message)}`)) witness.lost(message)
    }
  }

  /** The store makes durable what it has; one that loses its tail does so on one primary and not on another. */
  sync(): void {
    const { disk, primaries, chance } = this.#stage
    const isPart = this.#mayLose && primaries.length > 1
    const partitions = isPart ? primaries.filter(() => chance(0.5)).flat() : ALL_PARTITIONS
    disk.sync(partitions)
    this.#kept(partitions)
  }

  /** What the store has of these partitions is kept from now on, whatever fails. Who registers and is lost would be nobody: another story. */
  #kept(partitions: readonly number[]): void {
    const { setup, users, cast } = this.#stage
    if (setup.store !== 'failover-n0') return
    this.#mayLose ||= users.every(({ uid }) => uid !== 0)
    cast.backedUp(partitions)
  }

  /** Something is out of reach for a while: a node's store, or the way between two nodes. */
  #interrupt(): void {
    const stage = this.#stage
    const pick = (): string => stage.pick(stage.nodes)?.name ?? ''
    const what = stage.chance(0.5) ? `${pick()} store` : `${pick()} ${pick()}`
    stage.note(`out of reach: ${what}`)
    this.#outages.add(what)
    stage.after(OUTAGE_MS_MAX * stage.random.fraction(), 'outage over', () => this.#outages.delete(what))
  }

  /** The partition of the last user takes nothing for a while, with all that is done for that user and that one's groups. */
  #takeDown(ms: number): void {
    const stage = this.#stage
    const user = stage.users.at(-1)
    if (user === undefined || stage.setup.store === 'one' || stage.setup.store === 'embedded') return
    const scope = `scope ${partitionOf(`account/${user.account}`)}`
    stage.note(`down: ${scope}`)
    stage.happened.count('partitions that were down')
    this.#outages.add(scope)
    if (stage.setup.parting) stage.after(ms / 2, 'is sent away', () => sendAway(stage, user.uid))
    stage.after(ms, 'up again', () => {
      stage.note(`up again: ${scope}`)
      this.#outages.delete(scope)
    })
  }

  /** Once, the store is put back to what it was a while before; what was committed since is gone. */
  #backUp(atMs: number): void {
    const stage = this.#stage
    const { nodes, disk, witness, cast } = stage
    stage.after(atMs, 'backup', () => {
      // Who registers between backup and restore would be nobody afterwards: another story.
      if (stage.users.some(user => user.uid === 0)) {
        if (stage.chaos) this.#backUp(1_000)
        return
      }
      stage.note('the store is backed up')
      const snapshot = disk.snapshot()
      witness.backedUp()
      cast.backedUp()
      stage.after(1_000 + 10_000 * stage.random.fraction(), 'restore', () => {
        if (!stage.chaos) return
        stage.note('the store is put back to the backup')
        for (const node of nodes) node.kill(false)
        // Failovers may have used epochs since. As with restore --epoch, the new one is above all of them.
        const used = disk.epochOf(0)
        disk.restore(snapshot)
        do disk.newEpoch()
        while (disk.epochOf(0) <= used)
        witness.restored(stage.phones.map(({ name }) => name))
        cast.restored()
      })
    })
  }
}
