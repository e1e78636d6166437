/**
 * Notices that the files of a running store are deleted, moved away or replaced. Descriptors and maps go on as if nothing had happened,
 * so all that is acknowledged afterwards would be lost with the process.
 *
 * The paths are looked at four times a second, away from the event loop, whether anything is written or not (100 µs CPU per second). A
 * watch of the folder would tell at once, but would also report each write of the journal.
 */

import fs from 'node:fs'
import type { Clock, TimerHandle } from '../../lib/clock.js'
import { StoreFolderError } from './errors.js'
import { databasePath, JOURNAL_FILES, journalPath } from './files.js'

/** The time between two looks. Writes between the loss of a file and the next look may be lost. */
const LOOK_MS = 250

interface Known {
  readonly file: string
  readonly dev: number
  readonly ino: number
}

export class Presence {
  readonly #folder: string
  readonly #clock: Clock
  readonly #known: readonly Known[]
  #timer: TimerHandle | undefined
  #closed = false
  /** Called once when a file is gone, or another one is in its place. */
  onGone: (error: Error) => void = () => {}

  /** Starts to watch the files, which exist. */
  constructor(folder: string, clock: Clock) {
    this.#folder = folder
    this.#clock = clock
    const files = [databasePath(folder), ...JOURNAL_FILES.map(index => journalPath(folder, index))]
    this.#known = files.map(file => {
      const { dev, ino } = fs.statSync(file)
      return { file, dev, ino }
    })
    this.#later()
  }

  close(): void {
    this.#closed = true
    this.#timer?.cancel()
  }

  #later(): void {
    this.#timer = this.#clock.after(LOOK_MS, () => void this.#look())
  }

  async #look(): Promise<void> {
    const missing = (await Promise.all(this.#known.map(changeOf))).find(change => change !== undefined)
    if (this.#closed) return
    if (missing === undefined) {
      this.#later()
      return
    }
    const why = 'was deleted, moved or replaced under the running server'
    this.onGone(new StoreFolderError(`the data folder ${this.#folder} ${why}: ${missing}`))
  }
}

/** Describes how a file has changed; undefined if it is unchanged, or if nobody can tell. */
async function changeOf({ file, dev, ino }: Known): Promise<string | undefined> {
  try {
    const now = await fs.promises.stat(file)
    return now.dev === dev && now.ino === ino ? undefined : `${file} is another file`
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return code === 'ENOENT' || code === 'ENOTDIR' ? `${file} is not there` : undefined
  }
}
