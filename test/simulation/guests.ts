/**
 * Each user looks in from a new device that begins with a first screen. Its program is killed now and then. In the end it has what the
 * user's other devices have, and reads page by page what the timeline holds, though nothing of before was told to it.
 *
 *   drawing ──has all, more than once killed meanwhile──► comparing ──► leaving: logs out ──► gone
 *      ▲                  its session ended: it logs in again │              │
 *      └──────────────────────────────────────────────────────┴──────────────┘
 */

import { otherState, stateOf } from '../../clients/simulate/first-screens.js'
import type { Client } from '../../clients/typescript/api/client.js'
import { createClient } from '../../clients/typescript/api/create-client.js'
import type { Message } from '../../clients/typescript/rules/messages.js'
import { type ConversationId, peerOf } from '../../protocol/conversation-id.js'
import { gidOf } from '../../src/sync/rules/group-records.js'
import type { Phone, User } from './phone.js'
import { PhoneDisk, PhoneStorage, type Written } from './phone-disk.js'
import type { Plant } from './plants.js'
import { Process } from './process.js'
import { KEEP_ALL } from './setup.js'
import type { Stage } from './stage.js'
import { nameOf } from './witness.js'

/** The programs of a guest: all but the last are killed within so long. */
const STARTS = 3
const LIFE_MS = 600
const LOOK_MS = 250
const PAGE = 20

/** @returns what is still to happen, and what guests have wrong */
export function everybodyLooksIn(stage: Stage): () => string[] {
  stage.note('--- everybody looks in from a new device')
  const guests = stage.users.flatMap(user =>
    user.phones[0] === undefined ? [] : [new Guest(stage, user, user.phones[0])],
  )
  for (const guest of guests) guest.start()
  return () => guests.flatMap(guest => guest.left())
}

class GuestDisk extends PhoneDisk {
  readonly #plant: Plant

  constructor(plant: Plant) {
    super(() => {})
    this.#plant = plant
  }

  override write(written: Written): void {
    super.write(this.#plant.guestWrites?.(written) ?? written)
  }
}

class Guest {
  readonly #stage: Stage
  readonly #user: User
  /** The phone that it is compared with. */
  readonly #phone: Phone
  readonly #disk: PhoneDisk
  #starts = 0
  #client: Client | undefined
  #tries = 0
  /** How many of its sessions ended: a user whose devices are as many as may be has one pushed out by each that logs in. */
  #ended = 0
  #state: 'drawing' | 'comparing' | 'leaving' | 'gone' = 'drawing'
  readonly #told: string[] = []
  readonly #wrong: string[] = []

  constructor(stage: Stage, user: User, phone: Phone) {
    this.#stage = stage
    this.#user = user
    this.#phone = phone
    this.#disk = new GuestDisk(stage.plant)
  }

