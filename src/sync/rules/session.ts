/**
 * Devices and their sessions. A device record outlives its session: the same installation key is the same device again,
 * with its numbers. A session has one token in use and a few unused ones, made by repeats of Login.
 *
 *   Login, Register                 Hello with an unused token                     Logout, RemoveDevice, ChangePassword
 *   ───────────────► unused tokens ────────────────────────────► token in use ──────────────────────────────────────► ended
 *                     ▲   │ 10 minutes, or the first use of another: gone            │ 90 days without use: expired      │
 *                     └───┴──────────────────────────── Login ───────────────────────┴───────────────────────────────────┘
 */
import { CODES, type Code } from '../../../protocol/codes.js'
import { ATTEMPT_JUMP_MAX } from '../../../protocol/limits.js'
import type { NodeId } from '../../store/types.js'
import type { Transition, Tx } from '../types.js'
import { deviceWindow, EMPTY_WINDOW } from './device-window.js'
import { type Answer, type Numbered, numbered, small } from './numbered.js'
import {
  DEVICES_MAX,
  type DeviceEntry,
  type Devices,
  deviceAck,
  devices,
  ENDED_DEVICES_MAX,
  password,
  profile,
} from './records.js'
import { NO_SESSION, type SessionRecord, type SessionToken, session, UNUSED_TOKENS_MAX } from './session-record.js'

export const SESSION_MS = 90 * 86_400_000
/** The shortest time between two moves of the expiry: a session's record should not change with every connection for that alone. */
const DAY_MS = 86_400_000
const UNUSED_TOKEN_MS = 600_000
/** The jump of device numbers per epoch: in each missed epoch some may have been given out and lost. */
const DEVICE_JUMP = 1_024

/** Whether the user has, or lately had, the device with this installation key (hexadecimal). */
export const hasDevice: Transition<{ readonly installationKey: string }, boolean> = {
  name: 'account.has-device',
  soft: true,
  run: (tx, { installationKey }) =>
    (tx.get(devices)?.list ?? []).some(entry => entry.installationKey === installationKey && !isForgotten(tx, entry)),
}

export interface LoginInput {
  /** The hash that the password matched. If it has changed since, the login is to be done again. */
  readonly verified: string
  readonly installationKey: string
  /** Accept only a device that exists; a repeated Register asks for this. */
  readonly existingOnly: boolean
  readonly deviceName: string
  readonly tokenHash: string
  /** The numbers of the user's devices that are connected now, as far as this node knows. */
  readonly connected: readonly number[]
}

export type LoginResult =
  | {
      readonly kind: 'session'
      readonly device: number
      readonly expiresAtMs: number
      readonly lastSendSeq: number
      readonly boundAttempt: number
    }
  | { readonly kind: 'changed' }
  | { readonly kind: 'no-device' }

export const login: Transition<LoginInput, LoginResult> = {
  name: 'account.login',
  reads: () => [[password], [profile], [devices]],
  run(tx, input) {
    if (tx.get(password)?.hash !== input.verified || tx.get(profile)?.deleted !== false) return { kind: 'changed' }
    const known = forgetDevices(tx)
    const found = known.list.find(entry => entry.installationKey === input.installationKey)
    if (found === undefined && input.existingOnly) return { kind: 'no-device' }
    const device = found?.device ?? addDevice(tx, input)
    if (found !== undefined && found.endedAtMs !== 0) reviveDevice(tx, found, input)
    const before = tx.get(session, device) ?? NO_SESSION
    const expiresAtMs = tx.nowMs + SESSION_MS
    tx.put(session, withUnused(before, input.tokenHash, tx.nowMs, expiresAtMs), device)
    const lastSendSeq = tx.get(deviceWindow, device)?.last ?? 0
    return { kind: 'session', device, expiresAtMs, lastSendSeq, boundAttempt: before.attempt }
  },
}

function withUnused(before: SessionRecord, hash: string, nowMs: number, expiresAtMs: number): SessionRecord {
  const fresh = before.ended ? [] : before.unused.filter(token => nowMs - token.madeAtMs < UNUSED_TOKEN_MS)
  const unused = [...fresh, { hash, madeAtMs: nowMs }].slice(-UNUSED_TOKENS_MAX)
  const current = before.ended ? undefined : before.current
  return { ...before, current, unused, ended: false, expiresAtMs: Math.max(before.expiresAtMs, expiresAtMs) }
}

/**
 * Whether the device ended so long ago that the same installation is a new device. An ended device keeps its key, number and window
 * for as long as messages are kept.
 */
