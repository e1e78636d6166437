/** One run: a seed's nodes, store, network, phones and people, first in chaos and then healing, with everybody watching. */

import { MemoryView } from '../../src/store/memory/view.js'
import { verify } from '../../src/verify/verify.js'
import { depart, introduce } from './acts.js'
import { lookBack, missing, notOnTheBest } from './convergence.js'
import { SimulationFailure } from './failure.js'
import { everybodyRemovesADevice, everybodyWrites, somebodyGoesForGood } from './finale.js'
import { everybodyLooksIn } from './guests.js'
import type { Happened } from './happened.js'
import { Lingerers } from './lingerers.js'
import { everybodyLooks } from './looking.js'
import { everybodyReadsBoards } from './room-convergence.js'
import { calmed, type Setup } from './setup.js'
import { type RunOptions, Stage } from './stage.js'
import { everybodyCounts } from './unread.js'

export interface Result {
  readonly seed: number
  readonly setup: Setup
  /** Undefined if everything was right. */
  readonly failure: string | undefined
  readonly hash: string
  readonly events: number
  readonly virtualMs: number
  readonly sent: number
  readonly accepted: number
  readonly happened: Happened
}

/** For everything to be known to everybody, after the last fault: back-off goes up to a minute. */
const HEAL_MS = 240_000
/** For everybody to be on the best transport: probes are up to ten minutes apart, and a little more. */
const PROBE_MS = 780_000
const LOOK_MS = 500
const DAY_MS = 86_400_000

export async function runSeed(options: RunOptions): Promise<Result> {
  const stage = new Stage(options)
  const { scheduler, witness, trace, seed } = stage
  let failure: string | undefined
  const broken = (error: unknown): void => scheduler.fail(error)
  process.on('unhandledRejection', broken)
  try {
    await live(stage)
  } catch (error) {
    failure = error instanceof SimulationFailure ? error.message : `thrown: ${(error as Error)?.stack ?? error}`
  } finally {
    process.off('unhandledRejection', broken)
  }
  const { sent, accepted } = witness.auditor.verdict()
  const { ran: events, nowMs: virtualMs } = scheduler
  const { setup, happened } = stage
  for (const gid of stage.groups) happened.count('items of groups', stage.ledger.groupItems(gid).length)
  for (const rid of stage.rooms) happened.count('posts on boards', stage.ledger.posts(rid).length)
  for (const what of ['edit', 'recall', 'delete'] as const)
    happened.count(`messages with ${what} taken`, witness.changes.count(what))
  happened.count('reactions taken', witness.reactions.taken)
  return { seed, setup, failure, hash: trace.digest(), events, virtualMs, sent, accepted, happened }
}

async function live(stage: Stage): Promise<void> {
  const { random, users, nodes, cast, faults, ledger, witness, scheduler } = stage
  const { calendarMs, departure, chaosMs, steadyMs } = stage.setup
  for (const node of nodes) node.start()
  stage.everyNowAndThen(calendarMs, 'days go by', () => daysGoBy(stage))
  const leaver = departure ? users.at(-1) : undefined
  if (leaver !== undefined) {
    stage.after(chaosMs * (0.2 + 0.7 * random.fraction()), 'depart', () => {
      depart(stage, leaver)
      faults.haunt(() => ledger.isDeleted(leaver.uid))
    })
  }
  for (const phone of stage.phones) cast.liven(phone)
  faults.begin()
  // Only where there are several may one not have heard of the end of a session.
  if (nodes.length > 1) new Lingerers(stage).linger()
  introduce(stage)
  await scheduler.run(chaosMs)
  heal(stage)
  await settle(stage, HEAL_MS, 'after the last fault')
  await settle(stage, PROBE_MS, 'for the best transports', () => notOnTheBest(stage))
  everybodyWrites(stage)
  await settle(stage, steadyMs, 'on a healthy system')
  if (stage.setup.looking > 0) {
    await everybodyLooks(stage)
    await settle(stage, HEAL_MS, 'after everybody looked')
  }
  if (stage.groups.length > 0) await settle(stage, steadyMs, 'after all was counted', everybodyCounts(stage))
  await settle(stage, steadyMs, 'after all had read the boards', everybodyReadsBoards(stage))
  // Page by page, where a disk may take seconds.
  await settle(stage, HEAL_MS, 'after all had looked in', everybodyLooksIn(stage))
  await settle(stage, steadyMs, 'after devices were removed', everybodyRemovesADevice(stage))
  lookBack(stage)
  verifyStore(stage)
  const { lost, examples } = witness.auditor.verdict()
  if (lost > 0) throw new SimulationFailure(`${lost} lost: ${examples.join('; ')}`)
  await settle(stage, steadyMs, 'after an account was deleted', somebodyGoesForGood(stage))
  verifyStore(stage)
}

