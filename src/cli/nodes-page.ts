/** What `longwire nodes` shows of a look at Redis: tables for people, JSON for programs, and what needs a person. */

import { decodeStatus, type NodeStatus } from '../cluster/node-status.js'
import type { PrimaryLook, RedisLook } from '../store/redis/look.js'
import { UNFINISHED } from '../store/redis/meta.js'

export interface ShownNode extends NodeStatus {
  readonly node: string
}

export interface ShownPrimary extends Omit<PrimaryLook, 'partitions'> {
  /** The number of partitions that it holds. */
  readonly partitions: number
  /** The effects that wait in their outboxes, as far as nodes have seen them. */
  readonly outboxEntries: number
  /** The time for which the oldest of them has been seen. */
  readonly outboxAgeMs: number
}

export interface ShownCluster {
  readonly nodes: readonly ShownNode[]
  /** The number of nodes of another revision, whose status cannot be read. */
  readonly unreadable: number
  readonly primaries: readonly ShownPrimary[]
  /** One line each; empty: all is well. */
  readonly needs: readonly string[]
}

/** The part of the memory's limit from which new accounts are refused. */
const MEMORY_PART_MAX = 0.85
const CLOCK_MS_MAX = 60_000
const OUTBOX_AGE_MS_MAX = 60_000
/** A logic node that is replaced is away for less. */
const UNLINKED_MS_MAX = 5_000

/** The cases that need a person, for the help. */
export const NEEDS_HELP = [
  'no node has a lease; there are access nodes and no logic node, or an access node has had no link to one for 5 s; two',
  'nodes have different cluster secrets; a primary does not answer or takes no messages, or partitions have none; fewer',
  'replicas are linked than each write needs; the memory of a primary is full by more than 85 %; the clock of a node is off',
  'by more than a minute; an outbox has waited for more than a minute; there is no store on this Redis, or on a part of it.',
] as const

/** What is shown of a Redis that cannot be reached. @param why one line */
export function unreachable(why: string): ShownCluster {
  return { nodes: [], unreadable: 0, primaries: [], needs: [why] }
}

export function shownCluster(look: RedisLook): ShownCluster {
  const statuses = (look.leases ?? []).map(({ node, status }) => ({ node, status: decodeStatus(status) }))
  const nodes = statuses
    .flatMap(({ node, status }) => (status === undefined ? [] : [{ node, ...status }]))
    .sort((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1))
  const primaries = look.primaries.map(primary => shownPrimary(primary, nodes))
  const unreadable = statuses.length - nodes.length
  const needs = [...needsOf(look, nodes, primaries), ...needsOfLinks(nodes, unreadable)]
  return { nodes, unreadable, primaries, needs }
}

function shownPrimary(primary: PrimaryLook, nodes: readonly ShownNode[]): ShownPrimary {
  const held = new Set(primary.partitions)
  const outboxes = nodes.flatMap(node => node.outboxes).filter(({ partition }) => held.has(partition))
  return {
    ...primary,
    partitions: held.size,
    outboxEntries: outboxes.reduce((sum, { entries }) => sum + entries, 0),
    outboxAgeMs: Math.max(0, ...outboxes.map(({ ageMs }) => ageMs)),
  }
}

function needsOf(look: RedisLook, nodes: readonly ShownNode[], primaries: readonly ShownPrimary[]): string[] {
  const needs: string[] = []
  if (look.leases === undefined) needs.push('the primary that holds the leases does not answer: no node is known')
  else if (look.leases.length === 0) needs.push('no node has a lease: nobody serves')
  if (primaries.some(({ migrating }) => migrating)) needs.push(UNFINISHED)
  if (look.unheld > 0) needs.push(`${look.unheld} partitions have no primary: their users are not served`)
  const needed = Math.max(0, ...nodes.map(({ replicas }) => (replicas < 0 ? look.replicasUsual : replicas)))
  for (const primary of primaries) needs.push(...needsOfPrimary(primary, nodes.length === 0 ? 0 : needed))
  needs.push(...needsOfFailing(nodes, primaries))
  for (const node of nodes) {
    const seconds = Math.round(node.clockAheadMs / 1_000)
    const isOff = Math.abs(node.clockAheadMs) > CLOCK_MS_MAX
    if (isOff) needs.push(`the clock of ${placeOf(node)} differs from that of Redis by ${seconds} s`)
  }
  return needs
}

/** The address of a node for people: a logic node has only one for links. A node without either is not ready yet. */
function placeOf({ address, link, node }: ShownNode): string {
  return address || link || node
}