  start(): void {
    const { scheduler, random, network, nodes, setup, fail } = this.#stage
    this.#starts += 1
    const process = new Process(scheduler, random, `guest of ${this.#user.account}.${this.#starts}`)
    const options = {
      transport: network.transport(process, () => nodes.filter(node => node.started)),
      storage: new PhoneStorage(this.#stage, this.#disk, process),
      clock: process.clock,
      random,
      defer: process.defer,
      heartbeatMs: setup.heartbeatMs,
      deviceName: process.name,
      firstScreen: true,
    }
    if (this.#starts < STARTS) {
      scheduler.after(random.fraction() * LIFE_MS, 'guest is killed', () => {
        process.kill()
        network.ended(process, false)
        this.start()
      })
    }
    createClient(options).then(
      client => {
        if (!process.alive) return
        this.#client = client
        client.on('message', message => this.#told.push(nameOf(message)))
        client.on('sessionEnded', () => {
          this.#ended += 1
          this.#later(() => this.#signIn(client, process), process)
        })
        this.#signIn(client, process)
        this.#look(client, process)
      },
      error => fail(`${process.name} cannot start: ${error}`),
    )
  }

  /** What is still to happen, and what is wrong. */
  left(): string[] {
    if (this.#state === 'gone') return this.#wrong
    return [`a guest of ${this.#user.account} is ${this.#state}: ${JSON.stringify(this.#client?.state())}`]
  }

  #signIn(client: Client, process: Process): void {
    const { account, passwords } = this.#user
    if (client.account.signedIn) {
      client.connect()
      return
    }
    // Whether the newest is the right one is not known where a change was under way.
    const password = passwords[this.#tries % passwords.length] ?? ''
    client.account.login({ account, password }).catch(() => {
      this.#tries += 1
      this.#later(() => this.#signIn(client, process), process)
    })
  }

  #look(client: Client, process: Process): void {
    this.#later(() => {
      const { whole, applied, status } = client.state()
      const isDrawn = status.state === 'online' && whole && applied === this.#stage.ledger.head(this.#user.uid)
      if (!isDrawn || this.#starts < STARTS) this.#look(client, process)
      else void this.#compare(client, process)
    }, process)
  }

  async #compare(client: Client, process: Process): Promise<void> {
    if (this.#state !== 'drawing') return
    this.#state = 'comparing'
    const ended = this.#ended
    const { happened, setup } = this.#stage
    try {
      let isMore = true
      while (isMore) isMore = await client.chats.more()
      this.#compareState(client)
      for (const chat of client.chats.list()) {
        await this.#compareHistory(client, chat.conversation)
        const { unread, mentions } = await client.conversations.unread(chat.conversation)
        // Nobody is told what retention takes: what is counted may be gone.
        const isCounted = setup.retention === KEEP_ALL
        if (isCounted && (chat.unread !== unread || chat.mentions !== mentions)) {
          this.#fault(
            `counts ${chat.unread}/${chat.mentions} in ${chat.conversation}, the server ${unread}/${mentions}`,
          )
        }
      }
      if (this.#told.length > 0) this.#fault(`was told ${this.#told[0]}, which is of before`)
      happened.count('first screens compared')
      this.#state = 'leaving'
      await client.account.logout()
      await client.close()
      this.#state = 'gone'
    } catch (error) {
      if (this.#ended > ended || !client.account.signedIn) {
        this.#state = 'drawing'
        this.#look(client, process)
        return
      }
      this.#fault(`fails: ${error}`)
      this.#state = 'gone'
    }
  }

  /** Compares all that is no message. */
  #compareState(client: Client): void {
    const other = this.#phone.client
    if (other === undefined) return
    const fault = otherState(stateOf(client), stateOf(other))
    if (fault !== undefined) this.#fault(`${fault}, of ${this.#phone.name}`)
  }

  /** Compares what it reads, page by page, with what the timeline holds. */
  async #compareHistory(client: Client, conversation: ConversationId): Promise<void> {
    const found: Message[] = []
    let page = await client.history(conversation, { limit: PAGE })
    found.unshift(...page.messages)
    for (let before = page.before; before !== undefined && !before.startsWith('e'); before = page.before) {
      page = await client.history(conversation, { before, limit: PAGE })
      found.unshift(...page.messages)
    }
    const gid = gidOf(conversation)
    // What retention took since, or is taking, may be among the one or the other.
    const { trims } = this.#stage
    const isKept = (name: string): boolean => !trims.has(this.#user.uid, name)
    const has = gid === undefined ? found.map(nameOf).filter(isKept) : found.map(({ number }) => String(number))
    const holds = gid === undefined ? this.#direct(client, conversation).filter(isKept) : this.#grouped(gid)
    if (has.join() !== holds.join()) {
      this.#fault(`reads ${has.join(' ')} in ${conversation}, and the timeline holds ${holds.join(' ')}`)
    }
  }

  #direct(client: Client, conversation: ConversationId): string[] {
    const { ledger } = this.#stage
    const peer = peerOf(conversation)
    const { cleared } = client.conversations.get(conversation)
    return ledger.messages(this.#user.uid).flatMap(({ version, message }) => {
      const isOurs = message.sender === peer || message.recipient === peer
      return isOurs && version > cleared && message.state?.deleted !== true ? [nameOf(message)] : []
    })
  }

  #grouped(gid: string): string[] {
    const numbers = this.#stage.ledger.groupNumbers(this.#user.uid, gid)
    return numbers.filter(({ isDeleted }) => !isDeleted).map(({ number }) => String(number))
  }

  #fault(what: string): void {
    this.#wrong.push(`the guest of ${this.#user.account} ${what}`)
  }

  #later(run: () => void, process: Process): void {
    this.#stage.scheduler.after(LOOK_MS, 'guest looks', run, process)
  }
}
