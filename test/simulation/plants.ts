/**
 * Bugs that are put in on purpose, to see that the simulation finds them. Each takes hold from outside, by a wrapper or by what
 * is injected anyway: the product has no switches for them.
 */

import type { Client } from '../../clients/typescript/api/client.js'
import type { Transport } from '../../clients/typescript/transports/transport.js'
import { CODES } from '../../protocol/codes.js'
import type { Connection } from '../../src/connection/connection.js'
import type { Clock } from '../../src/lib/clock.js'
import type { Random } from '../../src/lib/random.js'
import type { NodeSettings } from '../../src/node/options.js'
import { MemoryDisk } from '../../src/store/memory/disk.js'
import type { Actor, Expectation, Put, RouteChange, Store, Unit } from '../../src/store/types.js'
import type { NodeEvent } from '../../src/sync/events.js'
import { pairIn } from '../../src/sync/record-kinds.js'
import { contiguous, type SequenceRule } from '../../src/sync/rules/numbered.js'
import type { Stamps } from '../../src/sync/stamps.js'
import {
  fannedOutTwice,
  leftInOne,
  paidToPresent,
  refusedByFullOutbox,
  shownToFormer,
  skipped,
  stillTold,
  subtracting,
  toldAtAcceptance,
  unnoted,
} from './group-plants.js'
import { NEXT_FORMS } from './next-forms.js'
import type { Handle } from './node.js'
import type { Written } from './phone-disk.js'
import type { Process } from './process.js'
import { WITH_ROOMS } from './room-convergence.js'
import { confirmedLess, postingTwice } from './room-plants.js'
import { BRIEF, NARROW_BYTES, type Setup, WITH_GROUPS } from './setup.js'
import { answersOfTheOld, forgetfulSwitch, ruleless, swallowingPolls } from './transport-plants.js'

export interface Plant {
  /** A world in which it can show: only what every world may have. */
  readonly setup?: Partial<Setup>
  readonly disk?: (...given: ConstructorParameters<typeof MemoryDisk>) => MemoryDisk
  readonly store?: (store: Store) => Store
  readonly stamps?: (random: Random) => Stamps
  /** The newest forms that a node writes, in the place of those that all nodes read. */
  readonly forms?: () => number
  /** The clock of a node. */
  readonly clock?: (process: Process) => Clock
  readonly sequence?: SequenceRule
  /** Whether an event is told to other nodes. */
  readonly tells?: (event: NodeEvent) => boolean
  readonly retention?: (settings: NodeSettings['retention']) => NodeSettings['retention']
  /** Changes a connection that a node accepts. */
  readonly connection?: (connection: Connection) => void
  /** Around the short side of a node. */
  readonly short?: (handle: Handle) => Handle
  readonly transport?: (transport: Transport, client: () => Client | undefined) => Transport
  /** What the disk of a new device makes of what is written to it. */
  readonly guestWrites?: (written: Written) => Written
}

/** An embedded store whose writes are answered when they can be read, and not when they are durable. */
class HastyDisk extends MemoryDisk {
  override whenDurable(_applied: number, run: () => void): void {
    run()
  }
}

/** A store after whose failover the numbers go on where they were. */
class EpochlessDisk extends MemoryDisk {
  override newEpoch(partitions?: readonly number[]): void {
    this.sync(partitions)
  }
}

/** A world whose store often loses much of what it had acknowledged, under connections that stay. */
const LOSING: Partial<Setup> = {
  store: 'failover-n0',
  users: [2, 2, 2],
  ladders: [['tcp']],
  actMs: 400,
  vain: true,
  limits: 'open',
  failoverMs: 2_000,
  nodeKillMs: Number.POSITIVE_INFINITY,
  storeWeather: { readMs: 2, commitMs: 5, syncMs: 1_500, lostAnswer: 0, failedRead: 0, slow: 0 },
}

/** A world of phones that climb up and down between their transports. */
const CHANGEABLE: Partial<Setup> = { ladders: [['tcp', 'ws', 'http']], wayMs: 6_000, users: [1, 1, 1], actMs: 400 }

