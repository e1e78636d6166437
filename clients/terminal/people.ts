/** Names and uids of the people that this account knows. */

import type { Client, Contact } from '../typescript/index.js'

export class People {
  readonly #client: Pick<Client, 'contacts' | 'account'>
  /** Account names by uid. Former contacts stay here, because their messages are still there. */
  readonly #accounts = new Map<number, string>()

  constructor(client: Pick<Client, 'contacts' | 'account'>) {
    this.#client = client
    for (const contact of client.contacts.list()) this.met(contact)
  }

  met({ uid, account }: { readonly uid: number; readonly account: string }): void {
    if (account !== '') this.#accounts.set(uid, account)
  }

  nameOf(uid: number): string {
    const known = this.#client.contacts.get(uid)?.account || this.#accounts.get(uid)
    return known ?? (uid === this.#client.account.uid ? 'you' : `user ${uid}`)
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
}
