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
import type { Claim, Claimed } from '../ops/claims.js'
import type { Limits } from '../ops/rate-limits.js'
import { type Device, deviceKey } from './request-limits.js'

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

/** The rows that count tries. */
const FAILURES = ['login-failures', 'login-failures-address', 'login-failures-account'] as const

/** The key by which a device that the account knows is counted. */
export function ownDeviceKey({ account, installationKey }: Pick<LoginTry, 'account' | 'installationKey'>): Key {
  return `${account} ${installationKey}`
}

/** Begins a try. @param beside what the request claims besides @returns it, or the milliseconds until there may be one */
export async function beginTry(
  limits: Limits,
  { account, address, installationKey, ownDevice }: LoginTry,
  beside: readonly Claimed[],
): Promise<OpenTry | number> {
  const network = networkOf(address)
  const rows: readonly Claimed[] = ownDevice
    ? [['login-failures', ownDeviceKey({ account, installationKey })]]
    : [
        ['login-failures', `${account} ${network}`],
        ['login-failures-address', network],
        ['login-failures-account', account],
      ]
  const claim = await limits.claim(...beside, ...rows)
  return claim.waitMs > 0 ? claim.waitMs : openTry(claim)
}

/** The claim of a request of a session that names the password. @param isFirst whether it is its first try: later ones are no new request */
export async function claimCheck(limits: Limits, device: Device, isFirst: boolean): Promise<Claim> {
  const failures: Claimed = ['login-failures', `session ${device.uid}/${device.device}`]
  return limits.claim(...(isFirst ? [['password-checks', deviceKey(device)] as const] : []), failures)
}

export function openTry(claim: Claim): OpenTry {
  return {
    right() {
      claim.clear('login-failures', 'login-failures-account')
      // Otherwise somebody who guesses passwords could log in to an account of their own in between, to clear the count.
      claim.giveBack('login-failures-address')
    },
    undecided: () => claim.giveBack(...FAILURES),
  }
}
