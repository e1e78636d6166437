/** A phone and its owner's program on it: the real client, killed and started again, logging in whenever it has to. */

import type { Client } from '../../clients/typescript/api/client.js'
import { createClient } from '../../clients/typescript/api/create-client.js'
import { LongwireError } from '../../clients/typescript/base/errors.js'
import { httpTransport } from '../../clients/typescript/transports/http-transport.js'
import type { Transport } from '../../clients/typescript/transports/transport.js'
import { wsTransport } from '../../clients/typescript/transports/ws-transport.js'
import { type HttpHost, simulatedExchange } from './http.js'
import { PhoneDisk, PhoneStorage } from './phone-disk.js'
import { Process } from './process.js'
import type { Stage } from './stage.js'
import { type WayName, type WayState, Ways } from './ways.js'
import { SimulatedWebSocket } from './web-socket.js'

export interface User {
  readonly account: string
  /** The newest last; whether it, or the one before, is the right one is not known while a change is under way. */
  readonly passwords: string[]
  /** In use. */
  readonly phones: Phone[]
  /** Not in use any more, and kept with all that is on them. */
  readonly drawer: Phone[]
  /** Phones that the user ever had. */
  bought: number
  passwordChanges: number
  /** The passwords at the time of the backup. */
  backedUp: string[]
  /** The account is being deleted, or is to have been. */
  gone: boolean
  /** 0 until the first phone has registered it. */
  uid: number
}

/** Between two tries to log in. */
const AGAIN_MS = 1_500

const EXPECTED_STOPS: ReadonlySet<string> = new Set(['CLOSED', 'STORAGE_FAILED'])

/** Refusals that only say that the present moment is a bad one. */
const PASSING: ReadonlySet<string> = new Set(['TIMEOUT', 'CLOSED', 'BUSY', 'STORAGE_FAILED'])

export class Phone {
  readonly name: string
  readonly user: User
  /** The transports, in order of preference. */
  readonly ladder: readonly WayName[]
  readonly disk: PhoneDisk
  readonly #stage: Stage
  readonly #ways = new Ways()
  #process: Process | undefined
  #client: Client | undefined
  #starts = 0
  #signingIn = false
  /** It is logging out. */
  leaving = false
  /** How many passwords, from the newest, were refused. */
  #wrongPasswords = 0
  /** How often the server ended its session. */
  sessionsEnded = 0
  /** Out of reach: nothing gets through. */
  away = false
  skewMs = 0
  /** Who types, and where, as its program was told last. */
  readonly typists = new Set<string>()
  /** It has just been taken out of the drawer: it signs in whatever that means for the others. */
  #insists = false

  constructor(stage: Stage, user: User) {
    this.#stage = stage
    this.user = user
    this.name = `${user.account}.${user.bought}`
    this.ladder = stage.pick(stage.setup.ladders) ?? ['tcp']
    this.disk = new PhoneDisk((written, before) => {
      stage.witness.written(this.name, written, before)
      stage.faults.ambush()
    })
  }

  get alive(): boolean {
    return this.#process?.alive === true
  }

  /** Of the running program, when it has read its storage. */
  get client(): Client | undefined {
    return this.alive ? this.#client : undefined
  }

