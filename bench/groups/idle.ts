/**
 * What groups cost that nobody uses. Two servers on lmdb have the same users, all connected; one has 10 000 groups of two beside. Both are
 * started anew and do nothing, at the same time. The kernel counts the processor time of their threads to the nanosecond.
 */

import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createGroupServiceCreateRequest, GroupState } from '../../protocol/generated/messages.js'
import { METHODS } from '../../protocol/methods.js'
import { rested } from '../arena.js'
import { type ServerProcess, startLongwire } from '../children.js'
import type { CostContext } from '../cluster/cost.js'
import { type FigureRow, figureRow } from '../figure-row.js'
import { befriend, inParallel, registerUsers, type UserPair } from '../fleet.js'
import { memoryOf } from '../process-probe.js'
import { medians } from '../statistics.js'
import { THREADS, threadCpuUs } from '../thread-cpu.js'
import type { BenchUser } from '../user.js'
import { until } from './crowd.js'

const PAIRS = 50
/** Creates of one user that are under way at once; a device may have 64. */
const AT_ONCE = 16
/** Of a core: what idle groups may take beside it. Two windows of one idle server differ by about as much. */
const NOISE_MS_PER_SECOND = 0.5
const MIB = 2 ** 20

interface Side {
  readonly node: ServerProcess
  readonly users: readonly BenchUser[]
}

export async function measureIdleGroups({ folder, preset, settle, say }: CostContext): Promise<FigureRow[]> {
  const { idleGroups: count, idleGroupsMs, rounds } = preset
  say(`(groups) making ${count} groups`)
  const sides = [await open(join(folder, 'without'), 0), await open(join(folder, 'with'), count)] as const
  settle(sides.map(({ node }) => node))
  await rested(sides.map(({ node }) => node.pid))
  const windows: { without: number; with: number }[] = []
  for (let round = 1; round <= rounds; round++) {
    say(`(groups) ${count} idle groups, round ${round} of ${rounds}`)
    const before = sides.map(cpuMs)
    await sleep(idleGroupsMs)
    const [without = 0, withGroups = 0] = sides.map((side, i) => cpuMs(side) - (before[i] ?? 0))
    windows.push({ without: (without * 1_000) / idleGroupsMs, with: (withGroups * 1_000) / idleGroupsMs })
  }
  const [without, withGroups] = sides.map(({ node }) => memoryOf(node.pid).ownBytes / MIB)
  for (const { node, users } of sides) {
    for (const { client } of users) client.destroy()
    await node.stop()
  }
  const took = medians(windows)
  const spread = Math.max(...windows.map(each => each.without)) - Math.min(...windows.map(each => each.without))
  return [
    figureRow({
      what: `CPU of a server in a second that ${count} idle groups add to ${took.without.toFixed(2)} ms (windows without groups differ by ${spread.toFixed(2)})`,
      value: took.with - took.without,
      unit: 'ms',
      aim: { atMost: NOISE_MS_PER_SECOND },
    }),
    figureRow({
      what: `anonymous memory of a server with ${count} idle groups`,
      value: withGroups ?? Number.NaN,
      unit: 'MiB',
      baseline: { what: 'without', value: without ?? Number.NaN },
    }),
  ]
}

/** A server that is started on users, and on groups of each two of them. */
async function open(folder: string, groups: number): Promise<Side> {
  const maker = await startLongwire(folder)
  const pairs = await befriend(await registerUsers(maker.port, 'idle', 2 * PAIRS))
  const users = pairs.flatMap(({ sender, receiver }) => [sender, receiver])
  await makeGroups(pairs, groups)
  for (const { client } of users) client.destroy()
  await maker.stop()
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
