// The contacts as the timeline's items say. contacts.ts has what a user can do about them.
import { type Contact as ContactItem, ContactState, createContact } from '../../../protocol/generated/messages.js'
import type { Commits } from '../storage/commits.js'
import type { Json } from '../storage/storage.js'

/** A contact as its item says, with the state as a word: a field that an item gets is here too. */
export interface Contact extends Readonly<Omit<ContactItem, 'state'>> {
  /** none: neither friend nor asked (any more). requested: this user asked. invited: the other asked. */
  readonly state: 'none' | 'requested' | 'invited' | 'friend'
}

const STATES = {
  [ContactState.UNSPECIFIED]: 'none',
  [ContactState.REQUESTED]: 'requested',
  [ContactState.INVITED]: 'invited',
  [ContactState.FRIEND]: 'friend',
} as const

export class ContactList {
  readonly #commits: Commits
  readonly #emit: (contact: Contact) => void
  readonly #byUid = new Map<number, Contact>()
  /**
   * The life of the timeline in which each was last confirmed. A resync begins another; what it does not confirm goes at its end.
   */
  readonly #generations = new Map<number, number>()
  #generation = 0

  /** @param emit a contact is as this from now on; called when that is stored */
  constructor(commits: Commits, emit: (contact: Contact) => void) {
    this.#commits = commits
    this.#emit = emit
  }

  /** Friends, requests either way and blocked users, from local state. */
  list(): Contact[] {
    return [...this.#byUid.values()].filter(each => each.state !== 'none' || each.blocked)
  }

  /** A contact by uid. One that ended is here too, as long as its item lives. */
  get(uid: number): Contact | undefined {
    return this.#byUid.get(uid)
  }

  /** An item came. */
  onItem(item: ContactItem): void {
    const { uid } = item
    const contact: Contact = { ...item, state: STATES[item.state] }
    this.#byUid.set(uid, contact)
    this.#generations.set(uid, this.#generation)
    this.#commits.put(`contact/${uid}`, [this.#generation, contact as unknown as Json])
    this.#commits.tell(() => this.#emit(contact))
  }

  /** A contact that an older version stored has the defaults of the fields that it did not know. */
  load(uid: number, json: Json): void {
    const [generation, contact] = json as unknown as readonly [number, Contact]
    this.#byUid.set(uid, { ...createContact(), ...contact })
    this.#generations.set(uid, generation)
  }

  /** Begins a life of the timeline: items belong to it from now on. */
  begin(generation: number): void {
    this.#generation = generation
  }

  /** A resync is complete. What it did not bring is no more. */
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

  /** Drops all contacts here. Those stored go by Commits.forget(). */
  clear(): void {
    this.#byUid.clear()
    this.#generations.clear()
  }
}
