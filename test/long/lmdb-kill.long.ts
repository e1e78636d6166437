/**
 * A writer on lmdb is killed (SIGKILL) again and again at random moments, with and without delays in front of the writes
 * and syncs of its files. What the next one finds must be what the reference model has after some of the commits that were
 * tried: all that were answered at least, each whole; and nothing may be missing that was read or scanned before the kill.
 *
 * The delays make a kill like a power loss: what has not returned yet has not been done.
 */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import t from 'tap'
import { present } from '../../src/lib/assert.js'
import { type Random, seededRandom } from '../../src/lib/random.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import type { CommitResult } from '../../src/store/types.js'
import { newFolder } from '../store/support/folder.js'
import { contentOf, type Report, unitOf, type WrittenUnit } from '../store/support/killed-plan.js'

const WRITER = fileURLToPath(new URL('../store/support/killed-writer.js', import.meta.url))

/** Replays the moments of the kills and what is written, but not how the kernel schedules the writer. */
const SEED = process.env.SEED ?? String(Date.now())

/** Small: files are turned and brought into the tables all the time. */
const JOURNAL_BYTES = 16_384

/** Microseconds in front of each write of the journal's and lmdb's files, and in front of each sync. */
interface Delays {
  readonly write: number
  readonly sync: number
}

interface Trial {
  readonly units: readonly WrittenUnit[]
  /** Undefined if it was not answered. */
  answer?: readonly CommitResult[]
}

class Killing {
  /** Commits that are known to be done, and results of reads that were checked. */
  commits = 0
  shownCount = 0
  readonly #folder: string
  readonly #random: Random
  /** Everything that is known to be committed. */
  readonly #model = new MemoryStore()
  /** What each version ever held, and each record that ever was, as far as it is committed. */
  readonly #entries = new Map<string, string>()
  readonly #records = new Set<string>()
  /** Of the last writer: what it tried, and what it was shown. */
  #trials: Trial[] = []
  #shown: Extract<Report, { kind: 'read' | 'scanned' }>[] = []

  constructor(folder: string, random: Random) {
    this.#folder = folder
    this.#random = random
  }

