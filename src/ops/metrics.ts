/**
 * The metrics that Prometheus reads at /metrics: one table of name, type, labels, meaning and source. docs/metrics.md has the
 * first four again; a test compares them. Nothing is computed before somebody reads.
 */

import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks'
import { getHeapStatistics } from 'node:v8'
import type { Metric } from 'prom-client'
import Registry from 'prom-client/lib/registry.js'
import type { Clock } from '../lib/clock.js'
import type { Buckets, Counters } from './counters.js'
import { cpuSeconds, descriptorsMax, openDescriptors, residentBytes, startSeconds } from './process-figures.js'

/** A connection as it is counted. */
export interface CountedConnection {
  readonly transport: string
  readonly state: string
}

/** The pool of threads as it is counted. */
export interface CountedWorkers {
  readonly waiting: number
  readonly running: number
  /** The number of failures, by code. */
  readonly failures: Readonly<Record<string, number>>
  readonly runSeconds: Buckets
}

/** A job as it is counted. */
export interface CountedJob {
  readonly name: string
  readonly slices: number
  readonly failures: number
  /** Partitions that have work. */
  readonly waiting: number
  /** The time when it last completed a round, in milliseconds since 1970; 0 before the first time. */
  readonly roundAtMs: number
}

/** The sources of the figures. */
/** Bytes that a journal took. */
export interface CountedJournal {
  readonly changes: number
  readonly padding: number
}

export interface MetricSources {
  readonly version: string
  readonly counters: Counters
  /** Every connection, and every poll that waits. */
  connections(): Iterable<CountedConnection>
  /** Users with a connection here. */
  users(): number
  pushedItems(): number
  notifies(): number
  /** Connections that look at something. */
  watches(): number
  /** The numbers of users and groups that are looked at, from here and from other nodes. */
  interests(): Readonly<Record<'own' | 'others', number>>
  /** The numbers of signals by what became of them. */
  signals(): Readonly<Record<'sent' | 'dropped', number>>
  outboxEntries(): number
  /** The limits that refused somebody, each with the number of refusals. */
  limitHits(): Iterable<readonly [name: string, count: number]>
  /** The times that a bucket which all nodes share did not answer. */
  limitsUnanswered(): number
  /** Bytes of answers and pushes that peers have not taken. */
  unsentBytes(): number
  queuedJobs(): number
  /** Heavy work, in threads. */
  workers(): CountedWorkers
  /** Work in the background. */
  jobs(): readonly CountedJob[]
  /** The primaries of the store, each with whether a message got through at the last check. */
  primaries(): readonly (readonly [name: string, isReady: boolean])[]
  /** Free bytes on the file system of the data folder; undefined for a store without one. */
  storeFreeBytes(): number | undefined
  /** What the store's journal took; undefined for a store without one. */
  journalWritten(): CountedJournal | undefined
  /** The number of lines of the log and of standard output that were lost. */
  linesLost(): number
  /** The number of units that met a change of another node. */
  conflicts(): number
  /** The node among others; undefined: nobody else works on the store. */
  membership(): CountedMembership | undefined
  /** The links between access and logic nodes; undefined: this node does both by itself. */
  links(): CountedLinks | undefined
}

/** The links of a node as they are counted. */
export interface CountedLinks {
  readonly open: number
  /** Calls to logic nodes that are not answered. */
  readonly pending: number
  /** Calls that were sent again because their link was lost. */
  readonly repeated: number
  /** Calls that no logic node took. */
  readonly refused: number
}

/** A node among others as it is counted. */
export interface CountedMembership {
  /** The nodes that live, as this one sees it. */
  readonly nodes: number
  readonly isMember: boolean
  readonly leasesLost: number
  readonly subscriptions: number
  /** The numbers of events by what became of them. */
  readonly events: Readonly<Record<'sent' | 'received' | 'dropped' | 'unknown', number>>
}

type Labels = Readonly<Record<string, string>>

/** One line: its labels, its value and, of a histogram, what its name ends in. */
type Sample = readonly [labels: Labels, value: number, suffix?: string]

type Read = (sources: MetricSources, delay: IntervalHistogram) => readonly Sample[]

export interface MetricEntry {
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly labels: readonly string[]
  readonly help: string
  readonly read: Read
}

