/**
 * A child process that never outlives this one. It has a process group of its own, so a Ctrl-C of the terminal reaches only this process,
 * which then ends its children in order. A shell stands between: it ends the child when its standard input is closed, which the kernel does
 * however this process ends. What is not covered: a SIGKILL of that shell, too.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { eachLine } from '../../lib/each-line.js'
import { withoutOptions } from '../../ops/command-options.js'

/** Runs "$@" until it ends or standard input does. Descriptor 9 keeps that input for the watcher, as sh takes it from what it runs beside. */
const LEASH = `
exec 9<&0
"$@" </dev/null 9<&- &
child=$!
echo "leash:$child"
( cat <&9 >/dev/null; kill -TERM $child ) 2>/dev/null &
watcher=$!
while kill -0 $child 2>/dev/null; do wait $child; status=$?; done
kill $watcher 2>/dev/null
exit $status
`

export interface LeashedOptions {
  readonly program: string
  readonly argv: readonly string[]
  /** Called with each line that it writes to its standard output or error. */
  readonly onLine: (line: string) => void
}

export class Leashed {
  readonly #child: ChildProcess
  readonly #exit: Promise<unknown>
  #isRunning = true
  #pid: number | undefined

  constructor({ program, argv, onLine }: LeashedOptions) {
    this.#child = spawn('/bin/sh', ['-c', LEASH, 'leash', program, ...argv], {
      stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
      env: withoutOptions(process.env),
      detached: true,
    })
    this.#exit = once(this.#child, 'exit').then(([code]) => {
      this.#isRunning = false
      return code
    })
    this.#child.on('error', () => {})
    this.#child.stdin?.on('error', () => {})
    eachLine(this.#child.stderr, onLine)
    eachLine(this.#child.stdout, line => {
      const own = /^leash:(\d+)$/.exec(line)
      if (own === null) onLine(line)
      else this.#pid = Number(own[1])
    })
  }

  /** The process that it runs, which stands behind the shell; undefined: it is not known yet. */
  get pid(): number | undefined {
    return this.#pid
  }

  /** Its exit code, or null, when it has ended. */
  get exit(): Promise<unknown> {
    return this.#exit
  }

  /** The first line that it writes to descriptor 3; undefined: it ended before. */
  ready(): Promise<string | undefined> {
    const stream = this.#child.stdio[3] as Readable | null | undefined
    return new Promise(resolve => {
      eachLine(stream, resolve)
      void this.#exit.then(() => resolve(undefined))
    })
  }

  /** Ends it by SIGTERM; settles when it has ended. */
  async end(): Promise<void> {
    this.#child.stdin?.end()
    await this.#exit
  }

  /** Ends it and all that it started, at once. */
  kill(): void {
    const { pid } = this.#child
    if (pid === undefined || !this.#isRunning) return
    try {
      process.kill(-pid, 'SIGKILL')
    } catch {
      // It has ended in this moment.
    }
  }
}
