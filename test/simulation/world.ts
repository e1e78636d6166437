/** One run: a seed's nodes, store, network, phones and people, first in chaos and then healing, with everybody watching. */

import type { HintBatch } from '../../src/cluster/hints.js'
import { type Random, seededRandom } from '../../src/lib/random.js'
import { MemoryDisk } from '../../src/store/memory/disk.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { partitionOf } from '../../src/store/partition.js'
import type { Store } from '../../src/store/types.js'
import { act, introduce, type Stage } from './acts.js'
import { missing } from './convergence.js'
import { Ledger } from './ledger.js'
import { Network } from './network.js'
import { SimulatedNode } from './node.js'
import { Phone, type User } from './phone.js'
import type { Plant } from './plants.js'
import type { Process } from './process.js'
import { Scheduler } from './scheduler.js'
import { calmed, drawSetup, type Setup } from './setup.js'
import { storeFaults } from './store-faults.js'
import { Trace } from './trace.js'
import { Witness } from './witness.js'

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
const LOOK_MS = 500

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
  readonly #users: User[] = []
  readonly #nodes: SimulatedNode[] = []
  readonly #partitions: number[]
  readonly #stage: Stage
  readonly #blocked = new Set<string>()
  /** `<node> store`, or `<node> <other node>`. */
  readonly #outages = new Set<string>()
  #setup: Setup
  #texts = 0
  #chaos = true

  constructor(options: RunOptions) {
    this.#options = options
    this.#random = seededRandom(`longwire ${options.seed}`)
    this.#setup = drawSetup(this.#random, options.setup)
    const random = this.#random
    this.#network = new Network(this.#scheduler, random, this.#setup.network)
    this.#network.onBytes = bytes => this.#trace.bytes(bytes)
    this.#scheduler.onEvent = event => this.#trace.event(event.what, event.atMs)
    const durability = this.#setup.store === 'embedded' ? 'manual' : 'immediate'
    this.#disk = options.plant?.disk?.(random, durability) ?? new MemoryDisk(random, durability)
    this.#ledger = new Ledger(this.#disk)
    this.#witness = new Witness(what => this.#fail(what))
    this.#stage = {
      random,
      users: this.#users,
      nextText: () => this.#nextText(),
      after: (ms, what, run) => void this.#scheduler.after(ms, what, run),
      note: text => this.#note(text),
      blocked: (a, b) => this.#blocked.add(pairOf(a, b)),
    }
    this.#makeUsers()
    this.#partitions = [...new Set(this.#users.map(user => partitionOf(`account/${user.account}`)))]
    this.#makeNodes()
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
    const { chaosMs } = this.#setup
    for (const node of this.#nodes) node.start()
    for (const user of this.#users) for (const phone of user.phones) this.#liven(phone)
    for (const node of this.#nodes) this.#threaten(node)
    this.#interrupt()
    introduce(this.#stage)
    await this.#scheduler.run(chaosMs)
    this.#heal()
    await this.#settle(HEAL_MS, 'after the last fault')
    this.#everybodyWrites()
    await this.#settle(STEADY_MS, 'on a healthy system')
    const removed = this.#everybodyRemovesADevice()
    await this.#settle(STEADY_MS, 'after devices were removed', () =>
      removed
        .filter(({ phone, before }) => phone.sessionsEnded === before)
        .map(({ phone }) => `${phone.name} was not told`),
    )
    this.#lookBack()
    this.#judge()
    await this.#somebodyGoesForGood()
  }

  #judge(): void {
    const { lost, examples } = this.#witness.auditor.verdict()
    if (lost > 0) throw new SimulationFailure(`${lost} lost: ${examples.join('; ')}`)
  }

  // The cast -------------------------------------------------------------------------------------------------------------

  #makeUsers(): void {
    const { users } = this.#setup
    users.forEach((phones, index) => {
      const user: User = {
        account: `user${this.#options.seed % 1_000}x${index}`,
        passwords: ['a good password'],
        passwordChanges: 0,
        gone: false,
        phones: [],
        uid: 0,
      }
      this.#users.push(user)
      for (let i = 0; i < phones; i += 1) this.#addPhone(user)
    })
  }

  #addPhone(user: User): Phone {
    const { heartbeatMs } = this.#setup
    const phone = new Phone({
      name: `${user.account}.${'abcdefgh'[user.phones.length]}`,
      user,
      scheduler: this.#scheduler,
      random: this.#random,
      network: this.#network,
      witness: this.#witness,
      weather: () => ({ writeMs: this.#setup.phoneWriteMs, writeFails: this.#setup.phoneWriteFails }),
      heartbeatMs,
      hosts: () => this.#nodes.filter(node => node.started),
      wrap: this.#options.plant?.transport,
      note: text => this.#note(text),
      fail: text => this.#fail(text),
    })
    user.phones.push(phone)
    return phone
  }

  #makeNodes(): void {
    const { nodes, sweepMs, store } = this.#setup
    const { plant } = this.#options
    const names = Array.from({ length: nodes }, (_, index) => `node${index + 1}`)
    for (const name of names) {
      this.#nodes.push(
        new SimulatedNode({
          name,
          scheduler: this.#scheduler,
          random: this.#random,
          network: this.#network,
          store: process => this.#openStore(process, `${name} store`),
          peers: names.filter(other => other !== name),
          sweepMs: store === 'embedded' ? 0 : sweepMs,
          ...(plant?.stamps === undefined ? {} : { stamps: plant.stamps }),
          ...(plant?.sequence === undefined ? {} : { sequence: plant.sequence }),
          send: (from, to, batch) => this.#carry(from, to, batch),
          note: text => this.#note(text),
          bug: (text, error) => this.#fail(`${text}: ${(error as Error)?.stack ?? error}`),
        }),
      )
    }
  }

  #openStore(process: Process, way: string): Store {
    const { store: kind } = this.#setup
    const weather = () => ({ ...this.#setup.storeWeather, out: this.#outages.has(way) })
    const faults = storeFaults(this.#scheduler, this.#random, process, this.#disk, weather)
    const scopes = kind === 'partitions' ? 'partitions' : 'one'
    const store = new MemoryStore({ disk: this.#disk, faults, scopes })
    // Only the partitions that somebody lives in: looking at the 250 empty ones would be most of what happens.
    if (kind === 'partitions') store.scopes = () => this.#partitions
    return this.#options.plant?.store?.(store) ?? store
  }

  // What happens ---------------------------------------------------------------------------------------------------------

  #liven(phone: Phone): void {
    const { random } = this.#stage
    const again = (): void => {
      if (!this.#chaos) return
      act(this.#stage, phone, this.#setup.misfortune)
      this.#stage.after(-Math.log(1 - random.fraction()) * this.#setup.actMs, 'act', again)
    }
    this.#stage.after(1_000 * random.fraction(), 'phone starts', () => {
      phone.start()
      this.#stage.after(2_000, 'act', again)
    })
  }

  /** Kills the node now and then, and starts it again. */
  #threaten(node: SimulatedNode): void {
    const { random } = this.#stage
    const { nodeKillMs } = this.#setup
    const next = (): void => {
      if (nodeKillMs === Number.POSITIVE_INFINITY) return
      this.#stage.after(-Math.log(1 - random.fraction()) * nodeKillMs, 'node ends', () => {
        if (!this.#chaos) return
        this.#endNode(node)
        next()
      })
    }
    next()
    // Whatever ended it: somebody sees to it that it runs.
    const watch = (): void => {
      if (!node.alive) node.start()
      if (this.#setup.clockJumps && random.fraction() < 0.1) node.jump((random.fraction() - 0.5) * 3_600_000)
      this.#stage.after(this.#chaos ? 6_000 * random.fraction() : 500, 'supervisor', watch)
    }
    this.#stage.after(500, 'supervisor', watch)
  }

  #nextText(): string {
    this.#texts += 1
    const text = `text ${this.#texts}`
    const { random } = this.#stage
    // Now and then as long as allowed: a page is then bounded by its bytes.
    return random.fraction() < 0.005 ? text.padEnd(random.integer(16_384), '.') : text
  }

  /** Now and then something is out of reach for a while: a node's store, or the way between two nodes. */
  #interrupt(): void {
    const { random } = this.#stage
    const { outageMs } = this.#setup
    if (outageMs === Number.POSITIVE_INFINITY) return
    this.#stage.after(-Math.log(1 - random.fraction()) * outageMs, 'outage', () => {
      if (!this.#chaos) return
      const names = this.#nodes.map(node => node.name)
      const pick = (): string => names[random.integer(names.length)] ?? ''
      const what = random.fraction() < 0.5 ? `${pick()} store` : `${pick()} ${pick()}`
      this.#note(`out of reach: ${what}`)
      this.#outages.add(what)
      this.#stage.after(8_000 * random.fraction(), 'outage over', () => this.#outages.delete(what))
      this.#interrupt()
    })
  }

  #endNode(node: SimulatedNode): void {
    const { random } = this.#stage
    const dice = random.fraction()
    if (dice < 0.2) {
      this.#note(`${node.name} drains`)
      void node.drain()
      return
    }
    if (!node.alive) return
    const withMachine = dice < 0.4
    this.#note(`${node.name} is killed${withMachine ? ' with its machine' : ''}`)
    node.kill(withMachine)
    if (this.#setup.store !== 'embedded') return
    this.#disk.crash()
    this.#lookBack()
  }

  #carry(from: string, to: string, batch: HintBatch): void {
    const { random } = this.#stage
    const { hintLost, hintMs } = this.#setup
    if (this.#outages.has(`${from} ${to}`) || random.fraction() < hintLost) return
    const late = random.fraction() < hintLost ? 5_000 * random.fraction() : 0
    this.#stage.after(hintMs * 2 * random.fraction() + late, `hints ${from} ${to}`, () => {
      this.#nodes.find(node => node.name === to)?.receive(batch)
    })
  }

  #heal(): void {
    this.#note('--- no more faults')
    this.#chaos = false
    this.#outages.clear()
    this.#setup = calmed(this.#setup)
    this.#network.weather = this.#setup.network
    for (const node of this.#nodes) node.jump(0)
    for (const user of this.#users) {
      // One more phone, that knows nothing yet: it must come to know all that the others do.
      if (user.phones.length < 6) this.#addPhone(user)
      for (const phone of user.phones) {
        phone.jump(0)
        if (phone.away) phone.setAway(false)
        phone.start()
      }
    }
  }

  #everybodyWrites(): void {
    this.#note('--- everybody writes to everybody')
    for (const user of this.#users) {
      for (const { client } of user.phones) {
        for (const contact of client?.contacts.list() ?? []) {
          if (contact.state === 'friend') client?.send(contact.uid, this.#stage.nextText())
        }
      }
    }
  }

  /** Each user's first phone removes the last one: it is to be told, wherever it is connected, and comes back by logging in. */
  #everybodyRemovesADevice(): { phone: Phone; before: number }[] {
    this.#note('--- everybody removes a device')
    return this.#users.flatMap(({ phones }) => {
      const [first, phone] = [phones[0], phones.at(-1)]
      const device = phone?.client?.account.device
      if (first === phone || phone === undefined || device === undefined) return []
      void first?.client?.account.removeDevice(device)
      return [{ phone, before: phone.sessionsEnded }]
    })
  }

  /** One user deletes the account: friendships end, nobody can log in any more. */
  async #somebodyGoesForGood(): Promise<void> {
    const index = this.#users.findIndex(({ passwords, phones }) => passwords.length === 1 && phones.length > 0)
    const [user] = index < 0 ? [] : this.#users.splice(index, 1)
    const client = user?.phones[0]?.client
    if (user === undefined || client === undefined) return
    user.gone = true
    this.#note(`--- ${user.account} goes for good`)
    let outcome = 'nothing'
    const told = (how: string) => (): void => {
      outcome = how
    }
    client.account.deleteAccount(user.passwords[0] ?? '').then(told('deleted'), told('refused'))
    const others = this.#users.map(each => each.uid)
    await this.#settle(STEADY_MS, 'after an account was deleted', () => [
      ...(outcome === 'deleted' ? [] : [`${user.account}: ${outcome}`]),
      ...user.phones.filter(({ client }) => client?.account.signedIn).map(({ name }) => `${name} is still signed in`),
      ...this.#ledger.friendsOf(user.uid, others, this.#unseen).map(uid => `${uid} is still a friend of ${user.uid}`),
    ])
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
      blocked: this.#unseen,
    }
    const endMs = this.#scheduler.nowMs + limitMs
    let left: string[] = []
    while (this.#scheduler.nowMs < endMs) {
      await this.#scheduler.run(this.#scheduler.nowMs + LOOK_MS)
      left = [...missing(whole), ...more()]
      if (left.length === 0) return
    }
    throw new SimulationFailure(`not settled ${limitMs} ms ${when}: ${left.slice(0, 12).join('; ')}`)
  }

  /** Nothing that a phone showed or was promised may be gone from the store. */
  #lookBack(): void {
    for (const user of this.#users) {
      for (const { disk, name } of user.phones) {
        for (const message of disk.model.messages()) {
          if (message.version === 0 || this.#ledger.holds(user.uid, message.version, message)) continue
          const { sender, device, sendSeq, version } = message
          this.#fail(`${name} has ${sender}/${device}/${sendSeq} as version ${version}, and the store has not`)
        }
      }
    }
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
