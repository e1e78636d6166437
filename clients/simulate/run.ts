/**
 * A whole run: starts a server, signs everybody in, makes friends, sends messages, and says how it went. However it ends,
 * nothing is left behind: no process, no folder.
 *
 *   server ─► login ─► friends ─► messages ─► unread, look in ─► verdict ─► clients close, server stops, folder goes
 *      └─────────┴────────┴──────────┴─────────┴── failure: the server ends by itself, a client stops, nothing moves, Ctrl-C
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '../../src/lib/clock.js'
import { messageOf } from '../../src/lib/error-message.js'
import { type Random, seededRandom, systemRandom } from '../../src/lib/random.js'
import type { ServerAddress } from '../../src/ops/address.js'
import { TRANSPORTS, transportTo } from '../../src/ops/dial.js'
import { countsOf } from '../../src/ops/role-options.js'
import { DEVICES_MAX } from '../../src/sync/rules/records.js'
import { BOARD_LISTENERS, BoardOpening } from './board-opening.js'
import { BoardTraffic } from './board-traffic.js'
import { Chaos } from './chaos.js'
import { Churn } from './churn.js'
import { ClusterProcess } from './cluster-process.js'
import { Crowd, type Person } from './crowd.js'
import { FirstScreens } from './first-screens.js'
import { Friendships } from './friendships.js'
import { type Circle, Gathering, makeCircles } from './gathering.js'
import { type Graph, makeGraph } from './graph.js'
import { GroupTraffic } from './group-traffic.js'
import { Inspection } from './inspection.js'
import { WIDER_LIMITS } from './limited.js'
import type { Settings } from './options.js'
import type { Phase } from './phase.js'
import { reach } from './reach.js'
import { Reading } from './reading.js'
import { Recalls } from './recalls.js'
import type { Outcome } from './report.js'
import { ServerProcess } from './server-process.js'
import { Together } from './together.js'
import { Traffic } from './traffic.js'
import { UnreadCheck } from './unread-check.js'

/** The time without progress after which a run is stuck. It is longer than any wait of the library on a connection that works. */
const STUCK_MS = 40_000

const PROGRESS_MS = 1_000

/** The time after which, with --transport mixed, some devices move to networks where another transport is the best that works. */
const MOVE_EVERY_MS = 500

/** The number of fault periods over which messages are spread, so that there is always something under way to be hit. */
const PERIODS_MIN = 3

/** The messages of a conversation that devices keep where messages are taken back. */
const HISTORY_KEPT = 500

/** The time over which the messages of groups are spread at least, so that members can come and go between them. */
const CHURN_MS_MIN = 3_000

/** The facts known of a run while it goes on. */
interface Known {
  graph: Graph
  loginSeconds: number
  traffic: Traffic | undefined
  groupTraffic: GroupTraffic | undefined
  boardTraffic: BoardTraffic | undefined
  unreadCheck: UnreadCheck | undefined
  firstScreens: FirstScreens | undefined
  inspection: Inspection | undefined
  cpuBeforeMs: number | undefined
  cpuAfterMs: number | undefined
}

export class Run {
  readonly #settings: Settings
  readonly #clock: Clock
  readonly #tell: (line: string) => void
  /**
   * Randomness for the graph and for the faults: one source each, so that the one does not depend on how often the other draws.
   */
  readonly #graphRandom: Random
  readonly #faultRandom: Random
  readonly #recalls: Recalls
  readonly #failed: Promise<string>
  #fail: (message: string) => void = () => {}
  #failure: string | undefined
  #server: ServerProcess | ClusterProcess | undefined
  #crowd: Crowd | undefined
  #chaos: Chaos | undefined
  #dataFolder: string | undefined
  #circles: readonly Circle[] = []
  #boards: readonly Circle[] = []

