/** `longwire simulate` as a process, as a person would start it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Report } from '../../../clients/simulate/report.js'

const MAIN = fileURLToPath(new URL('../../../src/main.js', import.meta.url))

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  /** The last line of stdout. */
  readonly report: Report
}

export interface Started {
  readonly child: ChildProcess
  readonly stderr: () => string
  readonly ended: Promise<Ended>
}

/** @param temporary where it may make its folders */
export function startSimulate(temporary: string, ...argv: string[]): Started {
  const child = spawn(process.execPath, [MAIN, 'simulate', ...argv], {
    env: { ...process.env, TMPDIR: temporary },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const ended = new Promise<Ended>(resolve => {
    child.on('close', code => {
      const last = stdout.trimEnd().split('\n').at(-1) ?? ''
      resolve({ code, stdout, stderr, report: last.startsWith('{') ? (JSON.parse(last) as Report) : ({} as Report) })
    })
  })
  return { child, stderr: () => stderr, ended }
}

export function simulate(temporary: string, ...argv: string[]): Promise<Ended> {
  return startSimulate(temporary, ...argv).ended
}

/** The servers that a simulation has running. */
export function serversOf(child: ChildProcess): number[] {
  return readdirSync(`/proc/${child.pid}/task`).flatMap(task =>
    readFileSync(`/proc/${child.pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  )
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
