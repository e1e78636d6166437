/** `longwire` as a process of its own. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { eventually } from './eventually.js'

/** A start on a disk that was made slow, beside other work. One that fails is noticed at once. */
export const START_LIMIT_MS = 120_000

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url))

export interface Ready {
  readonly host: string
  readonly port: number
  readonly http_port: number
  /** If it has one of its own. */
  readonly metrics_port?: number
  /** If it takes links. */
  readonly link_port?: number
  readonly pid: number
  readonly store: string
}

export class CliProcess {
  readonly child: ChildProcess
  stdout = ''
  stderr = ''
  /** What was written to descriptor 3. */
  ready = ''
  readonly #exit: Promise<unknown[]>

  /** @param wrapper what runs it, as `strace` with its options; it must end with its exit code */
  constructor(
    argv: readonly string[],
    environment: Readonly<Record<string, string>> = {},
    wrapper: readonly string[] = [],
  ) {
    const env = { PATH: process.env.PATH ?? '', ...environment }
    const [program = '', ...rest] = [...wrapper, process.execPath, MAIN, ...argv]
    this.child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'pipe', 'pipe'], env })
    this.#exit = once(this.child, 'close')
    // Of a test that failed it would be left, and the test's process with it.
    t.teardown(() => this.child.kill('SIGKILL'))
    const [, out, error, ready] = this.child.stdio as readonly unknown[] as readonly [
      null,
      Readable,
      Readable,
      Readable,
    ]
    out.on('data', chunk => {
      this.stdout += chunk
    })
    error.on('data', chunk => {
      this.stderr += chunk
    })
    ready.on('data', chunk => {
      this.ready += chunk
    })
  }

  /** Its standard output is read no more, as by `| head -0`. */
  closeStdout(): void {
    this.child.stdout?.destroy()
  }

  /** A server on free ports; settles when it listens. */
  static async serve(...argv: readonly string[]): Promise<{ server: CliProcess; ready: Ready }> {
    return CliProcess.serveUnder([], ...argv)
  }

  /** The same, run by something. */
  static async serveUnder(
    wrapper: readonly string[],
    ...argv: readonly string[]
  ): Promise<{ server: CliProcess; ready: Ready }> {
    const all = ['serve', '--port', '0', '--http-port', '0', '--ready-fd', '3', ...argv]
    const server = new CliProcess(all, {}, wrapper)
    await eventually(() => server.ready.endsWith('\n') || server.child.exitCode !== null, START_LIMIT_MS)
    if (server.child.exitCode !== null) throw new Error(server.stderr)
    return { server, ready: JSON.parse(server.ready) as Ready }
  }

  /** Its exit code (128 and the signal's number if one killed it), when it has ended and everything that it wrote was read. */
  async exit(): Promise<number | string> {
    const [code, signal] = (await this.#exit) as [number | null, string | null]
    return code ?? signal ?? 'unknown'
  }
}
