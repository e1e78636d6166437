/**
 * Fan-out: an effect for many actors. Its targets are grouped by partition. Each partition's own actor `partition/<p>` takes one entry,
 * with the payload once, by the counter of the pair (source, partition/<p>):
 *
 *   tx.fanOut(kind, targets, input) ─► an entry per partition (and 256 targets) in the outbox of the source
 *                                          │  deliverer: a slice, a rest, a slice, a rest, …
 *                                          ▼
 *   at partition/<p>, one unit per slice:  `run` at the next few targets   +   how many of the entry's targets are done
 *                                          all are done: the entry counts as taken, the next one of the pair has its turn
 *
 * The pair counter holds the progress, and is written in the same unit as the changes at the targets. So each target sees each effect
 * once, in the order of its source, whichever node delivers it and whenever a crash comes. If the effect throws at one target, it is set
 * aside for that target alone.
 *
 * This pair is not the pair (source, target). What must stay in order with a fan-out is sent as a fan-out too, with one target if need
 * be.
 */
import { partitionOf } from '../store/partition.js'
import type { Actor } from '../store/types.js'
import { ENTRY_TARGET_BYTES_MAX, ENTRY_TARGETS_MAX } from './outbox-entry.js'

/**
 * Targets that one unit takes. Each costs an item, a hint and a record or two, so that a slice takes some milliseconds. A list no
 * longer than this is applied at once where its targets are in the same scope: entries would cost more than the slice.
 */
export const SLICE_TARGETS = 32

const PARTITION = 'partition'

/** The actor that takes the fan-outs to actors of its partition. */
export function partitionActorOf(actor: Actor): Actor {
  return `${PARTITION}/${partitionOf(actor)}`
}

export function isPartitionActor(actor: Actor): boolean {
  return actor.startsWith(`${PARTITION}/`)
}

export interface TargetGroup {
  readonly partition: Actor
  readonly targets: readonly Actor[]
}

/** Groups targets by partition, each group short enough for one entry. Within a partition the given order stays. */
export function groupTargets(targets: readonly Actor[]): readonly TargetGroup[] {
  const groups: TargetGroup[] = []
  const open = new Map<Actor, { targets: Actor[]; bytes: number }>()
  for (const target of targets) {
    const partition = partitionActorOf(target)
    const bytes = 4 + Buffer.byteLength(target)
    let group = open.get(partition)
    if (
      group === undefined ||
      group.targets.length === ENTRY_TARGETS_MAX ||
      group.bytes + bytes > ENTRY_TARGET_BYTES_MAX
    ) {
      group = { targets: [], bytes: 0 }
      open.set(partition, group)
      groups.push({ partition, targets: group.targets })
    }
    group.targets.push(target)
    group.bytes += bytes
  }
  return groups
}
