/** One group whose members are all connected, and friends two by two; and the load of messages to it. */

import {
  createGroupServiceCreateRequest,
  createGroupServiceGetRequest,
  createGroupServiceJoinRequest,
  createGroupServiceSetRulesRequest,
  GroupJoin,
  GroupState,
} from '../../protocol/generated/messages.js'
import { METHODS } from '../../protocol/methods.js'
import { present } from '../../src/lib/assert.js'
import { befriend, inParallel, registerUsers, type UserPair } from '../fleet.js'
import { type LoadedPair, LongwirePair, Tally } from '../pairs.js'
import { acknowledging } from '../peers/longwire.js'
import { until } from '../until.js'
import type { BenchUser } from '../user.js'

export interface Crowd {
  readonly conversation: string
  readonly members: readonly BenchUser[]
  readonly pairs: readonly UserPair[]
  /** The direct messages of the pairs: the load that the group's is compared with. */
  readonly direct: { readonly tally: Tally; readonly load: readonly LoadedPair[] }
  readonly group: { readonly tally: Tally; readonly load: readonly LoadedPair[] }
  close(): void
}

/** @param ports of the nodes; the members are spread over them, so that of the pairs 1 in as many has both users at one */
export async function openCrowd(ports: readonly number[], count: number, text: string): Promise<Crowd> {
  const [first = 0] = ports
  const members = await registerUsers(first, 'member', count)
  const pairs = await befriend(members)
  const conversation = await gathered(members)
  if (ports.length > 1) await spread(pairs, ports)
  const [directly, inGroup] = [new Tally(), new Tally()]
  const timer = acknowledging(pairs)
  return {
    conversation,
    members,
    pairs,
    direct: { tally: directly, load: pairs.map(pair => new LongwirePair(directly, pair, text)) },
    group: { tally: inGroup, load: [new GroupLoad(inGroup, { conversation, members, pairs, text })] },
    close() {
      clearInterval(timer)
      for (const { client } of members) client.destroy()
    },
  }
}

/** Makes a group of these users: the first has it, the others join by its code. */
export async function gathered(users: readonly BenchUser[]): Promise<string> {
  const owner = present(users[0], 'the owner')
  let joined = 0
  for (const user of users) {
    user.onItem = content => {
      if (content.case === 'group' && content.value.state === GroupState.MEMBER) {
        user.onItem = () => {}
        joined++
      }
    }
  }
  const creation = createGroupServiceCreateRequest({ sendSeq: owner.nextNumber(), title: 'All' })
  const { conversation } = await owner.client.request(METHODS.groupCreate, creation)
  await until('the group', () => joined === 1)
  const rules = { join: GroupJoin.CODE, adminsInvite: false, adminsWrite: false, history: 0 }
  const setting = createGroupServiceSetRulesRequest({ sendSeq: owner.nextNumber(), conversation, rules })
  await owner.client.request(METHODS.groupSetRules, setting)
  let code = ''
  await until('the code', async () => {
    const asked = createGroupServiceGetRequest({ conversation })
    code = (await owner.client.request(METHODS.groupGet, asked)).code
    return code !== ''
  })
  const others = users.slice(1)
  await inParallel(others.length, async index => {
    const user = present(others[index], 'a user')
    const request = createGroupServiceJoinRequest({ sendSeq: user.nextNumber(), conversation, code })
    await user.client.request(METHODS.groupJoin, request)
  })
  await until('the members', () => joined === users.length)
  return conversation
}

async function spread(pairs: readonly UserPair[], ports: readonly number[]): Promise<void> {
  const portOf = (index: number): number => present(ports[index % ports.length], 'the node')
  await Promise.all(
    pairs.flatMap(({ sender, receiver }, i) => {
      sender.client.destroy()
      receiver.client.destroy()
      return [sender.reconnect(portOf(i)), receiver.reconnect(portOf(i + Math.floor(i / ports.length)))]
    }),
  )
}

/** Messages to a group. The next one goes when one has reached all members; the sender's own copy counts like everybody's. */
class GroupLoad implements LoadedPair {
  readonly #tally: Tally
  readonly #conversation: string
  readonly #text: string
  readonly #size: number
  /** Users whose direct messages have no gaps by what they post here: they write none. */
  readonly #senders: readonly BenchUser[]
  /** How many members a message has reached, by its number. */
  readonly #reached = new Map<number, number>()
  #next = 0
  #inFlight = 0
  #underWay = 0

  constructor(
    tally: Tally,
    {
      conversation,
      members,
      pairs,
      text,
    }: Pick<Crowd, 'conversation' | 'members' | 'pairs'> & { readonly text: string },
  ) {
    this.#tally = tally
    this.#conversation = conversation
    this.#text = text
    this.#size = members.length
    this.#senders = pairs.map(({ receiver }) => receiver)
    for (const user of members) this.#follow(user)
    for (const sender of this.#senders) {
      sender.onAccepted = () => {
        tally.accepted += this.#size
      }
    }
  }

  start(inFlight: number): void {
    this.#inFlight = inFlight
    this.#pump()
  }

  stop(): void {
    this.#inFlight = 0
  }

  close(): void {
    for (const { client } of this.#senders) client.destroy()
  }

  #pump(): void {
    while (this.#underWay < this.#inFlight) {
      this.#underWay++
      this.#tally.sent += this.#size
      const sender = present(this.#senders[this.#next++ % this.#senders.length], 'a sender')
      sender.client.write(sender.nextPost(this.#conversation, this.#text))
    }
  }

  #follow(user: BenchUser): void {
    let last = 0
    user.onItem = content => {
      if (content.case === 'failed') throw new Error(`a message to the group failed with ${content.value.code}`)
      if (content.case !== 'conversationMessage') return
      const { number } = content.value
      if (number <= last) throw new Error(`number ${number} of the group came after ${last}`)
      last = number
      this.#tally.delivered++
      this.#delivered(number)
    }
  }

  #delivered(number: number): void {
    const reached = (this.#reached.get(number) ?? 0) + 1
    if (reached < this.#size) {
      this.#reached.set(number, reached)
      return
    }
    this.#reached.delete(number)
    this.#underWay--
    this.#pump()
  }
}
