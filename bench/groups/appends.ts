/**
 * What a message to a group costs on lmdb: the CPU of all threads for each member that gets it, and how many get it in a second, by
 * the number of members; beside a direct message in the same run, in turns. Engine and store, without sockets: nobody is connected.
 */

import { join } from 'node:path'
import { CODES } from '../../protocol/codes.js'
import { ContactState, GroupRole, GroupState } from '../../protocol/generated/messages.js'
import { present } from '../../src/lib/assert.js'
import { systemClock } from '../../src/lib/clock.js'
import { CountedTime } from '../../src/lib/counted-time.js'
import { systemRandom } from '../../src/lib/random.js'
import { endOfTurn } from '../../src/lib/turn.js'
import { openLmdbStore } from '../../src/store/lmdb/open.js'
import { PARTITIONS } from '../../src/store/types.js'
import { createEngine, type Engine, randomStamps } from '../../src/sync/index.js'
import { branchActor, groupActor } from '../../src/sync/references.js'
import { deviceWindow, EMPTY_WINDOW } from '../../src/sync/rules/device-window.js'
import {
  about,
  branch,
  lastNumber,
  members,
  NO_GROUP,
  NO_RULES,
  userGroup,
} from '../../src/sync/rules/group-records.js'
import { sendToGroup } from '../../src/sync/rules/membership.js'
import { sendTransition } from '../../src/sync/rules/message.js'
import type { Answer } from '../../src/sync/rules/numbered.js'
import { contact, NOBODY, partitionOfUser, profile, userActor } from '../../src/sync/rules/records.js'
import type { RecordKind, Transition } from '../../src/sync/types.js'
import type { CostContext } from '../cluster/cost.js'
import { type FigureRow, figureRow } from '../figure-row.js'
import { medians, rounded } from '../statistics.js'

export interface AppendsRow {
  /** The members of the group; 2: two friends, without a group. */
  readonly members: number
  readonly branches: number
  readonly appends_per_second: number
  /** CPU of all threads for each timeline that gets the message. */
  readonly cpu_us_per_append: number
  /** The ratio to a direct message, which goes to two timelines. */
  readonly cpu_ratio: number
}

const SIZES = [10, 100, 500] as const
/** Messages on their way at once. */
export const IN_FLIGHT = 10
/** What the largest group is held to. */
const APPENDS_PER_SECOND_MIN = 200_000
const SENDERS = 10
const TEXT = 'x'.repeat(100)
const HASH = 'somehash'
/** The appends of a window, and those before it. */
const APPENDS = 200_000
const APPENDS_TINY = 2_000

/** Uids that spread over the partitions as those of accounts do: their names are hashed. */
function uidOfMember(n: number): number {
  let bits = Math.imul(n ^ (n >>> 16), 0x85ebca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
  return PARTITIONS * (n + 1) + (((bits ^ (bits >>> 16)) >>> 0) % PARTITIONS)
}

type Put = readonly [kind: RecordKind<unknown>, value: unknown, id?: string | number]

const put: Transition<readonly Put[], void> = {
  name: 'bench.put',
  run(tx, puts) {
    for (const [kind, value, id] of puts) tx.put(kind, value, id)
  },
}

async function makeUsers(engine: Engine, count: number): Promise<readonly number[]> {
  const uids = Array.from({ length: count }, (_, n) => uidOfMember(n))
  for (const uid of uids) {
    const friends = uids.slice(0, SENDERS).filter(other => other !== uid)
    await engine.run(userActor(uid), put, [
      [deviceWindow, EMPTY_WINDOW, 1],
      [profile, { account: `a${uid}`, nickname: '', createdAtMs: 1, deleted: false, names: 0 }],
      ...friends.map(other => [contact, { ...NOBODY, state: ContactState.FRIEND, account: 'a' }, other] as const),
    ])
  }
  return uids
}

async function makeGroup(engine: Engine, gid: string, uids: readonly number[]): Promise<number> {
  const list = uids.map(uid => ({ uid, since: 1, role: GroupRole.MEMBER, muted: false, via: 0 }))
  await engine.run(groupActor(gid), put, [
    [members, new Map(list.map(member => [member.uid, member]))],
    [lastNumber, { n: 1, epoch: 1 }],
    [about, { title: gid, announcement: '', rules: NO_RULES, code: '', createdAtMs: 1, dissolved: false, number: 1 }],
  ])
  const partitions = new Set(uids.map(partitionOfUser))
  for (const partition of partitions) {
    const here = list.filter(({ uid }) => partitionOfUser(uid) === partition)
    await engine.run(branchActor(gid, partition), put, [
      [branch, { members: here.map(({ uid, since }) => ({ uid, since })), former: [] }],
    ])
  }
  const own = { ...NO_GROUP, state: GroupState.MEMBER, number: 1, title: gid, role: GroupRole.MEMBER }
  for (const uid of uids.slice(0, SENDERS)) await engine.run(userActor(uid), put, [[userGroup, own, gid]])
  return partitions.size
}

/** Sends so many messages with a fixed number in flight. @returns what each took: wall time and CPU of all threads, in µs */
async function window(messages: number, send: (n: number) => Promise<void>) {
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < messages) await send(next++)
  }
  const [cpu, beginMs] = [process.cpuUsage(), performance.now()]
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker))
  const wallUs = (performance.now() - beginMs) * 1_000
  const { user, system } = process.cpuUsage(cpu)
  return { wallUs: wallUs / messages, cpuUs: (user + system) / messages }
}

