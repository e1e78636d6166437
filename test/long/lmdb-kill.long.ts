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
import t, { type Test } from 'tap'
import { present } from '../../src/lib/assert.js'
import { type Random, seededRandom } from '../../src/lib/random.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import type { CommitResult } from '../../src/store/types.js'
import { newFolder } from '../store/support/folder.js'
import { contentOf, type Report, unitOf, type WrittenUnit } from '../store/support/killed-plan.js'
import { rounds } from '../support/rounds.js'

const WRITER = fileURLToPath(new URL('../store/support/killed-writer.js', import.meta.url))

/** Replays the moments of the kills and what is written, but not how the kernel schedules the writer. */
const SEED = process.env.SEED ?? String(Date.now())

/** The writer's exit codes when its store has failed, and when it could not be opened. */
const FAILED = 70
const OPENING_FAILED = 71

/** Small: files are turned and brought into the tables all the time. */
const JOURNAL_BYTES = 16_384

/** A kill comes so long after the answers that it waits for: two commits and two reads are under way then. */
const KILL_MS_MAX = 30

/** Rounds of each kind, and how many commits are answered in one at most. */
const ROUNDS = rounds(12)
const ANSWERS_MAX = 50

/** By then the calls that fail have come. */
const ANSWERS_UNTIL_FAILED = 2_000

/** What is done to the writer's calls (strace's words): to each write of the journal's and lmdb's files, and to each sync. */
interface Tampering {
  readonly write: string
  readonly sync: string
  /** The number of commits after which lmdb can write its state no more, though all else. */
  readonly commitsWithState?: number
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
  /** What entries were replaced with. */
  readonly #replaced = new Set<string>()
  /** Of the last writer: what it tried, and what it was shown. */
  #trials: Trial[] = []
  #shown: Extract<Report, { kind: 'read' | 'scanned' }>[] = []

  constructor(folder: string, random: Random) {
    this.#folder = folder
    this.#random = random
  }