function isForgotten(tx: Tx, { endedAtMs }: DeviceEntry): boolean {
  return endedAtMs !== 0 && endedAtMs <= tx.ago(tx.settings.retentionMs)
}

/** Removes what is kept of devices that ended long ago, or of ended devices beyond the limit. */
function forgetDevices(tx: Tx): Devices {
  const known = tx.get(devices) ?? { last: 0, epoch: tx.epoch, list: [] }
  const ended = known.list.filter(entry => entry.endedAtMs !== 0).sort((a, b) => b.endedAtMs - a.endedAtMs)
  const forgotten = ended.filter((entry, index) => index >= ENDED_DEVICES_MAX || isForgotten(tx, entry))
  if (forgotten.length === 0) return known
  // Read together, as in endDevices().
  tx.fetch(
    [session, deviceWindow, deviceAck],
    forgotten.map(entry => entry.device),
  )
  for (const { device } of forgotten) {
    tx.remove(session, device)
    tx.remove(deviceWindow, device)
    tx.remove(deviceAck, device)
  }
  const kept = { ...known, list: known.list.filter(entry => !forgotten.includes(entry)) }
  tx.put(devices, kept)
  return kept
}

function addDevice(tx: Tx, input: LoginInput): number {
  const known = tx.get(devices) ?? { last: 0, epoch: tx.epoch, list: [] }
  const device = known.last + Math.max(1, DEVICE_JUMP * (tx.epoch - known.epoch))
  const list = withSpace(tx, known.list, input.connected)
  const entry = newDevice(device, input.installationKey, input.deviceName, tx.nowMs)
  tx.put(devices, { last: device, epoch: tx.epoch, list: [...list, entry] })
  tx.put(deviceWindow, EMPTY_WINDOW, device)
  return device
}

/**
 * Makes space in the list for one more live device, by ending the one that is missed least. Devices whose token was never used go
 * first, connected ones last. Among equals the one longest away goes. Times alone do not tell: a connected device is noted once a
 * day, a login to the millisecond.
 */
function withSpace(tx: Tx, list: readonly DeviceEntry[], connected: readonly number[]): readonly DeviceEntry[] {
  const live = list.filter(entry => entry.endedAtMs === 0)
  if (live.length < DEVICES_MAX) return list
  tx.fetch(
    [session, deviceWindow],
    live.map(entry => entry.device),
  )
  const use = ({ device }: DeviceEntry): number => {
    if (connected.includes(device)) return 2
    return tx.peek(session, device)?.current === undefined ? 0 : 1
  }
  // A time in the future comes from a clock that was wrong. It is corrected when the device comes; a device that does not come goes
  // first.
  const seenMs = ({ lastSeenMs }: DeviceEntry): number => (lastSeenMs > tx.nowMs ? 0 : lastSeenMs)
  const least = live.reduce((a, b) => ((use(b) - use(a) || seenMs(b) - seenMs(a)) < 0 ? b : a))
  endSession(tx, least.device)
  return list.map(entry => (entry === least ? { ...entry, endedAtMs: tx.nowMs } : entry))
}

export function newDevice(device: number, installationKey: string, name: string, nowMs: number): DeviceEntry {
  return { device, installationKey, name, createdAtMs: nowMs, lastSeenMs: nowMs, endedAtMs: 0 }
}

function reviveDevice(tx: Tx, found: DeviceEntry, input: LoginInput): void {
  const known = tx.get(devices)
  if (known === undefined) return
  const list = withSpace(tx, known.list, input.connected).map(entry =>
    entry === found ? { ...entry, endedAtMs: 0, lastSeenMs: tx.nowMs, name: input.deviceName || entry.name } : entry,
  )
  tx.put(devices, { ...known, list })
  const window = tx.get(deviceWindow, found.device) ?? EMPTY_WINDOW
  tx.put(deviceWindow, { ...window, ended: false }, found.device)
}

/** A session with one unused token, for a device that was just made. */
export function freshSession(tokenHash: string, nowMs: number): SessionRecord {
  return withUnused(NO_SESSION, tokenHash, nowMs, nowMs + SESSION_MS)
}

/** Ends a device's session: its tokens are void, its numbered requests refused, its connection closed. */
export function endSession(tx: Tx, device: number): void {
  const before = tx.get(session, device) ?? NO_SESSION
  if (before.ended) return
  tx.put(session, { ...before, ended: true }, device)
  const window = tx.get(deviceWindow, device) ?? EMPTY_WINDOW
  tx.put(deviceWindow, { ...window, ended: true }, device)
  tx.event({ kind: 'ended', to: tx.actor, device, what: 'session', attempt: before.attempt, except: 0 })
}

