/**
 * What groups cost that nobody uses. Two servers on lmdb have the same users, all connected; one has 10 000 groups of two beside. Both are
 * started anew. When all jobs have gone over all partitions once, as they do each hour, both do nothing, at the same time. The kernel
 * counts the processor time of their threads to the nanosecond.
 */

import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createGroupServiceCreateRequest, GroupState } from '../../protocol/generated/messages.js'
import { METHODS } from '../../protocol/methods.js'
import { present } from '../../src/lib/assert.js'
import { type ServerProcess, startLongwire } from '../children.js'
import type { CostContext } from '../cluster/cost.js'
import { type FigureRow, figureRow } from '../figure-row.js'
import { befriend, inParallel, registerUsers, type UserPair } from '../fleet.js'
import { memoryOf } from '../process-probe.js'
import { THREADS, threadCpuUs } from '../thread-cpu.js'
import { until } from '../until.js'
import type { BenchUser } from '../user.js'

const PAIRS = 50
/** Creates of one user that are under way at once; a device may have 64. */
const AT_ONCE = 16
/**
 * What idle groups may take of a core, in a second: a thousandth. An idle server goes over its partitions twice a minute, so two windows of
 * one server differ by several times that, and all windows together by as much.
 */
const ADDED_MS_MAX = 1
const MIB = 2 ** 20

interface Side {
  readonly node: ServerProcess
  readonly users: readonly BenchUser[]
}

export async function measureIdleGroups({ folder, preset, settle, say }: CostContext): Promise<FigureRow[]> {
  const { idleGroups: count, idleGroupsMs, rounds } = preset
  say(`(groups) making ${count} groups`)
  const made = [await make(join(folder, 'without'), 0), await make(join(folder, 'with'), count)]
  // Both at the same time, so that what each has used until then compares.
  const sides = await Promise.all(made.map(started))
  settle(sides.map(({ node }) => node))
  say('(groups) the jobs go over all users and groups once')
  await until('the end of the first round of all jobs', async () =>
    (await Promise.all(sides.map(isOverOnce))).every(is => is),
  )
  const first = sides.map(cpuMs)
  const windows: { without: number; with: number }[] = []
  for (let round = 1; round <= rounds; round++) {
    say(`(groups) ${count} idle groups, round ${round} of ${rounds}`)
    const before = sides.map(cpuMs)
    await sleep(idleGroupsMs)
    const [without, withGroups] = sides
      .map((side, i) => cpuMs(side) - (before[i] ?? 0))
      .map(ms => (ms * 1_000) / idleGroupsMs)
    windows.push({ without: present(without, 'a server'), with: present(withGroups, 'a server') })
  }
  const memory = sides.map(({ node }) => memoryOf(node.pid).ownBytes / MIB)
  for (const { node, users } of sides) {
    for (const { client } of users) client.destroy()
    await node.stop()
  }
  return rowsOf(count, { windows, first, memory })
}

interface Found {
  readonly windows: readonly { readonly without: number; readonly with: number }[]
  /** The CPU until all jobs were over once, in ms: of the server without groups, and of the one with them. */
  readonly first: readonly number[]
  /** The anonymous memory of the same two, in MiB. */
  readonly memory: readonly number[]
}

function rowsOf(count: number, { windows, first, memory }: Found): FigureRow[] {
  const mean = (side: 'without' | 'with'): number => windows.reduce((sum, each) => sum + each[side], 0) / windows.length
  const alone = windows.map(({ without }) => without.toFixed(2)).join(', ')
  const pair = (of: readonly number[]) => ({
    value: present(of[1], 'the server with groups'),
    baseline: { what: 'without', value: present(of[0], 'the server without groups') },
  })
  return [
    figureRow({
      what: `CPU that ${count} idle groups add in a second (windows without groups: ${alone} ms)`,
      value: mean('with') - mean('without'),
      unit: 'ms',
      aim: { atMost: ADDED_MS_MAX },
    }),
    figureRow({
      what: `CPU of a server with ${count} groups from its start until all jobs went over all partitions, which comes again each hour`,
      unit: 'ms',
      ...pair(first),
    }),
    figureRow({ what: `anonymous memory of a server with ${count} idle groups`, unit: 'MiB', ...pair(memory) }),
  ]
}

/** Whether each job that begins with the server has gone over all partitions once. */
async function isOverOnce({ node }: Side): Promise<boolean> {
  const response = await fetch(`http://127.0.0.1:${node.httpPort}/metrics`)
  const rounds = (await response.text()).matchAll(
    /^longwire_job_last_round_seconds\{job="(?:retention|departures|debts|clears|renames)"\} (\S+)$/gm,
  )
  return Array.from(rounds, ([, seconds]) => Number(seconds)).every(seconds => seconds > 0)
}

interface Made {
  readonly folder: string
  readonly users: readonly BenchUser[]
}

/** Makes users, and groups of each two of them. */
async function make(folder: string, groups: number): Promise<Made> {
  const maker = await startLongwire(folder)
  const pairs = await befriend(await registerUsers(maker.port, 'idle', 2 * PAIRS))
  const users = pairs.flatMap(({ sender, receiver }) => [sender, receiver])
  await makeGroups(pairs, groups)
  for (const { client } of users) client.destroy()
  await maker.stop()
  return { folder, users }
}

async function started({ folder, users }: Made): Promise<Side> {
  const node = await startLongwire(folder)
  await Promise.all(users.map(user => user.reconnect(node.port)))
  return { node, users }
}

/** Each pair makes as many; the other is a friend, and so a member at once. */
async function makeGroups(pairs: readonly UserPair[], count: number): Promise<void> {
  let memberships = 0
  for (const { sender, receiver } of pairs) {
    for (const user of [sender, receiver]) {
      user.onItem = content => {
        if (content.case === 'group' && content.value.state === GroupState.MEMBER) memberships++
      }
    }
  }
  const each = Math.ceil(count / pairs.length)
  await inParallel(pairs.length, async index => {
    const { sender, receiver } = pairs[index] as UserPair
    const invitees = [{ uid: receiver.uid }]
    for (let made = 0; made < each; made += AT_ONCE) {
      const titles = Array.from({ length: Math.min(AT_ONCE, each - made) }, (_, i) => `Group ${made + i}`)
      await Promise.all(
        titles.map(title => {
          const request = createGroupServiceCreateRequest({ sendSeq: sender.nextNumber(), title, invitees })
          return sender.client.request(METHODS.groupCreate, request)
        }),
      )
    }
  })
  await until('the groups', () => memberships >= 2 * each * pairs.length)
  for (const { sender, receiver } of pairs) for (const user of [sender, receiver]) user.onItem = () => {}
}

function cpuMs({ node }: Side): number {
  const byThread = threadCpuUs(node.pid)
  return THREADS.reduce((sum, thread) => sum + byThread[thread], 0) / 1_000
}
