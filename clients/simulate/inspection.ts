/**
 * The last phase of a run that takes messages back: looks for their texts on the devices, in the timelines from their beginning, and in
 * the store. What is still on its way is waited for.
 */

import { type Clock, commandClock, pause } from '../../src/lib/clock.js'
import { viewStore } from '../../src/store/lmdb/view.js'
import type { Client, ConversationId } from '../typescript/index.js'
import type { Crowd, Device, Person } from './crowd.js'
import type { GroupAuditor } from './group-auditor.js'
import type { Phase } from './phase.js'
import type { Recall, Recalls } from './recalls.js'

/** The time after which what is left stays. */
const WAIT_MS_MAX = 10_000

const TICK_MS = 200

/** The people whose timelines are read at once. */
const VISITS_MAX = 16

export interface InspectionSpec {
  readonly crowd: Crowd
  readonly auditor: GroupAuditor
  readonly recalls: Recalls
  /** The data folder of the server; undefined: its store cannot be seen. */
  readonly folder: string | undefined
  readonly clock: Clock
}

export class Inspection implements Phase {
  readonly name = 'recalls'
  /** The texts that are left, as sentences. */
  leaks: readonly string[] = []
  readonly #spec: InspectionSpec
  readonly #visits = new Set<Client>()
  #steps = 0
  #ended = false

  constructor(spec: InspectionSpec) {
    this.#spec = spec
  }

  get steps(): number {
    return this.#steps
  }

  progress(): string {
    const { recalls, crowd } = this.#spec
    const left = this.leaks.length === 0 ? '' : `, ${this.leaks.length} TEXTS LEFT`
    return `${recalls.taken.length} recalled, ${this.#steps} of ${crowd.people.length} timelines read${left}`
  }

  async run(): Promise<void> {
    const { clock, crowd } = this.#spec
    const untilMs = clock.monotonic() + WAIT_MS_MAX
    while (!this.#ended) {
      this.leaks = [...(await this.#onDevices()), ...(await this.#inStore())]
      if (this.leaks.length === 0 || clock.monotonic() > untilMs) break
      await pause(clock, TICK_MS)
    }
    const people = crowd.people.values()
    const worker = async (): Promise<void> => {
      for (const person of people) this.leaks = [...this.leaks, ...(await this.#inTimeline(person))]
    }
    await Promise.all(Array.from({ length: VISITS_MAX }, worker))
  }

  /** Ends looking, for the run has failed. */
  end(): Promise<unknown> {
    this.#ended = true
    return Promise.all([...this.#visits].map(client => client.close()))
  }

  /** Looks at what devices keep. Who was out since the message is not told of the recall, and keeps it. */
  async #onDevices(): Promise<string[]> {
    const { crowd, auditor, recalls } = this.#spec
    const conversations = new Set(recalls.taken.map(({ message }) => message.conversation))
    const members = new Map([...conversations].map(each => [each, auditor.members(each)] as const))
    const isTold = ({ message }: Recall, uid: number): boolean =>
      (members.get(message.conversation)?.get(uid) ?? Number.MAX_SAFE_INTEGER) <= message.number
    const leaks: string[] = []
    for (const { uid, devices } of crowd.people) {
      for (const device of devices) {
        const kept = Buffer.from(await keptBy(device, conversations))
        const left = recalls.leftIn(kept).filter(recall => isTold(recall, uid))
        leaks.push(...left.map(recall => sentence(recall, `kept by device ${device.client.account.device} of ${uid}`)))
      }
    }
    return leaks
  }

  async #inStore(): Promise<string[]> {
    const { folder, recalls } = this.#spec
    if (folder === undefined) return []
    return viewStore(folder, commandClock, view => {
      const leaks: string[] = []
      const look = (bytes: Uint8Array, where: string): void => {
        leaks.push(...recalls.leftIn(bytes).map(recall => sentence(recall, where)))
      }
      for (const { actor, name, bytes } of view.records()) look(bytes, `in the record ${name} of ${actor}`)
      for (const log of view.logs()) {
        for (const { version, bytes } of log.entries()) look(bytes, `in entry ${version} of ${log.actor}`)
      }
      return leaks
    })
  }

  /** Reads a timeline from its beginning, as a new device does, up to what the person's first device has. */
  async #inTimeline(person: Person): Promise<string[]> {
    const { crowd, clock, recalls } = this.#spec
    const pieces: Uint8Array[] = []
    const head = person.devices[0]?.client.state().durable ?? 0
    const client = await crowd.visit(person, bytes => pieces.push(bytes.slice()))
    this.#visits.add(client)
    while (!this.#ended && client.state().durable < head) await pause(clock, TICK_MS)
    await client.close()
    this.#visits.delete(client)
    this.#steps++
    const left = recalls.leftIn(Buffer.concat(pieces))
    return left.map(recall => sentence(recall, `in the timeline of ${person.uid}`))
  }
}

/** All that a device keeps of some conversations, and all its values, as text. */
async function keptBy({ storage }: Device, conversations: Iterable<ConversationId>): Promise<string> {
  const parts = [await new Promise<unknown>(resolve => storage.open((_, values) => resolve([...values])))]
  for (const conversation of conversations) {
    const kept = new Promise<unknown>(resolve => {
      storage.history(conversation, { limit: Number.MAX_SAFE_INTEGER }, (_, { messages }) => resolve(messages))
    })
    parts.push(await kept)
  }
  return JSON.stringify(parts)
}

function sentence({ message }: Recall, where: string): string {
  return `number ${message.number} of ${message.conversation} was taken back, and is ${where}`
}