/** The access nodes that have nobody to do their work. */
function needsOfLinks(nodes: readonly ShownNode[], unreadable: number): string[] {
  const access = nodes.filter(({ role }) => role === 'access')
  const hasLogic = unreadable > 0 || nodes.some(({ role, link }) => role === 'logic' || link !== '')
  const needs: string[] = []
  if (access.length > 0 && !hasLogic) {
    needs.push('there are access nodes, and no node that works for them: start one with --role logic')
  } else {
    for (const node of access.filter(({ unlinkedMs }) => unlinkedMs > UNLINKED_MS_MAX)) {
      needs.push(`no logic node is linked with ${placeOf(node)}: its clients are refused (its log says why)`)
    }
  }
  const places = new Map(nodes.map(node => [node.link, `${placeOf(node)} (${node.node})`]))
  for (const node of nodes) {
    for (const link of node.otherSecret)
      needs.push(
        `${places.get(link) ?? link} has another cluster secret than ${placeOf(node)}: they do not work together`,
      )
  }
  return needs
}

/** The primaries that answer, or are not known here, and that nodes get no message through. */
function needsOfFailing(nodes: readonly ShownNode[], primaries: readonly ShownPrimary[]): string[] {
  const down = new Set(primaries.filter(({ up }) => !up).map(({ host }) => host))
  const failing = new Set(nodes.flatMap(node => node.failing).filter(host => !down.has(host)))
  return Array.from(failing, host => {
    const seenBy = nodes.filter(node => node.failing.includes(host)).map(placeOf)
    return `messages do not get through at ${host}, by the checks of ${seenBy.join(', ')}`
  })
}

function needsOfPrimary(primary: ShownPrimary, replicasNeeded: number): string[] {
  const { host, up, epoch, replicasLinked, memoryBytes, memoryBytesMax, outboxEntries, outboxAgeMs } = primary
  if (!up) return [`${host} does not answer`]
  const needs: string[] = []
  if (epoch === 0) needs.push(`${host} holds no store: it is new, or has lost its data`)
  if (replicasLinked < replicasNeeded)
    needs.push(`${host} has ${replicasLinked} of ${replicasNeeded} replicas linked: nothing is acknowledged there`)
  if (memoryBytesMax > 0 && memoryBytes / memoryBytesMax > MEMORY_PART_MAX)
    needs.push(`${host} has used ${Math.round((100 * memoryBytes) / memoryBytesMax)} % of its memory`)
  if (outboxAgeMs > OUTBOX_AGE_MS_MAX)
    needs.push(`${outboxEntries} effects wait at ${host}, the oldest for ${Math.round(outboxAgeMs / 1_000)} s`)
  return needs
}

/** The page for people. */
export function clusterText({ nodes, unreadable, primaries, needs }: ShownCluster): string {
  const nodeRows = nodes.map(node => [
    node.address || node.link || 'starting',
    node.node,
    node.draining ? `${node.role}, draining` : node.role,
    node.revision,
    String(node.connections),
    node.messagesPerSecond.toFixed(1),
    `${shownMs(node.commitP50Ms)} / ${shownMs(node.commitP99Ms)}`,
    String(node.conflicts),
    `${(node.clockAheadMs / 1_000).toFixed(1)} s`,
  ])
  const primaryRows = primaries.map(each =>
    each.up
      ? [
          each.host,
          String(each.partitions),
          String(each.epoch),
          String(each.replicasLinked),
          shownMemory(each.memoryBytes, each.memoryBytesMax),
          each.outboxEntries === 0 ? '0' : `${each.outboxEntries}, ${(each.outboxAgeMs / 1_000).toFixed(0)} s`,
        ]
      : [each.host, String(each.partitions), 'does not answer'],
  )
  return [
    ...table(
      ['NODE', 'ID', 'ROLE', 'REVISION', 'CONNECTIONS', 'MESSAGES/S', 'COMMIT P50/P99', 'CONFLICTS', 'CLOCK'],
      nodeRows,
    ),
    ...(unreadable === 0 ? [] : [`and ${unreadable} of another revision`]),
    '',
    ...table(['PRIMARY', 'PARTITIONS', 'EPOCH', 'REPLICAS', 'MEMORY', 'OUTBOX'], primaryRows),
    ...needs.map(need => `\nNEEDS A PERSON: ${need}`),
  ].join('\n')
}

function shownMs(ms: number | undefined): string {
  return ms === undefined ? '-' : `${ms} ms`
}

function shownMemory(bytes: number, bytesMax: number): string {
  const mib = (count: number): string => `${Math.ceil(count / 2 ** 20)} MiB`
  return bytesMax === 0 ? mib(bytes) : `${mib(bytes)} of ${mib(bytesMax)}`
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = heads.map((head, at) => Math.max(head.length, ...rows.map(row => row[at]?.length ?? 0)))
  return [heads, ...rows].map(row =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}
