/**
 * Builds the states that a crash may leave at every moment of a trace, opens each one, and compares what is there with what was
 * acknowledged and shown before.
 */

import fs from 'node:fs'
import { present } from '../../src/lib/assert.js'
import { type Random, seededRandom } from '../../src/lib/random.js'
import { MARK_AT, SECTOR_BYTES, WRITES_AT, writeAt } from '../../src/store/lmdb/journal-file.js'
import { type Chapter, DATA } from './chapter.js'
import { type Choice, type Damage, Disk, hashOf, type Image } from './disk.js'
import { newScratch, Openers, type Outcome } from './openers.js'
import { JOURNAL, type StateKind, statesAt } from './states.js'
import { type Bound, type Story, storyOf } from './story.js'
import type { Call } from './trace.js'

export interface ExploreOptions {
  readonly seed: string
  /** At most so many states are opened, drawn from all. */
  readonly statesMax: number
  /** States that are drawn at each moment, beside those that are always built. */
  readonly chances: number
  /** It stops when it has found so many. */
  readonly faultsMax: number
  /** Only these are opened; absent: all. */
  readonly kinds?: readonly StateKind[]
  /** The environment of the processes that open states. */
  readonly env?: NodeJS.ProcessEnv
  /** The hash of what the workload did not make, and what must always be there (others.ts); absent: nobody looks. */
  readonly others?: string
}

/** One state: how many events were played, and what became of the pending calls. */
export interface Cut {
  readonly kind: StateKind
  readonly at: number
  readonly choice: Choice
}

export interface Fault {
  readonly cut: Cut
  readonly text: string
}

export interface Explored {
  /** How many states there are, some of them alike. */
  readonly possible: number
  /** How many were opened, by kind. */
  readonly opened: Readonly<Partial<Record<StateKind, number>>>
  readonly faults: readonly Fault[]
  /** Those that were opened and are as they must be. */
  readonly sound: readonly Cut[]
}

interface Wanted {
  readonly cut: Cut
  readonly bound: Bound
  readonly at: number
}

/** The position of the salt in the header of a journal file. */
const SALT_AT = 24

/** Some of the states that are drawn are alike. */
const SPARE = 1.5

export async function explore(chapter: Chapter, options: ExploreOptions): Promise<Explored> {
  const story = await storyOf(chapter.told, chapter.trace)
  const random = seededRandom(options.seed)
  const { kinds, env, others } = options
  const all = cutsOf(chapter, random, options.chances).filter(({ kind }) => kinds?.includes(kind) ?? true)
  const different = differentOnes(chapter, story, inOrder(sample(all, SPARE * options.statesMax, random)))
  const wanted = inOrder(sample(different, options.statesMax, random))
  const scratch = newScratch()
  const openers = new Openers(scratch, env)
  const opened: Partial<Record<StateKind, number>> = {}
  const faults: Fault[] = []
  const sound: Cut[] = []
  const one = async ({ cut, bound }: Wanted, image: Image): Promise<void> => {
    const outcome = await openers.open({ image, data: DATA, withOthers: others !== undefined })
    const text = judge(cut.kind, outcome, bound, story) ?? judgeOthers(outcome, others)
    if (text === undefined) sound.push(cut)
    else faults.push({ cut, text })
    opened[cut.kind] = (opened[cut.kind] ?? 0) + 1
  }
  try {
    const disk = new Disk(chapter.start)
    const running = new Set<Promise<void>>()
    for (const each of wanted) {
      if (faults.length >= options.faultsMax) break
      while (disk.clock < each.cut.at) disk.step(present(chapter.trace[disk.clock], 'the event'))
      const task: Promise<void> = one(each, disk.image(each.cut.choice)).finally(() => running.delete(task))
      running.add(task)
      if (running.size > openers.count) await Promise.race(running)
    }
    await Promise.all(running)
  } finally {
    openers.end()
    fs.rmSync(scratch, { recursive: true, force: true })
  }
  return { possible: all.length, opened, faults, sound }
}

/** Opens one state again: what is wrong with it, if anything. */
export async function reopen(chapter: Chapter, cut: Cut): Promise<string | undefined> {
  const story = await storyOf(chapter.told, chapter.trace)
  const { bound } = present(differentOnes(chapter, story, [cut])[0], 'the state')
  const disk = new Disk(chapter.start)
  for (const event of chapter.trace.slice(0, cut.at)) disk.step(event)
  const scratch = newScratch()
  const openers = new Openers(scratch, {}, 1)
  try {
    const state = { image: disk.image(cut.choice), data: DATA, withOthers: false }
    return judge(cut.kind, await openers.open(state), bound, story)
  } finally {
    openers.end()
    fs.rmSync(scratch, { recursive: true, force: true })
  }
}

/** Every state of every moment: cheap, for it is not built. */
function cutsOf({ trace, start }: Chapter, random: Random, chances: number): Cut[] {
  const cuts: Cut[] = []
  const disk = new Disk(start)
  for (let at = 0; at <= trace.length; at++) {
    for (const { kind, choice } of statesAt(disk, random, chances)) cuts.push({ kind, at, choice })
    const event = trace[at]
    if (event !== undefined) disk.step(event)
  }
  return cuts
}

