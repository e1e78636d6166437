/**
 * What a store went through: processes one after the other on one disk, each ended by a kill, from an empty disk or from what a
 * power loss has left of another chapter.
 */

import fs from 'node:fs'
import path from 'node:path'
import { ALL_THERE, Disk, type Image } from './disk.js'
import type { Cut } from './explorer.js'
import { imageOf, putImage } from './folder.js'
import { newScratch } from './openers.js'
import { DATA, type Eye, record } from './record.js'
import { settled } from './settle.js'
import type { WorkloadPlan } from './story.js'
import { after, killedAfter, type Trace } from './trace.js'

export { DATA }

export interface Chapter {
  /** What was durable at the beginning. */
  readonly start: Image
  /** What was reported before that. */
  readonly told: readonly string[]
  readonly trace: Trace
}

export const NOTHING: Chapter = { start: new Map(), told: [], trace: [] }

/** After that cut of a chapter, which is a kill or a power loss, processes with these plans. */
export async function goOn(
  chapter: Chapter,
  cut: Cut | undefined,
  plans: readonly WorkloadPlan[],
  eye: Eye,
): Promise<Chapter> {
  const before = chapter.trace.slice(0, cut?.at)
  const disk = played({ ...chapter, trace: before })
  const image = disk.image(cut?.choice ?? ALL_THERE)
  const killed = cut === undefined || cut.kind === 'killed'
  const reports = before.flatMap(event => (event.kind === 'report' ? [event.text] : []))
  const next: Chapter = killed
    ? { ...chapter, trace: killedAfter(before) }
    : { start: image, told: [...chapter.told, ...reports], trace: [] }
  const scratch = newScratch()
  const root = path.join(scratch, 'disk')
  try {
    putImage(root, image)
    let trace = next.trace
    for (const plan of plans) {
      const whole = after(trace, await record(root, plan, eye))
      trace = killedAfter(settled(whole, trace.length, imageOf(root), trace => played({ ...next, trace })))
    }
    return { ...next, trace }
  } finally {
    fs.rmSync(scratch, { recursive: true, force: true })
  }
}

function played({ start, trace }: Chapter): Disk {
  const disk = new Disk(start)
  for (const event of trace) disk.step(event)
  return disk
}
