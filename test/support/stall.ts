/**
 * How long a synchronous act holds the event loop, in milliseconds. The machine is shared: time in which this process did not
 * run is not the act's.
 */
export function heldMs(act: () => void): number {
  const cpu = process.cpuUsage()
  const beforeMs = performance.now()
  act()
  const wallMs = performance.now() - beforeMs
  const { user, system } = process.cpuUsage(cpu)
  return Math.min(wallMs, (user + system) / 1000)
}

/** The shortest of three runs: a collection of garbage that fell into one is not the act's either. */
export function shortestHeldMs(act: () => void): number {
  return Math.min(heldMs(act), heldMs(act), heldMs(act))
}
