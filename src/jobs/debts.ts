/** Pays what groups owe to partitions whose outbox was full (the rules: sync/rules/debts.ts). */
import type { Engine } from '../sync/engine.js'
import { done } from '../sync/outcome.js'
import { groupActor } from '../sync/references.js'
import { debtor, debtsActor, debtsOf, hasPaid, pay } from '../sync/rules/debts.js'
import type { Gid } from '../sync/rules/group-records.js'
import type { Job, Pace } from './job.js'
import { eachNoted } from './noted.js'

/** The items that are paid at once, and the most bytes of them. */
const ITEMS_AT_ONCE = 64
const BYTES_AT_ONCE = 2 ** 18

export function debts(engine: Engine): Job['run'] {
  return (partition, pace) => {
    const notes = { actor: debtsActor(`partition/${partition}`), prefix: debtor.prefix }
    return eachNoted(engine, notes, pace, gid => payAll(engine, gid, pace))
  }
}

async function payAll(engine: Engine, gid: Gid, pace: Pace): Promise<void> {
  const { owed } = done(await engine.run(groupActor(gid), debtsOf, undefined))
  let isFull = false
  for (const partition of Object.keys(owed)) {
    if (pace.isStopped) return
    // A partition that still takes nothing keeps no other waiting.
    isFull = (await payPartition(engine, gid, Number(partition), pace)) || isFull
  }
  if (isFull) throw new Error('the outbox to a partition is still full')
  if (!pace.isStopped) done(await engine.run(debtsActor(groupActor(gid)), hasPaid, { gid }))
}

/** @returns whether it takes no more for now */
async function payPartition(engine: Engine, gid: Gid, partition: number, pace: Pace): Promise<boolean> {
  const group = groupActor(gid)
  while (!pace.isStopped) {
    const { owed, last } = done(await engine.run(group, debtsOf, undefined))
    const from = owed[partition]
    if (from === undefined) return false
    const page = await engine.log(group, from - 1, ITEMS_AT_ONCE, BYTES_AT_ONCE)
    if (page.kind === 'resync') throw new Error('the group owes what it has not got')
    const payment = { gid, partition, from, items: page.items, last: page.more ? undefined : last }
    const { more, full } = done(await engine.run(group, pay, payment))
    if (full) return true
    if (!more) return false
    await pace.rest()
  }
  return false
}
