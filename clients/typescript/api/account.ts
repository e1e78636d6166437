// The user's account and its devices.

import { CODES } from '../../../protocol/codes.js'
import {
  ACCOUNT_BYTES_MAX,
  INTEGER_MAX,
  NICKNAME_BYTES_MAX,
  PASSWORD_BYTES_MAX,
  PASSWORD_BYTES_MIN,
} from '../../../protocol/limits.js'
import { checkCount, checkText, checkUid } from '../base/arguments.js'
import { LongwireError } from '../base/errors.js'
import type { Lifetime } from '../base/lifetime.js'
import type { Operate } from '../base/operation.js'
import type { Calls } from '../connection/calls.js'
import type { Identity } from '../connection/identity.js'
import type { SignInRequest } from '../connection/sign-in.js'

export interface Profile {
  readonly uid: number
  readonly account: string
  readonly nickname: string
}

export interface DeviceInfo {
  readonly device: number
  readonly name: string
  /** Milliseconds since 1970. */
  readonly createdAtMs: number
  /** The time when it was last seen, exact to the day, in milliseconds since 1970. */
  readonly lastSeenMs: number
  /** Whether it is this device. */
  readonly current: boolean
}

export interface AccountHost {
  readonly identity: Identity
  readonly calls: Calls
  readonly lifetime: Lifetime
  readonly deviceName: string
  readonly operate: Operate
  signIn(what: SignInRequest): Promise<void>
  connected(): boolean
  /** Drops everything of the account on this device. */
  forget(): void
  /** Ends the connection. */
  rest(): void
  /** Says whether the session is about to end by the user's own act. Its end is then no news. */
  leaving(leaving: boolean): void
}

/** The time that logout() waits for the server before it goes on without it. */
const LOGOUT_MS = 5_000

/**
 * Promises reject with LongwireError. Requests that change something are in the send queue: they go on over reconnects, and over a
 * restart too, except those with a password.
 */
export class Account {
  readonly #host: AccountHost

  /** @internal */
  constructor(host: AccountHost) {
    this.#host = host
  }

  /** Whether there is a session: connect() will do. */
  get signedIn(): boolean {
    return this.#host.identity.signedIn
  }

  /** 0 if nobody ever signed in on this device. */
  get uid(): number {
    return this.#host.identity.uid
  }

  /** This device's number; 0 if nobody ever signed in on it. */
  get device(): number {
    return this.#host.identity.device
  }

  /**
   * Whether the server of the last login or registration has other data than this device's local copy is of: they were replaced, or it
   * is another server. The account may not exist there.
   */
  get otherStore(): boolean {
    return this.#host.identity.isOtherStore
  }

  get profile(): Profile {
    const { uid, account, nickname } = this.#host.identity
    return { uid, account, nickname }
  }

  /** Makes an account, and connects. May be repeated with the same password: it is the same device. */
  register(request: {
    readonly account: string
    readonly password: string
    readonly nickname?: string
  }): Promise<void> {
    const { identity, lifetime, deviceName, signIn } = this.#host
    return lifetime.promise(() => {
      const { account, password, nickname = '' } = request
      checkAccount(account)
      checkNewPassword('password', password)
      checkText('nickname', nickname, NICKNAME_BYTES_MAX)
      const { installationKey } = identity
      return signIn({ method: 'register', request: { account, password, nickname, installationKey, deviceName } })
    })
  }

  /** Logs this device in, and connects. The send queue of an ended session goes on. */
  login(request: { readonly account: string; readonly password: string }): Promise<void> {
    const { identity, lifetime, deviceName, signIn } = this.#host
    return lifetime.promise(() => {
      const { account, password } = request
      checkAccount(account)
      checkText('password', password, PASSWORD_BYTES_MAX)
      const { installationKey } = identity
      return signIn({ method: 'login', request: { account, password, installationKey, deviceName } })
    })
  }

  /**
   * Ends the session and forgets everything of the account on this device; what is in the send queue fails. Without a connection
   * only this device knows: the server's session then ends by itself.
   */
  logout(): Promise<void> {
    const { lifetime, calls } = this.#host
    return lifetime.promise(async () => {
      this.#host.leaving(true)
      if (this.#host.connected()) await calls.ask('logout', {}, LOGOUT_MS).catch(() => {})
      // The client may have ended meanwhile: then nothing can be stored any more.
      lifetime.check()
      this.#forget()
    })
  }

  /** Anybody's profile, from the server. Rejects with UNKNOWN_USER if there is nobody. */
  lookUp(who: { readonly uid: number } | { readonly account: string }): Promise<Profile> {
    const { lifetime, calls } = this.#host
    return lifetime.promise(async () => {
      if ('uid' in who) checkUid('uid', who.uid)
      else checkAccount(who.account)
      const { uid, account, nickname } = await calls.ask('getProfile', { uid: 0, account: '', ...who })
      return { uid, account, nickname }
    })
  }

  updateProfile(profile: { readonly nickname: string }): Promise<void> {
    return this.#host.operate('updateProfile', () => {
      const { nickname } = profile
      checkText('nickname', nickname, NICKNAME_BYTES_MAX)
      return { nickname }
    })
  }

  /** Ends every other session. */
  changePassword(oldPassword: string, newPassword: string): Promise<void> {
    return this.#host.operate('changePassword', () => {
      checkText('oldPassword', oldPassword, PASSWORD_BYTES_MAX)
      checkNewPassword('newPassword', newPassword)
      return { oldPassword, newPassword }
    })
  }

  /** This user's devices, from the server. */
  devices(): Promise<readonly DeviceInfo[]> {
    const { lifetime, calls } = this.#host
    return lifetime.promise(async () => (await calls.ask('listDevices', {})).devices)
  }

  /** Ends another device's session. */
  removeDevice(device: number): Promise<void> {
    return this.#host.operate('removeDevice', () => {
      checkCount('device', device, 1, INTEGER_MAX)
      if (device === this.device)
        throw LongwireError.argument('device', `is ${device}, this one: logout() ends its session`)
      return { device }
    })
  }

  /**
   * Deletes the account for good: the name stays taken, friendships end. Then forgets everything of it on this device. The
   * session may end before the answer comes, and the answer may be lost. The application is then told so, as when anything else
   * ends the session.
   */
  deleteAccount(password: string): Promise<void> {
    const { lifetime } = this.#host
    return lifetime.promise(async () => {
      this.#host.leaving(true)
      try {
        await this.#host.operate('deleteAccount', () => {
          checkText('password', password, PASSWORD_BYTES_MAX)
          return { password }
        })
        lifetime.check()
        this.#forget()
      } finally {
        this.#host.leaving(false)
      }
    })
  }

  #forget(): void {
    this.#host.rest()
    this.#host.forget()
    this.#host.leaving(false)
  }
}

function checkAccount(account: string): void {
  checkText('account', account, ACCOUNT_BYTES_MAX)
}

function checkNewPassword(name: string, password: string): void {
  checkText(name, password, PASSWORD_BYTES_MAX, { bytesMin: PASSWORD_BYTES_MIN, short: CODES.PASSWORD_WEAK.code })
}
