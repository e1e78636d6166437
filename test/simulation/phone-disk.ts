/**
 * A phone's storage: it survives the program that uses it. Of what it was writing when the program was killed it has all or
 * nothing.
 */

import type {
  Changes,
  HistoryDone,
  Json,
  SearchDone,
  Storage,
  StoredQuery,
  StoredRange,
} from '../../clients/typescript/storage/storage.js'
import { StoredModel } from '../../clients/typescript/storage/stored-model.js'
import type { ConversationId } from '../../protocol/conversation-id.js'
import { copied } from '../support/client-storage.js'
import type { Process } from './process.js'
import type { Stage } from './stage.js'

/** What became durable in one piece. */
export type Written = Changes

/** More messages than a run has: none leaves the history. */
const ALL = 1_000_000

export class PhoneDisk {
  readonly model = new StoredModel({ historyPerConversation: ALL })
  /** Called before the model changes. */
  readonly #onWritten: (written: Written, before: StoredModel) => void

  constructor(onWritten: (written: Written, before: StoredModel) => void) {
    this.#onWritten = onWritten
  }

  write(written: Written): void {
    this.#onWritten(written, this.model)
    this.model.apply(written)
  }
}

/** One program's way to the disk. */
export class PhoneStorage implements Storage {
  readonly #stage: Stage
  readonly #disk: PhoneDisk
  readonly #process: Process
  #writing: Written | undefined

  constructor(stage: Stage, disk: PhoneDisk, process: Process) {
    this.#stage = stage
    this.#disk = disk
    this.#process = process
    process.onEnd(() => {
      const writing = this.#writing
      if (writing !== undefined && stage.chance(0.5)) disk.write(writing)
    })
  }

  open(done: (error: Error | undefined, values: ReadonlyMap<string, Json>) => void): void {
    this.#later(() => done(undefined, new Map(this.#disk.model.values)))
  }

  commit(changes: Changes, done: (error?: Error) => void): void {
    const written = copied(changes)
    this.#writing = written
    this.#later(() => {
      this.#writing = undefined
      const { setup, chance } = this.#stage
      const fails = chance(setup.phoneWriteFails)
      // After a failed write nobody knows what is there.
      if (!fails || chance(0.5)) this.#disk.write(written)
      done(fails ? new Error('the disk failed') : undefined)
    })
  }

  history(conversation: ConversationId, range: StoredRange, done: HistoryDone): void {
    this.#later(() => done(undefined, this.#disk.model.page(conversation, range)))
  }

  search(query: StoredQuery, done: SearchDone): void {
    this.#later(() => done(undefined, this.#disk.model.search(query)))
  }

  close(done: () => void): void {
    this.#later(done)
  }

  #later(run: () => void): void {
    const { scheduler, setup, random } = this.#stage
    scheduler.after(setup.phoneWriteMs * 2 * random.fraction(), 'phone disk', run, this.#process)
  }
}