/** Groups, where each user and each group is of another scope. */
const GROUPS: Partial<Setup> = { ...WITH_GROUPS, store: 'partitions' }

/** Groups that owe a partition much: it is down, and outboxes are short. */
const OWING: Partial<Setup> = { ...GROUPS, outboxBytesMax: NARROW_BYTES, downMs: 10_000, neighbours: 0 }

/** A member is removed while the member's partition is down, and the group owes to it what was said before. */
const PARTING: Partial<Setup> = { ...OWING, nodes: 1, users: [1, 1, 1], chaosMs: 40_000, downMs: 20_000, parting: true }

/** Much is reacted to, on a node that is often killed. */
const FORGETFUL: Partial<Setup> = {
  ...GROUPS,
  groups: 0.9,
  users: [1, 1, 1],
  ladders: [['tcp']],
  actMs: 250,
  nodes: 1,
  chaosMs: 50_000,
  nodeKillMs: 7_000,
}

const FAR_AWAY = {
  latencyMs: 150,
  jitterMs: 40,
  bytesPerMs: 50,
  windowBytes: 65_536,
  fragmented: 0.2,
  doomed: 0.4,
  doomMs: 5_000,
  lostSyn: 0,
}

const SLOW_SYNC = { readMs: 2, commitMs: 5, syncMs: 1_500, lostAnswer: 0, failedRead: 0, slow: 0 }

