// The identity of this device: the installation, its user and session, and the life of its copy of the timeline.
import { EMPTY } from '../../../protocol/bytes.js'
import { CODES } from '../../../protocol/codes.js'
import type { Session } from '../../../protocol/generated/messages.js'
import { INSTALLATION_KEY_BYTES } from '../../../protocol/limits.js'
import { ofHex, sameBytes, toHex } from '../base/bytes.js'
import type { Random } from '../base/system.js'
import type { Commits } from '../storage/commits.js'
import type { Json } from '../storage/storage.js'

/** The versions that a resync must reach are not known: a Sync answer without more ends it. */
export const HEAD_UNKNOWN = -1

const UNSPENT = 'unspent/'

export class Identity {
  readonly #commits: Commits
  installationKey: Uint8Array = EMPTY
  /** 0 while nobody ever signed in. */
  uid = 0
  device = 0
  account = ''
  nickname = ''
  /** Empty while signed out. */
  token: Uint8Array = EMPTY
  expiresAtMs = 0
  storeId: Uint8Array = EMPTY
  #metStore: Uint8Array = EMPTY
  /** The highest number of a connection decision that was used, or is known to be bound. */
  attempt = 0
  /** The number of the timeline's present life. Keyed state belongs to one life; a resync begins another. */
  generation = 0
  /** The first number never given to a request, for each device that this one was before, by `store/uid/device`. */
  readonly #unspent = new Map<string, number>()
  /** The version at which a resync is complete, or HEAD_UNKNOWN; undefined while no resync goes on. */
  resyncHead: number | undefined

  constructor(commits: Commits) {
    this.#commits = commits
  }

  get signedIn(): boolean {
    return this.token.length > 0
  }

  load(values: ReadonlyMap<string, Json>, random: Random): void {
    const installation = values.get('installation')
    if (installation === undefined) this.makeInstallation(random.bytes(INSTALLATION_KEY_BYTES))
    else this.installationKey = ofHex(installation as string)
    const [uid, device, account] = (values.get('identity') ?? [0, 0, '']) as [number, number, string]
    this.uid = uid
    this.device = device
    this.account = account
    const [token, expiresAtMs] = (values.get('session') ?? ['', 0]) as [string, number]
    this.token = ofHex(token)
    this.expiresAtMs = expiresAtMs
    this.storeId = ofHex((values.get('store') ?? '') as string)
    const [profileAccount, nickname] = (values.get('profile') ?? [account, '']) as [string, string]
    this.account = profileAccount
    this.nickname = nickname
    this.attempt = (values.get('attempt') ?? 0) as number
    const [generation, head] = (values.get('resync') ?? [0, null]) as [number, number | null]
    this.generation = generation
    this.resyncHead = head ?? undefined
    for (const [name, next] of values) {
      if (name.startsWith(UNSPENT)) this.#unspent.set(name.slice(UNSPENT.length), next as number)
    }
  }

  /**
   * Notes the first unused number, because the account is about to be forgotten or the device to become another one. What became
   * of its requests is forgotten with it. Copies of them may still arrive, and after the restore of a backup the device may be
   * the old one again.
   */
  spend(nextSendSeq: number): void {
    if (this.uid === 0) return
    const name = deviceName(this.storeId, this.uid, this.device)
    this.#unspent.set(name, nextSendSeq)
    this.#commits.put(UNSPENT + name, nextSendSeq)
  }

  /** The first number that this installation never gave to a request of that device. */
  unspent({ storeId, uid, device }: Pick<Session, 'storeId' | 'uid' | 'device'>): number {
    return this.#unspent.get(deviceName(storeId, uid, device)) ?? 1
  }

  makeInstallation(key: Uint8Array): void {
    this.installationKey = key
    this.#commits.put('installation', toHex(key))
  }

  adopt(session: Session, account: string): void {
    this.uid = session.uid
    this.account = account
    this.#commits.put('identity', [session.uid, session.device, account])
    this.device = session.device
    this.token = session.token.slice()
    this.expiresAtMs = session.expiresAtMs
    this.#commits.put('session', [toHex(this.token), this.expiresAtMs])
  }

  adoptDevice(device: number): void {
    this.device = device
    this.#commits.put('identity', [this.uid, device, this.account])
  }

  adoptStore(storeId: Uint8Array): void {
    this.storeId = storeId.slice()
    this.#commits.put('store', toHex(this.storeId))
  }

  /** Notes the store of the server that a sign-in talks to. */
  meetStore(storeId: Uint8Array): void {
    this.#metStore = storeId.slice()
  }

  /** Whether the server of the last sign-in has another store than the one that the local copy is of. */
  get isOtherStore(): boolean {
    return this.storeId.length > 0 && this.#metStore.length > 0 && !sameBytes(this.storeId, this.#metStore)
  }

  adoptProfile(account: string, nickname: string): void {
    this.account = account
    this.nickname = nickname
    this.#commits.put('profile', [account, nickname])
  }

  /** An attempt is stored before it is sent: a restart must not use it again. */
  raiseAttempt(attempt: number): void {
    if (attempt > this.attempt) this.attempt = attempt
    this.#commits.put('attempt', this.attempt)
  }

  /** Hello was refused for its attempt: the next one goes above the bound one, from wherever it stood (PROTOCOL.md, 3.4). */
  attemptRefused(code: number, boundAttempt: number): void {
    if (code === CODES.INVALID_ARGUMENT.code) this.attempt = boundAttempt
    else if (code !== CODES.ATTEMPT_SUPERSEDED.code) return
    this.raiseAttempt(boundAttempt)
  }

  /** The server has given another token in place of all others; it is stored before it is needed again. */
  renewToken(token: Uint8Array): void {
    this.token = token.slice()
    this.#commits.put('session', [toHex(this.token), this.expiresAtMs])
  }

  /** The token is no good any more; whose device this is stays known. */
  endSession(): void {
    this.token = EMPTY
    this.expiresAtMs = 0
    this.#commits.put('session', undefined)
  }

  beginResync(head: number): void {
    this.generation++
    this.setResyncHead(head)
  }

  setResyncHead(head: number | undefined): void {
    this.resyncHead = head
    this.#commits.put('resync', [this.generation, head ?? null])
  }

  /**
   * Everything of the account goes; the installation, the attempt and the numbers that were used stay. What is stored goes by
   * Commits.forget(), before.
   */
  clear(): void {
    this.uid = 0
    this.device = 0
    this.account = ''
    this.nickname = ''
    this.token = EMPTY
    this.expiresAtMs = 0
    this.storeId = EMPTY
    this.generation = 0
    this.resyncHead = undefined
    this.#commits.put('installation', toHex(this.installationKey))
    this.#commits.put('attempt', this.attempt)
    for (const [name, next] of this.#unspent) this.#commits.put(UNSPENT + name, next)
  }
}

function deviceName(storeId: Uint8Array, uid: number, device: number): string {
  return `${toHex(storeId)}/${uid}/${device}`
}
