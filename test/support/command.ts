/** A command of `longwire` within this process, for one that only prints or refuses: a process of its own costs a second of processor time. */

import { COMMANDS, main } from '../../src/cli/main.js'

export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs it to its end, as its process would. It must come there at once: whatever is printed meanwhile counts as its own. */
export async function runHere(
  argv: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  const [name = ''] = argv
  // Loaded before: tap prints meanwhile.
  if (Object.hasOwn(COMMANDS, name)) await COMMANDS[name]?.load()
  const streams = [process.stdout, process.stderr] as const
  const writes = streams.map(stream => stream.write)
  const said = ['', '']
  for (const [i, stream] of streams.entries()) {
    stream.write = ((text: string) => {
      said[i] += text
      return true
    }) as typeof stream.write
  }
  try {
    const code = await main(argv, environment)
    const [stdout = '', stderr = ''] = said
    return { code, stdout, stderr }
  } finally {
    for (const [i, stream] of streams.entries()) Object.assign(stream, { write: writes[i] })
  }
}
