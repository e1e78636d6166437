/**
 * The attacker's process: run as `fork('attacker.js')`, is told whom to attack how, and says what it was answered when it is asked.
 * It gives way to everything else (niceness 10): where there are two cores the server is what is measured, not what it leaves.
 */

import { setPriority } from 'node:os'
import { ATTACKS, type AttackName } from './list.js'
import { Tally, type Target } from './types.js'

export interface Order {
  readonly name: AttackName
  readonly target: Target
}

const NICENESS = 10

setPriority(NICENESS)
const tally = new Tally()

process.on('message', (message: Order | 'tell') => {
  if (message !== 'tell') ATTACKS[message.name].run(message.target, tally)
  process.send?.(tally.counts)
})
process.on('disconnect', () => process.exit(0))
