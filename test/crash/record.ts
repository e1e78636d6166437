/** Runs the workload in a process of its own, and gives what it did to its disk. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { imageOf } from './folder.js'
import type { WorkloadPlan } from './story.js'
import { straceArguments, straceLines } from './strace.js'
import { type Line, type TraceEvent, traceOf } from './trace.js'

const WORKLOAD = fileURLToPath(new URL('./workload.js', import.meta.url))
const RECORDER = new URL('./recorder.js', import.meta.url).href

/** How calls are seen: through wrapped functions, or by strace, which sees those of lmdb too. */
export type Eye = 'wrapped' | 'strace'

/** Below the folder that is watched: folders that the store has to make. */
export const DATA = 'srv/longwire'

/** Where the backup is, seen from there. */
export const BACKUP = '../backups/one'

/** @param root the folder that is watched, as the last process left it */
export async function record(root: string, plan: WorkloadPlan, eye: Eye): Promise<TraceEvent[]> {
  const work = fs.mkdtempSync(`${root}-record-`)
  const [lines, reports] = [path.join(work, 'lines'), path.join(work, 'reports')]
  for (const file of [lines, reports]) fs.writeFileSync(file, '')
  const sizes = new Map([...imageOf(root)].map(([name, bytes]) => [name, bytes?.length ?? 0]))
  try {
    const env = { ...process.env, CRASH_REPORTS: reports }
    const command = [process.execPath, WORKLOAD, path.join(root, DATA), JSON.stringify(plan)]
    if (eye === 'strace') command.unshift('strace', ...straceArguments(lines))
    else Object.assign(env, { CRASH_ROOT: root, CRASH_LINES: lines, NODE_OPTIONS: `--import=${RECORDER}` })
    const [program = '', ...args] = command
    const child = spawn(program, args, { env, stdio: ['ignore', 'inherit', 'pipe'] })
    let errors = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors += text
    })
    const [code, signal] = await once(child, 'close')
    if (signal !== 'SIGKILL') throw new Error(`the workload ended with ${code ?? signal}: ${errors}`)
    const text = fs.readFileSync(lines, 'utf8')
    if (eye === 'strace') return traceOf(straceLines(text, { root, reports, sizes }))
    return traceOf(wholeLines(text).map(line => JSON.parse(line) as Line))
  } finally {
    fs.rmSync(work, { recursive: true, force: true })
  }
}

/** Without one that a kill cut off. */
function wholeLines(text: string): string[] {
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter(line => line !== '')
}
