/**
 * What a store was asked and what it answered, as a model tells it: which contents may be found after a crash at each moment.
 *
 *   commit 0    1    2    3    4    5 …
 *                         ▲         ▲
 *          answered or shown        tried: a crash may leave any content from the one to the other
 */

import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { present } from '../../src/lib/assert.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import type { CommitResult, Store } from '../../src/store/types.js'
import { type Content, contentOf, type Report, unitOf, type WrittenUnit } from '../store/support/killed-plan.js'
import type { Trace } from './trace.js'

/** Options of a store that turns its files all the time and is quickly opened. */
export const SMALL = {
  journalBytes: 2 ** 15,
  mapBytes: 2 ** 20,
  freeBytesMin: 2 ** 20,
  look: async () => 2 ** 40,
} as const

export interface WorkloadPlan {
  readonly seed: string
  readonly commits: number
  /**
   * It always ends by SIGKILL: after its last commit was answered, or after the store was closed, before which a backup may be
   * made. 'restore' opens no store, and restores the backup.
   */
  readonly end: 'kill' | 'close' | 'back up' | 'restore'
  /** New epochs begin between the commits. */
  readonly epochs?: boolean
}

export type StoryReport =
  | Exclude<Report, { kind: 'opened' }>
  | (Extract<Report, { kind: 'opened' }> & { readonly id: string; readonly epoch: number })
  | { readonly kind: 'beginning an epoch' | 'epoch begun' }
  | { readonly kind: 'backing up' | 'backed up' | 'restoring' | 'restored' }

/** What must be found after a crash. */
export interface Bound {
  /** At least so many commits. */
  readonly commits: number
  /** The store's id, once it was shown. */
  readonly id: string | undefined
  readonly epoch: number
  /** A backup that is there has at least so many commits; `whole`: it must be there. */
  readonly backup: { readonly commits: number; readonly whole: boolean }
}

const NO_BOUND: Bound = { commits: 0, id: undefined, epoch: 1, backup: { commits: 0, whole: false } }

export interface Story {
  /** By the hash of a content, after how many commits it is there: the highest number. */
  readonly contents: ReadonlyMap<string, number>
  /** Before each event of the trace, and after the last one. */
  readonly bounds: readonly Bound[]
  readonly commits: number
}

export async function hashOfContent(store: Store): Promise<string> {
  return createHash('sha1')
    .update(JSON.stringify(await contentOf(store)))
    .digest('base64')
}

/**
 * @param told the reports before the trace
 * Throws if the store answered or showed what the model does not.
 */
export async function storyOf(told: readonly string[], trace: Trace): Promise<Story> {
  const teller = new Teller()
  for (const text of told) await teller.hear(JSON.parse(text) as StoryReport)
  const bounds: Bound[] = [teller.bound]
  for (const event of trace) {
    if (event.kind === 'report') await teller.hear(JSON.parse(event.text) as StoryReport)
    bounds.push(teller.bound)
  }
  await teller.end()
  return { contents: teller.contents, bounds, commits: teller.commits }
}

/** What is tried in one call. */
type Trial = readonly WrittenUnit[] | 'new epoch'

interface Applied {
  readonly trial: Trial
  readonly results: readonly CommitResult[]
  /** What there is with it. */
  readonly commits: number
  readonly epoch: number
}

class Teller {
  bound: Bound = NO_BOUND
  readonly contents = new Map<string, number>()
  /** In the model. */
  commits = 0
  #model = new MemoryStore()
  /** All that the model was given. */
  readonly #history: Trial[] = []
  /** Tried, and not in the model yet. */
  #trials: Trial[] = []
  /** In the model, and not answered yet. */
  #unanswered: Applied[] = []
  /** After how many commits each entry and each record is there. */
  readonly #since = new Map<string, number>()

  async hear(report: StoryReport): Promise<void> {
    if (this.contents.size === 0) await this.#remember()
    const { bound } = this
    switch (report.kind) {
      case 'opened':
        return this.#opened(report)
      case 'trying':
        this.#trials.push(report.units)
        return
      case 'beginning an epoch':
        this.#trials.push('new epoch')
        return
      case 'committed':
        return this.#committed(report.results)
      case 'epoch begun':
        return this.#atLeast(await this.#answered(trial => trial === 'new epoch'))
      case 'scanned':
        return this.#shown(report.records)
      case 'read':
        return this.#shown(report.entries.map(entry => `${report.actor} ${entry}`))
      case 'backing up':
        this.bound = { ...bound, backup: { commits: bound.commits, whole: false } }
        return
      case 'backed up':
        this.bound = { ...bound, backup: { ...bound.backup, whole: true } }
        return
      case 'restoring':
        this.bound = { ...bound, commits: bound.backup.commits }
        return
      case 'restored':
        this.bound = { ...bound, epoch: bound.epoch + 1 }
    }
  }