export async function measureAppends({ folder: parent, preset, say }: CostContext): Promise<readonly AppendsRow[]> {
  const folder = join(parent, 'appends')
  const store = await openLmdbStore({ path: folder })
  const engine = createEngine({
    store,
    clock: systemClock,
    time: new CountedTime(systemClock),
    settings: { retentionMs: 1e12, openContacts: false },
    stamps: randomStamps(systemRandom),
    random: systemRandom,
    defer: endOfTurn,
    delivery: { send() {} },
    rest: async () => {},
    monitor: { committed() {}, setAside() {}, unknown() {}, gap() {}, aboveBound() {} },
    onFatal(error) {
      throw error
    },
  })
  await engine.start()
  const uids = await makeUsers(engine, SIZES[SIZES.length - 1] ?? 0)
  const sendSeqs = new Map<number, number>()
  const numbered = (n: number) => {
    const uid = uids[n % SENDERS] ?? 0
    const sendSeq = (sendSeqs.get(uid) ?? 0) + 1
    sendSeqs.set(uid, sendSeq)
    return { uid, device: 1, sendSeq, hash: HASH, text: TEXT, fault: CODES.OK.code }
  }
  const direct = sendTransition()
  const targets = [
    {
      members: 2,
      branches: 0,
      send: (n: number) => {
        const input = numbered(n)
        return accepted(engine, input.uid, direct, { ...input, to: uids[(n + 1) % SENDERS] ?? 0 })
      },
    },
    ...(await Promise.all(
      SIZES.map(async size => {
        const gid = `1.1.${size}`
        const branches = await makeGroup(engine, gid, uids.slice(0, size))
        const send = (n: number) => {
          const input = numbered(n)
          return accepted(engine, input.uid, sendToGroup, { ...input, gid })
        }
        return { members: size, branches, send }
      }),
    )),
  ]
  const appends = preset.name === 'tiny' ? APPENDS_TINY : APPENDS
  const found: { wallUs: number; cpuUs: number }[][] = targets.map(() => [])
  for (let round = 0; round <= preset.rounds; round += 1) {
    say(`(groups) appends, round ${round} of ${preset.rounds}`)
    for (const [i, target] of targets.entries()) {
      const took = await window(Math.ceil(appends / target.members), target.send)
      // The first is for what is compiled, and grows.
      if (round > 0) found[i]?.push(took)
    }
  }
  await engine.close()
  await store.close()
  const costs = found.map(rounds => medians(rounds))
  const base = (costs[0]?.cpuUs ?? 0) / 2
  return targets.map(({ members: size, branches }, i) => {
    const { wallUs = 0, cpuUs = 0 } = costs[i] ?? {}
    return {
      members: size,
      branches,
      appends_per_second: Math.round((size / wallUs) * 1e6),
      cpu_us_per_append: rounded(cpuUs / size, 2),
      cpu_ratio: rounded(cpuUs / size / base, 2),
    }
  })
}

async function accepted<I>(engine: Engine, uid: number, transition: Transition<I, Answer>, input: I): Promise<void> {
  const outcome = await engine.run(userActor(uid), transition, input)
  const isAccepted = outcome.kind === 'done' && outcome.result.kind === 'answer' && outcome.result.code === 0
  if (!isAccepted) throw new Error(`a message was not accepted: ${JSON.stringify(outcome)}`)
}

/** What the rows are held to: with more members a timeline costs less, and the largest group reaches its rate. */
export function appendsFigures(rows: readonly AppendsRow[]): FigureRow[] {
  const groups = rows.filter(({ members: size }) => size > 2)
  const falls = groups.slice(1).map((row, i) => {
    const smaller = present(groups[i], 'the smaller group')
    return figureRow({
      what: `CPU of a timeline of a message to ${row.members} members`,
      value: row.cpu_us_per_append,
      unit: 'µs',
      baseline: { what: `to ${smaller.members}`, value: smaller.cpu_us_per_append },
      aim: { atMost: 1 },
    })
  })
  const largest = present(groups.at(-1), 'the largest group')
  const rate = figureRow({
    what: `timelines in a second that get a message to ${largest.members} members`,
    value: largest.appends_per_second,
    unit: '',
    aim: { atLeast: APPENDS_PER_SECOND_MIN },
  })
  return [...falls, rate]
}
