/**
 * The process of the devices that sync, beside the one that measures the talk: on one event loop the talk would wait for their pages. It
 * gives way to the talk, as phones elsewhere do; at a lower niceness alone it would still finish its slices of 1 to 3 ms. On `run` all
 * devices read their timelines once.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { FirstSync } from './first-sync.js'
import { inParallel } from './fleet.js'
import { giveWayToAll } from './process-probe.js'

export interface SyncOrder {
  readonly port: number
  readonly password: string
  /** The account of each device. */
  readonly accounts: readonly string[]
}

export type SyncAnswer = { readonly kind: 'ready' } | { readonly kind: 'done'; readonly pages: number }

/** The time over which the devices begin: a storm of Hellos is measured elsewhere. */
const START_MS = 1_000

let devices: readonly FirstSync[] = []

giveWayToAll()
process.on('message', (order: SyncOrder | 'run') => void take(order))

async function take(order: SyncOrder | 'run'): Promise<void> {
  if (order === 'run') {
    await Promise.all(
      devices.map(async (device, i) => {
        await sleep((START_MS * i) / devices.length)
        await device.run()
      }),
    )
    tell({ kind: 'done', pages: devices.reduce((sum, device) => sum + device.pages, 0) })
    return
  }
  const { port, password, accounts } = order
  devices = await inParallel(accounts.length, index => FirstSync.login(port, accounts[index] ?? '', password))
  tell({ kind: 'ready' })
}

function tell(answer: SyncAnswer): void {
  process.send?.(answer)
}
