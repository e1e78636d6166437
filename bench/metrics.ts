/** Reads what a Longwire server says at /metrics. */

/** The values of all lines without labels, by name. @param port of the short side */
export async function metricsOf(port: number): Promise<ReadonlyMap<string, number>> {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`)
  const text = await response.text()
  return new Map(Array.from(text.matchAll(/^([a-z_0-9]+) (\S+)$/gm), ([, name = '', value]) => [name, Number(value)]))
}
