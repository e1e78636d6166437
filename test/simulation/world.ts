/** One run: a seed's nodes, store, network, phones and people, first in chaos and then healing, with everybody watching. */

import type { EventBatch } from '../../src/cluster/peers.js'
import { type Random, seededRandom } from '../../src/lib/random.js'
import { MemoryDisk } from '../../src/store/memory/disk.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { MemoryView } from '../../src/store/memory/view.js'
import { partitionOf } from '../../src/store/partition.js'
import type { Store } from '../../src/store/types.js'
import { verify } from '../../src/verify/verify.js'
import { act, changeWeather, depart, introduce, type Stage } from './acts.js'
import { Cast } from './cast.js'
import { missing, notOnTheBest } from './convergence.js'
import { Faults } from './faults.js'
import { everybodyRemovesADevice, everybodyWrites, somebodyGoesForGood } from './finale.js'
import { Ledger } from './ledger.js'
import { Lingerers } from './lingerers.js'
import { Network } from './network.js'
import { SimulatedNode } from './node.js'
import type { Phone, User } from './phone.js'
import type { Plant } from './plants.js'
import { type Process, wallMs } from './process.js'
import { Scheduler } from './scheduler.js'
import { calmed, drawSetup, type Setup } from './setup.js'
import { storeFaults } from './store-faults.js'
import { Trace } from './trace.js'
import { Trims } from './trims.js'
import { nameOf, Witness } from './witness.js'

export interface RunOptions {
  readonly seed: number
  readonly plant?: Plant
  readonly setup?: Partial<Setup>
  /** Told what happens, as it happens. */
  readonly onNote?: (line: string) => void
}

export interface Result {
  readonly seed: number
  readonly setup: Setup
  /** Undefined if everything was right. */
  readonly failure: string | undefined
  readonly hash: string
  readonly events: number
  readonly virtualMs: number
  readonly sent: number
  readonly accepted: number
}

/** For everything to be known to everybody, after the last fault: back-off goes up to a minute. */
const HEAL_MS = 240_000
/** A message on a healthy system; a connection that died unnoticed is found after a heartbeat and some. */
const STEADY_MS = 90_000
/** For everybody to be on the best transport: probes are up to ten minutes apart, and a little more. */
const PROBE_MS = 780_000
const LOOK_MS = 500
const DAY_MS = 86_400_000
const NOTHING = new Uint8Array(0)

export function runSeed(options: RunOptions): Promise<Result> {
  return new World(options).run()
}

class World {
  readonly #options: RunOptions
  readonly #random: Random
  readonly #scheduler = new Scheduler()
  readonly #trace = new Trace()
  readonly #network: Network
  readonly #disk: MemoryDisk
  readonly #ledger: Ledger
  readonly #witness: Witness
  readonly #trims: Trims
  readonly #users: User[] = []
  readonly #nodes: SimulatedNode[] = []
  readonly #partitions: number[]
  readonly #stage: Stage
  readonly #blocked = new Set<string>()
  readonly #faults: Faults
  readonly #cast: Cast
  #setup: Setup
  #texts = 0
  #chaos = true

