/**
 * (h) The harm that each attack does to those who talk. Two friends, on a server as people start it, send each other a message
 * every 20 ms, alone and then while the attack runs. What an attacker has (accounts, friends, a long timeline) is made before, on
 * the same data folder without limits. The attacker is a process of its own that gives way to the others, and comes from another
 * address.
 */

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Order } from './attacks/attacker.js'
import { KnownDevice } from './attacks/known-device.js'
import { ATTACKS, type AttackName } from './attacks/list.js'
import { type Delays, Talk } from './attacks/talk.js'
import type { Attack } from './attacks/types.js'
import { dataFolder, removeFolder, type ServerProcess, startLongwire } from './children.js'
import { befriend, registerUsers } from './fleet.js'
import type { Preset } from './presets.js'
import { cpuMsOf, memoryOf } from './process-probe.js'
import { medians, rounded } from './statistics.js'
import { until } from './until.js'

export interface AttacksReport {
  readonly window_ms: number
  readonly rows: readonly AttackRow[]
}

export interface AttackRow extends Figures {
  readonly attack: AttackName
  readonly what: string
  /** p99 is at most three times what it is alone, or 10 ms. */
  readonly delay_kept: boolean
  /** RSS is at most 256 MiB above what it is alone. */
  readonly memory_kept: boolean
  /** The answers that the attacker got in the last round. */
  readonly answers: Readonly<Record<string, number>>
}

interface Figures {
  readonly idle_p50_ms: number
  readonly idle_p99_ms: number
  readonly attack_p50_ms: number
  readonly attack_p99_ms: number
  readonly p99_ratio: number
  readonly idle_rss_mib: number
  /** The highest. */
  readonly attack_rss_mib: number
  /** The part of it that is not pages of files: those are the kernel's cache of the database. */
  readonly attack_own_mib: number
  /** Shares of one core, of all threads. */
  readonly idle_busy: number
  readonly attack_busy: number
  /** The growth of the data folder under the attack. */
  readonly grew_mb_per_second: number
  /** The median login of a device that its account knows; NaN where none was tried. */
  readonly idle_login_ms: number
  readonly attack_login_ms: number
}

const DELAY_RATIO_MAX = 3
const DELAY_MS_ALLOWED = 10
const MEMORY_MIB_ALLOWED = 256
const MIB = 2 ** 20
const PROBE_EVERY_MS = 50

export async function measureAttacks(
  preset: Preset,
  names: ReadonlySet<AttackName>,
  say: (line: string) => void,
): Promise<AttacksReport> {
  const rows: AttackRow[] = []
  for (const name of names) {
    const rounds: Figures[] = []
    let answers: AttackRow['answers'] = {}
    for (let round = 1; round <= preset.rounds; round++) {
      say(`(h) ${name}, round ${round} of ${preset.rounds}`)
      const measured = await measureOne(name, preset)
      rounds.push(measured.figures)
      answers = measured.answers
    }
    const entries = Object.entries(medians(rounds as unknown as Record<string, number>[]))
    const figures = Object.fromEntries(entries.map(([key, value]) => [key, rounded(value, 2)])) as unknown as Figures
    const delayMsMax = Math.max(DELAY_RATIO_MAX * figures.idle_p99_ms, DELAY_MS_ALLOWED)
    rows.push({
      attack: name,
      what: ATTACKS[name].what,
      ...figures,
      delay_kept: figures.attack_p99_ms <= delayMsMax,
      memory_kept: figures.attack_rss_mib <= figures.idle_rss_mib + MEMORY_MIB_ALLOWED,
      answers,
    })
  }
  return { window_ms: preset.attackWindowMs, rows }
}

