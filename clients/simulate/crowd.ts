/**
 * The people of a simulation and their devices: each device is one client of the reference library, used as an application
 * would use it. Signing them all in is the first phase of a run.
 */

import type { Clock } from '../../src/lib/clock.js'
import type { Random } from '../../src/lib/random.js'
import {
  type Client,
  type ConnectionStatus,
  createClient,
  MemoryStorage,
  type Message,
  type Transport,
} from '../typescript/index.js'
import { DeviceNetwork } from './device-network.js'
import { isLimit, WIDER_LIMITS } from './limited.js'
import type { Phase } from './phase.js'

export interface Device {
  readonly client: Client
  readonly storage: MemoryStorage
  readonly network: DeviceNetwork
  online: boolean
  /** The transport by which it was online last; '' before that. */
  transport: string
  /** The reason of its wait for the next try, and the end of that wait; undefined while it does not wait. */
  waits: { readonly reason: string; readonly untilMs: number } | undefined
}

export interface Person {
  /** The person's number from 0, as in the graph. */
  readonly number: number
  uid: number
  readonly devices: Device[]
}

export interface CrowdSpec {
  readonly users: number
  readonly devices: number
  /** The messages of each conversation that a device keeps. */
  readonly kept: number
  /** The transports to each server, in order of preference. Devices are spread over the servers. */
  readonly transports: readonly (readonly Transport[])[]
  /** Servers will be killed, connections cut or transports blocked: clients are told to be quick about it. */
  readonly faults: boolean
  /** The part of account names that makes them new on a server that was used before. */
  readonly tag: string
  readonly password: string
  readonly clock: Clock
  readonly random: Random
  /** Called when something happened to a client that ends the run. */
  readonly onFailure: (message: string) => void
}

/** Sign-ins under way at once: enough to keep a server busy, few enough that none waits for its turn until it gives up. */
const SIGN_INS_MAX = 64

/** The server says when to come again: a run that is to wait longer ends at once. Shorter waits are shown, and waited for. */
const LIMIT_WAIT_MS_MAX = 30_000

/**
 * Settings for weeks of a phone's life in a minute. The library's own patience (reconnecting after up to 60 s, 15 s for an
 * answer) would make a run mostly waiting.
 */
const HURRY = {
  reconnectBaseMs: 100,
  reconnectCapMs: 1_000,
  requestTimeoutMs: 3_000,
  pongTimeoutMs: 1_000,
  connectTimeoutMs: 3_000,
  fallbackMs: 500,
}

export class Crowd implements Phase {
  readonly name = 'login'
  readonly people: readonly Person[]
  /** Times that a client was told to begin its timeline anew, or that messages are gone: then the server forgot what it had said. */
  setbacks = 0
  /** The number of times that a device came online, by transport. */
  readonly onlineBy = new Map<string, number>()
  /** Times that a device came online by another transport than the last time. */
  switches = 0
  readonly #spec: CrowdSpec
  #signedIn = 0
  #opened = 0
  #online = 0
  #onlineOnce: (() => void) | undefined

  constructor(spec: CrowdSpec) {
    this.#spec = spec
    this.people = Array.from({ length: spec.users }, (_, number) => ({ number, uid: 0, devices: [] }))
  }

  /** Devices whose server knows them right now. */
  get online(): number {
    return this.#online
  }

  get steps(): number {
    return this.#signedIn + this.#online
  }

  progress(): string {
    return `${this.#signedIn} of ${this.#size} devices signed in, ${this.#online} online${this.#waiting()}`
  }