  async end(): Promise<void> {
    if (this.contents.size === 0) await this.#remember()
    while (this.#trials.length > 0) await this.#apply()
  }

  /** What a process finds that starts after a kill: all that was answered, and some of what was tried. */
  async #opened({ content, id, epoch }: Extract<StoryReport, { kind: 'opened' }>): Promise<void> {
    if (this.bound.epoch > this.#model.epochOf(0)) await this.#restore(content)
    // A new epoch that was not answered shows in no content, only in the versions of later commits.
    const lacksEpoch = (): boolean => epoch > this.#model.epochOf(0) && this.#trials.includes('new epoch')
    while (lacksEpoch() || !isDeepStrictEqual(content, await contentOf(this.#model))) {
      if (this.#trials.length === 0) throw new Error('a start found what is no state of the commits that were tried')
      await this.#apply()
    }
    if (this.commits < this.bound.commits) throw new Error('a start did not find what was answered')
    if (id !== (this.bound.id ?? id)) throw new Error('a start found another store')
    this.#trials = []
    this.#unanswered = []
    this.bound = { ...this.bound, commits: this.commits, id }
  }

  /** The model goes back to the commits that the backup had, in a new epoch. */
  async #restore(content: Content): Promise<void> {
    this.#model = new MemoryStore()
    for (const [i, trial] of this.#history.entries()) {
      if (i >= this.bound.backup.commits && isDeepStrictEqual(content, await contentOf(this.#model))) break
      await this.#try(trial)
    }
    await this.#model.newEpoch(0)
    this.commits++
    this.#trials = []
    await this.#remember()
  }

  async #committed(results: readonly CommitResult[]): Promise<void> {
    const expected = await this.#answered(trial => trial !== 'new epoch')
    if (!isDeepStrictEqual(results, expected.results)) {
      throw new Error(`answered ${JSON.stringify(results)} and not ${JSON.stringify(expected.results)}`)
    }
    this.#atLeast(expected)
  }

  /** The trial that is answered now: answers to calls of one kind come in their order. */
  async #answered(isOfKind: (trial: Trial) => boolean): Promise<Applied> {
    for (;;) {
      const index = this.#unanswered.findIndex(({ trial }) => isOfKind(trial))
      const [answered] = index < 0 ? [] : this.#unanswered.splice(index, 1)
      if (answered !== undefined) return answered
      await this.#apply()
    }
  }

  /** What was read may belong to a commit that is not answered yet. */
  async #shown(texts: readonly string[]): Promise<void> {
    for (const text of texts) {
      while (!this.#since.has(text) && this.#trials.length > 0) await this.#apply()
      this.#atLeast({ commits: present(this.#since.get(text), `what was shown: ${text}`), epoch: 0 })
    }
  }

  #atLeast({ commits, epoch }: Pick<Applied, 'commits' | 'epoch'>): void {
    const { bound } = this
    this.bound = { ...bound, commits: Math.max(commits, bound.commits), epoch: Math.max(epoch, bound.epoch) }
  }

  async #apply(): Promise<void> {
    const trial = present(this.#trials.shift(), 'a commit that was tried')
    const results = await this.#try(trial)
    this.commits++
    this.#history.push(trial)
    this.#unanswered.push({ trial, results, commits: this.commits, epoch: this.#model.epochOf(0) })
    if (trial !== 'new epoch') this.#note(trial, results)
    await this.#remember()
  }

  async #try(trial: Trial): Promise<readonly CommitResult[]> {
    if (trial !== 'new epoch') return this.#model.commit(0, trial.map(unitOf))
    await this.#model.newEpoch(0)
    return []
  }

  /** Notes what is there from now on. */
  #note(units: readonly WrittenUnit[], results: readonly CommitResult[]): void {
    units.forEach((unit, i) => {
      const result = results[i]
      if (result?.kind !== 'committed') return
      unit.appends.forEach(({ actor, text }, i) => {
        this.#since.set(`${actor} ${result.appended[i]?.version}:${text}`, this.commits)
      })
      for (const { actor, name, stamp, text } of unit.puts) {
        this.#since.set(`${actor}/${name} ${stamp}:${text}`, this.commits)
      }
      for (const { actor, version, text } of unit.replaces) {
        this.#since.set(`${actor} ${version}:${text}`, this.commits)
      }
    })
  }

  async #remember(): Promise<void> {
    this.contents.set(await hashOfContent(this.#model), this.commits)
  }
}
