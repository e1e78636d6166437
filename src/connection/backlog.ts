/**
 * Counts the bytes that peers have not taken yet: answers and pushes that this process holds, from when they are made until the kernel
 * has them. They are counted by device, by address and in total, so that nobody fills the memory by not reading:
 *
 *   a device or address is at its bound    it gets no large answer until it has read; small ones go on
 *   all together are at theirs             pushes turn into Notify, large answers are refused with OVERLOADED
 *
 * A peer with nothing waiting costs nothing here. The maps hold the others, and are as bounded as connections are.
 */

import { FRAME_TO_CLIENT_BYTES_MAX } from '../../protocol/limits.js'
import type { Key } from '../lib/expiring-table.js'
import { type AddressList, networkOf } from '../lib/network.js'
import { deviceKey } from '../services/request-limits.js'
import type { Caller } from '../services/types.js'

/** The device and address that the bytes are counted for; uid 0: the address alone. */
export type CallerId = Pick<Caller, 'uid' | 'device' | 'address'>

export interface BacklogBounds {
  readonly deviceMax: number
  /** The bound of an IPv4 address or an IPv6 /64 network. */
  readonly addressMax: number
  readonly totalMax: number
  /** Proxies, which bring many people: counted in the total only. */
  readonly exempt?: AddressList
}

/** Enough for a page on its way, one that is being read, and one of the connection before. */
const DEVICE_BYTES_MAX = 1_048_576

/** The bound in all is a sixteenth of the memory: some hundred full pages. Most of what waits for slow phones waits in the kernel. */
const MEMORY_SHARE = 16
const TOTAL_BYTES_MAX = 192 * 1_048_576
const TOTAL_BYTES_MIN = 16 * 1_048_576

/** An address may be a carrier's, with thousands of phones behind it; so many of them must stand still to fill the whole. */
const ADDRESSES_TO_FILL = 4

/** @param memoryBytes the memory that the process may use */
export function backlogBounds(memoryBytes: number): BacklogBounds {
  const totalMax = Math.min(TOTAL_BYTES_MAX, Math.max(TOTAL_BYTES_MIN, Math.floor(memoryBytes / MEMORY_SHARE)))
  return { deviceMax: DEVICE_BYTES_MAX, addressMax: Math.floor(totalMax / ADDRESSES_TO_FILL), totalMax }
}

/** The bytes that may wait on one HTTP connection; above it the next request is not begun. On others the Writer has a bound. */
export const CONNECTION_BYTES_MAX = FRAME_TO_CLIENT_BYTES_MAX

export class Backlog {
  readonly bounds: BacklogBounds
  /** The number of large answers that were refused. */
  refusals = 0
  readonly #devices = new Map<Key, number>()
  readonly #addresses = new Map<string, number>()
  #total = 0

  constructor(bounds: BacklogBounds) {
    this.bounds = bounds
  }

  /** Has no bounds: only counts. */
  static open(): Backlog {
    const { POSITIVE_INFINITY } = Number
    return new Backlog({ deviceMax: POSITIVE_INFINITY, addressMax: POSITIVE_INFINITY, totalMax: POSITIVE_INFINITY })
  }

  /** Bytes that wait, of everybody. */
  get total(): number {
    return this.#total
  }

  /** Devices and addresses that have something waiting. */
  get keys(): number {
    return this.#devices.size + this.#addresses.size
  }

  get isFull(): boolean {
    return this.#total >= this.bounds.totalMax
  }

  /** The bound that forbids a large answer now; undefined if none does. */
  reached(caller: CallerId): 'device' | 'address' | 'total' | undefined {
    const { deviceMax, addressMax } = this.bounds
    if (this.#total === 0 && this.keys === 0) return undefined
    if (caller.uid !== 0 && (this.#devices.get(deviceKey(caller)) ?? 0) >= deviceMax) return 'device'
    if ((this.#addresses.get(networkOf(caller.address)) ?? 0) >= addressMax) return 'address'
    return this.isFull ? 'total' : undefined
  }

  /** Adds bytes that wait, or (below 0) takes them away. What was added for a caller must be taken away for the same. */
  change(caller: CallerId, bytes: number): void {
    if (bytes === 0) return
    this.#total += bytes
    if (caller.uid !== 0) add(this.#devices, deviceKey(caller), bytes)
    if (this.bounds.exempt?.has(caller.address) !== true) add(this.#addresses, networkOf(caller.address), bytes)
  }

  /** Changes the bytes of everybody alone: some that are counted for a caller wait, and are not there yet. */
  changeTotal(bytes: number): void {
    this.#total += bytes
  }
}

function add<K>(map: Map<K, number>, key: K, bytes: number): void {
  const after = (map.get(key) ?? 0) + bytes
  if (after > 0) map.set(key, after)
  else map.delete(key)
}
