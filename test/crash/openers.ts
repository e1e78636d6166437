/** Some processes that open states, each one at a time. One that was ended by a state is replaced. */

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Task } from './opener.js'
import type { Found } from './opening.js'

const OPENER = fileURLToPath(new URL('./opener.js', import.meta.url))

/** A state takes some milliseconds; lmdb that turns for ever in a damaged file is a finding. */
const OPEN_MS_MAX = 60_000

/** lmdb keeps something of each database that was open. */
const STATES_PER_PROCESS = 400

export type Outcome = Found | { readonly kind: 'ended'; readonly by: string }

/** In memory if there is such a place. */
export function newScratch(): string {
  const shared = '/dev/shm'
  const parent = fs.existsSync(shared) ? shared : os.tmpdir()
  return fs.mkdtempSync(path.join(parent, 'longwire-crash-'))
}

export class Openers {
  /** How many can work at once. */
  readonly count: number
  readonly #scratch: string
  readonly #env: NodeJS.ProcessEnv
  readonly #free: Opener[] = []
  readonly #waiting: ((opener: Opener) => void)[] = []

  constructor(scratch: string, env: NodeJS.ProcessEnv = {}, count = Math.max(2, os.availableParallelism())) {
    this.#scratch = scratch
    this.#env = env
    this.count = count
    for (let i = 0; i < count; i++) this.#free.push(this.#start(i))
  }

  async open(state: Omit<Task, 'folder'>): Promise<Outcome> {
    const opener = this.#free.pop() ?? (await new Promise<Opener>(resolve => this.#waiting.push(resolve)))
    const { folder } = opener
    const outcome = await opener.open({ ...state, folder })
    fs.rmSync(folder, { recursive: true, force: true })
    if (outcome.kind === 'ended' || ++opener.states >= STATES_PER_PROCESS) {
      opener.end()
      this.#release(this.#start(opener.number))
    } else this.#release(opener)
    return outcome
  }

  end(): void {
    for (const opener of this.#free) opener.end()
  }

  #start(number: number): Opener {
    return new Opener(number, path.join(this.#scratch, `opener-${number}`), this.#env)
  }

  #release(opener: Opener): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#free.push(opener)
    else next(opener)
  }
}

class Opener {
  states = 0
  readonly number: number
  readonly folder: string
  readonly #process: ChildProcess

  constructor(number: number, folder: string, env: NodeJS.ProcessEnv) {
    this.number = number
    this.folder = folder
    const stdio = ['ignore', 'ignore', 'ignore', 'ipc'] as const
    this.#process = fork(OPENER, { serialization: 'advanced', env: { ...process.env, ...env }, stdio: [...stdio] })
  }

  async open(task: Task): Promise<Outcome> {
    const limit = new AbortController()
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), OPEN_MS_MAX)
    const found = once(this.#process, 'message', { signal: limit.signal }).then(([found]) => found as Found)
    const ended = once(this.#process, 'exit', { signal: limit.signal }).then(([code, signal]) => {
      return { kind: 'ended', by: String(signal ?? code) } as const
    })
    this.#process.send(task)
    const outcome = await Promise.race([found, ended])
    clearTimeout(timer)
    limit.abort()
    await Promise.allSettled([found, ended])
    return outcome
  }

  end(): void {
    this.#process.kill('SIGKILL')
  }
}