/** Ends a device's session and marks the device as ended. @returns false if there is no such live device */
export function endDevice(tx: Tx, device: number): boolean {
  const known = tx.get(devices)
  const entry = known?.list.find(one => one.device === device && one.endedAtMs === 0)
  if (known === undefined || entry === undefined) return false
  endSession(tx, device)
  tx.put(devices, { ...known, list: known.list.map(one => (one === entry ? { ...one, endedAtMs: tx.nowMs } : one)) })
  return true
}

/** Ends all of a user's devices except one. */
export function endDevices(tx: Tx, except: number | undefined): void {
  const live = (tx.get(devices)?.list ?? []).filter(entry => entry.endedAtMs === 0 && entry.device !== except)
  // Read together: one reading per record would be more than a transition may ask for.
  tx.fetch(
    [session, deviceWindow],
    live.map(entry => entry.device),
  )
  for (const { device } of live) endDevice(tx, device)
}

/**
 * Ends all tokens of a device and puts this one in their place, as the token in use.
 * @param attempt the attempt of the connection that asked, which stays; 0: none
 */
export function renewToken(tx: Tx, device: number, hash: string, attempt: number): void {
  const before = tx.get(session, device) ?? NO_SESSION
  const current = { hash, madeAtMs: tx.nowMs }
  tx.put(session, { ...before, current, unused: [], expiresAtMs: tx.nowMs + SESSION_MS }, device)
  tx.event({ kind: 'ended', to: tx.actor, device, what: 'token', attempt: before.attempt, except: attempt })
}

export interface BindInput {
  readonly device: number
  readonly tokenHash: string
  readonly attempt: number
  /** It may have been bound by an earlier copy of this very request, whose answer was lost on its way. */
  readonly again?: boolean
  /** The node that is to hear what is appended for the user from then on, and for how long; undefined: no other node appends. */
  readonly route?: { readonly node: NodeId; readonly ttlMs: number } | undefined
}

export type BindResult =
  | { readonly kind: 'bound'; readonly lastSendSeq: number; readonly ack: number }
  | { readonly kind: 'superseded'; readonly boundAttempt: number }
  /**
   * The attempt is further above the bound one than any client counts. If it were bound, the device might have no higher one left.
   */
  | { readonly kind: 'too-far'; readonly boundAttempt: number }
  | { readonly kind: 'refused'; readonly code: Code }

/** Binds a connection of the device: its token is right, and its attempt is the highest so far. */
export const bind: Transition<BindInput, BindResult> = {
  name: 'session.bind',
  small: true,
  passing: true, // most connections are idle from here on
  patient: true, // a client has waited for a round trip or two already
  reads: ({ device }) => [
    [session, device],
    [deviceWindow, device],
    [deviceAck, device],
  ],
  run(tx, { device, tokenHash, attempt, again = false, route }) {
    const before = tx.get(session, device)
    if (before === undefined) return { kind: 'refused', code: CODES.UNAUTHENTICATED.code }
    const code = tokenCode(tx, before, tokenHash)
    if (code !== CODES.OK.code) return { kind: 'refused', code }
    const isOwn = again && attempt === before.attempt
    if (attempt <= before.attempt && !isOwn) return { kind: 'superseded', boundAttempt: before.attempt }
    if (attempt > before.attempt + ATTEMPT_JUMP_MAX) return { kind: 'too-far', boundAttempt: before.attempt }
    const seenMs = seenIn(tx, before, device)
    tx.put(session, { ...used(before, tokenHash, tx.nowMs), attempt, seenMs }, device)
    tx.event({ kind: 'ended', to: tx.actor, device, what: 'attempt', attempt, except: 0 })
    if (route !== undefined) tx.route(route.node, route.ttlMs)
    const lastSendSeq = tx.get(deviceWindow, device)?.last ?? 0
    return { kind: 'bound', lastSendSeq, ack: tx.peek(deviceAck, device)?.version ?? 0 }
  },
}

export interface AuthorizeInput {
  readonly device: number
  readonly tokenHash: string
}

export type AuthorizeResult =
  | { readonly kind: 'principal'; readonly attempt: number }
  | { readonly kind: 'refused'; readonly code: Code }

/**
 * Authorizes one request of the device without a connection, by its token. Writes only on the first use of a token and when the
 * expiry moves. Otherwise a token that this node knows is enough (`soft`), so a session that another node ended a moment ago may do
 * one more request. A refusal is always verified: another node may have given the token a moment ago.
 */
