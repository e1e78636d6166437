// The contacts as the timeline's items say. contacts.ts has what a user can do about them.
import { type Contact as ContactItem, ContactState, createContact } from '../../../protocol/generated/messages.js'
import type { Commits } from '../storage/commits.js'
import type { Standing } from './beginnings.js'
import { KeyedList } from './keyed-list.js'

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

export class ContactList extends KeyedList<number, Contact> {
  /** @param emit a contact is as this from now on; called when that is stored */
  constructor(commits: Commits, emit: (contact: Contact) => void) {
    super(commits, {
      kind: 'contact',
      defaults: { ...createContact(), state: 'none' },
      emit,
      ended: contact => ({ ...contact, state: 'none', request: 0, blocked: false, greeting: '' }),
    })
  }

  /** Friends, requests either way and blocked users, from local state. */
  list(): Contact[] {
    return this.all().filter(each => each.state !== 'none' || each.blocked)
  }

  /** How far the friendship with a user is. */
  standing(uid: number): Standing {
    const state = this.get(uid)?.state
    if (state === 'friend') return 'stands'
    return state === 'requested' || state === 'invited' ? 'between' : 'ended'
  }

  /** An item came. */
  onItem(item: ContactItem): void {
    this.set(item.uid, { ...item, state: STATES[item.state] })
  }
}