export const METRICS: Readonly<Record<string, MetricEntry>> = {
  longwire_build_info: gauge(
    'always 1; the labels say what runs',
    ({ version }) => [[{ version, node: process.version }, 1]],
    ['version', 'node'],
  ),
  longwire_connections: gauge(
    'connections, and polls that wait (transport poll)',
    sources => connectionSamples(sources.connections()),
    ['transport', 'state'],
  ),
  longwire_users_connected: gauge('users with at least one connection', sources => one(sources.users())),
  longwire_requests_total: counter(
    'requests that a service answered, on any transport',
    ({ counters }) => counters.requests().map(({ method, code, count }) => [{ method, code }, count]),
    ['method', 'code'],
  ),
  longwire_unauthorized_total: counter(
    'requests over HTTP whose token was refused',
    ({ counters }) => counters.refusedTokens().map(({ code, count }) => [{ code }, count]),
    ['code'],
  ),
  longwire_connections_closed_total: counter(
    'connections that closed; OK: by the peer',
    ({ counters }) => counters.closes().map(({ code, count }) => [{ code }, count]),
    ['code'],
  ),
  longwire_limits_hit_total: counter(
    'refusals because of a limit',
    sources => Array.from(sources.limitHits(), ([limit, count]) => [{ limit }, count]),
    ['limit'],
  ),
  longwire_limits_unanswered_total: counter(
    'checks of a shared limit that the store did not answer in time: this node decided by what it had seen itself',
    sources => one(sources.limitsUnanswered()),
  ),
  longwire_unsent_bytes: gauge('bytes of answers and pushes that peers have not taken', sources =>
    one(sources.unsentBytes()),
  ),
  longwire_commits_total: counter('writes to the store', ({ counters }) => one(counters.commitUnits.count)),
  longwire_commit_units: histogram('units in one write', ({ counters }) => counters.commitUnits),
  longwire_commit_duration_seconds: histogram(
    'from handing a write to the store until it is durable',
    ({ counters }) => counters.commitSeconds,
  ),
  longwire_commit_queue_jobs: gauge('transitions that wait for a write', sources => one(sources.queuedJobs())),
  longwire_outbox_entries: gauge('effects on their way to another scope', sources => one(sources.outboxEntries())),
  longwire_effects_set_aside_total: counter('effects that threw: each is a bug', ({ counters }) =>
    one(counters.effectsSetAside),
  ),
  longwire_unknown_kinds_total: counter(
    'effects, and records of deleted accounts, that were left to newer servers: their kind is not known here',
    ({ counters }) => Object.entries(counters.unknown).map(([what, count]) => [{ what }, count]),
    ['what'],
  ),
  longwire_outbox_gaps_total: counter(
    'gaps between the effects of one user to another, after data was lost: passed over, or waiting for more than a minute',
    ({ counters }) => Object.entries(counters.gaps).map(([outcome, count]) => [{ outcome }, count]),
    ['outcome'],
  ),
  longwire_commit_conflicts_total: counter('units that met a change of another node, and were planned again', sources =>
    one(sources.conflicts()),
  ),
  longwire_nodes: gauge(
    'nodes on the same store whose lease this node saw; absent if nobody else can work on the store',
    sources => optional(sources.membership()?.nodes),
  ),
  longwire_node_member: gauge('1 while this node has its lease; else it does no background work', sources =>
    optional(memberValue(sources.membership())),
  ),
  longwire_leases_lost_total: counter('how often this node did not renew its lease in time', sources =>
    optional(sources.membership()?.leasesLost),
  ),
  longwire_node_subscriptions_total: counter(
    'how often this node subscribed to the events of the others; each time but the first some may have been lost',
    sources => optional(sources.membership()?.subscriptions),
  ),
  longwire_node_events_total: counter(
    'events to and from other nodes: sent, received, dropped because the store took nothing, or unknown because newer',
    sources => Object.entries(sources.membership()?.events ?? {}).map(([outcome, count]) => [{ outcome }, count]),
    ['outcome'],
  ),
  longwire_links: gauge('links to nodes of the other role; absent if this node has none', sources =>
    optional(sources.links()?.open),
  ),
  longwire_link_calls_pending: gauge('requests to logic nodes that are not answered', sources =>
    optional(sources.links()?.pending),
  ),
  longwire_link_calls_total: counter(
    'requests that were repeated because their link was lost, and refused because no logic node took them',
    sources => linkSamples(sources.links()),
    ['outcome'],
  ),
  longwire_primary_ready: gauge(
    "1 if a message got through at this primary of Redis when this node last checked; 0 if not; absent for a store of one's own",
    sources => sources.primaries().map(([primary, isReady]) => [{ primary }, isReady ? 1 : 0]),
    ['primary'],
  ),
  longwire_job_slices_total: counter(
    'slices of work in the background that were done',
    sources => sources.jobs().map(({ name, slices }) => [{ job: name }, slices]),
    ['job'],
  ),
  longwire_job_failures_total: counter(
    'runs of a job that failed; each is tried again',
    sources => sources.jobs().map(({ name, failures }) => [{ job: name }, failures]),
    ['job'],
  ),
  longwire_job_waiting_partitions: gauge(
    'partitions that a job works on, or that wait for it',
    sources => sources.jobs().map(({ name, waiting }) => [{ job: name }, waiting]),
    ['job'],
  ),
  longwire_job_last_round_seconds: gauge(
    'when a job last went over all partitions without a failure, since 1970; 0 before the first time',
    sources => sources.jobs().map(({ name, roundAtMs }) => [{ job: name }, roundAtMs / 1_000]),
    ['job'],
  ),
  longwire_worker_waiting_tasks: gauge('tasks (hashes of passwords) that wait for a thread', sources =>
    one(sources.workers().waiting),
  ),
  longwire_worker_running_tasks: gauge('tasks that a thread runs', sources => one(sources.workers().running)),
  longwire_worker_failures_total: counter(
    'tasks that were refused or not done, by why',
    sources => Object.entries(sources.workers().failures).map(([code, count]) => [{ code }, count]),
    ['code'],
  ),
  longwire_worker_run_seconds: histogram('how long a task ran', sources => sources.workers().runSeconds),
  longwire_items_pushed_total: counter('items pushed to connections', sources => one(sources.pushedItems())),
  longwire_items_pulled_total: counter('items read for clients that pulled, polled or came back', ({ counters }) =>
    one(counters.pulledItems),
  ),
  longwire_notifies_total: counter('notices to clients that are behind', sources => one(sources.notifies())),
  longwire_watches: gauge('connections that look at conversations', sources => one(sources.watches())),
  longwire_interests: gauge(
    'users and groups that clients of this node look at, and those that other nodes are interested in',
    sources => Object.entries(sources.interests()).map(([of, count]) => [{ of }, count]),
    ['of'],
  ),
  longwire_signals_total: counter(
    'presence, typing and news of rooms for connections: sent, or dropped because the connection did not keep up or got too many',
    sources => Object.entries(sources.signals()).map(([outcome, count]) => [{ outcome }, count]),
    ['outcome'],
  ),
  longwire_event_loop_delay_p50_seconds: gauge(
    'how late the event loop was, the median since the last reading',
    (_, delay) => one(lateness(delay.percentile(50))),
  ),
  longwire_event_loop_delay_p99_seconds: gauge('the same, of 99 in 100', (_, delay) =>
    one(lateness(delay.percentile(99))),
  ),
  longwire_event_loop_delay_max_seconds: gauge('the same, the longest', (_, delay) => one(lateness(delay.max))),
  longwire_store_free_bytes: gauge(
    "free space on the data folder's file system; absent for the store memory",
    sources => optional(sources.storeFreeBytes()),
  ),
  longwire_journal_bytes_total: counter(
    'bytes of changes that were written to the journal; absent for the store memory',
    sources => optional(sources.journalWritten()?.changes),
  ),
  longwire_journal_padding_bytes_total: counter(
    'bytes that filled those writes up to whole sectors of the disk',
    sources => optional(sources.journalWritten()?.padding),
  ),
  longwire_log_lines_lost_total: counter(
    'lines of the log and of standard output that were lost: nobody read them, or there was no space',
    sources => one(sources.linesLost()),
  ),
  process_cpu_seconds_total: counter('processor time of all threads', () => one(cpuSeconds())),
  process_resident_memory_bytes: gauge('RSS; it counts pages of the database that the kernel may take back', () =>
    optional(residentBytes()),
  ),
  process_start_time_seconds: gauge('when the process started, since 1970', () => one(startSeconds())),
  process_open_fds: gauge('open file descriptors', () => optional(openDescriptors())),
  process_max_fds: gauge('how many there may be', () => optional(descriptorsMax())),
  nodejs_heap_size_total_bytes: gauge("size of JavaScript's heap", () => one(getHeapStatistics().total_heap_size)),
  nodejs_heap_size_used_bytes: gauge('what of it is in use', () => one(getHeapStatistics().used_heap_size)),
  nodejs_external_memory_bytes: gauge('buffers outside the heap', () => one(getHeapStatistics().external_memory)),
}

