/**
 * The network of a device: one transport to the server, or all of them in order of preference. If there are several, some may be
 * blocked for a while. The client then has to go down to a worse one, and comes up again when it finds the better one open.
 */

import type { Clock } from '../../src/lib/clock.js'
import type { Random } from '../../src/lib/random.js'
import type { Transport } from '../typescript/index.js'
import { CuttableTransport } from './cuttable-transport.js'

export class DeviceNetwork {
  /** The transports in order of preference. */
  readonly transports: readonly CuttableTransport[]
  readonly #random: Random

  /** @param transports what is under it, in order of preference; of several a random best one is open at first */
  constructor(transports: readonly Transport[], clock: Clock, random: Random) {
    this.transports = transports.map(each => new CuttableTransport(each, clock, random))
    this.#random = random
    if (transports.length > 1) this.#open(random.integer(transports.length))
  }

  /** Cuts the live connection. @returns whether there was one */
  cut(how: 'told' | 'silent'): boolean {
    return this.transports.map(each => each.cut(how)).includes(true)
  }

  /**
   * Moves the device to another network, where another one of the transports is the best that works. A connection by a transport
   * that works no more is cut.
   * @returns whether something was cut
   */
  move(how: 'told' | 'silent'): boolean {
    const before = this.transports.findIndex(each => each.isOpen)
    const steps = 1 + this.#random.integer(this.transports.length - 1)
    this.#open((before + steps) % this.transports.length)
    return this.transports.filter(each => !each.isOpen && each.cut(how)).length > 0
  }

  /** Closes what was cut and is still there. */
  close(): void {
    for (const each of this.transports) each.close()
  }

  #open(best: number): void {
    for (const [place, transport] of this.transports.entries()) {
      if (place >= best) transport.unblock()
      else transport.block(this.#random.integer(2) === 0 ? 'refused' : 'silent')
    }
  }
}
