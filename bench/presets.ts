/** The lengths and sizes of the measurements. */

export interface Preset {
  readonly name: 'full' | 'quick' | 'tiny'
  /** Every figure is the median of so many rounds, in which what is compared takes turns. */
  readonly rounds: number
  /** The time of load before a window, in which code is compiled and buffers grow. */
  readonly warmMs: number
  /** The length of a window, in which is measured. */
  readonly windowMs: number
  /** (a) connections with one request in flight on each. */
  readonly callers: readonly number[]
  /** (b) rounds of its own: its figures are compared with others' of the same run. */
  readonly messageRounds: number
  readonly pairs: number
  readonly inFlight: readonly number[]
  /** (e) keep-alive connections with one request in flight on each. */
  readonly httpCallers: readonly number[]
  /** (g) pairs that talk, and logins offered meanwhile. */
  readonly talkers: number
  readonly loginsPerSecond: number
  /** (n) users who type. */
  readonly typists: number
  /** (h) each of the two windows of an attack. */
  readonly attackWindowMs: number
  /** (d) the numbers of connections at which memory is read. */
  readonly idleCounts: readonly number[]
  /** (d) rounds of their own, for each takes minutes. */
  readonly idleRounds: number
  /** (d) the time between the last login and the reading. */
  readonly idleMs: number
  /** (d) the time after which the engine's cache of records is gone, before the compacted reading. */
  readonly cacheGoneMs: number
  /** (d) readings in a row that must be the same. */
  readonly settledReadings: number
  /** (k) pages in a row, by which one is measured; new devices, and the items that each reads. */
  readonly pageTurns: number
  readonly syncDevices: number
  readonly syncItems: number
  /** (cluster) those who send to one user at once. */
  readonly hotSenders: number
  /** (cluster) users with ten friends each whose memory is read, and messages of each pair of them. */
  readonly memoryUsers: number
  readonly memoryMessages: number
  /** (cluster) the users and friends of `simulate`, each of whom sends 5 messages to each friend. */
  readonly replayUsers: number
  readonly replayFriends: number
  /** (groups) the members who are connected; the groups that nobody uses, and how long nothing is done; the reactions to one message. */
  readonly crowd: number
  readonly idleGroups: number
  readonly idleGroupsMs: number
  readonly reactions: number
  readonly reactionsMs: number
  /** (soak) the time between two samples; an hour has 360 of them. */
  readonly soakSampleMs: number
}

/** The engine keeps a record that nobody uses for at most two generations of 30 s. */
const CACHE_GONE_MS = 65_000

export const FULL: Preset = {
  name: 'full',
  rounds: 3,
  warmMs: 1_500,
  windowMs: 3_000,
  callers: [100, 1_000],
  messageRounds: 5,
  pairs: 500,
  inFlight: [1, 10],
  httpCallers: [100, 1_000],
  talkers: 50,
  loginsPerSecond: 100,
  typists: 1_000,
  attackWindowMs: 4_000,
  idleCounts: [2_000, 10_000, 19_000],
  idleRounds: 5,
  idleMs: 3_000,
  cacheGoneMs: CACHE_GONE_MS,
  settledReadings: 3,
  pageTurns: 300,
  syncDevices: 200,
  syncItems: 10_000,
  hotSenders: 64,
  memoryUsers: 1_000,
  memoryMessages: 100,
  replayUsers: 1_000,
  replayFriends: 30,
  crowd: 500,
  idleGroups: 10_000,
  idleGroupsMs: 30_000,
  reactions: 500,
  reactionsMs: 10_000,
  soakSampleMs: 10_000,
}

/** A look: one round, three of (b), and fewer idle connections. */
export const QUICK: Preset = {
  ...FULL,
  name: 'quick',
  rounds: 1,
  messageRounds: 3,
  warmMs: 1_000,
  windowMs: 2_000,
  idleCounts: [500, 2_000, 4_000],
  idleRounds: 1,
}

/** Whether the benchmark itself works; its figures mean nothing. */
export const TINY: Preset = {
  ...QUICK,
  name: 'tiny',
  messageRounds: 1,
  warmMs: 50,
  windowMs: 200,
  callers: [10],
  pairs: 5,
  httpCallers: [5],
  talkers: 3,
  typists: 6,
  attackWindowMs: 200,
  idleCounts: [10, 30, 60],
  idleMs: 0,
  cacheGoneMs: 0,
  settledReadings: 1,
  pageTurns: 3,
  syncDevices: 10,
  syncItems: 600,
  hotSenders: 8,
  memoryUsers: 24,
  memoryMessages: 10,
  replayUsers: 12,
  replayFriends: 4,
  crowd: 12,
  idleGroups: 40,
  idleGroupsMs: 300,
  reactions: 24,
  reactionsMs: 500,
  soakSampleMs: 250,
}
