/** The figures of a node that the metrics read. */

import type { MetricSources } from '../ops/metrics.js'
import { LIMIT_NAMES } from '../ops/rate-limits-table.js'
import type { AccessNode } from './access-node.js'
import type { Node } from './node.js'
import type { NodeOptions } from './options.js'

type NodeSources = Omit<MetricSources, 'version' | 'linesLost' | 'workers' | 'membership'>

const NONE = Object.freeze({ repeated: 0, refused: 0 })

/** The figures of a node with a store. */
export function figuresOf(
  node: Node,
  { store, links, home }: Pick<NodeOptions, 'store' | 'links' | 'home'>,
): NodeSources {
  const { logic, canary } = node
  return {
    ...accessFiguresOf(node),
    outboxEntries: () => logic.engine.outboxDepth,
    primaries: () => [...canary.primaries].filter(([name]) => name !== ''),
    jobs: () => [...logic.jobs.figures(), canary.figures],
    queuedJobs: () => logic.engine.queueDepth,
    conflicts: () => logic.engine.conflicts,
    storeFreeBytes: () => store.freeBytes,
    journalWritten: () => store.journalWritten,
    links: () => links && { open: links.size, pending: home?.lanes.size ?? 0, ...(home?.lanes.figures ?? NONE) },
  }
}

/** The figures of a node that has logic nodes do its work. */
export function remoteFiguresOf(node: AccessNode): NodeSources {
  const { links } = node
  return {
    ...accessFiguresOf(node),
    outboxEntries: () => 0,
    primaries: () => [],
    jobs: () => [],
    queuedJobs: () => 0,
    conflicts: () => 0,
    storeFreeBytes: () => undefined,
    journalWritten: () => undefined,
    links: () => ({ open: links.open, pending: links.lanes.size, ...links.lanes.figures }),
  }
}

function accessFiguresOf({ access, counters }: Pick<Node, 'access' | 'counters'>) {
  const { hub, watches, interests } = access
  const { connections, limits, gate, backlog } = access.context
  return {
    counters,
    connections: () => [...connections, ...hub.polls.all()],
    users: () => hub.users,
    pushedItems: () => hub.pushedItems,
    notifies: () => hub.notifies,
    watches: () => watches.size,
    interests: () => ({ own: interests.size, others: interests.wanted }),
    signals: () => watches.figures,
    limitsUnanswered: () => limits.unanswered,
    limitHits: (): [name: string, count: number][] => [
      ...LIMIT_NAMES.map(name => [name, limits.hits.get(name) ?? 0] as [string, number]),
      ['connections-total', gate.hits.total],
      ['connections-address', gate.hits.address],
      ['connections-evicted', gate.hits.evicted],
      ['unsent-bytes', backlog.refusals],
    ],
    unsentBytes: () => backlog.total,
  }
}