  constructor(options: RunOptions) {
    this.#options = options
    this.#random = seededRandom(`longwire ${options.seed}`)
    this.#setup = drawSetup(this.#random, options.plant?.setup ?? options.setup)
    const random = this.#random
    this.#network = new Network(this.#scheduler, random, this.#setup.network)
    this.#network.onBytes = bytes => this.#trace.bytes(bytes)
    this.#scheduler.onEvent = event => this.#trace.event(event.what, event.atMs)
    const durability = this.#setup.store === 'embedded' ? 'manual' : 'immediate'
    this.#disk = options.plant?.disk?.(random, durability) ?? new MemoryDisk(random, durability)
    this.#ledger = new Ledger(this.#disk)
    this.#witness = new Witness(this.#ledger, what => this.#fail(what))
    this.#witness.limited = this.#setup.limits !== 'open'
    this.#trims = new Trims({
      ledger: this.#ledger,
      witness: this.#witness,
      settings: this.#setup.retention,
      nowMs: () => wallMs(this.#scheduler),
      fail: what => this.#fail(what),
    })
    this.#stage = {
      random,
      users: this.#users,
      nextText: () => this.#nextText(),
      after: (ms, what, run) => void this.#scheduler.after(ms, what, run),
      note: text => this.#note(text),
      blocked: (a, b) => this.#blocked.add(pairOf(a, b)),
      buy: user => this.#cast.buy(user),
      clockJumpMs: () => this.#setup.clockJumpMs,
    }
    this.#cast = this.#makeCast()
    this.#cast.gather()
    this.#partitions = [...new Set(this.#users.map(user => partitionOf(`account/${user.account}`)))]
    this.#makeNodes()
    this.#faults = new Faults({
      stage: this.#stage,
      nodes: this.#nodes,
      disk: this.#disk,
      setup: () => this.#setup,
      chaos: () => this.#chaos,
      crashed: () => this.#lookBack(),
      backedUp: () => this.#backedUp(),
      restored: () => this.#restored(),
    })
  }

  async run(): Promise<Result> {
    let failure: string | undefined
    const broken = (error: unknown): void => this.#scheduler.fail(error)
    process.on('unhandledRejection', broken)
    try {
      await this.#live()
    } catch (error) {
      failure = error instanceof SimulationFailure ? error.message : `thrown: ${(error as Error)?.stack ?? error}`
    } finally {
      process.off('unhandledRejection', broken)
    }
    const { sent, accepted } = this.#witness.auditor.verdict()
    const { seed } = this.#options
    const { ran: events, nowMs: virtualMs } = this.#scheduler
    return { seed, setup: this.#setup, failure, hash: this.#trace.digest(), events, virtualMs, sent, accepted }
  }

  async #live(): Promise<void> {
    for (const node of this.#nodes) node.start()
    const { calendarMs, departure, chaosMs } = this.#setup
    this.#faults.everyNowAndThen(calendarMs, 'days go by', () => this.#daysGoBy())
    const leaver = departure ? this.#users.at(-1) : undefined
    if (leaver !== undefined) {
      this.#stage.after(chaosMs * (0.2 + 0.7 * this.#random.fraction()), 'depart', () => {
        depart(this.#stage, leaver)
        this.#faults.haunt(() => this.#ledger.isDeleted(leaver.uid))
      })
    }
    for (const user of this.#users) for (const phone of user.phones) this.#liven(phone)
    this.#faults.begin()
    this.#linger()
    introduce(this.#stage)
    await this.#scheduler.run(chaosMs)
    this.#heal()
    await this.#settle(HEAL_MS, 'after the last fault')
    await this.#settle(PROBE_MS, 'for the best transports', () =>
      notOnTheBest(this.#users, this.#ledger, wallMs(this.#scheduler)),
    )
    everybodyWrites(this.#stage)
    await this.#settle(STEADY_MS, 'on a healthy system')
    await this.#settle(STEADY_MS, 'after devices were removed', everybodyRemovesADevice(this.#stage))
    this.#lookBack()
    this.#verifyStore()
    const { lost, examples } = this.#witness.auditor.verdict()
    if (lost > 0) throw new SimulationFailure(`${lost} lost: ${examples.join('; ')}`)
    const friendsOf = (uid: number, others: readonly number[]) => this.#ledger.friendsOf(uid, others, this.#unseen)
    const gone = somebodyGoesForGood(this.#stage, this.#users, friendsOf, uid => this.#ledger.isDeleted(uid))
    await this.#settle(STEADY_MS, 'after an account was deleted', gone)
    this.#verifyStore()
  }

  // The cast -------------------------------------------------------------------------------------------------------------

  #makeCast(): Cast {
    const { heartbeatMs, pollMs } = this.#setup
    return new Cast({
      stage: this.#stage,
      seed: this.#options.seed,
      witness: this.#witness,
      ledger: this.#ledger,
      users: this.#users,
      setup: () => this.#setup,
      chaos: () => this.#chaos,
      liven: phone => this.#liven(phone),
      phone: {
        scheduler: this.#scheduler,
        random: this.#random,
        network: this.#network,
        witness: this.#witness,
        weather: () => ({ writeMs: this.#setup.phoneWriteMs, writeFails: this.#setup.phoneWriteFails }),
        httpWeather: () => this.#setup.http,
        heartbeatMs,
        pollMs,
        hosts: () => this.#nodes.filter(node => node.started),
        wrap: this.#options.plant?.transport,
        stored: () => this.#faults.ambush(),
        note: text => this.#note(text),
        fail: text => this.#fail(text),
      },
    })
  }

  #makeNodes(): void {
    const { nodes, sweepMs, store, limits, retention, sliceTargets } = this.#setup
    const { plant } = this.#options
    const tells = plant?.tells ?? (() => true)
    // In the place of what is not told stands what nobody waits for: no number is missing.
    const told = ({ events, ...batch }: EventBatch): EventBatch => ({
      ...batch,
      events: events.map(each => (tells(each) ? each : { kind: 'transient', to: each.to, topic: '', bytes: NOTHING })),
    })
    const names = Array.from({ length: nodes }, (_, index) => `node${index + 1}`)
    for (const name of names) {
      this.#nodes.push(
        new SimulatedNode({
          name,
          scheduler: this.#scheduler,
          random: this.#random,
          network: this.#network,
          store: process => this.#openStore(process, name),
          peers: names.filter(other => other !== name),
          settings: {
            limits,
            retention: plant?.retention?.(retention) ?? retention,
            sweepMs: store === 'embedded' ? 0 : sweepMs,
          },
          owns: partition => this.#ownerOf(partition) === name,
          membersChanged: () => {
            for (const { node } of this.#nodes) node?.ownsMore()
          },
          stamps: plant?.stamps,
          short: plant?.short,
          sequence: plant?.sequence,
          sliceTargets,
          send: (from, to, batch) => this.#faults.carry(from, to, told(batch)),
          note: text => this.#note(text),
          bug: text => this.#fail(text),
        }),
      )
    }
  }

  /** Each partition belongs to one of the nodes that run. */
  #ownerOf(partition: number): string | undefined {
    const running = this.#nodes.filter(({ alive }) => alive)
    return running[partition % running.length]?.name
  }

  #openStore(process: Process, node: string): Store {
    const { store: kind } = this.#setup
    const weather = () => ({ ...this.#setup.storeWeather, out: this.#faults.cutOff(node) })
    const faults = storeFaults(this.#scheduler, this.#random, process, this.#disk, weather)
    const scopes = kind === 'partitions' ? 'partitions' : 'one'
    const store = new MemoryStore({ disk: this.#disk, faults, scopes, shared: kind !== 'embedded' })
    // Only the partitions that somebody lives in: looking at the 250 empty ones would be most of what happens.
    if (kind === 'partitions') store.scopes = () => this.#partitions
    const watched = this.#trims.watch(store)
    return this.#options.plant?.store?.(watched) ?? watched
  }

  // What happens ---------------------------------------------------------------------------------------------------------

  #liven(phone: Phone): void {
    const { random } = this.#stage
    const again = (): void => {
      if (!this.#chaos) return
      act(this.#stage, phone, this.#setup)
      this.#stage.after(-Math.log(1 - random.fraction()) * this.#setup.actMs, 'act', again)
    }
    const weather = (): void => {
      if (!this.#chaos) return
      changeWeather(this.#stage, phone)
      this.#stage.after(-Math.log(1 - random.fraction()) * this.#setup.wayMs, 'weather', weather)
    }
    this.#stage.after(1_000 * random.fraction(), 'phone starts', () => {
      if (this.#setup.wayMs !== Number.POSITIVE_INFINITY) weather()
      phone.start()
      this.#stage.after(2_000, 'act', again)
    })
  }

  /** Where there are nodes that may not have heard of the end of a session. */
  #linger(): void {
    const nodes = this.#nodes
    if (nodes.length < 2) return
    const nowMs = () => this.#scheduler.nowMs
    const fail = (what: string): void => this.#fail(what)
    new Lingerers({ stage: this.#stage, nodes, ledger: this.#ledger, nowMs, fail }).linger(() => this.#chaos)
  }

  #nextText(): string {
    this.#texts += 1
    const text = `text ${this.#texts}`
    const { random } = this.#stage
    // Now and then as long as allowed: a page is then bounded by its bytes.
    return random.fraction() < 0.005 ? text.padEnd(random.integer(16_384), '.') : text
  }

  #heal(): void {
    this.#note('--- no more faults')
    this.#chaos = false
    this.#faults.end()
    this.#setup = calmed(this.#setup)
    this.#network.weather = this.#setup.network
    this.#cast.complete()
    for (const user of this.#users) {
      for (const phone of user.phones) {
        phone.jump(0)
        if (phone.away) phone.setAway(false)
        for (const name of phone.ladder) phone.setWay(name, 'open')
        // A phone tells its programs that the network has changed; not every one does.
        if (this.#random.fraction() < 0.5) phone.client?.nudge()
        phone.start()
      }
    }
  }

  #daysGoBy(): void {
    const days = this.#random.integer(4) === 0 ? 91 : this.#random.integer(2) === 0 ? 31 : this.#random.fraction()
    this.#note(`${days} days go by`)
    this.#scheduler.calendarMs += days * DAY_MS
  }

  /** Whether a request between the two may have been dropped. */
  readonly #unseen = (a: number, b: number): boolean => this.#blocked.has(pairOf(a, b))

  // Judgement ------------------------------------------------------------------------------------------------------------

  async #settle(limitMs: number, when: string, more: () => string[] = () => []): Promise<void> {
    const whole = {
      users: this.#users,
      nodes: this.#nodes,
      witness: this.#witness,
      ledger: this.#ledger,
      trims: this.#trims,
      blocked: this.#unseen,
    }
    const endMs = this.#scheduler.nowMs + limitMs
    let left: string[] = []
    for (let lookMs = LOOK_MS; this.#scheduler.nowMs < endMs; lookMs *= 1.05) {
      await this.#scheduler.run(this.#scheduler.nowMs + lookMs)
      left = [...this.#cast.bury(), ...this.#tiesToTheDeparted(), ...more()]
      // What costs most only when the rest is there.
      if (left.length === 0) left = missing(whole)
      if (left.length === 0) return
    }
    throw new SimulationFailure(`not settled ${limitMs} ms ${when}: ${left.slice(0, 12).join('; ')}`)
  }

  #tiesToTheDeparted(): string[] {
    const others = this.#users.map(({ uid }) => uid)
    return this.#cast.departed.flatMap(({ uid }) => [
      ...this.#ledger.friendsOf(uid, others, this.#unseen).map(other => `${other} is still tied to ${uid}`),
      ...this.#ledger.remainsOf(uid),
    ])
  }

  #restored(): void {
    this.#witness.restored()
    for (const user of this.#users) {
      const now = new Set([...user.backedUp, ...user.passwords])
      user.passwords.splice(0, user.passwords.length, ...now)
      user.passwordChanges += 1
    }
  }

  /** After a restore any of them may be the right one. */
  #backedUp(): void {
    this.#witness.backedUp()
    for (const user of this.#users) user.backedUp = user.passwords.slice()
  }

  /** Nothing that a phone showed or was promised may be gone from the store. */
  #lookBack(): void {
    if (this.#witness.forgetful) return
    for (const user of this.#users) {
      // The store forgets the messages of a deleted account; its phones keep them.
      if (user.gone && this.#ledger.isDeleted(user.uid)) continue
      for (const { disk, name } of user.phones) {
        for (const message of disk.model.messages()) {
          if (message.version === 0 || this.#ledger.holds(user.uid, message.version, message)) continue
          if (this.#trims.has(user.uid, nameOf(message))) continue
          const { sender, device, sendSeq, version } = message
          this.#fail(`${name} has ${sender}/${device}/${sendSeq} as version ${version}, and the store has not`)
        }
      }
    }
  }

  /** What `longwire verify` looks at. */
  #verifyStore(): void {
    verify(new MemoryView(this.#disk.snapshot()), fault => this.#fail(`the store: ${fault}`))
  }

  #fail(what: string): void {
    this.#note(`FAILED: ${what}`)
    this.#scheduler.fail(new SimulationFailure(what))
  }

  #note(text: string): void {
    this.#options.onNote?.(`${(this.#scheduler.nowMs / 1000).toFixed(3).padStart(9)} ${text}`)
  }
}

class SimulationFailure extends Error {}

function pairOf(a: number, b: number): string {
  return `${Math.min(a, b)} ${Math.max(a, b)}`
}