/** Builds them; of those that are alike one, with the highest bound of the moments that may leave it. */
function differentOnes({ trace, start }: Chapter, story: Story, cuts: readonly Cut[]): Wanted[] {
  const states = new Map<string, Wanted>()
  const disk = new Disk(start)
  const tail = new Tail(start, present(story.bounds[0], 'the bound'))
  for (const cut of cuts) {
    while (disk.clock < cut.at) {
      const event = present(trace[disk.clock], 'the event')
      if (event.kind === 'begin') tail.follow(event.call, present(story.bounds[disk.clock], 'the bound'))
      disk.step(event)
    }
    const { kind, at, choice } = cut
    const bound = tail.isHitBy(choice.damage) ? tail.bound : present(story.bounds[at], 'the bound')
    const hash = hashOf(disk.image(choice))
    const known = states.get(hash)
    // Damage may be refused; what a crash leaves may not.
    if (known === undefined || (known.cut.kind === 'damaged' && kind !== 'damaged'))
      states.set(hash, { cut, bound, at })
    else if (kind !== 'damaged' && isHigher(bound, known.bound)) states.set(hash, { cut, bound, at })
  }
  return [...states.values()]
}

function inOrder<T extends { readonly at: number }>(cuts: readonly T[]): T[] {
  return [...cuts].sort((a, b) => a.at - b.at)
}

/** The last write of a journal: damaged, it looks like one that a crash cut off, and is given up. */
class Tail {
  /** What had to be there before it. */
  bound: Bound
  #write: { readonly path: string; readonly offset: number; readonly bytes: Buffer } | undefined

  /** The last write may be in what a crash left of the chapter before. How many commits it holds is not known. */
  constructor(start: Image, bound: Bound) {
    this.bound = { ...bound, commits: 0 }
    let last = 0
    for (const [path, bytes] of start) {
      if (bytes === null || !JOURNAL.test(path)) continue
      for (const { sequence, from, to } of writesOf(bytes)) {
        if (sequence <= last) continue
        last = sequence
        this.#write = { path, offset: from, bytes: bytes.subarray(from, to) }
      }
    }
  }

  follow(call: Call, bound: Bound): void {
    if (call.kind !== 'write' || !call.synced || !JOURNAL.test(call.path) || call.offset === MARK_AT) return
    this.#write = call
    this.bound = bound
  }

  isHitBy(damage: Damage | undefined): boolean {
    const write = this.#write
    if (damage === undefined || write?.path !== damage.path) return false
    if (damage.kind === 'gone') return false
    if (damage.kind === 'short') return damage.size > write.offset
    return damage.bit >= 8 * write.offset && damage.bit < 8 * (write.offset + write.bytes.length)
  }
}

/** The whole writes in a journal file, and where each begins and ends. */
function* writesOf(file: Buffer): Generator<{ readonly sequence: number; readonly from: number; readonly to: number }> {
  for (let from = WRITES_AT; from < file.length; from += SECTOR_BYTES) {
    const write = writeAt(file, from, file.readDoubleLE(SALT_AT))
    if (write?.changes !== undefined) yield { sequence: write.sequence, from, to: write.end }
  }
}

function isHigher(bound: Bound, than: Bound): boolean {
  if (bound.commits !== than.commits) return bound.commits > than.commits
  if (bound.epoch !== than.epoch) return bound.epoch > than.epoch
  return (bound.id !== undefined && than.id === undefined) || (bound.backup.whole && !than.backup.whole)
}

function sample<T extends object>(all: readonly T[], max: number, random: Random): T[] {
  const chosen = [...all]
  for (let i = 0; i < Math.min(max, all.length); i++) {
    const j = i + random.integer(chosen.length - i)
    const [a, b] = [present(chosen[i], 'a state'), present(chosen[j], 'a state')]
    chosen[i] = b
    chosen[j] = a
  }
  return chosen.slice(0, max)
}

/** Undefined if it may be so. */
function judge(kind: StateKind, outcome: Outcome, bound: Bound, story: Story): string | undefined {
  if (outcome.kind === 'ended') return `the process was ended by ${outcome.by}`
  if (outcome.kind === 'refused') return kind === 'damaged' ? undefined : `refused: ${outcome.reason}`
  const commits = story.contents.get(outcome.hash)
  if (commits === undefined) return `what is there (${outcome.summary}) is no state of the commits that were tried`
  if (commits < bound.commits)
    return `${commits} commits are there (${outcome.summary}) of ${bound.commits} that were answered or shown`
  if (bound.id !== undefined && outcome.id !== bound.id) return 'it is another store than the one that was opened'
  if (outcome.epoch < bound.epoch) return `its epoch is ${outcome.epoch}, and ${bound.epoch} had begun`
  return outcome.wrong ?? judgeBackup(outcome.backup, bound.backup, story)
}

function judgeOthers(outcome: Outcome, others: string | undefined): string | undefined {
  const isRight = outcome.kind !== 'opened' || outcome.others === others
  return isRight ? undefined : 'what was there before the workload is not there as it was'
}

function judgeBackup(hash: string | undefined, bound: Bound['backup'], story: Story): string | undefined {
  if (hash === undefined) return bound.whole ? 'the backup is not there' : undefined
  const commits = story.contents.get(hash) ?? -1
  return commits < bound.commits
    ? `${commits} commits are in the backup, and ${bound.commits} were answered`
    : undefined
}
