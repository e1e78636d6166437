/** How long a synchronous act holds the event loop, in milliseconds; of three runs the shortest, for the machine is shared. */
export function eventLoopStall(act: () => void): number {
  let shortest = Number.POSITIVE_INFINITY
  for (let run = 0; run < 3; run++) {
    const before = performance.now()
    act()
    shortest = Math.min(shortest, performance.now() - before)
  }
  return shortest
}