export const authorize: Transition<AuthorizeInput, AuthorizeResult> = {
  name: 'session.authorize',
  soft: ({ kind }) => kind === 'principal',
  small: true,
  reads: ({ device }) => [[session, device]],
  run(tx, { device, tokenHash }) {
    const before = tx.get(session, device)
    if (before === undefined) return { kind: 'refused', code: CODES.UNAUTHENTICATED.code }
    const code = tokenCode(tx, before, tokenHash)
    if (code !== CODES.OK.code) return { kind: 'refused', code }
    const after = used(before, tokenHash, tx.nowMs)
    if (after !== before) tx.put(session, { ...after, seenMs: seenIn(tx, before, device) }, device)
    return { kind: 'principal', attempt: before.attempt }
  },
}

function tokenCode(tx: Tx, before: SessionRecord, hash: string): Code {
  const unused = before.unused.find(token => token.hash === hash)
  if (before.current?.hash !== hash && unused === undefined) return CODES.UNAUTHENTICATED.code
  if (before.ended) return CODES.SESSION_REVOKED.code
  const expired =
    unused === undefined
      ? before.expiresAtMs <= tx.ago(SESSION_MS) + SESSION_MS
      : unused.madeAtMs <= tx.ago(UNUSED_TOKEN_MS)
  return expired ? CODES.TOKEN_EXPIRED.code : CODES.OK.code
}

/** The session after a use of the token; `before` itself if the token was used before and the expiry does not move. */
function used(before: SessionRecord, hash: string, nowMs: number): SessionRecord {
  const first: SessionToken | undefined = before.unused.find(token => token.hash === hash)
  return slid(first === undefined ? before : { ...before, current: first, unused: [] }, nowMs)
}

/** The session with its full expiry again; `before` itself if it was used within a day. */
function slid(before: SessionRecord, nowMs: number): SessionRecord {
  return before.expiresAtMs - nowMs >= SESSION_MS - DAY_MS ? before : { ...before, expiresAtMs: nowMs + SESSION_MS }
}

/**
 * Notes, to the day, that the device was here. The session remembers when that was, so that `devices` is looked at once a day.
 * @returns what the session is to remember
 */
function seenIn(tx: Tx, { seenMs }: SessionRecord, device: number): number {
  return Math.abs(tx.nowMs - seenMs) < DAY_MS ? seenMs : note(tx, device)
}

/** Notes, to the day, that the device was here. @returns the time that is noted then; 0: there is no such device */
function note(tx: Tx, device: number): number {
  const entry = tx.peek(devices)?.list.find(one => one.device === device)
  if (entry === undefined) return 0
  if (Math.abs(tx.nowMs - entry.lastSeenMs) < DAY_MS) return entry.lastSeenMs
  const fresh = forgetDevices(tx)
  const list = fresh.list.map(one => (one.device === device ? { ...one, lastSeenMs: tx.nowMs } : one))
  tx.put(devices, { ...fresh, list })
  return tx.nowMs
}

/** Notes, to the day, that the device was here. This also moves the expiry of a session that stays connected for months. */
export function seen(tx: Tx, device: number): void {
  const entry = tx.peek(devices)?.list.find(one => one.device === device)
  if (entry === undefined || note(tx, device) === entry.lastSeenMs) return
  const before = tx.get(session, device)
  if (before === undefined || before.ended) return
  const after = slid(before, tx.nowMs)
  if (after !== before) tx.put(session, after, device)
}

export interface BoundAttemptInput {
  readonly device: number
  /** The hash of the token that the connection was bound with; undefined: any token. */
  readonly tokenHash: string | undefined
}

/**
 * The highest attempt bound; undefined if the session has ended, or another token is in use. For nodes that may not have heard of
 * it.
 */
export const boundAttempt: Transition<BoundAttemptInput, number | undefined> = {
  name: 'session.bound-attempt',
  run(tx, { device, tokenHash }) {
    const known = tx.get(session, device)
    if (known === undefined || known.ended) return undefined
    return tokenHash === undefined || known.current?.hash === tokenHash ? known.attempt : undefined
  },
}

/** Ends a session. It is not numbered: ending an ended session changes nothing. */
export const logout: Transition<{ readonly device: number }, void> = {
  name: 'account.logout',
  small: true,
  run(tx, { device }) {
    endDevice(tx, device)
  },
}

export interface RemoveDeviceInput extends Numbered {
  readonly target: number
}

export const removeDevice: Transition<RemoveDeviceInput, Answer> = small(
  numbered('account.remove-device', (tx, input) => {
    if (input.target === input.device) return CODES.NOT_ALLOWED.code
    return endDevice(tx, input.target) ? CODES.OK.code : CODES.NO_SUCH_DEVICE.code
  }),
)
