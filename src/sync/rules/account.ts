/** Accounts: claiming a name, the profile, the password, the end. */
import { CODES, type Code } from '../../../protocol/codes.js'
import { encodeItem } from '../../../protocol/generated/messages.js'
import { isShowable } from '../../../protocol/names.js'
import { PARTITIONS } from '../../store/types.js'
import { jsonEffect } from '../effect-kinds.js'
import type { EffectKind, Transition, Tx } from '../types.js'
import { deviceWindow, EMPTY_WINDOW } from './device-window.js'
import { leavingActor, noteLeaving } from './leaving.js'
import { AGAIN, type Answer, judge, type Numbered, numbered, small } from './numbered.js'
import {
  accountName,
  contactIndex,
  contactsAsked,
  devices,
  password,
  profile,
  uidCounter,
  uidOf,
  userActor,
} from './records.js'
import { beginRound } from './renaming.js'
import { endDevices, freshSession, newDevice, renewToken, SESSION_MS } from './session.js'
import { session } from './session-record.js'

/** The jump of the uid counter per epoch: in each missed epoch some uids may have been given out and lost. */
const UID_JUMP = 1_024

/** The data of a new user. */
interface NewUser {
  readonly account: string
  readonly nickname: string
  readonly passwordHash: string
  readonly installationKey: string
  readonly deviceName: string
  readonly tokenHash: string
}

export interface RegisterInput extends NewUser {
  readonly partition: number
}

export type RegisterResult =
  | { readonly kind: 'created'; readonly uid: number; readonly expiresAtMs: number }
  | { readonly kind: 'exists'; readonly uid: number }

/** Claims a name and creates its user in one unit, at `accounts/<partition>`. */
export const register: Transition<RegisterInput, RegisterResult> = {
  name: 'account.register',
  makesAccount: true,
  reads: input => [[accountName, input.account], [uidCounter]],
  run(tx, { partition, ...user }) {
    const taken = tx.get(accountName, user.account)
    if (taken !== undefined) return { kind: 'exists', uid: taken.uid }
    // Without a counter, one may have been lost since the first epoch.
    const counter = tx.get(uidCounter) ?? { n: 0, epoch: 1 }
    const n = counter.n + Math.max(1, UID_JUMP * (tx.epoch - counter.epoch))
    const uid = PARTITIONS * n + partition
    tx.put(uidCounter, { n, epoch: tx.epoch })
    tx.put(accountName, { uid }, user.account)
    tx.effect(createUser, userActor(uid), user)
    return { kind: 'created', uid, expiresAtMs: tx.nowMs + SESSION_MS }
  },
}

export const createUser: EffectKind<NewUser> = jsonEffect({
  name: 'user-created',
  run(tx, { account, nickname, passwordHash, installationKey, deviceName, tokenHash }) {
    const device = 1
    tx.put(profile, { account, nickname, createdAtMs: tx.nowMs, deleted: false, names: 0 })
    tx.put(password, { hash: passwordHash })
    const list = [newDevice(device, installationKey, deviceName, tx.nowMs)]
    tx.put(devices, { last: device, epoch: tx.epoch, list })
    tx.put(session, freshSession(tokenHash, tx.nowMs), device)
    tx.put(deviceWindow, EMPTY_WINDOW, device)
    appendProfile(tx, account, nickname)
  },
})

function appendProfile(tx: Tx, account: string, nickname: string): void {
  tx.append(encodeItem({ skip: 0, content: { case: 'ownProfile', value: { account, nickname } } }), 'profile')
}

export const lookUpName: Transition<{ readonly account: string }, number> = {
  name: 'account.look-up',
  soft: true,
  run: (tx, { account }) => tx.get(accountName, account)?.uid ?? 0,
}

export const getProfile: Transition<void, { readonly account: string; readonly nickname: string } | undefined> = {
  name: 'account.get-profile',
  soft: true,
  run(tx) {
    const known = tx.get(profile)
    return known === undefined || known.deleted ? undefined : known
  },
}

/**
 * Prepares a numbered request that needs the password. @returns the hash to verify it against if the number has its turn; else the
 * number's answer
 */
