/** What a seed decides before anything runs: how large, how long, and how bad. */

import type { Random } from '../../src/lib/random.js'
import type { NodeSettings } from '../../src/node/options.js'
import { SLICE_TARGETS } from '../../src/sync/fan-out.js'
import { DEVICES_MAX } from '../../src/sync/rules/records.js'
import type { WayName } from './ways.js'

/**
 * one: several nodes over a shared store with one scope. partitions: with one scope per partition, so what crosses goes by
 * the outbox. failover: as partitions, but readable before it is durable. From time to time another copy of it goes on, which has only what
 * was durable, in the next epoch; the nodes live on with what they remember. embedded: one node, readable before durable, and a killed node
 * falls back to what was durable. failover-n0: as failover, but what is readable counts as durable: what was acknowledged may be lost, of all
 * partitions or of those of one primary, and each primary has a point of its own up to which it keeps things.
 */
export type StoreKind = 'one' | 'partitions' | 'failover' | 'failover-n0' | 'embedded'
export const STORE_KINDS: readonly StoreKind[] = ['one', 'partitions', 'failover', 'failover-n0', 'embedded']

const EVERY_LADDER: readonly (readonly WayName[])[] = [
  ['tcp', 'ws', 'http'],
  ['tcp', 'http'],
  ['ws', 'http'],
  ['http', 'tcp'],
  ['tcp'],
  ['ws'],
  ['http'],
]

const NEVER = Number.POSITIVE_INFINITY
const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

const ALL_BYTES = { keepBytes: Number.POSITIVE_INFINITY }
export const KEEP_ALL = { keepMs: 30 * DAY_MS, keepItems: 1_000_000, ...ALL_BYTES }
/** Retention of seconds, so that there is something to trim while much else goes on. */
export const BRIEF = { keepMs: 15_000, keepItems: 20, everyMs: 4_000, ...ALL_BYTES }

/** Rates that people here do reach. What would keep one out for hours stays off. */
const TIGHT: NodeSettings['limits'] = {
  // Fewer than a client's window of 64 at once, so that a client which goes back too fast never gets through.
  'requests-device': { amount: 8, unit: 's', burst: 25 },
  'sends-recipient': { amount: 4, unit: 's', burst: 15 },
  'hellos-device': { amount: 1, unit: 's', burst: 3 },
  'contact-requests': { amount: 1, unit: 's', burst: 3 },
  'look-ups': { amount: 1, unit: 's', burst: 3 },
  logins: null,
  'logins-device': null,
  'login-failures': null,
  'login-failures-account': null,
  'login-failures-address': null,
  'password-checks': null,
}

/** How likely there are groups in a world that may have some, and what somebody does there is in one of them. */
const GROUPS_LIKELY = 0.3
const IN_GROUPS = 0.3
/** Outboxes that are full with nearly anything: each path takes a few entries then. */
export const NARROW_BYTES = 1

type Drawn = ReturnType<typeof draw>
export type Setup = { readonly [name in keyof Drawn]: Drawn[name] }

/** @param ofGroups decides about groups: worlds without any are what they would be if there were none anywhere */
export function drawSetup(random: Random, ofGroups: Random, only?: Partial<Setup>): Setup {
  const isCalm = random.fraction() < 0.25
  const drawn = draw(random, only?.store, isCalm)
  const setup = isCalm ? calmed(drawn) : drawn
  // What is given says what the world is about, and so whether there are groups.
  if (only !== undefined) return { ...setup, ...only }
  const groups = drawGroups(setup, ofGroups)
  if (groups === 0) return setup
  const outboxBytesMax = ofGroups.fraction() < 0.3 ? NARROW_BYTES : undefined
  const downMs = !isCalm && ofGroups.fraction() < 0.5 ? ofGroups.integer(setup.chaosMs) : 0
  return { ...setup, groups, outboxBytesMax, downMs }
}

