/**
 * Shares out the descriptors that a process may have. Connections get what the others leave, however many connections come. The
 * others are the store's files, the log and threads; refused peers, for as long as they read the reason; and operators, who look
 * when the server is full.
 */

/** The limit that is assumed where it cannot be read. */
const DESCRIPTORS_ASSUMED = 1_024

/** An idle server holds 35: lmdb, the journal, listeners, the threads' own. */
const OWN = 64
/** Connections of operators at a time; of refused ones twice as many. */
const OTHERS = 64

export interface DescriptorPlan {
  readonly connectionsMax: number
  /** Descriptors beyond the connections, for those that are refused. */
  readonly refusalsMax: number
  readonly operatorsMax: number
}

/**
 * @param limit of the process; undefined if it cannot be read, Infinity for none
 * @param asked connections, by an operator; 0: as many as there can be
 */
export function descriptorPlan(limit: number | undefined, asked: number): DescriptorPlan {
  const all = limit ?? DESCRIPTORS_ASSUMED
  // Of few descriptors shares, or nothing would be left.
  const own = Math.min(OWN, Math.floor(all / 3))
  const others = Math.min(OTHERS, Math.max(4, Math.floor(all / 16)))
  const left = Math.max(1, all - own - 3 * others)
  return { connectionsMax: asked > 0 ? Math.min(asked, left) : left, refusalsMax: 2 * others, operatorsMax: others }
}
