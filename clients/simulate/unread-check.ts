/**
 * The phase of a run that asks the server what is unread, and compares it with what the auditors know. It asks for a fair share of all
 * conversations. A mark or a recall may still be on its way: a count that differs is asked for again for a while.
 */
import { COUNTED_MAX } from '../../protocol/limits.js'
import { type Clock, pause } from '../../src/lib/clock.js'
import { messageOf } from '../../src/lib/error-message.js'
import type { Client, UnreadCounts } from '../typescript/index.js'
import type { Auditor, Bounds } from './auditor.js'
import type { Person } from './crowd.js'
import type { Circle } from './gathering.js'
import type { GroupAuditor } from './group-auditor.js'
import type { Phase } from './phase.js'
import type { Reading } from './reading.js'
import type { Recalls } from './recalls.js'

/** The most conversations that are asked for. */
const ASKED_MAX = 1_000

/** The requests under way at once. */
const AT_ONCE = 16

/** The time after which what differs is wrong. */
const WAIT_MS_MAX = 10_000

const TICK_MS = 200

export interface UnreadCheckSpec {
  readonly people: readonly Person[]
  /** The friends of each person, by number. */
  readonly friends: readonly (readonly number[])[]
  readonly circles: readonly Circle[]
  readonly auditor: Pick<Auditor, 'unread'>
  /** undefined: there are no groups. */
  readonly groupAuditor: Pick<GroupAuditor, 'unread'> | undefined
  readonly reading: Pick<Reading, 'marksOf'>
  readonly recalls: Pick<Recalls, 'standing'>
  readonly clock: Clock
}

/** A conversation of a person, of which the server is asked. */
interface Question {
  readonly person: Person
  readonly other: Person | Circle
  /** What is wrong with the answer; undefined: it is as it must be. */
  fault: string | undefined
}

export class UnreadCheck implements Phase {
  readonly name = 'unread'
  readonly #spec: UnreadCheckSpec
  readonly #questions: readonly Question[]
  #steps = 0
  #ended = false

  constructor(spec: UnreadCheckSpec) {
    this.#spec = spec
    const { people, friends, circles } = spec
    const all: Question[] = []
    for (const person of people) {
      for (const friend of friends[person.number] ?? []) {
        const other = people[friend]
        if (other !== undefined) all.push({ person, other, fault: 'was not asked for' })
      }
    }
    for (const circle of circles) {
      for (const person of circle.members) all.push({ person, other: circle, fault: 'was not asked for' })
    }
    const share = Math.max(1, all.length / ASKED_MAX)
    this.#questions = all.filter((_, i) => Math.floor((i + 1) / share) > Math.floor(i / share))
  }

  /** The counts that are wrong, as sentences. */
  get wrong(): readonly string[] {
    return this.#questions.flatMap(({ person, other, fault }) => {
      const name = 'uid' in other ? other.uid : other.conversation
      return fault === undefined ? [] : [`what is unread for ${person.uid} in the conversation with ${name} ${fault}`]
    })
  }

  get steps(): number {
    return this.#steps
  }

  progress(): string {
    const wrong = this.#questions.filter(({ fault }) => fault !== undefined).length
    return `${this.#questions.length - wrong} of ${this.#questions.length} unread counts are right`
  }

  async run(): Promise<void> {
    const { clock } = this.#spec
    const untilMs = clock.monotonic() + WAIT_MS_MAX
    for (;;) {
      const open = this.#questions.filter(({ fault }) => fault !== undefined).values()
      const worker = async (): Promise<void> => {
        for (const question of open) if (!this.#ended) await this.#ask(question)
      }
      await Promise.all(Array.from({ length: AT_ONCE }, worker))
      if (this.wrong.length === 0 || this.#ended || clock.monotonic() > untilMs) return
      await pause(clock, TICK_MS)
    }
  }

  /** Ends asking, for the run has failed. */
  end(): void {
    this.#ended = true
  }

  async #ask(question: Question): Promise<void> {
    const { person, other } = question
    // Marks are made on the first device.
    const client = person.devices.at(-1)?.client
    if (client === undefined) return
    const before = question.fault
    try {
      question.fault =
        'uid' in other ? await this.#askDirect(client, person, other) : await this.#askGroup(client, person, other)
    } catch (error) {
      question.fault = `could not be asked for: ${messageOf(error)}`
    }
    if (question.fault !== before) this.#steps++
  }

  async #askDirect(client: Client, { uid }: Person, peer: Person): Promise<string | undefined> {
    const { auditor, reading } = this.#spec
    const counts = await client.conversations.unread(peer.uid)
    const due = auditor.unread(uid, peer.uid, reading.marksOf(uid, peer.uid))
    return faultOf('unread', counts.unread, due) ?? faultOf('mentions', counts.mentions, { least: 0, most: 0 })
  }

  /** @returns nothing for who is no member: then nobody says what is to be counted */
  async #askGroup(client: Client, { uid }: Person, { conversation }: Circle): Promise<string | undefined> {
    const { groupAuditor, recalls } = this.#spec
    if (conversation === undefined || groupAuditor === undefined) return undefined
    const counts = await client.conversations.unread(conversation)
    const told = client.conversations.get(conversation).read
    const due = groupAuditor.unread(uid, conversation, told, number => recalls.standing(conversation, number))
    if (due === undefined) return undefined
    const { from, unread, mentions, mentioning } = due
    const mark = Math.max(told, from)
    if (counts.read !== mark) return `has the mark ${counts.read}, and its devices know ${mark}`
    return (
      faultOf('unread', counts.unread, unread) ??
      faultOf('mentions', counts.mentions, mentions) ??
      firstFault(counts, mentions, mentioning)
    )
  }
}

function faultOf(what: string, counted: number, { least, most }: Bounds): string | undefined {
  const [low, high] = [Math.min(COUNTED_MAX, least), Math.min(COUNTED_MAX, most)]
  if (low <= counted && counted <= high) return undefined
  return `has ${counted} (${what}), not ${low === high ? low : `${low} to ${high}`}`
}

/** What is wrong with the number of the oldest mention that is counted. It is judged if all outcomes are known. */
function firstFault(
  { firstMention }: UnreadCounts,
  { least, most }: Bounds,
  mentioning: readonly number[],
): string | undefined {
  const first = mentioning.slice(0, COUNTED_MAX).at(-1) ?? 0
  return least < most || firstMention === first ? undefined : `begins its mentions with ${firstMention}, not ${first}`
}