async function measureOne(
  name: AttackName,
  preset: Preset,
): Promise<{ readonly figures: Figures; readonly answers: AttackRow['answers'] }> {
  const attack: Attack = ATTACKS[name]
  const folder = dataFolder()
  const open = await startLongwire(folder)
  const [pair] = await befriend(await registerUsers(open.port, 'honest', 2))
  if (pair === undefined) throw new Error('two users are a pair')
  const users = [pair.sender, pair.receiver] as const
  const tiny = preset.name === 'tiny'
  const accounts = (await attack.prepare?.({ port: open.port, httpPort: open.httpPort, tiny })) ?? []
  for (const { client } of users) client.destroy()
  await open.stop()

  const limits = attack.options ?? []
  const server = await startLongwire(folder, { limits, unreadStderr: attack.unreadStderr === true })
  for (const user of users) await user.reconnect(server.port)
  const known = attack.knownLogins === true ? await KnownDevice.register(server.port) : undefined
  const talk = new Talk(users)
  await talk.window(preset.warmMs)
  const idle = await watched(server, folder, talk, known, preset.attackWindowMs)
  const attacker = new Attacker()
  await attacker.begin({ name, target: { port: server.port, httpPort: server.httpPort, tiny, accounts } })
  const loud = await watched(server, folder, talk, known, preset.attackWindowMs)
  const answers = await attacker.answers()
  await attacker.end()
  talk.close()
  await server.stop()
  removeFolder(folder)
  const figures = {
    idle_p50_ms: idle.p50,
    idle_p99_ms: idle.p99,
    attack_p50_ms: loud.p50,
    attack_p99_ms: loud.p99,
    p99_ratio: loud.p99 / idle.p99,
    idle_rss_mib: idle.rssMib,
    attack_rss_mib: loud.rssMib,
    attack_own_mib: loud.ownMib,
    idle_busy: idle.busy,
    attack_busy: loud.busy,
    grew_mb_per_second: loud.grewMbPerSecond,
    idle_login_ms: idle.loginMs,
    attack_login_ms: loud.loginMs,
  }
  return { figures, answers }
}

interface Watched extends Delays {
  readonly rssMib: number
  readonly ownMib: number
  readonly busy: number
  readonly grewMbPerSecond: number
  readonly loginMs: number
}

/** One window of talk, and what the server's process was seen to take meanwhile. */
async function watched(
  { pid }: ServerProcess,
  folder: string,
  talk: Talk,
  known: KnownDevice | undefined,
  ms: number,
): Promise<Watched> {
  let rssBytes = 0
  let ownBytes = 0
  const probe = (): void => {
    const memory = memoryOf(pid)
    rssBytes = Math.max(rssBytes, memory.rssBytes)
    ownBytes = Math.max(ownBytes, memory.ownBytes)
  }
  const timer = setInterval(probe, PROBE_EVERY_MS)
  const startMs = performance.now()
  const cpuMs = cpuMsOf(pid)
  const bytes = bytesOf(folder)
  const after = sleep(ms).then(() => {
    const tookMs = performance.now() - startMs
    return { busy: (cpuMsOf(pid) - cpuMs) / tookMs, grewMbPerSecond: (bytesOf(folder) - bytes) / 1_000 / tookMs }
  })
  const [delays, shares, loginMs] = await Promise.all([talk.window(ms), after, known?.loginsFor(ms)])
  clearInterval(timer)
  probe()
  return { ...delays, ...shares, rssMib: rssBytes / MIB, ownMib: ownBytes / MIB, loginMs: loginMs ?? Number.NaN }
}

/** The bytes that the files of a folder take on the disk. */
function bytesOf(folder: string): number {
  return readdirSync(folder).reduce((sum, name) => {
    const stat = statSync(join(folder, name), { throwIfNoEntry: false })
    return sum + (stat?.blocks ?? 0) * 512
  }, 0)
}

/** The process in attacker.ts; it ends with this one. */
class Attacker {
  readonly #child: ChildProcess = fork(fileURLToPath(new URL('./attacks/attacker.js', import.meta.url)))

  begin(order: Order): Promise<unknown> {
    return this.#ask(order)
  }

  /** The answers so far; waits for the first. */
  async answers(): Promise<Record<string, number>> {
    let answers: Record<string, number> = {}
    await until('an answer to the attack', async () => {
      answers = (await this.#ask('tell')) as Record<string, number>
      return Object.keys(answers).length > 0
    })
    return answers
  }

  async end(): Promise<void> {
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await ended
  }

  async #ask(message: Order | 'tell'): Promise<unknown> {
    const answer = once(this.#child, 'message')
    const ended = once(this.#child, 'exit').then(([code, signal]) => {
      throw new Error(`the attacker ended with ${signal ?? code}`)
    })
    ended.catch(() => {})
    this.#child.send(message)
    const [told] = await Promise.race([answer, ended])
    return told
  }
}