function drawGroups({ store, restoreMs, retention }: Setup, ofGroups: Random): number {
  // Where items are trimmed, or what was acknowledged is lost, a group's log does not say what everybody is to have.
  const isKept = store !== 'failover-n0' && restoreMs === undefined && retention === KEEP_ALL
  return isKept && ofGroups.fraction() < GROUPS_LIKELY ? IN_GROUPS : 0
}

function draw(random: Random, kind: StoreKind | undefined, isCalm: boolean) {
  const pick = <T>(...of: readonly T[]): T => of[random.integer(of.length)] as T
  const store = kind ?? pick(...STORE_KINDS)
  const isEmbedded = store === 'embedded'
  const isN0 = store === 'failover-n0'
  const fails = store === 'failover' || isN0
  const isCrowded = random.fraction() < 0.1
  const userCount = isCrowded ? 3 : 3 + random.integer(3)
  const isRestored = !isCalm && !isN0 && random.fraction() < 0.2
  const isBrief = !isRestored && !isN0 && random.fraction() < 0.25
  const neighbours = pick(0, 2, 3)
  return {
    store,
    nodes: isEmbedded ? 1 : 2 + random.integer(2),
    /** Phones of each user. */
    users: Array.from({ length: userCount }, (_, index) =>
      isCrowded && index === 0 ? DEVICES_MAX - random.integer(2) : 1 + random.integer(random.fraction() < 0.3 ? 3 : 2),
    ) as readonly number[],
    /** So many of the users are of one partition. */
    neighbours,
    /** Targets of a fan-out that one unit takes: where there are neighbours one, so that slices come to an end in the midst. */
    sliceTargets: neighbours === 0 ? SLICE_TARGETS : 1,
    chaosMs: 25_000 + random.integer(45_000),
    /** Between two acts of one phone, on average. */
    actMs: pick(400, 800, 1_600),
    network: {
      latencyMs: pick(1, 10, 40, 150),
      jitterMs: pick(0, 5, 40, 400),
      bytesPerMs: pick(1_000, 50, 10),
      windowBytes: pick(1_000_000, 65_536, 4_096, 700),
      fragmented: pick(0, 0.2, 0.9),
      doomed: pick(0.1, 0.4, 0.9),
      doomMs: pick(1_000, 5_000, 20_000),
      lostSyn: pick(0, 0.1),
    },
    /** What phones may take, each one of these, in order of preference. */
    ladders: pick([['tcp']], [['tcp', 'ws', 'http']], EVERY_LADDER, EVERY_LADDER) as typeof EVERY_LADDER,
    /** Between two changes of the weather on one of a phone's ways, on average. */
    wayMs: pick(NEVER, 6_000, 20_000),
    http: {
      lost: pick(0, 0.02, 0.1),
      twice: pick(0, 0.1, 0.5),
      foreign: pick(0, 0.02, 0.1),
      patienceMs: pick(NEVER, NEVER, 10_000),
    },
    /** How long a phone's poll waits. */
    pollMs: pick(25_000, 8_000),
    storeWeather: {
      readMs: pick(0.2, 2, 10),
      commitMs: pick(0.5, 5, 30),
      /** Between readable and durable. */
      syncMs: isEmbedded || fails ? pick(1, 20, 200, 1_500) : 0,
      /** How likely the answer of a commit is lost, a read fails, a call takes very long. */
      lostAnswer: isEmbedded ? 0 : pick(0, 0.01, 0.1),
      failedRead: isEmbedded ? 0 : pick(0, 0.01, 0.05),
      slow: pick(0, 0.01),
    },
    /** Whether nodes are of two revisions: which one is drawn at each start. */
    mixed: !isEmbedded && random.fraction() < 0.4,
    /** Between two times when a node's process stands still, on average. */
    stillMs: pick(NEVER, 8_000, 30_000),
    /** Between two times when a node cannot reach its store, or another node. */
    outageMs: isEmbedded ? NEVER : pick(NEVER, 8_000, 25_000),
    /** Between two failovers of the store, on average. */
    failoverMs: fails ? pick(2_000, 6_000, 20_000) : NEVER,
    /** Primaries that hold the partitions where somebody lives. */
    primaries: isN0 ? 1 + random.integer(3) : 1,
    eventMs: pick(1, 20, 300),
    eventsLost: pick(0, 0.05, 0.5),
    sweepMs: 4_000,
    /** When the store is backed up, to be put back to that a little later; undefined: never. */
    restoreMs: isRestored ? 8_000 + random.integer(10_000) : undefined,
    /** Between two kills of a node, on average. */
    nodeKillMs: pick(5_000, 12_000, 40_000),
    /** How likely each act is a misfortune of the phone: killed, out of reach, its clock wrong. */
    misfortune: pick(0, 0.03, 0.1),
    phoneWriteMs: pick(0.5, 5, 50),
    /** How likely a phone's disk fails in a write. */
    phoneWriteFails: pick(0, 0, 0.002),
    /** A wall clock is wrong by up to so much. What a wrong one takes for old may be young: where messages are trimmed, all are right. */
    clockJumpMs: isBrief ? 0 : pick(0, 0, 0, 30 * MINUTE_MS, 7 * HOUR_MS, 100 * DAY_MS),
    /** Between two times when days go by without anything happening, on average. */
    calendarMs: pick(NEVER, NEVER, 15_000),
    /** How many phones the first user has in use at most: beyond 8, the server replaces the one longest away. */
    phonesMax: isCrowded ? DEVICES_MAX + 1 : 4,
    /** How much more often than usual people log out, remove devices, change passwords, buy phones. */
    restless: pick(1, 1, 8),
    /** Users do little but rename themselves. */
    vain: false,
    /**
     * One user deletes the account in the middle of it all, and nodes die while what it stored is removed. Who goes between
     * backup and restore would be there again, and nobody would know it.
     */
    departure: !isRestored && !isN0 && random.fraction() < 0.15,
    limits: pick<NodeSettings['limits']>('open', 'open', TIGHT),
    retention: (isBrief ? pick(BRIEF, { ...BRIEF, keepItems: 0 }) : KEEP_ALL) as NodeSettings['retention'],
    heartbeatMs: pick(10_000, 30_000),
    /** How long what people do on a healthy system may take; a connection that died unnoticed is found after a heartbeat and some. */
    steadyMs: 90_000,
    /** How likely what somebody does is in a group; 0: there are no groups (drawGroups). */
    groups: 0,
    /** How likely what somebody does is on a board; 0: there are no boards. */
    rooms: 0,
    /** How likely what somebody does is to look at others, or to type; 0: nobody does. */
    looking: 0,
    /** For how long one partition takes no writes; 0: for none. */
    downMs: 0,
    /** The user of that partition is removed from all groups meanwhile. */
    parting: false,
    /** The most bytes of outbox entries in memory, as far as it is given. */
    outboxBytesMax: undefined as number | undefined,
  }
}

/** A world of groups, with few faults and nothing trimmed or lost. */
export const WITH_GROUPS: Partial<Setup> = {
  groups: 0.7,
  users: [1, 2, 1],
  actMs: 400,
  chaosMs: 20_000,
  nodeKillMs: NEVER,
  outageMs: NEVER,
  misfortune: 0,
  limits: 'open',
  retention: KEEP_ALL,
  restoreMs: undefined,
}

/** No faults, or no more: what is broken is to heal. */
export function calmed(setup: Setup): Setup {
  return {
    ...setup,
    network: { ...setup.network, jitterMs: Math.min(setup.network.jitterMs, 40), doomed: 0, lostSyn: 0 },
    storeWeather: { ...setup.storeWeather, lostAnswer: 0, failedRead: 0, slow: 0 },
    http: { ...setup.http, lost: 0, twice: 0, foreign: 0 },
    wayMs: NEVER,
    eventsLost: 0,
    misfortune: 0,
    phoneWriteFails: 0,
    nodeKillMs: NEVER,
    outageMs: NEVER,
    stillMs: NEVER,
    failoverMs: NEVER,
    clockJumpMs: 0,
  }
}
