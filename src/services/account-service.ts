/**
 * Serves AccountService. Passwords are checked here, outside the engine. A change that depends on the check is committed only if the hash
 * is still the same.
 */
import { EMPTY } from '../../protocol/bytes.js'
import { CODES } from '../../protocol/codes.js'
import {
  type ChangePasswordRequest,
  type DeleteAccountRequest,
  encodeChangePasswordResponse,
  encodeGetProfileResponse,
  encodeListDevicesResponse,
  encodeLoginResponse,
  encodeRegisterResponse,
  type GetProfileRequest,
  type LoginRequest,
  type RegisterRequest,
  type RemoveDeviceRequest,
  type Session,
  type UpdateProfileRequest,
} from '../../protocol/generated/messages.js'
import { PASSWORD_BYTES_MIN } from '../../protocol/limits.js'
import { METHODS, type RequestMethod } from '../../protocol/methods.js'
import { isAccountName, isShowable } from '../../protocol/names.js'
import type { EndpointsOf } from '../cluster/endpoints.js'
import { networkOf } from '../lib/network.js'
import type { Random } from '../lib/random.js'
import type { Claimed } from '../ops/claims.js'
import type { Limits } from '../ops/rate-limits.js'
import { partitionOf } from '../store/partition.js'
import type { Engine } from '../sync/engine.js'
import { done } from '../sync/outcome.js'
import {
  changePassword,
  deleteAccount,
  getPassword,
  getProfile,
  listDevices,
  lookUpName,
  passwordFor,
  register,
  updateProfile,
  type VerifiedInput,
} from '../sync/rules/account.js'
import type { Answer, Numbered } from '../sync/rules/numbered.js'
import { accountsActor, userActor } from '../sync/rules/records.js'
import { countContacts } from '../sync/rules/renaming.js'
import { hasDevice, type LoginInput, login, logout, removeDevice } from '../sync/rules/session.js'
import type { Outcome, Transition } from '../sync/types.js'
import { answerNumbered, mustRunAgain, refuse, refuseError, refuseLimited, refuseUndone } from './answers.js'
import type { ContentHash } from './content-hash.js'
import type { InOrder } from './in-order.js'
import { beginTry, claimCheck, type OpenTry, openTry, ownDeviceKey } from './login-guard.js'
import { BusyError, type HashOptions, type Passwords } from './passwords.js'
import { notBefore, Refused } from './refused.js'
import { lookUpWait, ranNow, succeededNow } from './request-limits.js'
import { makeToken, newSecret, secretHash } from './tokens.js'
import type { Caller } from './types.js'

/** The number of checks, where the password changes meanwhile, before the client is told to come back. */
const VERIFY_TRIES_MAX = 3
const BUSY_RETRY_MS = 3_000

/** The numbers of a user's devices that are connected to this node or poll it. */
export type Connected = (uid: number) => readonly number[]

/** A numbered request that needs the password. */
interface VerifiedRequest<I extends VerifiedInput> {
  readonly numbered: Numbered
  readonly password: string
  readonly transition: Transition<I, Answer>
  readonly input: (verified: VerifiedInput) => Promise<I>
  /** The answer of success; absent: an empty one. */
  readonly body?: () => Uint8Array
}

interface Credentials {
  readonly account: string
  readonly password: string
  readonly installationKey: Uint8Array
  readonly deviceName: string
}

/** A Login, or a Register of a name that is taken. */
interface LoginKind {
  readonly existingOnly: boolean
  /** What the request claims besides its try. */
  readonly beside: readonly Claimed[]
}

/** A login that may try a password. */
interface LoginAttempt {
  readonly uid: number
  readonly credentials: Credentials
  readonly existingOnly: boolean
  readonly options: HashOptions
}

export interface AccountParts {
  readonly engine: Engine
  readonly passwords: Passwords
  readonly random: Random
  readonly limits: Limits
  readonly connected: Connected
  readonly endpoints: EndpointsOf
  readonly contentHash: ContentHash
  readonly order: InOrder
}

export class AccountService {
  readonly #engine: Engine
  readonly #passwords: Passwords
  readonly #random: Random
  readonly #limits: Limits
  readonly #connected: Connected
  readonly #endpoints: EndpointsOf
  readonly #contentHash: ContentHash
  readonly #order: InOrder

  constructor({ engine, passwords, random, limits, connected, endpoints, contentHash, order }: AccountParts) {
    this.#engine = engine
    this.#passwords = passwords
    this.#random = random
    this.#limits = limits
    this.#connected = connected
    this.#endpoints = endpoints
    this.#contentHash = contentHash
    this.#order = order
  }

