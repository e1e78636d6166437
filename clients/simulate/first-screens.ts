/**
 * The phase of a run in which people look in from a new device that begins with a first screen. In the end it shows what the person's first
 * device shows, which was told everything from the beginning. It asks for the list of rooms, as after each login, and reads the boards from
 * their newest posts back.
 */
import { type Clock, pause } from '../../src/lib/clock.js'
import { messageOf } from '../../src/lib/error-message.js'
import { type Client, type ConversationId, directConversation, type Message } from '../typescript/index.js'
import type { BoardAuditor } from './board-auditor.js'
import { allPosts, tellShown } from './board-reading.js'
import type { Crowd, Person } from './crowd.js'
import type { Circle } from './gathering.js'
import type { Phase } from './phase.js'

/** The most people who look in, evenly spread over all. */
const PEOPLE_MAX = 100

/** The people who do at once. */
const AT_ONCE = 8

/** The time after which what differs is wrong. */
const WAIT_MS_MAX = 10_000

const TICK_MS = 100

export interface FirstScreensSpec {
  readonly crowd: Pick<Crowd, 'people' | 'lookIn'>
  /** The friends of each person who wrote to them, by number. */
  readonly friends: readonly (readonly number[])[]
  readonly circles: readonly Circle[]
  readonly boards: readonly Circle[]
  /** undefined: there are no boards. */
  readonly boardAuditor: BoardAuditor | undefined
  readonly clock: Clock
}

export class FirstScreens implements Phase {
  readonly name = 'look in'
  /** The new devices that show something else than they must, as sentences. */
  readonly wrong: string[] = []
  readonly #spec: FirstScreensSpec
  readonly #people: readonly Person[]
  readonly #visits = new Set<Client>()
  #steps = 0
  #ended = false

  constructor(spec: FirstScreensSpec) {
    this.#spec = spec
    const { people } = spec.crowd
    const share = Math.max(1, people.length / PEOPLE_MAX)
    this.#people = people.filter((_, i) => Math.floor((i + 1) / share) > Math.floor(i / share))
  }

  get steps(): number {
    return this.#steps
  }

  progress(): string {
    const wrong = this.wrong.length === 0 ? '' : `, ${this.wrong.length} WRONG`
    return `${this.#steps} of ${this.#people.length} first screens compared${wrong}`
  }

  async run(): Promise<void> {
    const people = this.#people.values()
    const worker = async (): Promise<void> => {
      for (const person of people) if (!this.#ended) await this.#lookIn(person)
    }
    await Promise.all(Array.from({ length: AT_ONCE }, worker))
  }

  /** Ends looking, for the run has failed. */
  end(): Promise<unknown> {
    this.#ended = true
    return Promise.all([...this.#visits].map(client => client.close()))
  }

  async #lookIn(person: Person): Promise<void> {
    const told: Message[] = []
    const client = await this.#spec.crowd.lookIn(person, message => told.push(message))
    this.#visits.add(client)
    try {
      const fault = (await this.#compare(person, client)) ?? replayed(told)
      if (fault !== undefined) this.wrong.push(`the new device of ${person.uid} ${fault}`)
      await this.#readBoards(person, client)
      await client.account.logout()
    } catch (error) {
      if (!this.#ended) this.wrong.push(`the new device of ${person.uid} fails: ${messageOf(error)}`)
    }
    await client.close()
    this.#visits.delete(client)
    this.#steps++
  }

  /** @returns what is wrong still, when all that was on its way has had time to come */
  async #compare(person: Person, client: Client): Promise<string | undefined> {
    const { clock } = this.#spec
    const untilMs = clock.monotonic() + WAIT_MS_MAX
    for (;;) {
      const isWhole = client.state().whole
      const fault = isWhole ? await this.#faultOf(person, client) : 'has not all of its first screen'
      if (fault === undefined || this.#ended || clock.monotonic() > untilMs) return fault
      await pause(clock, TICK_MS)
    }
  }

  async #faultOf(person: Person, client: Client): Promise<string | undefined> {
    let isMore = true
    while (isMore) isMore = await client.chats.more()
    const [first] = person.devices
    if (first === undefined) return undefined
    const other = otherState(stateOf(client), stateOf(first.client))
    if (other !== undefined) return other
    const listed = new Set(client.chats.list().map(({ conversation }) => conversation))
    const missing = this.#conversationsOf(person).find(each => !listed.has(each))
    if (missing !== undefined) return `does not list ${missing}`
    for (const { conversation, unread, mentions } of client.chats.list()) {
      const counts = await client.conversations.unread(conversation)
      if (unread !== counts.unread || mentions !== counts.mentions)
        return `counts ${unread}/${mentions} in ${conversation}, not ${counts.unread}/${counts.mentions}`
    }
    return undefined
  }

  /** The conversations in which something was said. */
  #conversationsOf(person: Person): ConversationId[] {
    const { crowd, friends, circles } = this.#spec
    const direct = (friends[person.number] ?? []).flatMap(number => crowd.people[number]?.uid ?? [])
    const own = circles.filter(({ members }) => members.includes(person))
    return [...direct.map(directConversation), ...own.flatMap(({ conversation }) => conversation ?? [])]
  }

  async #readBoards({ uid, number }: Person, client: Client): Promise<void> {
    const { boards, boardAuditor } = this.#spec
    if (boardAuditor === undefined) return
    const asking = boardAuditor.asking(uid)
    boardAuditor.listed(asking, await client.rooms.list())
    const viewer = { uid, device: client.account.device }
    boardAuditor.reads(viewer)
    for (const { conversation, members } of boards) {
      if (conversation === undefined || !members.some(member => member.number === number)) continue
      for (const post of await allPosts(client, conversation)) tellShown(boardAuditor, viewer, conversation, post)
    }
  }
}

/** @returns a message that was shown as new; nobody writes any more, so it is of before */
function replayed([first]: readonly Message[]): string | undefined {
  if (first === undefined) return undefined
  return `is told message ${first.sendSeq} of device ${first.device} of ${first.sender}, which is of before`
}

/** All that is no message, in parts: each the same for two devices of a user, in any order. */
export type KeyedState = Readonly<Record<string, readonly string[]>>

export function stateOf({ contacts, groups, rooms, conversations, account }: Client): KeyedState {
  return {
    contacts: sorted(contacts.list()),
    groups: sorted(groups.list()),
    // Heads and counts are no keyed state: each connection asks for them.
    rooms: sorted(
      rooms.all().map(({ conversation, state, role, confirmed }) => ({ conversation, state, role, confirmed })),
    ),
    conversations: sorted(conversations.list()),
    preferences: sorted([conversations.preferences]),
    profile: sorted([account.profile]),
  }
}

/** @returns the first difference; undefined if there is none */
export function otherState(mine: KeyedState, theirs: KeyedState): string | undefined {
  for (const [name, values] of Object.entries(mine)) {
    const [a, b] = [values.join(), (theirs[name] ?? []).join()]
    if (a !== b) return `has other ${name}: ${a} and ${b}`
  }
  return undefined
}

function sorted(values: readonly object[]): string[] {
  return values.map(each => JSON.stringify(Object.entries(each).sort(([x], [y]) => (x < y ? -1 : 1)))).sort()
}
