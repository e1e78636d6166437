// The user's account and its devices.

import { CODES } from '../../protocol/codes.js'
import type { GetProfileResponse } from '../../protocol/generated/messages.js'
import type { Calls } from './calls.js'
import { LongwireError } from './errors.js'
import type { Identity } from './identity.js'
import type { Operation, OperationName } from './operation.js'
import type { SignInRequest } from './sign-in.js'

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
  /** To the day, milliseconds since 1970. */
  readonly lastSeenMs: number
  /** This one. */
  readonly current: boolean
}

export interface AccountHost {
  readonly identity: Identity
  readonly calls: Calls
  readonly deviceName: string
  operate<N extends OperationName>(method: N, request: Operation<N>): Promise<void>
  signIn(what: SignInRequest): Promise<void>
  connected(): boolean
  /** Drops everything of the account on this device. */
  forget(): void
  /** Ends the connection. */
  rest(): void
  /** That the session ends now is no news. */
  leaving(leaving: boolean): void
}

/** How long logout() waits for the server before it goes on without it. */
const LOGOUT_MS = 5_000

/**
 * Promises reject with LongwireError. Requests that change something are in the outbox: they go on over reconnects, and over a
 * restart too, except those with a password.
 */
export class Account {
  readonly #host: AccountHost

  constructor(host: AccountHost) {
    this.#host = host
  }

  /** There is a session: connect() will do. */
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
    const { account, password, nickname = '' } = request
    const { identity, deviceName } = this.#host
    const { installationKey } = identity
    return this.#host.signIn({
      method: 'register',
      request: { account, password, nickname, installationKey, deviceName },
    })
  }

  /** Logs this device in, and connects. The outbox of an ended session goes on. */
  login(request: { readonly account: string; readonly password: string }): Promise<void> {
    const { account, password } = request
    const { identity, deviceName } = this.#host
    const { installationKey } = identity
    return this.#host.signIn({ method: 'login', request: { account, password, installationKey, deviceName } })
  }

  /**
   * Ends the session and forgets everything of the account on this device; what is in the outbox fails. Without a connection
   * only this device knows: the server's session then ends by itself.
   */
  async logout(): Promise<void> {
    this.#host.leaving(true)
    if (this.#host.connected()) await this.#host.calls.ask('logout', {}, LOGOUT_MS).catch(() => {})
    this.#forget()
  }

  /** Anybody's profile, from the server. @throws LongwireError UNKNOWN_USER */
  lookUp(who: { readonly uid: number } | { readonly account: string }): Promise<Profile> {
    const request = { uid: 0, account: '', ...who }
    return this.#host.calls.ask('getProfile', request).then(({ uid, account, nickname }: GetProfileResponse) => ({
      uid,
      account,
      nickname,
    }))
  }

  updateProfile(profile: { readonly nickname: string }): Promise<void> {
    return this.#host.operate('updateProfile', { nickname: profile.nickname })
  }

  /** Ends every other session. */
  changePassword(oldPassword: string, newPassword: string): Promise<void> {
    return this.#host.operate('changePassword', { oldPassword, newPassword })
  }

  devices(): Promise<readonly DeviceInfo[]> {
    return this.#host.calls.ask('listDevices', {}).then(response => response.devices)
  }

  /** Ends another device's session. */
  removeDevice(device: number): Promise<void> {
    if (device === this.device) return Promise.reject(LongwireError.ofCode(CODES.INVALID_ARGUMENT.code))
    return this.#host.operate('removeDevice', { device })
  }

  /**
   * For good: the name stays taken, friendships end. Then forgets everything of it on this device. If the session ends before
   * the answer comes (which may be lost), the application is told so, as when anything else ends it.
   */
  async deleteAccount(password: string): Promise<void> {
    this.#host.leaving(true)
    try {
      await this.#host.operate('deleteAccount', { password })
      this.#forget()
    } finally {
      this.#host.leaving(false)
    }
  }

  #forget(): void {
    this.#host.rest()
    this.#host.forget()
    this.#host.leaving(false)
  }
}