/**
 * The time between two samples of the event loop's delay. A timer of the loop itself takes them, without a call into JavaScript.
 */
const LOOK_MS = 10
const NS_PER_SECOND = 1e9

export class Metrics {
  readonly contentType = Registry.PROMETHEUS_CONTENT_TYPE
  readonly #registry = new Registry()
  readonly #delay: IntervalHistogram = monitorEventLoopDelay({ resolution: LOOK_MS })

  readonly #clock: Clock

  constructor(sources: MetricSources, clock: Clock) {
    this.#clock = clock
    this.#delay.enable()
    for (const [name, { type, help, read }] of Object.entries(METRICS)) {
      const get = async () => ({
        name,
        help,
        type,
        values: read(sources, this.#delay).map(([labels, value, suffix = '']) => {
          return { labels, value, metricName: name + suffix }
        }),
      })
      // Of its metrics the registry calls nothing but get(): its own classes would hold each figure a second time.
      this.#registry.registerMetric({ name, get } as unknown as Metric)
    }
  }

  /** The text of /metrics. What is said "since the last reading" begins anew. */
  async text(): Promise<string> {
    // What held the loop up until now is seen by the next look, and a reset forgets what was not seen.
    await new Promise<void>(resolve => this.#clock.after(2 * LOOK_MS, resolve))
    const text = await this.#registry.metrics()
    this.#delay.reset()
    return text
  }

  stop(): void {
    this.#delay.disable()
  }
}

