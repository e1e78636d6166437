/** What a seed decides before anything runs: how large, how long, and how bad. */

import type { Random } from '../../src/lib/random.js'
import type { NodeSettings } from '../../src/node/options.js'
import { SLICE_TARGETS } from '../../src/sync/fan-out.js'
import { DEVICES_MAX } from '../../src/sync/rules/records.js'
import type { HttpWeather } from './http.js'
import type { Weather } from './network.js'
import type { StoreWeather } from './store-faults.js'
import type { WayName } from './ways.js'

/**
 * one: several nodes over a shared store with one scope. partitions: with one scope per partition, so what crosses goes by
 * the outbox. embedded: one node, readable before durable, and a killed node falls back to what was durable.
 */
export type StoreKind = 'one' | 'partitions' | 'embedded'
export const STORE_KINDS: readonly StoreKind[] = ['one', 'partitions', 'embedded']

export interface Setup {
  readonly store: StoreKind
  readonly nodes: number
  /** Phones of each user. */
  readonly users: readonly number[]
  /** So many of the users are of one partition. */
  readonly neighbours: number
  /** Targets of a fan-out that one unit takes: where there are neighbours one, so that slices come to an end in the midst. */
  readonly sliceTargets: number
  readonly chaosMs: number
  /** Between two acts of one phone, on average. */
  readonly actMs: number
  readonly network: Weather
  /** What phones may take, each one of these, in order of preference. */
  readonly ladders: readonly (readonly WayName[])[]
  /** Between two changes of the weather on one of a phone's ways, on average; Infinity for none. */
  readonly wayMs: number
  readonly http: HttpWeather
  /** How long a phone's poll waits. */
  readonly pollMs: number
  readonly storeWeather: StoreWeather
  readonly eventMs: number
  readonly eventsLost: number
  readonly sweepMs: number
  /** Between two kills of a node, on average; Infinity for none. */
  readonly nodeKillMs: number
  /** Between two times when a node cannot reach its store, or another node; Infinity for none. */
  readonly outageMs: number
  /** When the store is backed up, to be put back to that a little later; undefined: never. */
  readonly restoreMs: number | undefined
  /** How likely each act is a misfortune of the phone: killed, out of reach, its clock wrong. */
  readonly misfortune: number
  readonly phoneWriteMs: number
  /** How likely a phone's disk fails in a write. */
  readonly phoneWriteFails: number
  /** A wall clock is wrong by up to so much; 0: none ever. */
  readonly clockJumpMs: number
  /** Between two times when days go by without anything happening, on average; Infinity for none. */
  readonly calendarMs: number
  /** How many phones the first user has in use at most: beyond 8, the server replaces the one longest away. */
  readonly phonesMax: number
  /** How much more often than usual people log out, remove devices, change passwords, buy phones. */
  readonly restless: number
  /** Users do little but rename themselves. */
  readonly vain: boolean
  /** One user deletes the account in the middle of it all, and nodes die while what it stored is removed. */
  readonly departure: boolean
  readonly limits: NodeSettings['limits']
  readonly retention: NodeSettings['retention']
  readonly heartbeatMs: number
}

const EVERY_LADDER: readonly (readonly WayName[])[] = [
  ['tcp', 'ws', 'http'],
  ['tcp', 'http'],
  ['ws', 'http'],
  ['http', 'tcp'],
  ['tcp'],
  ['ws'],
  ['http'],
]

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

const ALL_BYTES = { keepBytes: Number.POSITIVE_INFINITY }
const KEEP_ALL = { keepMs: 30 * DAY_MS, keepItems: 1_000_000, ...ALL_BYTES }
/** Retention of seconds, so that there is something to trim while much else goes on. */
export const BRIEF = { keepMs: 15_000, keepItems: 20, everyMs: 4_000, ...ALL_BYTES }

