/** A phone and its owner's program on it: the real client, killed and started again, logging in whenever it has to. */

import { type Client, createClient } from '../../clients/typescript/client.js'
import { LongwireError } from '../../clients/typescript/errors.js'
import type { Transport } from '../../clients/typescript/transport.js'
import type { Random } from '../../src/lib/random.js'
import type { Host, Network } from './network.js'
import { PhoneDisk, PhoneStorage } from './phone-disk.js'
import { Process } from './process.js'
import type { Scheduler } from './scheduler.js'
import type { Witness } from './witness.js'

export interface User {
  readonly account: string
  readonly password: string
  readonly phones: Phone[]
  /** 0 until the first phone has registered it. */
  uid: number
}

export interface PhoneOptions {
  readonly name: string
  readonly user: User
  readonly scheduler: Scheduler
  readonly random: Random
  readonly network: Network
  readonly witness: Witness
  readonly writeMs: number
  readonly heartbeatMs: number
  hosts(): readonly Host[]
  /** Where a test takes hold of what the client gets. */
  readonly wrap?: ((transport: Transport, client: () => Client | undefined) => Transport) | undefined
  note(text: string): void
  fail(text: string): void
}

/** Between two tries to log in. */
const AGAIN_MS = 1_500

/** Refusals that only say that the present moment is a bad one. */
const PASSING: ReadonlySet<string> = new Set(['TIMEOUT', 'CLOSED', 'BUSY'])

export class Phone {
  readonly name: string
  readonly user: User
  readonly #options: PhoneOptions
  readonly #disk: PhoneDisk
  #process: Process | undefined
  #client: Client | undefined
  #starts = 0
  #signingIn = false
  /** Out of reach: nothing gets through. */
  away = false
  skewMs = 0

  constructor(options: PhoneOptions) {
    this.name = options.name
    this.user = options.user
    this.#options = options
    this.#disk = new PhoneDisk((written, before) => options.witness.written(this.name, written, before))
  }

  get alive(): boolean {
    return this.#process?.alive === true
  }

  /** Of the running program, when it has read its storage. */
  get client(): Client | undefined {
    return this.alive ? this.#client : undefined
  }

  get process(): Process | undefined {
    return this.#process
  }

  get disk(): PhoneDisk {
    return this.#disk
  }

  start(): void {
    if (this.alive) return
    const { scheduler, random, network, witness, writeMs, heartbeatMs, hosts, wrap, note, fail } = this.#options
    this.#starts += 1
    const process = new Process(scheduler, random, `${this.name}.${this.#starts}`)
    process.skewMs = this.skewMs
    this.#process = process
    this.#client = undefined
    this.#signingIn = false
    const { clock, defer } = process
    const transport = network.transport(process, () => (this.away ? [] : hosts()))
    const options = {
      transport: wrap?.(transport, () => this.#client) ?? transport,
      storage: new PhoneStorage(this.#disk, scheduler, random, process, writeMs),
      clock,
      random,
      defer,
      heartbeatMs,
      deviceName: this.name,
    }
    createClient(options).then(
      client => {
        if (!process.alive) return
        this.#client = client
        client.on('message', message => witness.announced(this.name, message))
        client.on('resync', ({ forgotten }) => {
          if (!forgotten) fail(`${this.name} was told to resync`)
        })
        client.on('sessionEnded', ({ reason }) => {
          note(`${process.name}: session ended, ${reason}`)
          this.#later(() => this.#signIn())
        })
        client.on('connection', status => {
          const more = status.state === 'waiting' || status.state === 'stopped' ? ` ${status.reason}` : ''
          note(`${process.name}: ${status.state}${more}`)
          if (status.state === 'stopped' && status.reason !== 'CLOSED') fail(`${this.name} stopped: ${status.reason}`)
        })
        if (client.account.signedIn) client.connect()
        else this.#signIn()
      },
      error => fail(`${this.name} cannot start: ${error}`),
    )
  }

  kill(withMachine: boolean): void {
    const process = this.#process
    if (process?.alive !== true) return
    process.kill()
    this.#options.network.ended(process, withMachine)
  }

  /** Nothing reaches it and nobody is told, or it is back. */
  setAway(away: boolean): void {
    this.away = away
    if (away && this.#process !== undefined) this.#options.network.doomAll(this.#process, 'silent')
    if (!away) this.client?.nudge()
  }

  jump(ms: number): void {
    this.skewMs = ms
    if (this.#process !== undefined) this.#process.skewMs = ms
  }

  /** Logs out, and in again as a device without memory. */
  async leave(): Promise<void> {
    const { client } = this
    if (client === undefined || !client.account.signedIn || this.#signingIn) return
    await client.account.logout()
    this.#later(() => this.#signIn())
  }

  #signIn(): void {
    const { client, user } = this
    if (client === undefined || this.#signingIn || client.account.signedIn) return
    const { account, password } = user
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
        if (user.uid === 0) user.uid = client.account.uid
        if (user.uid !== client.account.uid) this.#options.fail(`${account} is ${user.uid} and ${client.account.uid}`)
        this.#options.note(`${this.name} is device ${client.account.device} of ${user.uid}`)
      },
      (error: unknown) => {
        this.#signingIn = false
        if (!(error instanceof LongwireError)) throw error
        const passing = PASSING.has(error.reason) || (error.code >= 200 && error.code < 500)
        if (!passing) this.#options.fail(`${this.name} cannot sign in: ${error.reason}`)
        this.#later(() => this.#signIn())
      },
    )
  }

  #later(run: () => void): void {
    const process = this.#process
    if (process !== undefined) this.#options.scheduler.after(AGAIN_MS, `again ${process.name}`, run, process)
  }
}
