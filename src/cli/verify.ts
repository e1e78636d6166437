/** `longwire verify`: walks a store, and says what is in it and what is wrong with it. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { commandClock } from '../lib/clock.js'
import { VERIFY_OPTIONS } from '../ops/backup-options.js'
import { optionHelp, parseOptions } from '../ops/command-options.js'
import { targetIn } from '../store/lmdb/transfer.js'
import { viewStore } from '../store/lmdb/view.js'
import type { RedisAddress } from '../store/redis/address.js'
import { transfer } from '../store/transfer.js'
import type { Counts } from '../verify/findings.js'
import { verify as verifyStore } from '../verify/verify.js'
import { cleanedUp } from './clean-up.js'
import { type Command, complain, EXIT, failed, print } from './command.js'
import { storeAddress, storeOf } from './redis-address.js'

export const verify: Command = {
  options: VERIFY_OPTIONS,
  async run(argv, environment) {
    const parsed = parseOptions(VERIFY_OPTIONS, argv, storeOf(environment))
    if (parsed.kind === 'help') {
      print(help())
      return EXIT.OK
    }
    const address = parsed.kind === 'wrong' ? parsed.message : storeAddress(parsed.values, VERIFY_OPTIONS.data.default)
    if (parsed.kind === 'wrong' || typeof address === 'string') {
      complain(`${address} (longwire verify --help lists the options)`)
      return EXIT.USAGE
    }
    try {
      return await (address === undefined ? verified(parsed.values.data) : verifiedOn(address))
    } catch (error) {
      return failed(error)
    }
  },
}

/** @returns the exit code */
async function verified(folder: string): Promise<number> {
  const { epoch, counts } = await viewStore(folder, commandClock, view => {
    return { epoch: view.epochOf(0), counts: verifyStore(view, fault => print(`fault: ${fault}`)) }
  })
  print(shown(epoch, counts))
  return counts.faults === 0 ? EXIT.OK : EXIT.FAILED
}

/** Verifies a copy of a Redis in a temporary folder. What Redis has twice is compared while it is read. @returns the exit code */
async function verifiedOn(address: RedisAddress): Promise<number> {
  let parent = ''
  const clean = (): void => {
    if (parent !== '') rmSync(parent, { recursive: true, force: true })
  }
  // Signals are heard before there is anything to remove.
  return cleanedUp(clean, 'nothing was verified', async () => {
    try {
      parent = mkdtempSync(path.join(tmpdir(), 'longwire-verify-'))
      const copy = path.join(parent, 'copy')
      const { sourceOn } = await import('../store/redis/transfer-source.js')
      const [source, target] = [sourceOn(address, commandClock), targetIn(copy)]
      await source(from => target(from, to => transfer(from, to, commandClock)))
      return await verified(copy)
    } finally {
      clean()
    }
  })
}

/** One figure per line. */
function shown(epoch: number, counts: Counts): string {
  const words = (name: string): string => name.replace(/[A-Z]/g, letter => ` ${letter.toLowerCase()}`)
  const lines = Object.entries({ epoch, ...counts }).map(([name, count]) => `${words(name).padEnd(16)}${count}`)
  return lines.join('\n')
}

function help(): string {
  return [
    'longwire verify [options]',
    '',
    'Reads a whole store or backup, and compares what must agree: names and users, devices, sessions and windows, both sides of',
    'each friendship, groups and their members, counters and outboxes, timelines and their keys. Prints one line per fault, then',
    'what was counted. A server may run on a data folder meanwhile. On Redis none may.',
    '',
    optionHelp(VERIFY_OPTIONS),
    '',
    'With --redis a copy is made in the folder for temporary files (TMPDIR), which needs space for it, and removed in the end.',
    'Exit codes: 0 no fault, 1 faults or it could not be read, 2 wrong options, 65 damaged: what is there was not written so.',
  ].join('\n')
}