// What happens -----------------------------------------------------------------------------------------------------------

function heal(stage: Stage): void {
  stage.note('--- no more faults')
  stage.chaos = false
  stage.faults.end()
  stage.setup = calmed(stage.setup)
  stage.network.weather = stage.setup.network
  stage.cast.complete()
  for (const phone of stage.phones) {
    phone.jump(0)
    if (phone.away) phone.setAway(false)
    for (const name of phone.ladder) phone.setWay(name, 'open')
    // A phone tells its programs that the network has changed; not every one does.
    if (stage.chance(0.5)) phone.client?.nudge()
    phone.start()
  }
}

function daysGoBy({ random, scheduler, note }: Stage): void {
  const days = random.integer(4) === 0 ? 91 : random.integer(2) === 0 ? 31 : random.fraction()
  note(`${days} days go by`)
  scheduler.calendarMs += days * DAY_MS
}

// Judgement --------------------------------------------------------------------------------------------------------------

async function settle(stage: Stage, limitMs: number, when: string, more: () => string[] = () => []): Promise<void> {
  const { scheduler, cast } = stage
  const endMs = scheduler.nowMs + limitMs
  let left: string[] = []
  for (let lookMs = LOOK_MS; scheduler.nowMs < endMs; lookMs *= 1.05) {
    await scheduler.run(scheduler.nowMs + lookMs)
    left = [...cast.bury(), ...cast.remains(), ...more()]
    // What costs most only when the rest is there.
    if (left.length === 0) left = missing(stage)
    if (left.length === 0) return
  }
  throw new SimulationFailure(`not settled ${limitMs} ms ${when}: ${left.slice(0, 12).join('; ')}`)
}

/** What `longwire verify` looks at. */
function verifyStore(stage: Stage): void {
  verify(new MemoryView(stage.disk.snapshot()), fault => {
    if (!isOfLoss(fault, stage)) stage.fail(`the store: ${fault}`)
  })
}

/**
 * Whether it is left of a loss: one side has what the other has lost. Effects that were taken count as sent from the source's next one on.
 */
function isOfLoss(fault: string, { witness, mayDisagree, untaken }: Stage): boolean {
  if (!witness.losesTail) return false
  const [, a, b] = /^users (\d+) and (\d+): /.exec(fault) ?? []
  const [, source, sent, target, taken] =
    /^(.*) has sent (\d+) to (.*), settled .*and (\d+) were taken$/.exec(fault) ?? []
  const isAhead = / has taken \d+ of .*, which has sent \d+$/.test(fault) || Number(taken) > Number(sent)
  const isUntaken = untaken.get(`${source} > ${target}`) === Number(sent)
  const [, stored, device] = /has stored (\d+) of (\S+), which has sent/.exec(fault) ?? []
  const [, message = `${device}/${stored}`] = /^message (\S+), .*: its device has sent/.exec(fault) ?? []
  return isAhead || isUntaken || witness.hasLost(message) || mayDisagree(Number(a), Number(b))
}