  /** Starts a writer, checks what it finds, and kills it some time later. */
  async round(delays?: Delays): Promise<void> {
    const writer = startWriter(this.#folder, this.#random.integer(2 ** 40), delays)
    const exited = new Promise<void>(resolve => writer.once('exit', () => resolve()))
    let answered = 0
    let killed = false
    for await (const line of createInterface({ input: writer.stdio[3] as Readable })) {
      const report = parse(line)
      if (report === undefined) continue
      if (report.kind === 'opened') {
        await this.#settle(report)
        const ms = 20 + this.#random.integer(delays === undefined ? 150 : 500)
        setTimeout(() => {
          killed = process.kill(report.pid, 'SIGKILL')
        }, ms)
      } else if (report.kind === 'trying') this.#trials.push({ units: report.units })
      else if (report.kind === 'committed') {
        present(this.#trials[answered++], 'the commit that was answered').answer = report.results
      } else this.#shown.push(report)
    }
    await exited
    if (!killed) throw new Error('the writer ended by itself')
  }

  /** Finds how many of the last writer's commits are there, and checks what it was told and shown against them. */
  async #settle(opened: Extract<Report, { kind: 'opened' }>): Promise<void> {
    const trials = this.#trials
    const answered = trials.filter(trial => trial.answer !== undefined).length
    let done = 0
    while (done < answered || !isDeepStrictEqual(opened.content, await contentOf(this.#model))) {
      const trial = trials[done++]
      if (trial === undefined) {
        throw new Error(`what is there is no state from ${answered} to ${trials.length} of the last writer's commits`)
      }
      await this.#commit(trial)
    }
    for (const shown of this.#shown) this.#assertThere(shown)
    this.commits += done
    this.shownCount += this.#shown.length
    this.#trials = []
    this.#shown = []
  }

  async #commit({ units, answer }: Trial): Promise<void> {
    const results = await this.#model.commit(0, units.map(unitOf))
    if (answer !== undefined && !isDeepStrictEqual(results, answer)) {
      throw new Error(`answered ${JSON.stringify(answer)} and not ${JSON.stringify(results)}`)
    }
    units.forEach((unit, i) => {
      const result = present(results[i], 'the result')
      if (result.kind === 'conflict') return
      unit.appends.forEach(({ actor, text }, i) => {
        const place = `${actor} ${result.appended[i]?.version}`
        if (this.#entries.has(place)) throw new Error(`${place} was used again`)
        this.#entries.set(place, text)
      })
      for (const { actor, name, stamp, text } of unit.puts) this.#records.add(`${actor}/${name} ${stamp}:${text}`)
    })
  }

  #assertThere(shown: Extract<Report, { kind: 'read' | 'scanned' }>): void {
    if (shown.kind === 'scanned') {
      const gone = shown.records.find(record => !this.#records.has(record))
      if (gone !== undefined) throw new Error(`the record ${gone} was scanned and is gone`)
    } else {
      for (const entry of shown.entries) {
        const at = entry.indexOf(':')
        if (this.#entries.get(`${shown.actor} ${entry.slice(0, at)}`) !== entry.slice(at + 1)) {
          throw new Error(`the entry ${shown.actor} ${entry} was read and is gone`)
        }
      }
    }
  }
}

function startWriter(folder: string, seed: number, delays: Delays | undefined): ChildProcess {
  const command = [process.execPath, WRITER, folder, String(seed), String(JOURNAL_BYTES)]
  const strace = ['strace', '-f', '-qq', '-o', '/dev/null', '-e', 'trace=pwrite64,fdatasync']
  if (delays !== undefined) {
    command.unshift(
      ...strace,
      ...['-e', `inject=pwrite64:delay_enter=${delays.write}`],
      ...['-e', `inject=fdatasync:delay_enter=${delays.sync}`],
    )
  }
  const [program = '', ...args] = command
  const writer = spawn(program, args, { stdio: ['ignore', 'inherit', 'pipe', 'pipe'] })
  createInterface({ input: present(writer.stderr, 'the errors') }).on('line', line => {
    // strace complains of processes that are killed while it delays them.
    if (!line.startsWith('strace: dispatch_event')) process.stderr.write(`${line}\n`)
  })
  return writer
}

/** Undefined for a line that the kill cut off. */
function parse(line: string): Report | undefined {
  try {
    return JSON.parse(line) as Report
  } catch {
    return undefined
  }
}

t.comment(`seed ${SEED}`)

t.test('killed at any moment, what was answered or shown is there', async t => {
  const killing = new Killing(newFolder(t), seededRandom(SEED))
  for (let i = 0; i < 40; i++) await killing.round()
  t.comment(`${killing.commits} commits, ${killing.shownCount} reads and scans`)
  t.ok(killing.commits > 1000)
  t.ok(killing.shownCount > 1000)
})

t.test('killed while writes and syncs take long, what was answered or shown is there', async t => {
  const random = seededRandom(`${SEED} delayed`)
  const killing = new Killing(newFolder(t), random)
  for (let i = 0; i < 40; i++) await killing.round({ write: random.integer(3000), sync: random.integer(50_000) })
  t.comment(`${killing.commits} commits, ${killing.shownCount} reads and scans`)
  t.ok(killing.commits > 300)
  t.ok(killing.shownCount > 300)
})

t.test('a commit is answered after its write to a file opened for synchronous writes', async t => {
  const folder = newFolder(t)
  const trace = path.join(newFolder(t), 'trace')
  const strace = ['-f', '-qq', '-s', '200', '-o', trace, '-e', 'trace=openat,pwrite64,write']
  const writer = spawn('strace', [...strace, process.execPath, WRITER, folder, '1', String(2 ** 20)], {
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
  })
  const exited = new Promise<void>(resolve => writer.once('exit', () => resolve()))
  let committed = 0
  for await (const line of createInterface({ input: writer.stdio[3] as Readable })) {
    const report = parse(line)
    if (report?.kind === 'committed' && ++committed === 50) {
      const pid = execFileSync('pgrep', ['-P', String(writer.pid)], { encoding: 'utf8' })
      process.kill(Number(pid), 'SIGKILL')
    }
  }
  await exited
  const lines = fs.readFileSync(trace, 'utf8').split('\n')
  const opening = lines.find(line => /openat\(.*journal-0", O_RDWR\|O_DSYNC/.test(line))
  const descriptor = present(/= (\d+)$/.exec(opening ?? '')?.[1], 'the opening of the journal with O_DSYNC')
  let written = 0
  for (const line of lines) {
    // A call that another thread's line interrupts is `pwrite64(…) <unfinished …>` and later `<… pwrite64 resumed>) = n`.
    if (new RegExp(`pwrite64\\(${descriptor}, .*= \\d+$|<\\.\\.\\. pwrite64 resumed>\\) += \\d+$`).test(line)) written++
    if (/write\(3, "\{\\"kind\\":\\"committed\\"/.test(line)) {
      if (written === 0) t.fail(`answered before any write: ${line}`)
      committed--
    }
  }
  t.ok(written >= 25, `${written} writes for 50 commits, two at a time`)
})
