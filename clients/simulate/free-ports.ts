/** Finds ports for the redis-servers of `longwire cluster`. */

import { createServer } from 'node:net'
import type { Random } from '../../src/lib/random.js'

/** The servers of a Redis Cluster there: as many ports in a row are needed, and those of their bus. */
export const REDIS_PORTS = 6
const BUS_OFFSET = 10_000
/** They lie, with the bus, below the ports that the kernel gives to connections. */
const PORT_MIN = 11_000
const PORT_SPAN = 10_000

/** The first of as many ports in a row, on 127.0.0.1, as a Redis Cluster needs: nobody listens on them, nor on those of their bus. */
export async function freeRedisPorts(random: Random, count = REDIS_PORTS): Promise<number> {
  for (;;) {
    const first = PORT_MIN + random.integer(PORT_SPAN)
    const ports = Array.from({ length: count }, (_, i) => first + i)
    const free = await Promise.all(ports.flatMap(port => [isFree(port), isFree(port + BUS_OFFSET)]))
    if (free.every(Boolean)) return first
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
