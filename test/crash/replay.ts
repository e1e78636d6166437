/** A state in which something is wrong: told for a person, and kept in a file that opens it again. */

import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { deserialize, serialize } from 'node:v8'
import type { FoundFault } from './campaign.js'
import type { Chapter } from './chapter.js'
import { Disk } from './disk.js'
import type { Cut } from './explorer.js'
import { callText } from './trace.js'

/** @returns lines with what is wrong, what was pending and what became of it, and how to see it again. */
export function tellFault(fault: FoundFault): string {
  const file = path.join(os.tmpdir(), `longwire-crash-${process.pid}-${fault.cut.at}.state`)
  fs.writeFileSync(file, serialize(fault))
  const again = `again: npm run crash -- --replay ${file}`
  return [fault.text, tellCut(fault.chapter, fault.cut), again].join('\n')
}

export function readFault(file: string): FoundFault {
  return deserialize(fs.readFileSync(file)) as FoundFault
}

function tellCut({ trace, start }: Chapter, { at, kind, choice }: Cut): string {
  const disk = new Disk(start)
  for (const event of trace.slice(0, at)) disk.step(event)
  const pending = new Set(disk.pending().map(({ id }) => id))
  const told = trace.slice(0, at).flatMap(event => {
    if (event.kind !== 'begin' || !pending.has(event.id)) return []
    const other = event.call.kind === 'write' || event.call.kind === 'size' ? choice.writes : choice.names
    return [`  ${event.id} ${callText(event.call)}: ${JSON.stringify(choice.fates[event.id] ?? other)}`]
  })
  const { garbage, damage } = choice
  const more = [garbage, damage].flatMap(each => (each === undefined ? [] : [`  ${JSON.stringify(each)}`]))
  return [`${kind}, after event ${at} of ${trace.length}; pending:`, ...told, ...more].join('\n')
}