export const passwordFor: Transition<Numbered, Answer | { readonly kind: 'run'; readonly hash: string }> = {
  name: 'account.password-for',
  reads: ({ device }) => [[deviceWindow, device], [password]],
  run(tx, input) {
    const verdict = judge(tx, input)
    return verdict.kind === 'run' ? { kind: 'run', hash: tx.get(password)?.hash ?? '' } : verdict
  },
}

/** The hash to verify a password against; '' if there is none. */
export const getPassword: Transition<void, string> = {
  name: 'account.get-password',
  run: tx => tx.get(password)?.hash ?? '',
}

export const listDevices: Transition<void, readonly DeviceView[]> = {
  name: 'account.list-devices',
  soft: true,
  run: tx => (tx.get(devices)?.list ?? []).filter(entry => entry.endedAtMs === 0),
}
interface DeviceView {
  readonly device: number
  readonly name: string
  readonly createdAtMs: number
  readonly lastSeenMs: number
}

export interface UpdateProfileInput extends Numbered {
  readonly nickname: string
}

export const updateProfile: Transition<UpdateProfileInput, Answer> = numbered(
  'account.update-profile',
  (tx, { nickname }) => {
    const known = tx.get(profile)
    if (known?.deleted !== false) return CODES.UNKNOWN_USER.code
    if (nickname !== '' && !isShowable(nickname)) return CODES.NAME_INVALID.code
    tx.put(profile, { ...known, nickname, names: Math.max(known.names + 1, tx.nowMs) })
    appendProfile(tx, known.account, nickname)
    beginRound(tx)
    return CODES.OK.code
  },
)

export interface VerifiedInput extends Numbered {
  /** The hash that the password was checked against, and the result of the check. */
  readonly checked: string
  readonly right: boolean
  /** This device sent too many wrong passwords, so it was not checked. This is final, so that nothing waits behind it. */
  readonly limited: boolean
}

/** Checks that the password is still the right one. @returns OK or a code; AGAIN if the password changed since it was checked */
function verify(tx: Tx, { checked, right, limited }: VerifiedInput): Code | typeof AGAIN {
  if (limited) return CODES.PASSWORD_LIMIT.code
  if (tx.get(password)?.hash !== checked) return AGAIN
  return right ? CODES.OK.code : CODES.WRONG_CREDENTIALS.code
}

export interface ChangePasswordInput extends VerifiedInput {
  /** '' if the new password is not acceptable. */
  readonly newHash: string
  /** The hash of the token that the device gets in place of all its tokens. */
  readonly tokenHash: string
  /** The attempt of the connection that asks; 0 without one. */
  readonly attempt: number
}

export const changePassword: Transition<ChangePasswordInput, Answer> = small(
  numbered('account.change-password', (tx, input) => {
    const code = verify(tx, input)
    if (code !== CODES.OK.code) return code
    if (input.newHash === '') return CODES.PASSWORD_WEAK.code
    tx.put(password, { hash: input.newHash })
    endDevices(tx, input.device)
    renewToken(tx, input.device, input.tokenHash, input.attempt)
    return CODES.OK.code
  }),
)

/**
 * Ends everything at once; the data is then removed in slices (leaving.ts). The name stays taken for ever: nobody can come back
 * under it.
 */
export const deleteAccount: Transition<VerifiedInput, Answer> = small(
  numbered('account.delete', (tx, input) => {
    const code = verify(tx, input)
    if (code !== CODES.OK.code) return code
    const known = tx.get(profile)
    if (known === undefined) return CODES.UNKNOWN_USER.code
    // Removed first, so that nothing that a newer server wrote into it remains.
    tx.remove(profile)
    tx.put(profile, { account: '', nickname: '', createdAtMs: 0, deleted: true, names: 0 })
    tx.remove(password)
    tx.remove(contactIndex)
    tx.remove(contactsAsked)
    endDevices(tx, undefined)
    const uid = uidOf(tx.actor)
    tx.effect(noteLeaving, leavingActor(uid), { uid })
    return CODES.OK.code
  }),
)
