/** Somebody with one device: the real client over TCP, on a storage that outlives it, and what it was told. */

import type { Client } from '../../clients/typescript/api/client.js'
import {
  createClient,
  type HistoryPlace,
  MemoryStorage,
  type Message,
  type MessagePage,
  type Storage,
  tcpTransport,
} from '../../clients/typescript/index.js'
import { eventually } from './eventually.js'
import { PASSWORD } from './server.js'

export class Person {
  readonly account: string
  /** In the order in which they were shown, over all lives of the client. */
  readonly shown: Message[] = []
  /** Of the connection, the session and the timeline: what was told, by name. */
  readonly events: string[] = []
  readonly #storage: Storage
  #client: Client | undefined
  #uid = 0

  constructor(account: string, storage: Storage = new MemoryStorage()) {
    this.account = account
    this.#storage = storage
  }

  /** Signed in and online. */
  static async online(port: number, account: string): Promise<Person> {
    const person = new Person(account)
    await person.come(port)
    await person.client.account.register({ account, password: PASSWORD })
    await person.caughtUp()
    return person
  }

  get client(): Client {
    if (this.#client === undefined) throw new Error(`${this.account} has not come`)
    return this.#client
  }

  /** Also while the program does not run. */
  get uid(): number {
    this.#uid = this.#client?.account.uid ?? this.#uid
    return this.#uid
  }

  /** The program starts: with what the storage has. */
  async come(port: number): Promise<void> {
    this.#client = await createClient({ transport: tcpTransport({ host: '127.0.0.1', port }), storage: this.#storage })
    this.#client.on('message', message => this.shown.push(message))
    this.#client.on('trimmed', () => this.events.push('trimmed'))
    this.#client.on('resync', ({ forgotten }) => this.events.push(forgotten ? 'resync, forgotten' : 'resync'))
    this.#client.on('sessionEnded', ({ reason }) => this.events.push(reason))
    this.#client.on('connection', status => {
      if (status.state === 'waiting') this.events.push(status.reason)
    })
    if (this.#client.account.signedIn) this.#client.connect()
  }

  /** The program ends. */
  async leave(): Promise<void> {
    this.#uid = this.uid
    await this.client.close()
    this.#client = undefined
  }

  /** Online, and nothing that was sent waits for its answer. */
  async caughtUp(): Promise<void> {
    await eventually(() => {
      const { status, sendQueue } = this.client.state()
      return status.state === 'online' && sendQueue.length === 0
    }, 20_000)
  }

  /** Numbers of what it has sent are answered once this settles. @returns the numbers */
  async say(to: Person, ...texts: string[]): Promise<number[]> {
    const sent = texts.map(text => this.client.send(to.uid, text).sendSeq)
    await this.caughtUp()
    return sent
  }

  /** The texts of a conversation, oldest first, as they are stored: own ones that failed are marked. */
  async texts(peer: Person): Promise<string[]> {
    const found: string[] = []
    for (let before: HistoryPlace | undefined; ; ) {
      const page: MessagePage = await this.client.history(peer.uid, { limit: 100, before })
      found.unshift(...page.messages.map(({ text, state }) => (state === 'failed' ? `failed: ${text}` : text)))
      if (page.before === undefined) return found
      before = page.before
    }
  }
}

/** Both know by the end. */
export async function befriend(a: Person, b: Person): Promise<void> {
  await a.client.contacts.request(b.uid, 'hello')
  await eventually(() => b.client.contacts.get(a.uid)?.state === 'invited')
  await b.client.contacts.accept(a.uid)
  await eventually(() => a.client.contacts.get(b.uid)?.state === 'friend')
}
