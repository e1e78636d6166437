/**
 * A node's way to a store that fails over. Calls under way at that moment come to an end: of a commit nothing is known, and a read failed.
 * The node learns of the new epoch by its next answer, so it plans in the old one until then.
 */
import { MemoryStore, type MemoryStoreOptions } from '../../src/store/memory/store.js'
import { ALL_PARTITIONS } from '../../src/store/partition.js'
import { type CommitResult, OutcomeUnknownError, type ScopeId, type Unit } from '../../src/store/types.js'
import type { Process } from './process.js'

export class FailingStore extends MemoryStore {
  readonly #process: Process
  readonly #underWay = new Set<() => void>()
  readonly #epochs = ALL_PARTITIONS.map(partition => this.disk.epochOf(partition))

  constructor(options: MemoryStoreOptions, process: Process) {
    super(options)
    this.#process = process
  }

  /** The store has failed over. */
  failedOver(): void {
    for (const end of [...this.#underWay]) end()
  }

  /** The epoch of a partition, as the last answer of its scope told it. */
  override epochOf(partition: number): number {
    return this.#epochs[partition] ?? 1
  }

  override async commit(scope: ScopeId, units: readonly Unit[]): Promise<readonly CommitResult[]> {
    try {
      return await this.#ended(super.commit(scope, units), () => new OutcomeUnknownError('the store has failed over'))
    } finally {
      this.#epochs[scope] = this.disk.epochOf(scope)
    }
  }

  override get(...asked: Parameters<MemoryStore['get']>) {
    return this.#read(super.get(...asked))
  }

  override read(...asked: Parameters<MemoryStore['read']>) {
    return this.#read(super.read(...asked))
  }

  override entries(...asked: Parameters<MemoryStore['entries']>) {
    return this.#read(super.entries(...asked))
  }

  override keyed(...asked: Parameters<MemoryStore['keyed']>) {
    return this.#read(super.keyed(...asked))
  }

  override chain(...asked: Parameters<MemoryStore['chain']>) {
    return this.#read(super.chain(...asked))
  }

  override newest(...asked: Parameters<MemoryStore['newest']>) {
    return this.#read(super.newest(...asked))
  }

  override conversations(...asked: Parameters<MemoryStore['conversations']>) {
    return this.#read(super.conversations(...asked))
  }

  override scan(...asked: Parameters<MemoryStore['scan']>) {
    return this.#read(super.scan(...asked))
  }

  override logs(...asked: Parameters<MemoryStore['logs']>) {
    return this.#read(super.logs(...asked))
  }

  override lasting(...asked: Parameters<MemoryStore['lasting']>) {
    return this.#read(super.lasting(...asked))
  }

  override tally(...asked: Parameters<MemoryStore['tally']>) {
    return this.#read(super.tally(...asked))
  }

  override setRoute(...asked: Parameters<MemoryStore['setRoute']>) {
    return this.#read(super.setRoute(...asked))
  }

  override dropRoute(...asked: Parameters<MemoryStore['dropRoute']>) {
    return this.#read(super.dropRoute(...asked))
  }

  #read<T>(call: Promise<T>): Promise<T> {
    return this.#ended(call, () => new Error('the store has failed over'))
  }

  /** The outcome of a call, or this error if the store fails over before. */
  #ended<T>(call: Promise<T>, error: () => Error): Promise<T> {
    return new Promise((resolve, reject) => {
      const settle = (run: () => void): void => {
        if (this.#underWay.delete(end)) this.#process.whenAwake('answered', run)
      }
      const end = (): void => settle(() => reject(error()))
      this.#underWay.add(end)
      call.then(
        value => settle(() => resolve(value)),
        (failure: unknown) => settle(() => reject(failure)),
      )
    })
  }
}
