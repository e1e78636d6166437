/** The options about who may write to whom, for all commands that run servers. */
import { flag, oneOf } from './command-options.js'

export const CONTACT_OPTIONS = {
  contacts: oneOf(
    'store',
    ['store', 'required', 'open'],
    "who may write to whom. required: only friends. open: anybody; a stranger's message is a request until it is answered. store: what the store says; required if it is new. The first start on a new store notes it; a later start that names the other one is refused",
  ),
  contactsChange: flag(
    'change the store to what --contacts says; on Redis, stop all other nodes first. Back at required, chats with strangers can be read but not written to',
  ),
} as const

export interface ContactChoice {
  readonly contacts: 'store' | 'required' | 'open'
  readonly contactsChange: boolean
}

/** Says what is wrong with these options; undefined: nothing is. */
export function contactsFault({ contacts, contactsChange }: ContactChoice): string | undefined {
  return contactsChange && contacts === 'store' ? '--contacts-change needs --contacts required or open' : undefined
}
