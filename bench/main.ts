/**
 * `npm run bench`: the repeatable measurements that docs/figures.md quotes. Each figure stands beside a baseline that was
 * measured in the same run, in turns. Absolute times differ from machine to machine and from run to run, ratios far less.
 *
 * The servers are processes of their own; this process is the load generator.
 */

import { appendFileSync, existsSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { join, resolve } from 'node:path'
import { complain, EXIT, print } from '../src/cli/command.js'
import { messageOf } from '../src/lib/error-message.js'
import { flag, integer, type OptionValues, text } from '../src/ops/command-options.js'
import { runProgram } from '../test/support/program.js'
import { ATTACK_NAMES, type AttackName } from './attacks/list.js'
import { type AttacksReport, measureAttacks } from './attacks.js'
import { cleanUpAtExit, profileInto } from './children.js'
import { CLUSTER_FIGURES, type ClusterFigure, type ClusterReport, measureCluster } from './cluster.js'
import { clusterTables } from './cluster-report.js'
import { GROUP_FIGURES, type GroupFigure, type GroupsReport, groupsTables, measureGroups } from './groups.js'
import { type HttpReport, measureHttp } from './http.js'
import { measureIdle } from './idle.js'
import { idleTables } from './idle-report.js'
import type { IdleReport } from './idle-row.js'
import { type LinkReport, measureLink } from './link.js'
import { type LoginReport, measureLogin } from './login.js'
import { type MessagesOptions, type MessagesReport, measureMessages } from './messages.js'
import { messagesTables } from './messages-report.js'
import { measurePage, type PageReport, pageTables } from './page.js'
import { PEER_NAMES } from './peers/index.js'
import { FULL, type Preset, QUICK, TINY } from './presets.js'
import { measureRate, type RateReport } from './rate.js'
import {
  attacksTables,
  httpTables,
  linkTables,
  loginTables,
  type Machine,
  machineLine,
  rateTables,
  webSocketTables,
  wireTables,
} from './report.js'
import { measureScreen, type ScreenReport, screenTables } from './screen.js'
import { measureSignals, type SignalsReport, signalsTables } from './signals.js'
import { measureSoak, type SoakReport } from './soak.js'
import { soakPage, soakTables } from './soak-chart.js'
import { measureWebSocket, type WebSocketReport } from './web-socket.js'
import { measureWire, type WireReport } from './wire.js'
import { measureWorkers, type WorkersReport } from './workers.js'
import { workersTables } from './workers-report.js'

/** Letters as in the report, and words: --only takes both. */
const PARTS = {
  a: 'requests',
  b: 'messages',
  c: 'wire',
  d: 'idle',
  e: 'http',
  f: 'ws',
  g: 'login',
  h: 'attacks',
  i: 'link',
  j: 'soak',
  k: 'workers',
  l: 'cluster',
  m: 'groups',
  n: 'signals',
  o: 'screen',
  p: 'page',
} as const

type Part = keyof typeof PARTS

/** Parts that are only measured when they are named: they need an hour or many minutes, or more than a machine has by itself. */
const ONLY_NAMED: ReadonlySet<string> = new Set<Part>(['i', 'j', 'l', 'm', 'n', 'o', 'p'])

const FIGURES: readonly (ClusterFigure | GroupFigure)[] = [...CLUSTER_FIGURES, ...GROUP_FIGURES]

const OPTIONS = {
  only: text(
    Object.keys(PARTS)
      .filter(part => !ONLY_NAMED.has(part))
      .join(','),
    'LIST',
    `which measurements, by letter or word: ${Object.entries(PARTS)
      .map(([letter, word]) => `${letter} ${word}`)
      .join(', ')}`,
  ),
  attacks: text(ATTACK_NAMES.join(','), 'LIST', 'which attacks of (h), by name'),
  figures: text(FIGURES.join(','), 'LIST', 'which figures of the cluster and of groups, by name'),
  peers: text(PEER_NAMES.join(','), 'LIST', 'which servers of (b), by name; those that are not installed are left out'),
  against: text('', 'FOLDER', 'in (b), (d) and (m) the server of this checkout, which is built, takes turns with ours'),
  quick: flag('short rounds: three of (b), one of the others; without it five and three'),
  minutes: integer(60, 1, 10_000, 'N', 'how long the soak lasts'),
  chart: text('soak.html', 'FILE', 'where the chart of the soak is written'),
  json: flag('the last line of standard output, and the only one, is one JSON object'),
  tiny: flag('whether the benchmark itself works, in seconds; the figures mean nothing'),
  profile: text('', 'FOLDER', 'each server leaves a processor profile there, which makes it slower'),
} as const

export interface BenchReport {
  readonly machine: Machine
  readonly preset: Preset['name']
  readonly rounds: number
  readonly a?: RateReport
  readonly b?: MessagesReport
  readonly c?: WireReport
  readonly d?: IdleReport
  readonly e?: HttpReport
  readonly f?: WebSocketReport
  readonly g?: LoginReport
  readonly h?: AttacksReport
  readonly i?: LinkReport
  readonly j?: SoakReport
  readonly k?: WorkersReport
  readonly l?: ClusterReport
  readonly m?: GroupsReport
  readonly n?: SignalsReport
  readonly o?: ScreenReport
  readonly p?: PageReport
}

process.exitCode = await runProgram(
  { name: 'bench', options: OPTIONS, words: '[PART ...]', exitCodes: '0 done, 1 it failed', run: main },
  process.argv.slice(2),
)

async function main(values: OptionValues<typeof OPTIONS>, words: readonly string[]): Promise<number> {
  const parts = new Set<Part>()
  for (const name of words.length > 0 ? words : values.only.split(',')) {
    const part = partOf(name)
    if (part === undefined) {
      complain(`a part must be one of ${Object.entries(PARTS).flat().join(', ')}, not ${JSON.stringify(name)}`)
      return EXIT.USAGE
    }
    parts.add(part)
  }
  const attacks = chosen('--attacks', values.attacks, ATTACK_NAMES)
  const peers = chosen('--peers', values.peers, PEER_NAMES)
  const figures = chosen('--figures', values.figures, FIGURES)
  if (attacks === undefined || peers === undefined || figures === undefined) return EXIT.USAGE
  const against = values.against === '' ? undefined : resolve(values.against)
  if (against !== undefined && !existsSync(join(against, 'dist/src/main.js'))) {
    complain(`--against must be the root of a checkout that is built, not ${JSON.stringify(values.against)}`)
    return EXIT.USAGE
  }
  if (parts.has('j') && !isWritable(values.chart)) return EXIT.USAGE
  cleanUpAtExit()
  if (values.profile !== '') profileInto(values.profile)
  await run(values, parts, { attacks, figures, messages: { peers, against } })
  // Sockets and servers that are still there are ended with the process.
  process.exit(EXIT.OK)
}

/** Whether the file can be written. Asked before an hour is spent on what it is to hold; complains if not. */
function isWritable(file: string): boolean {
  try {
    appendFileSync(file, '')
    return true
  } catch (error) {
    complain(`--chart must be a file that can be written: ${messageOf(error)}`)
    return false
  }
}

/** What is chosen within parts. */
interface Chosen {
  readonly attacks: ReadonlySet<AttackName>
  readonly figures: ReadonlySet<ClusterFigure | GroupFigure>
  readonly messages: MessagesOptions
}

async function run(
  options: OptionValues<typeof OPTIONS>,
  parts: ReadonlySet<Part>,
  { attacks, figures, messages }: Chosen,
): Promise<void> {
  const preset = options.tiny ? TINY : options.quick ? QUICK : FULL
  const show = (text: string): void => {
    if (!options.json) print(`${text}\n`)
  }
  const machine = {
    cpu: cpus()[0]?.model ?? '',
    cores: cpus().length,
    memory_gib: Math.round(totalmem() / 2 ** 30),
    node: process.version,
  }
  show(machineLine(machine, preset))
  let report: BenchReport = { machine, preset: preset.name, rounds: preset.rounds }
  if (parts.has('a')) {
    const a = await measureRate(preset, say)
    show(rateTables(a))
    report = { ...report, a }
  }
  if (parts.has('b')) {
    const b = await measureMessages(preset, messages, say)
    show(messagesTables(b))
    report = { ...report, b }
  }
  if (parts.has('c')) {
    const c = await measureWire(say)
    show(wireTables(c))
    report = { ...report, c }
  }
  if (parts.has('d')) {
    const d = await measureIdle(preset, messages.against, say)
    show(idleTables(d))
    report = { ...report, d }
  }
  if (parts.has('e')) {
    const e = await measureHttp(preset, say)
    show(httpTables(e))
    report = { ...report, e }
  }
  if (parts.has('f')) {
    const f = await measureWebSocket(preset, say)
    show(webSocketTables(f))
    report = { ...report, f }
  }
  if (parts.has('g')) {
    const g = await measureLogin(preset, say)
    show(loginTables(g))
    report = { ...report, g }
  }
  if (parts.has('h')) {
    const h = await measureAttacks(preset, attacks, say)
    show(attacksTables(h))
    report = { ...report, h }
  }
  if (parts.has('i')) {
    const i = await measureLink(preset, say)
    if (i !== undefined) {
      show(linkTables(i))
      report = { ...report, i }
    }
  }
  if (parts.has('j')) {
    const j = await measureSoak(preset, options.minutes, say)
    writeFileSync(options.chart, soakPage(j, machineLine(machine, preset)))
    show(`${soakTables(j)}\nchart: ${resolve(options.chart)}`)
    report = { ...report, j }
  }
  if (parts.has('k')) {
    const k = await measureWorkers(preset, say)
    show(workersTables(k))
    report = { ...report, k }
  }
  if (parts.has('l')) {
    const l = await measureCluster(preset, figures, say)
    if (l !== undefined) {
      show(clusterTables(l))
      report = { ...report, l }
    }
  }
  if (parts.has('m')) {
    const m = await measureGroups(preset, { figures, against: messages.against }, say)
    show(groupsTables(m))
    report = { ...report, m }
  }
  if (parts.has('n')) {
    const n = await measureSignals(preset, say)
    show(signalsTables(n))
    report = { ...report, n }
  }
  if (parts.has('o')) {
    const o = await measureScreen(preset, say)
    show(screenTables(o))
    report = { ...report, o }
  }
  if (parts.has('p')) {
    const p = await measurePage(preset, say)
    show(pageTables(p))
    report = { ...report, p }
  }
  if (options.json) print(JSON.stringify(report))
}

/** The names in a list; complains, and gives undefined, if one of them is not there. */
function chosen<T extends string>(option: string, value: string, names: readonly T[]): ReadonlySet<T> | undefined {
  const set = new Set<T>()
  for (const given of value.split(',')) {
    const name = names.find(each => each === given)
    if (name === undefined) {
      complain(`${option} must be some of ${names.join(', ')}, not ${JSON.stringify(given)}`)
      return undefined
    }
    set.add(name)
  }
  return set
}

function partOf(name: string): Part | undefined {
  return (Object.keys(PARTS) as Part[]).find(letter => letter === name || PARTS[letter] === name)
}

/** Progress: people see that it goes on, and programs that read standard output do not. */
function say(line: string): void {
  process.stderr.write(`${line}\n`)
}
