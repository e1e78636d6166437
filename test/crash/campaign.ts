/** A whole run: a first chapter, its states, and chapters that go on from some of them. */

import { type Random, seededRandom } from '../../src/lib/random.js'
import { type Chapter, goOn, NOTHING } from './chapter.js'
import { type Cut, explore, type Fault } from './explorer.js'
import type { Eye } from './record.js'
import type { StateKind } from './states.js'
import type { WorkloadPlan } from './story.js'

export interface CampaignOptions {
  readonly seed: string
  /** How many states of the first chapter are opened at most; all later chapters together have as many again. */
  readonly states: number
  /** How many chapters begin after a crash of the first one. */
  readonly later: number
  readonly eye: Eye
}

export interface FoundFault extends Fault {
  readonly chapter: Chapter
}

export interface Campaign {
  readonly possible: number
  readonly opened: Readonly<Partial<Record<StateKind, number>>>
  readonly faults: readonly FoundFault[]
}

/** It ends early when it has found so many. */
const FAULTS_MAX = 20

export async function campaign({ seed, states, later, eye }: CampaignOptions): Promise<Campaign> {
  const random = seededRandom(seed)
  const opened: Partial<Record<StateKind, number>> = {}
  const faults: FoundFault[] = []
  let possible = 0
  const look = async (chapter: Chapter, statesMax: number, chances: number): Promise<readonly Cut[]> => {
    const options = { seed: `${seed} ${possible}`, statesMax, chances, faultsMax: FAULTS_MAX }
    const explored = await explore(chapter, options)
    possible += explored.possible
    for (const [kind, count] of Object.entries(explored.opened) as [StateKind, number][]) {
      opened[kind] = (opened[kind] ?? 0) + count
    }
    faults.push(...explored.faults.map(fault => ({ ...fault, chapter })))
    return explored.sound
  }
  // What it takes to see each of these states once is left to the number of states.
  const chances = Math.ceil(states / 200)
  const first = await goOn(NOTHING, undefined, firstPlans(seed), eye)
  const sound = await look(first, states, chances)
  for (let i = 0; i < later && faults.length < FAULTS_MAX; i++) {
    const cut = i % 2 === 0 ? killedAt(first, random) : lostAt(sound, random)
    if (cut === undefined) continue
    const chapter = await goOn(first, cut, [{ seed: `${seed} later ${i}`, commits: 8, end: 'kill', epochs: true }], eye)
    await look(chapter, Math.ceil(states / later), chances)
  }
  // The system calls by which Node copies a file do not show what is copied.
  await look(await goOn(NOTHING, undefined, backupPlans(seed), 'wrapped'), Math.ceil(states / 4), chances)
  return { possible, opened, faults }
}

/** A backup, commits that it does not have, and a restore that gives them up. */
function backupPlans(seed: string): WorkloadPlan[] {
  return [
    { seed: `${seed} before`, commits: 6, end: 'back up' },
    { seed: `${seed} beyond`, commits: 4, end: 'kill' },
    { seed, commits: 0, end: 'restore' },
    { seed: `${seed} after`, commits: 4, end: 'kill' },
  ]
}

/** A first start, a start with something to replay, one with nothing to replay. */
export function firstPlans(seed: string): WorkloadPlan[] {
  return [
    { seed: `${seed} first`, commits: 25, end: 'kill' },
    { seed: `${seed} second`, commits: 10, end: 'close', epochs: true },
    { seed: `${seed} third`, commits: 10, end: 'kill' },
  ]
}

/** Half of them in the first start, in which the order of all steps matters. */
function killedAt({ trace }: Chapter, random: Random): Cut {
  const opened = trace.findIndex(event => event.kind === 'report')
  const at = random.integer(random.integer(2) === 0 ? opened : trace.length)
  return { kind: 'killed', at, choice: { writes: 'there', names: 'there', fates: {} } }
}

function lostAt(sound: readonly Cut[], random: Random): Cut | undefined {
  const lost = sound.filter(({ kind }) => kind !== 'killed' && kind !== 'damaged')
  return lost.length === 0 ? undefined : lost[random.integer(lost.length)]
}