export const PLANTS = {
  'acknowledge before the commit': {
    disk: (...given) => new HastyDisk(...given),
  },
  'read past the durable head': {
    store: hasty,
  },
  'acknowledge before the commit is stable, on a store that fails over': {
    disk: (...given) => new HastyDisk(...given),
    setup: { store: 'failover' },
  },
  'read what is not stable, on a store that fails over': {
    store: hasty,
    setup: { store: 'failover' },
  },
  'an epoch that is never learned, on a store that fails over': {
    store: store => changed(store, { epochOf: () => 1 }),
    setup: { store: 'failover' },
  },
  'a push over what the store has lost': {
    connection: joining,
    setup: LOSING,
  },
  'an epoch that does not begin when the store has lost what it acknowledged': {
    disk: (...given) => new EpochlessDisk(...given),
    setup: LOSING,
  },
  'a delivery taken twice, on a store that loses what it acknowledged': {
    store: doubling,
    setup: LOSING,
  },
  'a head that counts as applied before all of the first screen is stored': {
    guestWrites: written => ({ ...written, values: new Map([...written.values].filter(([name]) => name !== 'state')) }),
  },
  'accept a gap in send_seq': {
    sequence: (window, numbered) => {
      const verdict = contiguous(window, numbered)
      return verdict.kind === 'gap' ? { kind: 'run' } : verdict
    },
  },
  'a stamp that counts': {
    stamps: () => {
      let last = 0
      // Of so few that the same one is soon made by two engines.
      return { next: () => (last = (last % 16) + 1) }
    },
    setup: { store: 'one', eventsLost: 0.5, actMs: 400 },
  },
  'a post taken again when it is repeated': {
    store: store => changed(store, postingTwice(store)),
    setup: { ...WITH_ROOMS, store: 'partitions' },
  },
  'a confirmation that goes back': {
    store: store => committing(store, unit => ({ ...unit, puts: unit.puts.map(confirmedLess) })),
    setup: { ...WITH_ROOMS, store: 'one' },
  },
  'a pair counter not checked': {
    store: store => unexpecting(store, isPairCounter),
  },
  'a delivery taken twice': {
    store: doubling,
  },
  "a fan-out's progress stored before the slice": {
    store: store => committing(store, unit => ({ ...unit, puts: unit.puts.map(ahead) })),
    setup: {
      store: 'one',
      neighbours: 3,
      sliceTargets: 1,
      users: [1, 1, 1, 1],
      actMs: 400,
      nodeKillMs: 5_000,
      limits: 'open',
      vain: true,
    },
  },
  'a push applied without the rule': {
    transport: ruleless,
  },
  'a late copy accepted': {
    sequence: (window, numbered) => {
      const verdict = contiguous(window, numbered)
      const isLate = verdict.kind === 'answer' && verdict.code === CODES.OK.code && numbered.sendSeq === window.last
      return isLate ? { kind: 'run' } : verdict
    },
  },
  "an old transport's answer applied to a new request": {
    transport: answersOfTheOld,
    // Where answers take long, some are still to come when the transport changes.
    setup: { ...CHANGEABLE, limits: 'open', store: 'embedded', network: FAR_AWAY, storeWeather: SLOW_SYNC },
  },
  'a poll that swallows a push': {
    short: swallowingPolls,
    setup: {
      store: 'embedded',
      ladders: [['http']],
      http: { lost: 0.1, twice: 0.1, foreign: 0.1, patienceMs: Number.POSITIVE_INFINITY },
    },
  },
  'a switch that forgets what was in flight': {
    transport: forgetfulSwitch,
    setup: CHANGEABLE,
  },
  'soft cells without an age': {
    store: store => changed(store, { shared: false }),
    setup: { store: 'one', restless: 8, eventsLost: 0.5 },
  },
  'a new form is written while a node lives that does not read it': {
    forms: () => NEXT_FORMS,
    setup: { store: 'partitions', mixed: true },
  },
  // It takes what it knows for as young as it was when it stood still, its lease too.
  'a node that does not notice that it stood still': {
    clock: process => ({ ...process.clock, monotonic: () => process.clock.monotonic() - process.stoodStillMs }),
    setup: { store: 'one', restless: 8, eventsLost: 0.5, stillMs: 8_000 },
  },
  'what is ended is told to no other node': {
    tells: ({ kind }) => kind !== 'ended',
    setup: { store: 'one', ladders: [['tcp']] },
  },
  'what is appended is told to no other node': {
    tells: ({ kind }) => kind !== 'appended',
    store: headless,
    setup: { store: 'one', ladders: [['tcp']] },
  },
  // A Hello reads the timeline itself. So only a client that does not connect again stays behind.
  'routes are not set, and heads are not compared': {
    store: store => headless(unrouted(store)),
    setup: { store: 'one', ladders: [['tcp']] },
  },
  'a route set after the page was read': {
    store: store => headless(routedLate(store)),
    setup: { store: 'one', ladders: [['tcp']] },
  },
  'retention trims what is young': {
    retention: settings => ({ ...settings, keepMs: settings.keepMs / 3 }),
    setup: { retention: BRIEF, clockJumpMs: 0, restoreMs: undefined },
  },
  'retention trims what is of the newest': {
    retention: settings => ({ ...settings, keepItems: settings.keepItems - 1 }),
    setup: { retention: BRIEF, clockJumpMs: 0, restoreMs: undefined },
  },
  'a cached contact trusted after a conflict': {
    store: store => unexpecting(store, ({ name }) => name.startsWith('contact/')),
  },
  "a member's own copy told before its number": {
    store: store => committing(store, toldAtAcceptance()),
    setup: GROUPS,
  },
  'an item of a group fanned out twice': {
    store: store => committing(store, fannedOutTwice),
    setup: GROUPS,
  },
  'an item of a group skipped for one branch': {
    store: store => committing(store, skipped()),
    setup: GROUPS,
  },
  'a member who left a group and is still told': {
    store: store => committing(store, stillTold()),
    setup: GROUPS,
  },
  'a text that was changed is left in one partition': {
    store: store => committing(store, leftInOne()),
    setup: GROUPS,
  },
  'an edit shown to one who had left': {
    store: store => committing(store, shownToFormer),
    setup: GROUPS,
  },
  'what is unread is found by subtraction': {
    store: store => changed(store, subtracting(store)),
    setup: GROUPS,
  },
  'a full outbox refuses the group': {
    store: store => committing(store, refusedByFullOutbox),
    setup: OWING,
  },
  'what is owed is paid to those who are members then': {
    store: store => committing(store, paidToPresent()),
    setup: PARTING,
  },
  'a reaction lost in a crash': {
    store: store => changed(store, unnoted(store)),
    setup: FORGETFUL,
  },
} as const satisfies Record<string, Plant>