function counter(help: string, read: Read, labels: readonly string[] = []): MetricEntry {
  return { type: 'counter', labels, help, read }
}

function gauge(help: string, read: Read, labels: readonly string[] = []): MetricEntry {
  return { type: 'gauge', labels, help, read }
}

function histogram(help: string, buckets: (sources: MetricSources) => Buckets): MetricEntry {
  return { type: 'histogram', labels: ['le'], help, read: sources => bucketSamples(buckets(sources)) }
}

function one(value: number): Sample[] {
  return [[{}, value]]
}

function memberValue(membership: CountedMembership | undefined): number | undefined {
  return membership === undefined ? undefined : Number(membership.isMember)
}

function linkSamples(links: CountedLinks | undefined): Sample[] {
  if (links === undefined) return []
  const { repeated, refused } = links
  return Object.entries({ repeated, refused }).map(([outcome, count]) => [{ outcome }, count])
}

function optional(value: number | undefined): Sample[] {
  return value === undefined ? [] : one(value)
}

function bucketSamples({ bounds, counts, sum }: Buckets): Sample[] {
  let below = 0
  const samples: Sample[] = Array.from(counts, (count, at) => {
    below += count
    return [{ le: String(bounds[at] ?? '+Inf') }, below, '_bucket']
  })
  samples.push([{}, sum, '_sum'], [{}, below, '_count'])
  return samples
}

function connectionSamples(connections: Iterable<CountedConnection>): Sample[] {
  const counts = new Map<string, Map<string, number>>()
  for (const { transport, state } of connections) {
    let states = counts.get(transport)
    if (states === undefined) {
      states = new Map()
      counts.set(transport, states)
    }
    states.set(state, (states.get(state) ?? 0) + 1)
  }
  return [...counts].flatMap(([transport, states]) =>
    Array.from(states, ([state, count]): Sample => [{ transport, state }, count]),
  )
}

/** The delay in seconds. Two samples lie LOOK_MS apart when nothing is late. */
function lateness(betweenNs: number): number {
  return Number.isFinite(betweenNs) ? Math.max(0, betweenNs / NS_PER_SECOND - LOOK_MS / 1000) : 0
}