  /**
   * Starts a writer, checks what it finds, and kills it at some moment after so many answers: a slow machine takes longer, and comes
   * as far. Gives its exit code, null if it was killed.
   */
  async round(answers: number, tampering?: Tampering): Promise<number | null> {
    const writer = startWriter(this.#folder, this.#random.integer(2 ** 40), tampering)
    const exited = new Promise<number | null>(resolve => writer.once('exit', resolve))
    let answered = 0
    let killing: NodeJS.Timeout | undefined
    let pid = 0
    for await (const line of createInterface({ input: writer.stdio[3] as Readable })) {
      const report = parse(line)
      if (report === undefined) continue
      if (report.kind === 'opened') {
        await this.#settle(report)
        pid = report.pid
      } else if (report.kind === 'trying') this.#trials.push({ units: report.units })
      else if (report.kind === 'committed') {
        present(this.#trials[answered++], 'the commit that was answered').answer = report.results
      } else this.#shown.push(report)
      if (answered < answers) continue
      killing ??= setTimeout(() => process.kill(pid, 'SIGKILL'), this.#random.integer(KILL_MS_MAX))
    }
    clearTimeout(killing)
    return exited
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
      if (result.kind !== 'committed') return
      unit.appends.forEach(({ actor, text }, i) => {
        const place = `${actor} ${result.appended[i]?.version}`
        if (this.#entries.has(place)) throw new Error(`${place} was used again`)
        this.#entries.set(place, text)
      })
      for (const { actor, version, text } of unit.replaces) this.#replaced.add(`${actor} ${version}:${text}`)
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
        if (this.#replaced.has(`${shown.actor} ${entry}`)) continue
        if (this.#entries.get(`${shown.actor} ${entry.slice(0, at)}`) !== entry.slice(at + 1)) {
          throw new Error(`the entry ${shown.actor} ${entry} was read and is gone`)
        }
      }
    }
  }
}

function startWriter(folder: string, seed: number, tampering: Tampering | undefined): ChildProcess {
  const command = [process.execPath, WRITER, folder, String(seed), String(JOURNAL_BYTES)]
  if (tampering !== undefined) {
    const { write, sync, commitsWithState } = tampering
    if (commitsWithState !== undefined) command.push(String(commitsWithState))
    const injections = ['-e', `inject=pwrite64:${write}`, '-e', `inject=fdatasync:${sync}`]
    // Only these calls stop at strace: stopping at every call would cost more than the writer does.
    const quick = ['-f', '--seccomp-bpf', '-qq', '-o', '/dev/null']
    command.unshift('strace', ...quick, '-e', 'trace=pwrite64,fdatasync', ...injections)
  }
  const [program = '', ...args] = command
  const writer = spawn(program, args, { stdio: ['ignore', 'inherit', 'pipe', 'pipe'] })
  createInterface({ input: present(writer.stderr, 'the errors') }).on('line', line => {
    // strace complains of processes that are killed while it delays them.
    if (!line.startsWith('strace: dispatch_event')) process.stderr.write(`${line}\n`)
  })
  return writer
}

/** A system call as strace prints it in one line, and the lines of the trace in which it begins and ends. */
interface TracedCall {
  readonly text: string
  readonly begin: number
  readonly end: number
}

/**
 * The calls of a trace that came to their end. A call during which another thread's line is printed takes two lines:
 * `12 pwrite64(20, … <unfinished ...>` and later `12 <... pwrite64 resumed>) = n`. The thread's number joins them.
 */
function callsOf(trace: string): TracedCall[] {
  const calls: TracedCall[] = []
  const unfinished = new Map<string, { readonly text: string; readonly begin: number }>()
  for (const [at, line] of trace.split('\n').entries()) {
    const [, thread = '', rest = ''] = /^(\d+) +(.*)$/.exec(line) ?? []
    const begun = /^(.*)<unfinished \.\.\.>$/.exec(rest)
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest)
    if (begun !== null) unfinished.set(thread, { text: begun[1] ?? '', begin: at })
    else if (resumed === null) calls.push({ text: rest, begin: at, end: at })
    else {
      const first = present(unfinished.get(thread), `the beginning of ${line}`)
      calls.push({ text: `${first.text}${resumed[1]}`, begin: first.begin, end: at })
      unfinished.delete(thread)
    }
  }
  return calls
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
  const random = seededRandom(SEED)
  const killing = new Killing(newFolder(t), random)
  for (let i = 0; i < ROUNDS; i++) t.equal(await killing.round(random.integer(ANSWERS_MAX)), null, 'killed')
  assertEnough(t, killing)
})

t.test('killed while writes and syncs take long, what was answered or shown is there', async t => {
  const random = seededRandom(`${SEED} delayed`)
  const killing = new Killing(newFolder(t), random)
  for (let i = 0; i < ROUNDS; i++) {
    // In microseconds.
    const delays = { write: `delay_enter=${random.integer(3000)}`, sync: `delay_enter=${random.integer(50_000)}` }
    t.not(await killing.round(random.integer(ANSWERS_MAX), delays), FAILED)
  }
  assertEnough(t, killing)
})

/** Of a mean of 24 commits in a round. */
function assertEnough(t: Test, { commits, shownCount }: Killing): void {
  t.comment(`${commits} commits, ${shownCount} reads and scans`)
  t.ok(commits > 8 * ROUNDS, 'enough was written')
  t.ok(shownCount > 8 * ROUNDS, 'and shown')
}

t.test('when a write or a sync fails the writer ends, and what was answered or shown before is there', async t => {
  const random = seededRandom(`${SEED} failing`)
  const killing = new Killing(newFolder(t), random)
  const none = 'delay_enter=0'
  // The call of that number and all after it, of any of the writer's threads.
  const fails = (from: number, error: string): string => `error=${error}:when=${from}+`
  for (let i = 0; i < ROUNDS / 4; i++) {
    for (const tampering of [
      { write: fails(20 + random.integer(300), 'EIO'), sync: none },
      { write: fails(20 + random.integer(300), 'ENOSPC'), sync: none },
      { write: none, sync: fails(3 + random.integer(6), 'EIO') },
      { write: none, sync: none, commitsWithState: 1 + random.integer(100) },
    ]) {
      const code = await killing.round(ANSWERS_UNTIL_FAILED, tampering)
      // lmdb itself may abort the process: the message of a failed page write overruns its buffer (seen with 3.5.6).
      t.ok([FAILED, OPENING_FAILED, null].includes(code), `ended with ${code} by ${JSON.stringify(tampering)}`)
    }
  }
  t.equal(await killing.round(ANSWERS_MAX), null)
  t.comment(`${killing.commits} commits, ${killing.shownCount} reads and scans`)
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
  const calls = callsOf(fs.readFileSync(trace, 'utf8'))
  const opening = calls.find(({ text }) => /^openat\(.*journal-0", O_RDWR\|O_DSYNC.* = \d+$/.test(text))
  const descriptor = present(/\d+$/.exec(opening?.text ?? '')?.[0], 'the opening of the journal with O_DSYNC')
  const isWrite = new RegExp(`^pwrite64\\(${descriptor}, .* = \\d+$`)
  const ends = calls.filter(({ text }) => isWrite.test(text)).map(({ end }) => end)
  const answers = calls.filter(({ text }) => /^write\(3, "\{\\"kind\\":\\"committed\\"/.test(text))
  t.ok(answers.length >= 50, `${answers.length} answers`)
  for (const { text, begin } of answers) {
    if (!ends.some(end => end < begin)) t.fail(`answered before any write: ${text}`)
  }
  const written = ends.length
  t.ok(written >= 25, `${written} writes for 50 commits, two at a time`)
})
