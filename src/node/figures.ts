/** The figures of a node that the metrics read. */

import type { MetricSources } from '../ops/metrics.js'
import { LIMIT_NAMES } from '../ops/rate-limits-table.js'
import type { Store } from '../store/types.js'
import type { Node } from './node.js'

export function figuresOf(
  { access, logic, canary, counters }: Node,
  store: Store,
): Omit<MetricSources, 'version' | 'linesLost' | 'workers' | 'membership'> {
  const { hub } = access
  const { connections, limits, gate, backlog } = access.context
  return {
    counters,
    connections: () => [...connections, ...hub.polls.all()],
    users: () => hub.users,
    pushedItems: () => hub.pushedItems,
    notifies: () => hub.notifies,
    outboxEntries: () => logic.engine.outboxDepth,
    limitsUnanswered: () => limits.unanswered,
    limitHits: () => [
      ...LIMIT_NAMES.map(name => [name, limits.hits.get(name) ?? 0] as const),
      ['connections-total', gate.hits.total],
      ['connections-address', gate.hits.address],
      ['connections-evicted', gate.hits.evicted],
      ['unsent-bytes', backlog.refusals],
    ],
    unsentBytes: () => backlog.total,
    jobs: () => [...logic.jobs.figures(), canary.figures],
    queuedJobs: () => logic.engine.queueDepth,
    conflicts: () => logic.engine.conflicts,
    storeFreeBytes: () => store.freeBytes,
    journalWritten: () => store.journalWritten,
  }
}
