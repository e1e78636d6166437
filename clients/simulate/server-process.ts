/**
 * A server as a child process: started on a data folder, killed, started again on the same data and port, stopped.
 *
 *   start() ──► starting ──ready──► running ──kill()──► killed ──start()──► starting …
 *                  │                   ├──stop()──► stopping ──► stopped
 *                  │                   └──ends by itself──► died: `onDeath` is told
 *                  └──ends, or takes too long──► died: start() rejects
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { Clock } from '../../src/lib/clock.js'
import { eachLine } from '../../src/lib/each-line.js'
import type { ServerAddress } from '../../src/ops/address.js'
import { withoutOptions } from '../../src/ops/command-options.js'

export interface ServerSpec {
  readonly store: 'lmdb' | 'memory'
  readonly dataFolder: string
  readonly clock: Clock
  /** Called once if the server ends without being asked to. Nothing is started after it. */
  readonly onDeath: (message: string) => void
}

interface Running {
  readonly child: ChildProcess
  /** Its exit, as a sentence's end. */
  readonly ended: Promise<string>
  /** The end of what it said on standard error. */
  said: string
}

type State = 'new' | 'starting' | 'running' | 'killed' | 'stopping' | 'stopped' | 'died'

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url))

const HOST = '127.0.0.1'

/** A machine that does other work, and a store with much to read. */
const START_MS_MAX = 30_000

/** The wait for a stop; longer than the server's own limit for draining. */
const STOP_MS_MAX = 15_000

/** Clients are closed before the server is stopped: there is nobody to wait for. */
const DRAIN_MS = 1_000

/** The end of what a process says on standard error that is kept. */
export const SAID_CHARACTERS_MAX = 4_000

/** The unit of the times in /proc. Linux says 100 ticks per second to every program, whatever the kernel counts in. */
const MS_PER_TICK = 10

export class ServerProcess {
  readonly #spec: ServerSpec
  #state: State = 'new'
  #running: Running | undefined
  /** The one spawned last, whatever became of it. */
  #last: ChildProcess | undefined
  #port = 0
  /** The CPU time of the incarnations that ended. */
  #endedCpuMs = 0
  #kills = 0

  constructor(spec: ServerSpec) {
    this.#spec = spec
  }

  /** Its address, for both sides; the same in every incarnation. */
  get addresses(): readonly ServerAddress[] {
    return [{ host: HOST, port: this.#port }]
  }

  get kills(): number {
    return this.#kills
  }

  /** Resolves when it listens. @throws Error why it does not */
  async start(): Promise<void> {
    if (this.#state !== 'new' && this.#state !== 'killed')
      throw new Error(`a server that is ${this.#state} is not started`)
    this.#state = 'starting'
    const running = this.#spawn()
    this.#running = running
    const port = await this.#readiness(running)
    if (this.#running !== running || this.#state !== 'starting') return
    this.#port = port
    this.#state = 'running'
  }

  /** SIGKILL; resolves when it is gone. */
  async kill(): Promise<void> {
    const running = this.#running
    if (this.#state !== 'running' || running === undefined) return
    this.#state = 'killed'
    this.#kills++
    this.#bury(running)
    running.child.kill('SIGKILL')
    await running.ended
  }

  /** SIGTERM, and the last of it. @returns what was wrong with its end, if anything */
  async stop(): Promise<string | undefined> {
    const running = this.#running
    if (running === undefined || this.#state === 'died') return undefined
    const wasRunning = this.#state === 'running'
    this.#state = 'stopping'
    this.#bury(running)
    running.child.kill(wasRunning ? 'SIGTERM' : 'SIGKILL')
    const late = this.#spec.clock.after(STOP_MS_MAX, () => running.child.kill('SIGKILL'))
    const how = await running.ended
    late.cancel()
    this.#state = 'stopped'
    // By SIGTERM itself: it was started so lately that it did not listen to signals yet.
    const wanted = how === 'with exit code 0' || how === 'by SIGTERM' || !wasRunning
    return wanted ? undefined : `the server stopped ${how}${lastLine(running.said)}`
  }

  /** Kills the server at once and does not wait: for the exit of this process. */
  abandon(): void {
    this.#last?.kill('SIGKILL')
  }

  /** User and system time of all incarnations, milliseconds, to the tick of 10 ms; undefined when it died and nobody looked in time. */
  cpuMs(): number | undefined {
    if (this.#state === 'died') return undefined
    return this.#endedCpuMs + (this.#running === undefined ? 0 : cpuMsOf(this.#running.child.pid))
  }

  #spawn(): Running {
    const { store, dataFolder } = this.#spec
    const options = {
      port: this.#port,
      'http-port': 'none',
      store,
      data: dataFolder,
      limits: 'open',
      'drain-ms': DRAIN_MS,
      'log-level': 'warn',
      'ready-fd': 3,
    }
    const argv = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])
    const child = spawn(process.execPath, [...process.execArgv, MAIN, 'serve', ...argv], {
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
      env: withoutOptions(process.env),
      // A group of its own: Ctrl-C is for this program, which then stops the server.
      detached: true,
    })
    this.#last = child
    let end: (how: string) => void
    const ended = new Promise<string>(resolve => {
      end = resolve
    })
    const running: Running = { child, ended, said: '' }
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      running.said = (running.said + text).slice(-SAID_CHARACTERS_MAX)
    })
    child.on('error', error => end(`: ${error.message}`))
    // 'close' and not 'exit': what it said last is read then.
    child.on('close', (code, signal) => {
      end(code === null ? `by ${signal}` : `with exit code ${code}`)
      this.#closed(running, code === null ? `by ${signal}` : `with exit code ${code}`)
    })
    return running
  }

  /** @returns the port */
  #readiness(running: Running): Promise<number> {
    return new Promise((resolve, reject) => {
      const late = this.#spec.clock.after(START_MS_MAX, () => {
        running.child.kill('SIGKILL')
        fail(`did not start within ${START_MS_MAX / 1000} s`)
      })
      const fail = (how: string): void => {
        late.cancel()
        if (this.#running === running && this.#state === 'starting') this.#state = 'died'
        reject(new Error(`the server ${how}${lastLine(running.said)}`))
      }
      eachLine(running.child.stdio[3] as Readable, line => {
        late.cancel()
        const { port } = JSON.parse(line) as { readonly port: number }
        resolve(port)
      })
      running.ended.then(how => fail(`did not start: it ended ${how}`))
    })
  }

  #closed(running: Running, how: string): void {
    if (this.#running !== running || this.#state !== 'running') return
    this.#state = 'died'
    this.#running = undefined
    this.#spec.onDeath(`the server ended by itself, ${how}${lastLine(running.said)}`)
  }

  /** Takes down its times while /proc has them. */
  #bury(running: Running): void {
    this.#endedCpuMs += cpuMsOf(running.child.pid)
    this.#running = undefined
  }
}

/** User and system time of a process with all its threads; 0 where there is no /proc. */
export function cpuMsOf(pid: number | undefined): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The program's name stands in parentheses and may hold anything; the fields follow it, from the third on.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK
  } catch {
    return 0
  }
}

/** The last line of what a process said, to be put behind a sentence. */
export function lastLine(said: string): string {
  const line = said.trimEnd().split('\n').at(-1) ?? ''
  return line === '' ? '' : `; it said: ${line.replace(/^longwire: /, '')}`
}
