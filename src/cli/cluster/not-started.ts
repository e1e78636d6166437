/** The reason why a process of a cluster does not start, for people. */

/** @param last the last lines that it said */
export function notStarted(name: string, kind: 'node' | 'logic' | 'redis', last: readonly string[]): string {
  const taken = kind === 'redis' && last.some(line => /address already in use/i.test(line))
  const why = taken
    ? 'the port is in use by another process; --redis-port names another one'
    : last.map(line => line.replace(/^longwire: /, '')).join(' | ')
  return `${name} does not start: ${why}`
}