  start(): void {
    if (this.alive) return
    const { scheduler, random, witness, setup, plant, note, fail } = this.#stage
    this.#starts += 1
    const process = new Process(scheduler, random, `${this.name}.${this.#starts}`)
    process.skewMs = this.skewMs
    this.#process = process
    this.#client = undefined
    this.#signingIn = false
    this.leaving = false
    this.typists.clear()
    const { clock, defer } = process
    const current = (): Client | undefined => this.#client
    const options = {
      transport: this.ladder
        .map(name => this.#transport(name, process))
        .map(each => plant.transport?.(each, current) ?? each),
      storage: new PhoneStorage(this.#stage, this.disk, process),
      clock,
      random,
      defer,
      heartbeatMs: setup.heartbeatMs,
      deviceName: this.name,
    }
    createClient(options).then(
      client => {
        if (!process.alive) return
        this.#client = client
        client.on('message', message => witness.announced(this.name, message))
        client.on('messageState', ({ device, sendSeq, state }) =>
          witness.state(process.name, { sender: this.user.uid, device, sendSeq }, state),
        )
        client.on('typing', ({ conversation, uid, typing }) => {
          if (typing) this.#stage.happened.count('typing seen')
          this.typists[typing ? 'add' : 'delete'](`${uid} in ${conversation}`)
        })
        client.on('resync', ({ forgotten }) => {
          if (forgotten) witness.forgot(process.name)
          else if (!witness.forgetful) fail(`${this.name} was told to resync`)
        })
        client.on('trimmed', () => witness.toldTrimmed(this.name))
        client.on('sessionEnded', ({ reason }) => {
          note(`${process.name}: session ended, ${reason}`)
          this.sessionsEnded += 1
          this.#later(() => this.#signIn())
        })
        client.on('connection', status => {
          const more = 'reason' in status ? status.reason : 'transport' in status ? status.transport : ''
          note(`${process.name}: ${status.state} ${more}`)
          witness.online(this.name, status.state === 'online')
          if (status.state === 'stopped' && !EXPECTED_STOPS.has(status.reason))
            fail(`${this.name} stopped: ${status.reason}`)
        })
        client.on('storageFailed', () => {
          note(`${process.name}: its disk failed`)
          this.#later(() => this.#restart())
        })
        // It may have died between storing the account and telling of it.
        if (this.user.uid === 0) this.user.uid = client.account.uid
        if (client.account.signedIn) client.connect()
        else this.#signIn()
      },
      error => fail(`${this.name} cannot start: ${error}`),
    )
  }

  #transport(name: WayName, process: Process): Transport {
    const { network, nodes, setup } = this.#stage
    const { pollMs } = setup
    const way = this.#ways.of(name)
    const reachable = (): readonly HttpHost[] => (this.away ? [] : nodes.filter(node => node.started))
    if (name === 'http') {
      const path = { client: process, way, hosts: reachable, weather: () => this.#stage.setup.http }
      return httpTransport({ exchange: simulatedExchange(network, path), pollMs, clock: process.clock })
    }
    const stream = network.transport(process, reachable, way)
    if (name === 'tcp') return stream
    return wsTransport({ url: 'ws://simulated/ws', open: () => new SimulatedWebSocket(stream.connect) })
  }

  kill(withMachine: boolean): void {
    const process = this.#process
    if (process?.alive !== true) return
    process.kill()
    this.#stage.network.ended(process, withMachine)
  }

  /** Is used again after it was put away. */
  takeOut(): void {
    this.#insists = true
    this.start()
  }

  /** Ends the program in good order, and starts it again. */
  async reopen(): Promise<void> {
    const { client } = this
    if (client === undefined) return
    await client.close()
    this.#later(() => this.#restart())
  }

  /** Nothing reaches it and nobody is told, or it is back. */
  setAway(away: boolean): void {
    this.away = away
    if (away && this.#process !== undefined) this.#stage.network.doomAll(this.#process, 'silent')
    if (!away) this.client?.nudge()
  }

  /** The weather on one of its ways changes. */
  setWay(name: WayName, state: WayState): void {
    this.#ways.set(name, state)
    const doom = state === 'hole' || state === 'deaf' ? 'silent' : state === 'reset' ? 'reset' : undefined
    if (doom !== undefined && this.#process !== undefined) this.#stage.network.doomAll(this.#process, doom, name)
  }

  jump(ms: number): void {
    this.skewMs = ms
    if (this.#process !== undefined) this.#process.skewMs = ms
  }

  /** Logs out, and in again as a device without memory. */
  async leave(): Promise<void> {
    const { client } = this
    if (client === undefined || !client.account.signedIn || this.#signingIn || this.leaving) return
    this.leaving = true
    try {
      await client.account.logout()
    } catch {
      return // its process was killed meanwhile: the next one knows nothing of this
    }
    this.leaving = false
    this.#later(() => this.#signIn())
  }

  #restart(): void {
    this.kill(false)
    this.start()
  }

  #signIn(): void {
    const { client, user } = this
    if (client === undefined || this.#signingIn || client.account.signedIn) return
    if (client.account.uid !== 0 && !this.#insists && this.#stage.cast.putAway(this)) {
      this.kill(false)
      return
    }
    const { account, passwords } = user
    const changes = user.passwordChanges
    const password = passwords[this.#wrongPasswords % passwords.length] ?? ''
    const first = user.phones[0] === this && user.uid === 0
    if (user.uid === 0 && !first) {
      this.#later(() => this.#signIn())
      return
    }
    this.#signingIn = true
    const asked = first ? client.account.register({ account, password }) : client.account.login({ account, password })
    asked.then(
      () => {
        this.#signingIn = false
        this.#wrongPasswords = 0
        this.#insists = false
        if (this.user.uid === 0) this.user.uid = client.account.uid
        if (user.uid !== client.account.uid) this.#stage.fail(`${account} is ${user.uid} and ${client.account.uid}`)
        this.#stage.note(`${this.name} is device ${client.account.device} of ${user.uid}`)
      },
      (error: unknown) => {
        this.#signingIn = false
        if (!(error instanceof LongwireError)) throw error
        if (user.gone && this.#stage.ledger.isDeleted(user.uid)) return
        if (error.reason === 'WRONG_CREDENTIALS' && passwords.length > 1) this.#wrongPasswords += 1
        const another =
          error.reason === 'WRONG_CREDENTIALS' &&
          (changes !== user.passwordChanges || (passwords.length > 1 && this.#wrongPasswords < 4))
        const passing = another || PASSING.has(error.reason) || (error.code >= 200 && error.code < 500)
        if (!passing) this.#stage.fail(`${this.name} cannot sign in: ${error.reason}`)
        this.#later(() => this.#signIn())
      },
    )
  }

  #later(run: () => void): void {
    const process = this.#process
    if (process !== undefined) this.#stage.scheduler.after(AGAIN_MS, `again ${process.name}`, run, process)
  }
}