  register(caller: Caller, id: number, request: RegisterRequest): void {
    this.#answer(caller, id, async () => {
      const registration = ['registrations', networkOf(caller.address)] as const
      notBefore(this.#limits.glance(...registration))
      const account = request.account.toLowerCase()
      const named = { ...request, account }
      if (!isAccountName(account) || !areShowable(request.nickname, request.deviceName)) {
        notBefore((await this.#limits.claim(registration)).waitMs)
        throw new Refused(CODES.NAME_INVALID.code)
      }
      const uid = await this.#uidOf(account)
      const session =
        uid === 0
          ? await this.#registerNew(named, caller, registration)
          : await this.#registerAgain(named, caller, [registration])
      return encodeRegisterResponse({ session, endpoints: this.#endpoints(session.uid) })
    })
  }

  login(caller: Caller, id: number, request: LoginRequest): void {
    this.#answer(caller, id, async () => {
      if (!areShowable(request.deviceName)) throw new Refused(CODES.NAME_INVALID.code)
      const account = request.account.toLowerCase()
      const session = await this.#login({ ...request, account }, caller, { existingOnly: false, beside: [] })
      if (session === undefined) throw new Refused(CODES.WRONG_CREDENTIALS.code)
      return encodeLoginResponse({ session, endpoints: this.#endpoints(session.uid) })
    })
  }

  logout(caller: Caller, id: number): void {
    this.#engine.submit(userActor(caller.uid), logout, { device: caller.device }, outcome => {
      if (outcome.kind === 'done') caller.respond(id, EMPTY)
      else refuseUndone(caller, id, outcome)
    })
  }

  getProfile(caller: Caller, id: number, request: GetProfileRequest): void {
    if (request.uid !== 0 && request.account !== '') {
      refuse(caller, id, CODES.INVALID_ARGUMENT.code)
      return
    }
    const own = request.account === '' && (request.uid === 0 || request.uid === caller.uid)
    if (refuseLimited(caller, id, own ? 0 : lookUpWait(this.#limits, caller))) return
    if (request.account === '') {
      this.#profile(caller, id, own ? caller.uid : request.uid)
      return
    }
    const account = request.account.toLowerCase()
    if (!isAccountName(account)) {
      refuse(caller, id, CODES.UNKNOWN_USER.code)
      return
    }
    const show = (outcome: Outcome<number>) => {
      if (outcome.kind !== 'done') refuseUndone(caller, id, outcome)
      else if (outcome.result === 0) refuse(caller, id, CODES.UNKNOWN_USER.code)
      else this.#profile(caller, id, outcome.result)
    }
    this.#engine.submit(accountsActor(accountPartition(account)), lookUpName, { account }, show)
  }

  updateProfile(caller: Caller, id: number, request: UpdateProfileRequest): void {
    const { uid } = caller
    if (refuseLimited(caller, id, this.#limits.take('renames', uid))) return
    const input = { ...this.#numbered(caller, METHODS.updateProfile, request), nickname: request.nickname }
    this.#engine.submit(userActor(uid), updateProfile, input, outcome => {
      if (!ranNow(outcome)) this.#limits.giveBack('renames', uid)
      answerNumbered(caller, id, outcome)
      if (succeededNow(outcome)) this.#chargeRename(uid)
    })
  }

  /** Charges the user for each contact that is told of a new nickname. */
  #chargeRename(uid: number): void {
    this.#engine.submit(userActor(uid), countContacts, undefined, outcome => {
      const count = outcome.kind === 'done' ? outcome.result : 1
      if (count > 0) this.#limits.charge('renames', uid, count)
    })
  }

  changePassword(caller: Caller, id: number, request: ChangePasswordRequest): void {
    const weak = Buffer.byteLength(request.newPassword) < PASSWORD_BYTES_MIN
    const newHash = () => (weak ? Promise.resolve('') : this.#passwords.hash(request.newPassword, hashing(caller)))
    const numbered = this.#numbered(caller, METHODS.changePassword, request)
    const secret = newSecret(this.#random)
    const tokenHash = secretHash(secret)
    const body = () => encodeChangePasswordResponse({ token: makeToken(caller, secret, this.#engine.secret) })
    const input = async (verified: VerifiedInput) => {
      const attempt = caller.attempt ?? 0
      return { ...verified, tokenHash, attempt, newHash: verified.right ? await newHash() : '' }
    }
    this.#verified(caller, id, { numbered, password: request.oldPassword, transition: changePassword, input, body })
  }

  listDevices(caller: Caller, id: number): void {
    this.#engine.submit(userActor(caller.uid), listDevices, undefined, outcome => {
      if (outcome.kind !== 'done') {
        refuseUndone(caller, id, outcome)
        return
      }
      const devices = outcome.result.map(({ device, name, createdAtMs, lastSeenMs }) => {
        return { device, name, createdAtMs, lastSeenMs, current: device === caller.device }
      })
      caller.respond(id, encodeListDevicesResponse({ devices }))
    })
  }

  removeDevice(caller: Caller, id: number, request: RemoveDeviceRequest): void {
    const numbered = this.#numbered(caller, METHODS.removeDevice, request)
    const input = { ...numbered, target: request.device }
    this.#engine.submit(userActor(caller.uid), removeDevice, input, o => answerNumbered(caller, id, o))
  }

  deleteAccount(caller: Caller, id: number, request: DeleteAccountRequest): void {
    const numbered = this.#numbered(caller, METHODS.deleteAccount, request)
    const input = async (verified: VerifiedInput) => verified
    this.#verified(caller, id, { numbered, password: request.password, transition: deleteAccount, input })
  }

  #numbered<Q extends { readonly sendSeq: number }>(caller: Caller, method: RequestMethod<Q>, request: Q): Numbered {
    return { device: caller.device, sendSeq: request.sendSeq, hash: this.#contentHash.of(method, request) }
  }

  #profile(caller: Caller, id: number, uid: number): void {
    this.#engine.submit(userActor(uid), getProfile, undefined, outcome => {
      if (outcome.kind !== 'done') refuseUndone(caller, id, outcome)
      else if (outcome.result === undefined) refuse(caller, id, CODES.UNKNOWN_USER.code)
      else {
        const { account, nickname } = outcome.result
        caller.respond(id, encodeGetProfileResponse({ uid, account, nickname }))
      }
    })
  }

  /** The account's uid, 0 if there is none. Only names are looked up: a record's id may not be any text. */
  async #uidOf(account: string): Promise<number> {
    if (!isAccountName(account)) return 0
    return done(await this.#engine.run(accountsActor(accountPartition(account)), lookUpName, { account }))
  }

  async #registerNew(request: RegisterRequest, caller: Caller, registration: Claimed): Promise<Session> {
    notBefore((await this.#limits.claim(registration)).waitMs)
    if (Buffer.byteLength(request.password) < PASSWORD_BYTES_MIN) throw new Refused(CODES.PASSWORD_WEAK.code)
    notBefore(this.#limits.take('logins', networkOf(caller.address)))
    const { account } = request
    const partition = accountPartition(account)
    const secret = newSecret(this.#random)
    const input = {
      partition,
      account,
      nickname: request.nickname === '' ? account : request.nickname,
      passwordHash: await this.#passwords.hash(request.password, hashing(caller)),
      installationKey: hex(request.installationKey),
      deviceName: request.deviceName,
      tokenHash: secretHash(secret),
    }
    const made = done(await this.#engine.run(accountsActor(partition), register, input))
    // Somebody else was quicker, or an earlier copy of this very request.
    if (made.kind === 'exists') return this.#registerAgain(request, caller, [])
    const session = { expiresAtMs: made.expiresAtMs, lastSendSeq: 0, boundAttempt: 0 }
    return this.#session(made.uid, 1, session, secret)
  }

  /** Treats a repeated Register of the same installation as a login. With another installation or password the name is taken. */
  async #registerAgain(request: RegisterRequest, caller: Caller, beside: readonly Claimed[]): Promise<Session> {
    const session = await this.#login(request, caller, { existingOnly: true, beside })
    if (session === undefined) throw new Refused(CODES.NAME_TAKEN.code)
    return session
  }

  /** Logs in. @returns undefined if account and password do not match, or there is no such account or device */
  async #login(
    credentials: Credentials,
    caller: Caller,
    { existingOnly, beside }: LoginKind,
  ): Promise<Session | undefined> {
    const { address } = caller
    const uid = await this.#uidOf(credentials.account)
    const installationKey = hex(credentials.installationKey)
    const ownDevice = uid !== 0 && done(await this.#engine.run(userActor(uid), hasDevice, { installationKey }))
    // A Register says no more than that the name is taken: there is no password to check.
    if (existingOnly && !ownDevice) {
      notBefore((await this.#limits.claim(...beside)).waitMs)
      return undefined
    }
    const { account } = credentials
    const tooOften = ownDevice
      ? this.#limits.take('logins-device', ownDeviceKey({ account, installationKey }))
      : this.#limits.take('logins', networkOf(address))
    notBefore(tooOften)
    const guess = await beginTry(this.#limits, { account, address, installationKey, ownDevice }, beside)
    if (typeof guess === 'number') throw new Refused(CODES.RATE_LIMITED.code, guess)
    return this.#guessed(guess, { uid, credentials, existingOnly, options: hashing(caller, ownDevice) })
  }

  async #guessed(guess: OpenTry, attempt: LoginAttempt) {
    try {
      const session = await this.#verifiedLogin(attempt)
      if (session !== undefined) guess.right()
      return session
    } catch (error) {
      guess.undecided()
      throw error
    }
  }

  async #verifiedLogin(attempt: LoginAttempt): Promise<Session | undefined> {
    const { uid, credentials, existingOnly, options } = attempt
    const secret = newSecret(this.#random)
    for (let tries = 0; tries < VERIFY_TRIES_MAX; tries += 1) {
      const verified = uid === 0 ? '' : done(await this.#engine.run(userActor(uid), getPassword, undefined))
      if (!(await this.#passwords.verify(credentials.password, verified, options))) return undefined
      const input: LoginInput = {
        verified,
        existingOnly,
        installationKey: hex(credentials.installationKey),
        deviceName: credentials.deviceName,
        tokenHash: secretHash(secret),
        connected: this.#connected(uid),
      }
      const result = done(await this.#engine.run(userActor(uid), login, input))
      if (result.kind === 'no-device') return undefined
      if (result.kind === 'session') return this.#session(uid, result.device, result, secret)
    }
    throw new Refused(CODES.UNAVAILABLE.code)
  }

  #session(
    uid: number,
    device: number,
    given: Pick<Session, 'expiresAtMs' | 'lastSendSeq' | 'boundAttempt'>,
    secret: Uint8Array,
  ): Session {
    const { expiresAtMs, lastSendSeq, boundAttempt } = given
    const token = makeToken({ uid, device }, secret, this.#engine.secret)
    return { uid, device, token, expiresAtMs, lastSendSeq, storeId: this.#engine.storeId, boundAttempt }
  }

  /**
   * Runs a numbered request that needs the password, again if the password changed while it was being checked. The number is
   * judged first, so a repeat and a gap cost no hash. The device's later requests wait meanwhile (in-order.ts).
   */
  #verified<I extends VerifiedInput>(
    caller: Caller,
    id: number,
    { numbered, password, transition, input, body }: VerifiedRequest<I>,
  ): void {
    const actor = userActor(caller.uid)
    const release = this.#order.hold(caller)
    let waitMs = 0
    const answer = (outcome: Outcome<Answer>, again?: () => void) => {
      const isNew = succeededNow(outcome)
      if (isNew && body !== undefined) caller.respond(id, body())
      else answerNumbered(caller, id, outcome, again, waitMs)
      // After a change of the password, the requests that waited were let in by a token that is no longer valid.
      if (again === undefined || !mustRunAgain(outcome)) release(isNew ? (caller.attempt ?? 0) : undefined)
    }
    const attempt = async (tries: number) => {
      const expected = done(await this.#engine.run(actor, passwordFor, numbered))
      if (expected.kind !== 'run') {
        answer({ kind: 'done', result: expected, own: undefined })
        return
      }
      const claim = await claimCheck(this.#limits, caller, tries === 0)
      if (claim.refusedBy === 'password-checks') notBefore(claim.waitMs)
      waitMs = claim.waitMs
      const right = waitMs === 0 && (await this.#isRight(openTry(claim), password, expected.hash, caller))
      const made = await input({ ...numbered, checked: expected.hash, right, limited: waitMs > 0 })
      const again = tries < VERIFY_TRIES_MAX ? () => begin(tries + 1) : undefined
      this.#engine.submit(actor, transition, made, outcome => answer(outcome, again))
    }
    const begin = (tries: number): void => {
      attempt(tries).catch(error => {
        refuseFailed(caller, id, error)
        release()
      })
    }
    begin(0)
  }

  async #isRight(check: OpenTry, password: string, hash: string, caller: Caller): Promise<boolean> {
    try {
      const right = await this.#passwords.verify(password, hash, hashing(caller, true))
      if (right) check.right()
      return right
    } catch (error) {
      check.undecided()
      throw error
    }
  }

  /** Runs what makes a response's body, and turns what it throws into a refusal. */
  #answer(caller: Caller, id: number, make: () => Promise<Uint8Array>): void {
    make().then(
      body => caller.respond(id, body),
      error => refuseFailed(caller, id, error),
    )
  }
}

function refuseFailed(caller: Caller, id: number, error: unknown): void {
  if (error instanceof BusyError) refuse(caller, id, CODES.OVERLOADED.code, BUSY_RETRY_MS)
  else refuseError(caller, id, error)
}

/** The way to hash for this caller: before others on a device that the account knows, and not at all for one that is gone. */
function hashing({ signal }: Caller, isKnown = false): HashOptions {
  return { priority: isKnown ? 'high' : 'normal', signal }
}

/** Whether names show something, and what they are; an empty one counts as absent. */
function areShowable(...names: readonly string[]): boolean {
  return names.every(name => name === '' || isShowable(name))
}

/** A name's partition, and its user's. */
function accountPartition(account: string): number {
  return partitionOf(`account/${account}`)
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
