// The contacts as the timeline's items say. contacts.ts has what a user can do about them.
import {
  type Contact as ContactItem,
  ContactState,
  createContact,
  Stranger,
} from '../../../protocol/generated/messages.js'
import type { Commits } from '../storage/commits.js'
import type { Standing } from './beginnings.js'
import { KeyedList } from './keyed-list.js'

/** A contact as its item says, with the state as a word: a field that an item gets is here too. */
export interface Contact extends Readonly<Omit<ContactItem, 'state' | 'stranger'>> {
  /**
   * none: neither friend nor asked (any more). requested: this user asked. invited: the other asked. stranger: none of these, but one of the
   * two wrote, on a server that is open for that; `stranger` says who.
   */
  readonly state: 'none' | 'requested' | 'invited' | 'friend' | 'stranger'
  /** waits: this user wrote, and the other has not answered. asks: the other wrote, for a folder of its own. open: both wrote. */
  readonly stranger: 'none' | 'waits' | 'asks' | 'open'
}

const STATES = {
  [ContactState.UNSPECIFIED]: 'none',
  [ContactState.REQUESTED]: 'requested',
  [ContactState.INVITED]: 'invited',
  [ContactState.FRIEND]: 'friend',
} as const

const STRANGERS = {
  [Stranger.UNSPECIFIED]: 'none',
  [Stranger.WAITS]: 'waits',
  [Stranger.ASKS]: 'asks',
  [Stranger.OPEN]: 'open',
} as const

export class ContactList extends KeyedList<number, Contact> {
  /** Whether anybody may write to anybody on the server; undefined until a connection has told. */
  open: boolean | undefined

  /** @param emit a contact is as this from now on; called when that is stored */
  constructor(commits: Commits, emit: (contact: Contact) => void) {
    super(commits, {
      kind: 'contact',
      defaults: { ...createContact(), state: 'none', stranger: 'none' },
      emit,
      ended: contact => ({
        ...contact,
        ...{ state: 'none', request: 0, blocked: false, greeting: '', stranger: 'none', sinceMs: 0 },
      }),
    })
  }

  /** Friends, requests either way, strangers with whom there is a chat, and blocked users, from local state. */
  list(): Contact[] {
    return this.all().filter(each => each.state !== 'none' || each.blocked)
  }

  /** How far it is that two users may write to each other: as friends, or as strangers who have both written. */
  standing(uid: number): Standing {
    const { state, stranger } = this.get(uid) ?? {}
    if (state === 'friend' || stranger === 'open') return 'stands'
    return state === 'requested' || state === 'invited' ? 'between' : 'ended'
  }

  /** An item came. */
  onItem(item: ContactItem): void {
    const stranger = STRANGERS[item.stranger]
    const isStranger = item.state === ContactState.UNSPECIFIED && stranger !== 'none'
    this.set(item.uid, { ...item, state: isStranger ? 'stranger' : STATES[item.state], stranger })
  }
}