/** Rates that people here do reach. What would keep one out for hours stays off. */
const TIGHT: NodeSettings['limits'] = {
  // More than the window of 64 at once: with less a client that goes back over its window gets through too slowly for the end of a run.
  'requests-device': { amount: 20, unit: 's', burst: 70 },
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

export function drawSetup(random: Random, only?: Partial<Setup>): Setup {
  const pick = <T>(of: readonly T[]): T => of[random.integer(of.length)] as T
  const store = only?.store ?? pick(STORE_KINDS)
  const calm = random.fraction() < 0.25
  const isCrowded = random.fraction() < 0.1
  const userCount = isCrowded ? 3 : 3 + random.integer(3)
  const isRestored = !calm && random.fraction() < 0.2
  // What a wrong clock takes for old may be young: where messages are trimmed, clocks are right.
  const retention = !isRestored && random.fraction() < 0.25 ? pick([BRIEF, { ...BRIEF, keepItems: 0 }]) : KEEP_ALL
  const bad = (value: number): number => (calm ? 0 : value)
  const setup: Omit<Setup, 'sliceTargets' | 'vain'> = {
    store,
    nodes: store === 'embedded' ? 1 : 2 + random.integer(2),
    users: Array.from({ length: userCount }, (_, index) =>
      isCrowded && index === 0 ? DEVICES_MAX - random.integer(2) : 1 + random.integer(random.fraction() < 0.3 ? 3 : 2),
    ),
    neighbours: pick([0, 2, 3]),
    chaosMs: 25_000 + random.integer(45_000),
    actMs: pick([400, 800, 1_600]),
    network: {
      latencyMs: pick([1, 10, 40, 150]),
      jitterMs: pick([0, 5, 40, 400]),
      bytesPerMs: pick([1_000, 50, 10]),
      windowBytes: pick([1_000_000, 65_536, 4_096, 700]),
      fragmented: pick([0, 0.2, 0.9]),
      doomed: bad(pick([0.1, 0.4, 0.9])),
      doomMs: pick([1_000, 5_000, 20_000]),
      lostSyn: bad(pick([0, 0.1])),
    },
    ladders: pick([[['tcp']], [['tcp', 'ws', 'http']], EVERY_LADDER, EVERY_LADDER]),
    wayMs: calm ? Number.POSITIVE_INFINITY : pick([Number.POSITIVE_INFINITY, 6_000, 20_000]),
    http: {
      lost: bad(pick([0, 0.02, 0.1])),
      twice: bad(pick([0, 0.1, 0.5])),
      foreign: bad(pick([0, 0.02, 0.1])),
      patienceMs: pick([Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 10_000]),
    },
    pollMs: pick([25_000, 8_000]),
    storeWeather: {
      readMs: pick([0.2, 2, 10]),
      commitMs: pick([0.5, 5, 30]),
      syncMs: store === 'embedded' ? pick([1, 20, 200, 1_500]) : 0,
      lostAnswer: store === 'embedded' ? 0 : bad(pick([0, 0.01, 0.1])),
      failedRead: store === 'embedded' ? 0 : bad(pick([0, 0.01, 0.05])),
      slow: bad(pick([0, 0.01])),
      out: false,
    },
    outageMs: store === 'embedded' || calm ? Number.POSITIVE_INFINITY : pick([Number.POSITIVE_INFINITY, 8_000, 25_000]),
    eventMs: pick([1, 20, 300]),
    eventsLost: bad(pick([0, 0.05, 0.5])),
    sweepMs: 4_000,
    restoreMs: isRestored ? 8_000 + random.integer(10_000) : undefined,
    nodeKillMs: calm ? Number.POSITIVE_INFINITY : pick([5_000, 12_000, 40_000]),
    misfortune: bad(pick([0, 0.03, 0.1])),
    phoneWriteMs: pick([0.5, 5, 50]),
    phoneWriteFails: bad(pick([0, 0, 0.002])),
    clockJumpMs: retention !== KEEP_ALL ? 0 : bad(pick([0, 0, 0, 30 * MINUTE_MS, 7 * HOUR_MS, 100 * DAY_MS])),
    calendarMs: pick([Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 15_000]),
    phonesMax: isCrowded ? DEVICES_MAX + 1 : 4,
    restless: pick([1, 1, 8]),
    // Who goes between backup and restore would be there again, and nobody would know it.
    departure: !isRestored && random.fraction() < 0.15,
    limits: pick(['open', 'open', TIGHT]),
    retention,
    heartbeatMs: pick([10_000, 30_000]),
  }
  return { ...setup, sliceTargets: setup.neighbours === 0 ? SLICE_TARGETS : 1, vain: false, ...only }
}

/** No more faults: what is broken is to heal. */
export function calmed(setup: Setup): Setup {
  return {
    ...setup,
    network: { ...setup.network, jitterMs: Math.min(setup.network.jitterMs, 40), doomed: 0, lostSyn: 0 },
    storeWeather: { ...setup.storeWeather, lostAnswer: 0, failedRead: 0, slow: 0 },
    http: { ...setup.http, lost: 0, twice: 0, foreign: 0 },
    wayMs: Number.POSITIVE_INFINITY,
    eventsLost: 0,
    misfortune: 0,
    phoneWriteFails: 0,
    nodeKillMs: Number.POSITIVE_INFINITY,
    outageMs: Number.POSITIVE_INFINITY,
    clockJumpMs: 0,
  }
}
