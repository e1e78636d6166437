/** The options about who may write to whom, of all commands that run servers. */

import { flag, oneOf } from './command-options.js'

export const CONTACT_OPTIONS = {
  contacts: oneOf(
    'store',
    ['store', 'required', 'open'],
    "who may write to whom: required, friends alone; open, anybody, and a stranger's message is a request until it is answered. The first start on a new store writes it (store: required); a later one that names the other is refused",
  ),
  contactsChange: flag(
    'the store changes to --contacts from this start on; on Redis no other node may run meanwhile. Going back to required, chats with strangers can be read, and not written to',
  ),
} as const

export interface ContactChoice {
  readonly contacts: 'store' | 'required' | 'open'
  readonly contactsChange: boolean
}

/** Says what is wrong with the policy of contacts; undefined: nothing is. */
export function contactsFault({ contacts, contactsChange }: ContactChoice): string | undefined {
  return contactsChange && contacts === 'store' ? '--contacts-change needs --contacts required or open' : undefined
}
