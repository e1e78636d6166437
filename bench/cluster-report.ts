/** The measurement of nodes on Redis as people read it. */

import type { ClusterReport } from './cluster.js'
import { figureTable } from './figure-table.js'

export function clusterTables({ rows, pairs, rounds, pinned, redis }: ClusterReport): string {
  const where = pinned ? 'servers and Redis on one core, the generator on another' : 'NOT pinned to cores'
  return [
    `(cluster) Redis ${redis}, ${pairs} pairs, messages of 100 bytes, medians of ${rounds}; ${where}`,
    '',
    figureTable(rows),
  ].join('\n')
}
