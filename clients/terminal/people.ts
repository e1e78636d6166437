/** Names: of the people and the groups that this account knows. */

import {
  type Client,
  type Contact,
  type ConversationId,
  directConversation,
  type Group,
  peerOf,
} from '../typescript/index.js'

/** The most pages of members that are read for a name: a full group, and as many who wait. */
const PAGES_MAX = 10

type PeopleClient = Pick<Client, 'contacts' | 'groups' | 'rooms' | 'account' | 'state'>

export class People {
  readonly #client: PeopleClient
  /** Account names by uid. Former contacts stay here, because their messages are still there. */
  readonly #accounts = new Map<number, string>()
  /** Those who were asked for, once, unless that failed. */
  readonly #asked = new Set<number>()

  constructor(client: PeopleClient) {
    this.#client = client
    for (const contact of client.contacts.list()) this.met(contact)
  }

  met({ uid, account }: { readonly uid: number; readonly account: string }): void {
    if (account !== '' && uid !== this.#client.account.uid) this.#accounts.set(uid, account)
  }

  nameOf(uid: number): string {
    return this.#accountOf(uid) ?? (uid === this.#client.account.uid ? 'you' : `user ${uid}`)
  }

  /** A contact by its account name, in whatever letters. */
  contact(name: string): Contact | undefined {
    const account = name.toLowerCase()
    return this.#client.contacts.list().find(each => each.account === account)
  }

  /** Somebody known here, contact or not any more. */
  uidOf(name: string): number | undefined {
    const found = this.contact(name)
    if (found !== undefined) return found.uid
    const account = name.toLowerCase()
    for (const [uid, known] of this.#accounts) if (known === account) return uid
    return undefined
  }

  /** The other user of a direct conversation, the title of a group or board, or the id. */
  placeOf(conversation: ConversationId): string {
    const peer = peerOf(conversation)
    if (peer !== undefined) return this.nameOf(peer)
    const { groups, rooms } = this.#client
    return groups.group(conversation)?.title || rooms.room(conversation)?.title || conversation
  }

  /** The groups of this title, in whatever letters, or of this id. */
  groupsNamed(name: string): readonly Group[] {
    const title = name.toLowerCase()
    const groups = this.#client.groups.list()
    return groups.filter(each => each.conversation === name || each.title.toLowerCase() === title)
  }

  /** The one conversation with somebody known here, or the one group, of this name. */
  conversationOf(name: string): ConversationId | undefined {
    const uid = this.uidOf(name)
    if (uid !== undefined) return directConversation(uid)
    const groups = this.groupsNamed(name)
    return groups.length === 1 ? groups[0]?.conversation : undefined
  }

  /** Whether asking the server would give no more names of these. */
  knows(conversation: ConversationId, uids: readonly number[]): boolean {
    return this.#strangers(conversation, uids).length === 0
  }

  /**
   * Asks for the names of members of a group, or of who invites to one, that are not known; undefined if there is nothing to ask.
   * Never rejects.
   */
  learn(conversation: ConversationId, uids: readonly number[]): Promise<void> | undefined {
    const strangers = this.#strangers(conversation, uids)
    if (strangers.length === 0) return undefined
    for (const uid of strangers) this.#asked.add(uid)
    const isMember = this.#client.groups.group(conversation)?.state === 'member'
    return (isMember ? this.#read(conversation) : this.#lookUp(strangers)).catch(() => {
      for (const uid of strangers) this.#asked.delete(uid)
    })
  }

  /** Asks for the names of users that are not known, wherever they are, once. Never rejects. */
  async meet(uids: readonly number[]): Promise<void> {
    const { uid: own } = this.#client.account
    const isNew = (uid: number): boolean => uid !== own && !this.#asked.has(uid) && this.#accountOf(uid) === undefined
    const strangers = [...new Set(uids)].filter(isNew)
    for (const uid of strangers) this.#asked.add(uid)
    await this.#lookUp(strangers).catch(() => {})
  }

  async #read(conversation: ConversationId): Promise<void> {
    let after = 0
    for (let pages = 0; pages < PAGES_MAX; pages++) {
      const page = await this.#client.groups.members(conversation, { after })
      for (const member of page.members) this.met(member)
      if (page.after === undefined) return
      after = page.after
    }
  }

  async #lookUp(uids: readonly number[]): Promise<void> {
    for (const uid of uids) this.met(await this.#client.account.lookUp({ uid }))
  }

  #strangers(conversation: ConversationId, uids: readonly number[]): number[] {
    const state = this.#client.groups.group(conversation)?.state
    if ((state !== 'member' && state !== 'invited') || this.#client.state().phase !== 'online') return []
    const { uid: own } = this.#client.account
    return uids.filter(uid => {
      return uid !== 0 && uid !== own && !this.#asked.has(uid) && this.#accountOf(uid) === undefined
    })
  }

  #accountOf(uid: number): string | undefined {
    return this.#client.contacts.get(uid)?.account || this.#accounts.get(uid)
  }
}