  /** The number of devices that wait to try again, and the reason of the one that waits longest. */
  #waiting(): string {
    const waits = this.people.flatMap(({ devices }) => devices.flatMap(device => device.waits ?? []))
    const [longest] = waits.toSorted((a, b) => b.untilMs - a.untilMs)
    if (longest === undefined) return ''
    const seconds = Math.max(1, Math.ceil((longest.untilMs - this.#spec.clock.monotonic()) / 1000))
    return `, ${waits.length} to try again within ${seconds} s: ${longest.reason}`
  }

  /** Registers everybody on a first device, logs the other ones in, and waits until all are online. */
  async run(): Promise<void> {
    let next = 0
    const worker = async (): Promise<void> => {
      while (next < this.people.length) await this.#enter(this.people[next++] as Person)
    }
    await Promise.all(Array.from({ length: SIGN_INS_MAX }, worker))
    if (this.#spec.faults) return // in a storm there may be no moment at which all are online
    await new Promise<void>(resolve => {
      this.#onlineOnce = resolve
      this.#checkOnline()
    })
  }

  async close(): Promise<void> {
    const devices = this.people.flatMap(person => person.devices)
    await Promise.all(devices.map(({ client }) => client.close()))
    for (const { network } of devices) network.close()
  }

  /** Makes a further device, which nobody audits. @param received takes all that the server sends to it */
  visit(person: Person, received: (bytes: Uint8Array) => void): Promise<Client> {
    return this.#signInAnew(person, each => overheard(each, received))
  }

  /** Makes a further device, which begins with a first screen. @param told takes the messages that it shows as new */
  lookIn(person: Person, told: (message: Message) => void): Promise<Client> {
    return this.#signInAnew(person, each => each, { firstScreen: true, told })
  }

  async #signInAnew(
    person: Person,
    through: (transport: Transport) => Transport,
    { firstScreen = false, told }: { readonly firstScreen?: boolean; readonly told?: (message: Message) => void } = {},
  ): Promise<Client> {
    const { transports, tag, password } = this.#spec
    const servers = transports[person.number % transports.length] ?? []
    const client = await createClient({
      transport: servers.map(through),
      storage: new MemoryStorage({ historyPerConversation: 0 }),
      clientName: 'longwire simulate',
      firstScreen,
    })
    if (told !== undefined) client.on('message', told)
    await client.account.login({ account: `sim-${tag}-${person.number}`, password })
    return client
  }

  get #size(): number {
    return this.#spec.users * this.#spec.devices
  }

  async #enter(person: Person): Promise<void> {
    const { tag, password, devices } = this.#spec
    const account = `sim-${tag}-${person.number}`
    for (let number = 1; number <= devices; number++) {
      const device = await this.#open(person)
      person.devices.push(device)
      const { client } = device
      try {
        if (number === 1) await client.account.register({ account, password, nickname: `Person ${person.number}` })
        else await client.account.login({ account, password })
      } catch (error) {
        throw new Error(`${account} could not sign in: ${error instanceof Error ? error.message : error}`)
      }
      person.uid = client.account.uid
      this.#signedIn++
    }
  }

  async #open(person: Person): Promise<Device> {
    const { faults, clock, random } = this.#spec
    const { transports } = this.#spec
    const network = new DeviceNetwork(transports[this.#opened++ % transports.length] ?? [], clock, random)
    const storage = new MemoryStorage({ historyPerConversation: this.#spec.kept })
    const client = await createClient({
      transport: network.transports,
      storage,
      clientName: 'longwire simulate',
      ...(faults && HURRY),
    })
    const device: Device = { client, storage, network, online: false, transport: '', waits: undefined }
    client.on('connection', status => {
      if (status.state === 'stopped' && status.reason !== 'CLOSED') {
        this.#spec.onFailure(`a client of person ${person.number} stopped: ${status.reason}`)
      }
      this.#waits(person, device, status)
      const online = status.state === 'online'
      if (online && !(device.online && device.transport === status.transport)) this.#onlineBy(device, status.transport)
      if (online === device.online) return
      device.online = online
      this.#online += online ? 1 : -1
      this.#checkOnline()
    })
    client.on('sessionEnded', ({ reason }) => {
      this.#spec.onFailure(`the session of person ${person.number} ended: ${reason}`)
    })
    client.on('resync', () => this.setbacks++)
    client.on('trimmed', () => this.setbacks++)
    return device
  }

  #waits(person: Person, device: Device, status: ConnectionStatus): void {
    device.waits = undefined
    if (status.state !== 'waiting') return
    const { reason, retryInMs } = status
    device.waits = { reason, untilMs: this.#spec.clock.monotonic() + retryInMs }
    if (!isLimit(reason) || retryInMs <= LIMIT_WAIT_MS_MAX) return
    const wait = `person ${person.number} is to wait ${Math.ceil(retryInMs / 1000)} s`
    this.#spec.onFailure(`${wait}: the server's limits are met (${reason}); ${WIDER_LIMITS}`)
  }

  #onlineBy(device: Device, transport: string): void {
    if (device.transport !== '' && device.transport !== transport) this.switches++
    device.transport = transport
    this.onlineBy.set(transport, (this.onlineBy.get(transport) ?? 0) + 1)
  }

  #checkOnline(): void {
    if (this.#online === this.#size) this.#onlineOnce?.()
  }
}

/** The transport, of which every byte that comes in is also told. */
function overheard(transport: Transport, received: (bytes: Uint8Array) => void): Transport {
  const { name, preamble, heartbeatMs } = transport
  return {
    name,
    preamble,
    ...(heartbeatMs !== undefined && { heartbeatMs }),
    connect: handlers =>
      transport.connect({
        ...handlers,
        received: bytes => {
          received(bytes)
          handlers.received(bytes)
        },
      }),
  }
}