  /** @param tell takes a line of progress */
  constructor(settings: Settings, clock: Clock, tell: (line: string) => void) {
    this.#settings = settings
    this.#clock = clock
    this.#tell = tell
    this.#graphRandom = seededRandom(`graph ${settings.seed}`)
    this.#faultRandom = seededRandom(`faults ${settings.seed}`)
    this.#recalls = new Recalls(settings.recalls, hex(systemRandom.bytes(4)))
    this.#failed = new Promise(resolve => {
      this.#fail = resolve
    })
  }

  /** Ends the run; the first reason counts. */
  fail(message: string): void {
    this.#failure ??= message
    this.#fail(message)
  }

  /** Leaves nothing behind and does not wait: for the exit of this process. */
  abandon(): void {
    this.#server?.abandon()
    this.#removeData()
  }

  /** Runs to the end; never rejects. */
  async toItsEnd(): Promise<Outcome> {
    const { users, friends, seed, transport } = this.#settings
    const known: Known = {
      graph: makeGraph(users, friends, this.#graphRandom),
      loginSeconds: 0,
      traffic: undefined,
      groupTraffic: undefined,
      boardTraffic: undefined,
      unreadCheck: undefined,
      firstScreens: undefined,
      inspection: undefined,
      cpuBeforeMs: undefined,
      cpuAfterMs: undefined,
    }
    try {
      await this.#phases(known)
    } catch (error) {
      this.fail(messageOf(error))
    }
    const {
      graph,
      traffic,
      groupTraffic,
      boardTraffic,
      loginSeconds,
      cpuBeforeMs,
      cpuAfterMs = this.#server?.cpuMs(),
    } = known
    traffic?.end()
    groupTraffic?.end()
    boardTraffic?.end()
    known.unreadCheck?.end()
    await known.firstScreens?.end()
    const verdict = traffic?.auditor.verdict()
    const groupVerdict = groupTraffic?.auditor.verdict()
    const boardVerdict = boardTraffic?.auditor.verdict()
    await known.inspection?.end()
    await this.#clean()
    return {
      users,
      friendships: graph.friendships,
      verdict,
      groupVerdict,
      recalled: this.#recalls.taken.length,
      recallLeaks: known.inspection?.leaks ?? [],
      unreadWrong: known.unreadCheck?.wrong ?? [],
      boardVerdict,
      firstScreenWrong: known.firstScreens?.wrong ?? [],
      seconds: traffic?.seconds ?? 0,
      loginSeconds,
      serverCpuMs: cpuBeforeMs === undefined || cpuAfterMs === undefined ? undefined : cpuAfterMs - cpuBeforeMs,
      seed,
      store: this.#server === undefined ? undefined : this.#settings.store,
      transport,
      onlineBy: this.#crowd?.onlineBy ?? new Map(),
      switches: this.#crowd?.switches ?? 0,
      kills: this.#server?.kills ?? 0,
      failovers: this.#cluster?.failovers,
      lostBytes: this.#cluster?.lostBytes,
      nodes: this.#server === undefined ? undefined : this.#nodes,
      roles: this.#server === undefined ? undefined : this.#settings.roles,
      failure: this.#failure,
      setbacks: this.#crowd?.setbacks ?? 0,
      failures: summed(traffic?.failures, groupTraffic?.failures, this.#recalls.refusals),
    }
  }

  async #phases(known: Known): Promise<void> {
    const { server: named, httpPort, transport } = this.#settings
    if (named !== undefined && transport !== 'ws' && transport !== 'http') await reach(named, '--server', this.#clock)
    if (named !== undefined && transport !== 'tcp') {
      await reach({ host: named.host, port: httpPort }, '--http-port', this.#clock)
    }
    const crowd = named === undefined ? await this.#startServer() : this.#makeCrowd([named], httpPort)
    this.#crowd = crowd
    this.#chaos = this.#makeChaos(crowd)
    this.#chaos.begin()
    const startedMs = this.#clock.monotonic()
    if (!(await this.#watch(crowd))) return
    known.loginSeconds = (this.#clock.monotonic() - startedMs) / 1000
    if (!(await this.#watch(new Friendships(crowd.people, known.graph, message => this.fail(message))))) return
    const { groups, boards } = this.#settings
    let unanswered = 1 + (groups > 0 ? 1 : 0) + (boards > 0 ? 1 : 0)
    // Otherwise the last few would be chased for ever by a server that is up for a second at a time.
    const onAllAnswered = (): void => {
      if (--unanswered === 0) void this.#chaos?.end()
    }
    if (groups > 0) {
      known.groupTraffic = await this.#gather(crowd.people, onAllAnswered)
      if (known.groupTraffic === undefined) return
    }
    if (boards > 0) {
      known.boardTraffic = await this.#openBoards(crowd.people, onAllAnswered)
      if (known.boardTraffic === undefined) return
    }
    const traffic = this.#makeTraffic(crowd.people, known.graph, onAllAnswered)
    known.traffic = traffic
    known.cpuBeforeMs = this.#server?.cpuMs()
    const { groupTraffic, boardTraffic } = known
    const { people } = crowd
    const { friends } = known.graph
    const spec = { people, friends, circles: this.#circles, auditor: traffic.auditor, clock: this.#clock }
    const reading = new Reading(spec)
    reading.begin()
    const all = [traffic, groupTraffic, boardTraffic].filter(phase => phase !== undefined)
    const isDone = await this.#watch(new Together('messages', all))
    reading.end()
    known.cpuAfterMs = this.#server?.cpuMs()
    if (!isDone) return
    const groupAuditor = groupTraffic?.auditor
    known.unreadCheck = new UnreadCheck({ ...spec, groupAuditor, reading, recalls: this.#recalls })
    if (!(await this.#watch(known.unreadCheck))) return
    // Who has as many devices as one may have gets no other.
    if (this.#settings.devices < DEVICES_MAX) {
      const boardAuditor = boardTraffic?.auditor
      const { friends, circles } = spec
      known.firstScreens = new FirstScreens({
        ...{ crowd, friends, circles },
        boards: this.#boards,
        boardAuditor,
        clock: this.#clock,
      })
      if (!(await this.#watch(known.firstScreens))) return
    }
    if (groupTraffic === undefined || this.#settings.recalls === 0) return
    known.inspection = this.#makeInspection(crowd, groupTraffic)
    await this.#watch(known.inspection)
  }

  /** Runs a phase under observation. @returns false if it is not to go on */
  async #watch(phase: Phase): Promise<boolean> {
    const startedMs = this.#clock.monotonic()
    let steps = phase.steps
    let movedMs = startedMs
    const tell = (): void => {
      const seconds = ((this.#clock.monotonic() - startedMs) / 1000).toFixed(1)
      this.#tell(`${phase.name.padEnd(9)}${seconds.padStart(6)} s  ${phase.progress()}${this.#faults()}`)
    }
    const look = (): void => {
      timer = this.#clock.after(PROGRESS_MS, look)
      tell()
      if (phase.steps !== steps) movedMs = this.#clock.monotonic()
      steps = phase.steps
      if (this.#clock.monotonic() - movedMs < STUCK_MS) return
      const limits = this.#settings.server === undefined ? '' : `; if it is for its limits, ${WIDER_LIMITS}`
      this.fail(`nothing was done for ${STUCK_MS / 1000} s (${phase.name}: ${phase.progress()})${limits}`)
    }
    let timer = this.#clock.after(PROGRESS_MS, look)
    try {
      await Promise.race([phase.run(), this.#failed])
    } finally {
      timer.cancel()
    }
    tell()
    return this.#failure === undefined
  }

  async #startServer(): Promise<Crowd> {
    const dataFolder = mkdtempSync(join(tmpdir(), 'longwire-simulate-'))
    this.#dataFolder = dataFolder
    const server = this.#makeServer(dataFolder)
    this.#server = server
    await server.start()
    if (this.#failure !== undefined) throw new Error(this.#failure)
    const { store, seed } = this.#settings
    const where = server.addresses.map(({ host, port }) => `${host}:${port}`).join(', ')
    this.#tell(`server    on ${where}, store ${store}, seed ${seed}`)
    return this.#makeCrowd(server.addresses)
  }

  get #cluster(): ClusterProcess | undefined {
    return this.#server instanceof ClusterProcess ? this.#server : undefined
  }

  /** The number of servers that are started. */
  get #nodes(): number {
    const { nodes, access } = countsOf(this.#settings)
    return nodes + access
  }

  #makeServer(dataFolder: string): ServerProcess | ClusterProcess {
    const { store, roles, nodes, redisReplicas, kill } = this.#settings
    const onDeath = (message: string): void => this.fail(message)
    const shared = { dataFolder, clock: this.#clock, onDeath }
    if (store === 'lmdb' || store === 'memory') return new ServerProcess({ ...shared, store })
    const redisCluster = store === 'redis-cluster'
    return new ClusterProcess({
      ...shared,
      nodes,
      roles,
      redisCluster,
      redisReplicas,
      target: kill,
      random: this.#faultRandom,
    })
  }

  /** @param httpPort of a server that has another port for the short side */
  #makeCrowd(servers: readonly ServerAddress[], httpPort?: number): Crowd {
    const { users, devices, recalls, transport, killEvery, dropEvery, cutLinksEvery } = this.#settings
    const names = transport === 'mixed' ? TRANSPORTS : [transport]
    return new Crowd({
      users,
      devices,
      // The auditor keeps numbers; nobody reads the texts again, except those that must not be left.
      kept: recalls > 0 ? HISTORY_KEPT : 0,
      transports: servers.map(server => names.map(name => transportTo(name, server, httpPort ?? server.port))),
      faults: killEvery > 0 || dropEvery > 0 || cutLinksEvery > 0 || transport === 'mixed',
      tag: hex(systemRandom.bytes(4)),
      password: hex(systemRandom.bytes(16)),
      clock: this.#clock,
      random: this.#faultRandom,
      onFailure: message => this.fail(message),
    })
  }

  #makeChaos(crowd: Crowd): Chaos {
    const { killEvery, dropEvery, cutLinksEvery } = this.#settings
    return new Chaos({
      cutLinksEveryMs: cutLinksEvery * 1000,
      killEveryMs: killEvery * 1000,
      dropEveryMs: dropEvery * 1000,
      moveEveryMs: this.#moveEveryMs,
      server: this.#server,
      devices: () => crowd.people.flatMap(person => person.devices),
      clock: this.#clock,
      random: this.#faultRandom,
      onFailure: message => this.fail(message),
    })
  }

  /** Makes the groups. @returns what is to go on in them; undefined if the run is not to */
  async #gather(people: readonly Person[], onAllAnswered: () => void): Promise<GroupTraffic | undefined> {
    const { groups, groupSize, groupMessages, texts, churn: churns } = this.#settings
    const clock = this.#clock
    const onFailure = (message: string): void => this.fail(message)
    const circles = makeCircles(people, groups, groupSize, this.#graphRandom)
    this.#circles = circles
    const churn = churns ? new Churn({ circles, people, clock, random: this.#faultRandom, onFailure }) : undefined
    const spreadMs = churns ? Math.max(CHURN_MS_MIN, this.#spreadMs) : this.#spreadMs
    const recalls = this.#recalls
    const spec = { people, circles, messages: groupMessages, texts, spreadMs, clock, churn, recalls }
    const traffic = new GroupTraffic({ ...spec, onAllAnswered })
    traffic.listen()
    const gathering = new Gathering(circles, people, onFailure)
    return (await this.#watch(gathering)) ? traffic : undefined
  }

  /** Makes the boards. @returns what is to go on there; undefined if the run is not to */
  async #openBoards(people: readonly Person[], onAllAnswered: () => void): Promise<BoardTraffic | undefined> {
    const { boards: count, users, messages: posts, texts } = this.#settings
    const onFailure = (message: string): void => this.fail(message)
    const boards = makeCircles(people, count, Math.min(BOARD_LISTENERS, users), this.#graphRandom)
    this.#boards = boards
    if (!(await this.#watch(new BoardOpening(boards, onFailure)))) return undefined
    const spec = { boards, posts, texts, spreadMs: this.#spreadMs, clock: this.#clock }
    return new BoardTraffic({ ...spec, onAllAnswered, onFailure })
  }

  #makeInspection(crowd: Crowd, { auditor }: GroupTraffic): Inspection {
    const folder = this.#settings.store === 'lmdb' ? this.#dataFolder : undefined
    return new Inspection({ crowd, auditor, recalls: this.#recalls, folder, clock: this.#clock })
  }

  #makeTraffic(people: readonly Person[], graph: Graph, onAllAnswered: () => void): Traffic {
    const { messages, texts } = this.#settings
    return new Traffic({
      speakers: people.map(({ number, uid, devices }) => ({
        uid,
        friends: (graph.friends[number] ?? []).map(friend => people[friend]?.uid ?? 0),
        devices: devices.map(({ client }) => ({ number: client.account.device, talker: client })),
      })),
      messages,
      texts,
      spreadMs: this.#spreadMs,
      clock: this.#clock,
      onAllAnswered,
    })
  }

  get #spreadMs(): number {
    const { killEvery, dropEvery, cutLinksEvery } = this.#settings
    return PERIODS_MIN * Math.max(Math.max(killEvery, dropEvery, cutLinksEvery) * 1000, this.#moveEveryMs)
  }

  get #moveEveryMs(): number {
    return this.#settings.transport === 'mixed' ? MOVE_EVERY_MS : 0
  }

  #faults(): string {
    const { killEvery, dropEvery } = this.#settings
    const faults: string[] = []
    if (killEvery > 0) faults.push(`; ${this.#server?.kills ?? 0} kills`)
    if (dropEvery > 0) faults.push(`; ${this.#chaos?.cuts ?? 0} cuts`)
    if (this.#moveEveryMs > 0) faults.push(`; ${this.#crowd?.switches ?? 0} switches`)
    return faults.join('')
  }

  async #clean(): Promise<void> {
    try {
      await this.#chaos?.end()
      await this.#crowd?.close()
      const wrong = await this.#server?.stop()
      if (wrong !== undefined) this.fail(wrong)
    } catch (error) {
      this.fail(messageOf(error))
    }
    this.#removeData()
  }

  #removeData(): void {
    if (this.#dataFolder !== undefined) rmSync(this.#dataFolder, { recursive: true, force: true })
  }
}

function summed(...counts: readonly (ReadonlyMap<string, number> | undefined)[]): Map<string, number> {
  const sum = new Map<string, number>()
  for (const each of counts) for (const [name, count] of each ?? []) sum.set(name, (sum.get(name) ?? 0) + count)
  return sum
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