export type PlantName = keyof typeof PLANTS

/** Of the records, the one that counts what a target has taken. */
export function isPairCounter({ name }: { readonly name: string }): boolean {
  return name.startsWith('in/')
}

/** In the midst of a fan-out, its progress as it is after the next slice: who reads it after a crash skips that one. */
function ahead(put: Put): Put {
  if (!isPairCounter(put) || put.bytes === null) return put
  const { last, done = 0 } = pairIn.decode(put.bytes)
  return done === 0 ? put : { ...put, bytes: pairIn.encode({ last, done: done + 1 }) }
}

/** The store, but for what is given. */
export function changed(store: Store, changes: Partial<Store>): Store {
  return new Proxy(store, {
    get(_, name) {
      const value: unknown = Reflect.get(name in changes ? changes : store, name)
      return typeof value === 'function' ? value.bind(store) : value
    },
  })
}

/** A store on which what was delivered is taken once more. */
function doubling(store: Store): Store {
  return changed(store, {
    async commit(scope, units) {
      const results = await store.commit(scope, units)
      const taken = units.filter(({ puts }, i) => results[i]?.kind === 'committed' && puts.some(isPairCounter))
      const again = taken.map(unit => ({ ...unit, expect: [], puts: unit.puts.filter(put => !isPairCounter(put)) }))
      if (again.length > 0) await store.commit(scope, again)
      return results
    },
  })
}

/** Each item seems to follow the one that its client has, also if that is no more. */
function joining(connection: Connection): void {
  const appended = connection.appended.bind(connection)
  connection.appended = event => {
    const { stands } = connection
    appended(event.from < stands && stands < event.version ? { ...event, from: stands } : event)
  }
}

/** A store that shows what is not durable. */
function hasty(store: Store): Store {
  return changed(store, {
    async read(...asked) {
      const range = await store.read(...asked)
      return { ...range, durable: range.head }
    },
  })
}

/** A store that commits something else than it is asked to. */
function committing(store: Store, change: (unit: Unit) => Unit): Store {
  return changed(store, { commit: (scope, units) => store.commit(scope, units.map(change)) })
}

/** A store that takes routes and forgets them. */
export function unrouted(store: Store): Store {
  return changed(committing(store, withoutRoutes), { async setRoute() {} })
}

function withoutRoutes(unit: Unit): Unit {
  return { ...unit, routes: [] }
}

/** A store that sets a unit's routes when the actor's log has been read since. */
function routedLate(store: Store): Store {
  const late = new Map<Actor, RouteChange>()
  return changed(store, {
    commit(scope, units) {
      for (const { routes = [] } of units) for (const route of routes) late.set(route.actor, route)
      return store.commit(scope, units.map(withoutRoutes))
    },
    async read(...asked) {
      const range = await store.read(...asked)
      const [actor] = asked
      const route = late.get(actor)
      if (route !== undefined && late.delete(actor)) void store.setRoute(actor, route.node, route.ttlMs).catch(() => {})
      return range
    },
  })
}

/** A store whose heads nobody learns by asking for them alone: comparisons find nothing. Pages tell them. */
function headless(store: Store): Store {
  return changed(store, {
    async read(...asked) {
      const range = await store.read(...asked)
      const [, after] = asked
      return after === Number.MAX_SAFE_INTEGER ? { ...range, head: 0, durable: 0 } : range
    },
  })
}

/** A store that commits without looking at some of what was expected. */
function unexpecting(store: Store, ignored: (expectation: Expectation) => boolean): Store {
  return committing(store, unit => ({ ...unit, expect: unit.expect.filter(each => !ignored(each)) }))
}
