/**
 * A phone's storage: it survives the program that uses it. Of what it was writing when the program was killed it has all or
 * nothing.
 */

import type {
  Changes,
  Failure,
  HistoryPage,
  Json,
  Storage,
  StoredMessage,
} from '../../clients/typescript/storage/storage.js'
import { StoredModel } from '../../clients/typescript/storage/stored-model.js'
import type { ConversationId } from '../../protocol/conversation-id.js'
import type { Random } from '../../src/lib/random.js'
import type { Process } from './process.js'
import type { Scheduler } from './scheduler.js'

/** What became durable in one piece. */
export interface Written {
  readonly forget: boolean
  readonly values: ReadonlyMap<string, Json | undefined>
  readonly messages: readonly StoredMessage[]
  readonly failures: readonly Failure[]
}

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

export interface PhoneWeather {
  readonly writeMs: number
  /** How likely a write fails. */
  readonly writeFails: number
}

/** One program's way to the disk. */
export class PhoneStorage implements Storage {
  readonly #disk: PhoneDisk
  readonly #scheduler: Scheduler
  readonly #random: Random
  readonly #process: Process
  readonly #weather: () => PhoneWeather
  #writing: Written | undefined

  constructor(disk: PhoneDisk, scheduler: Scheduler, random: Random, process: Process, weather: () => PhoneWeather) {
    this.#disk = disk
    this.#scheduler = scheduler
    this.#random = random
    this.#process = process
    this.#weather = weather
    process.onEnd(() => {
      const writing = this.#writing
      if (writing !== undefined && random.fraction() < 0.5) disk.write(writing)
    })
  }

  open(done: (error: Error | undefined, values: ReadonlyMap<string, Json>) => void): void {
    this.#later(() => done(undefined, new Map(this.#disk.model.values)))
  }

  commit({ forget, values, messages, failures }: Changes, done: (error?: Error) => void): void {
    const written = { forget, values: new Map(values), messages: [...messages], failures: [...failures] }
    this.#writing = written
    this.#later(() => {
      this.#writing = undefined
      const fails = this.#chance(this.#weather().writeFails)
      // After a failed write nobody knows what is there.
      if (!fails || this.#chance(0.5)) this.#disk.write(written)
      done(fails ? new Error('the disk failed') : undefined)
    })
  }

  history(
    conversation: ConversationId,
    before: number | undefined,
    limit: number,
    done: (error: Error | undefined, page: HistoryPage) => void,
  ): void {
    this.#later(() => done(undefined, this.#disk.model.page(conversation, before, limit)))
  }

  close(done: () => void): void {
    this.#later(done)
  }

  #chance(probability: number): boolean {
    return probability > 0 && this.#random.fraction() < probability
  }

  #later(run: () => void): void {
    const ms = this.#weather().writeMs * 2 * this.#random.fraction()
    this.#scheduler.after(ms, 'phone disk', run, this.#process)
  }
}
