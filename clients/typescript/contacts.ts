// The contacts as the timeline's items say, and what a user can do about them. A request is in the outbox like a message
// is; what it changes comes back as an item, to every device.
import { type Contact as ContactItem, ContactState } from '../../protocol/generated/messages.js'
import type { Commits } from './commits.js'
import { LongwireError } from './errors.js'
import type { Operation, OperationName } from './operation.js'
import type { Json } from './storage.js'

export interface Contact {
  readonly uid: number
  /** none: neither friend nor asked (any more). requested: this user asked. invited: the other asked. */
  readonly state: 'none' | 'requested' | 'invited' | 'friend'
  /** While requested or invited: the number of the request. */
  readonly request: number
  /** This user blocked the other. */
  readonly blocked: boolean
  readonly account: string
  readonly nickname: string
  /** While requested or invited: what the asker wrote. */
  readonly greeting: string
}

const STATES = {
  [ContactState.UNSPECIFIED]: 'none',
  [ContactState.REQUESTED]: 'requested',
  [ContactState.INVITED]: 'invited',
  [ContactState.FRIEND]: 'friend',
} as const

type Operate = <N extends OperationName>(method: N, request: Operation<N>) => Promise<void>

/** Promises resolve when the server did it and reject with its final refusal; what changed is told by a `contact` event. */
export class Contacts {
  readonly #commits: Commits
  readonly #operate: Operate
  readonly #emit: (contact: Contact) => void
  readonly #byUid = new Map<number, Contact>()
  /** In which life of the timeline each was last confirmed. A resync begins another; what it does not confirm goes at its end. */
  readonly #generations = new Map<number, number>()
  #generation = 0

  constructor(commits: Commits, operate: Operate, emit: (contact: Contact) => void) {
    this.#commits = commits
    this.#operate = operate
    this.#emit = emit
  }

  /** Friends, requests either way and blocked users, from local state. */
  list(): Contact[] {
    return [...this.#byUid.values()].filter(each => each.state !== 'none' || each.blocked)
  }

  /** Also of a contact that ended, as long as its item lives. */
  get(uid: number): Contact | undefined {
    return this.#byUid.get(uid)
  }

  /** Asks a user to become a friend. */
  request(uid: number, greeting = ''): Promise<void> {
    return this.#operate('contactRequest', { uid, greeting })
  }

  /** Accepts the request that is known here. @throws LongwireError NO_CONTACT_REQUEST if none is */
  accept(uid: number): Promise<void> {
    return this.#operate('contactAccept', { uid, request: this.#requestOf(uid, 'invited') })
  }

  decline(uid: number): Promise<void> {
    return this.#operate('contactDecline', { uid, request: this.#requestOf(uid, 'invited') })
  }

  /** Takes this user's own request back. */
  cancel(uid: number): Promise<void> {
    return this.#operate('contactCancel', { uid, request: this.#requestOf(uid, 'requested') })
  }

  /** Ends a friendship, for both. */
  remove(uid: number): Promise<void> {
    return this.#operate('contactRemove', { uid })
  }

  block(uid: number): Promise<void> {
    return this.#operate('contactBlock', { uid })
  }

  unblock(uid: number): Promise<void> {
    return this.#operate('contactUnblock', { uid })
  }

  /** The library's: an item came. */
  onItem(item: ContactItem): void {
    const { uid, request, blocked, account, nickname, greeting } = item
    const contact: Contact = { uid, state: STATES[item.state], request, blocked, account, nickname, greeting }
    this.#byUid.set(uid, contact)
    this.#generations.set(uid, this.#generation)
    this.#commits.put(`contact/${uid}`, [this.#generation, contact as unknown as Json])
    this.#commits.tell(() => this.#emit(contact))
  }

  /** The library's. */
  load(uid: number, json: Json): void {
    const [generation, contact] = json as unknown as readonly [number, Contact]
    this.#byUid.set(uid, contact)
    this.#generations.set(uid, generation)
  }

  /** The library's: which life of the timeline items belong to from now on. */
  begin(generation: number): void {
    this.#generation = generation
  }

  /** The library's: a resync is complete. What it did not bring is no more. */
  dropUnconfirmed(): void {
    for (const [uid, generation] of this.#generations) {
      const contact = this.#byUid.get(uid)
      if (generation === this.#generation || contact === undefined) continue
      this.#byUid.delete(uid)
      this.#generations.delete(uid)
      this.#commits.put(`contact/${uid}`, undefined)
      const gone: Contact = { ...contact, state: 'none', request: 0, blocked: false, greeting: '' }
      this.#commits.tell(() => this.#emit(gone))
    }
  }

  /** The library's: nothing stays. What is stored goes by Commits.forget(). */
  clear(): void {
    this.#byUid.clear()
    this.#generations.clear()
  }

  #requestOf(uid: number, state: Contact['state']): number {
    const contact = this.#byUid.get(uid)
    if (contact?.state !== state) throw LongwireError.local('NO_CONTACT_REQUEST')
    return contact.request
  }
}
