/**
 * Guards against guessed passwords: a wrong one costs the device or address that tried it, and nobody else.
 *
 * A try is counted per account and address, per account, and per address; each count alone may make it wait. But a device that was logged
 * in to the account before is counted by itself alone. (It knows its installation key, 16 random bytes that are shown to nobody.) So the
 * user's devices log in at once, however many others guess at the account. Only a new device may have to wait while that goes on, up
 * to GROWING.longestMs.
 *
 * ChangePassword and DeleteAccount ask for the password too, of a device with a token, which may be stolen. That device is counted by
 * itself, as strictly; the user's other devices are not counted.
 */

import type { Key } from '../lib/expiring-table.js'
import { networkOf } from '../lib/network.js'
import type { GrowingName, Limits } from '../ops/rate-limits.js'
import type { Device } from './request-limits.js'

export interface LoginTry {
  readonly account: string
  readonly address: string
  /** The key in hexadecimal. */
  readonly installationKey: string
  /** Whether the account has, or lately had, a device of this key. */
  readonly ownDevice: boolean
}

/** A try under way. It counts as failed unless it is settled otherwise. */
export interface OpenTry {
  right(): void
  /** The password was not looked at. */
  undecided(): void
}

type Row = readonly [name: GrowingName, key: Key]

/** The key by which a device that the account knows is counted. */
export function ownDeviceKey({ account, installationKey }: Pick<LoginTry, 'account' | 'installationKey'>): Key {
  return `${account} ${installationKey}`
}

/** Begins a try. @returns it, or the milliseconds until there may be one */
export function beginTry(limits: Limits, { account, address, installationKey, ownDevice }: LoginTry): OpenTry | number {
  const network = networkOf(address)
  const rows: readonly Row[] = ownDevice
    ? [['login-failures', ownDeviceKey({ account, installationKey })]]
    : [
        ['login-failures', `${account} ${network}`],
        ['login-failures-address', network],
        ['login-failures-account', account],
      ]
  return begin(limits, rows)
}

/** The same for a request of a session that names the password. */
export function beginCheck(limits: Limits, device: Device): OpenTry | number {
  return begin(limits, [['login-failures', `session ${device.uid}/${device.device}`]])
}

function begin(limits: Limits, rows: readonly Row[]): OpenTry | number {
  const undo = (begun: readonly Row[]) => {
    for (const [name, key] of begun) limits.takeBack(name, key)
  }
  for (const [index, [name, key]] of rows.entries()) {
    const waitMs = limits.begin(name, key)
    if (waitMs === 0) continue
    undo(rows.slice(0, index))
    return waitMs
  }
  return {
    right() {
      for (const [name, key] of rows) {
        // Otherwise somebody who guesses passwords could log in to an account of their own in between, to clear the count.
        if (name === 'login-failures-address') limits.takeBack(name, key)
        else limits.reset(name, key)
      }
    },
    undecided: () => undo(rows),
  }
}
