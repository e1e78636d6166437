/**
 * Gets a session: asks what it needs to know, and asks again if the server does not take it.
 *
 *   log in or register? ─► password (twice, if it is new) ─► server ─► signed in
 *          ▲                   ▲    │                          │
 *          └──── name taken ───┼────┴─ an empty line           │
 *                              └──── wrong, too short ─────────┘
 */

import { type Client, LongwireError } from '../typescript/index.js'
import { errorText } from './lines.js'
import type { Ask } from './screen.js'

export interface SignInSpec {
  readonly client: Pick<Client, 'account'>
  readonly account: string
  /** The address of the server, for people. */
  readonly server: string
  /** The folder with the local copy. */
  readonly storage: string
  /** Whether to make the account; undefined if nobody said. */
  readonly register: boolean | undefined
  /** The password, if it was given; undefined if a person is to be asked. */
  readonly password: string | undefined
  /** The way to ask a person; undefined where nobody can be asked. */
  readonly ask: Ask | undefined
  readonly say: (kind: 'notice' | 'wrong', text: string) => void
}

/** A person who mistypes; whoever guesses is the server's to slow down. */
const TRIES_MAX = 5

/** The refusals that another password, or another word on whether the account is new, may mend. */
const ANSWERABLE = new Set(['WRONG_CREDENTIALS', 'NAME_TAKEN', 'PASSWORD_WEAK', 'INVALID_ARGUMENT'])

/** The answers that are shown. Nothing else that begins in the same way is: somebody may be typing a password. */
const CHOICES: readonly string[] = ['l', 'login', 'log in', 'r', 'register']

/** @returns whether there is a session now; if not, it was said why */
export async function signIn(spec: SignInSpec): Promise<boolean> {
  const { ask, say } = spec
  let { register } = spec
  if (spec.password !== undefined) return (await attempt(spec, register === true, spec.password)) === 'done'
  if (ask === undefined) {
    say('wrong', 'there is no terminal to ask for the password on: --password-fd says where to read it')
    return false
  }
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    register ??= await askWhich(spec.account, ask, say)
    if (register === undefined) return false
    const password = await askPassword(register, ask, say)
    if (password === undefined) return false
    if (password === '') {
      register = spec.register
      continue
    }
    const outcome = await attempt(spec, register, password)
    if (outcome === 'done' || outcome === 'over') return outcome === 'done'
    // After a wrong password the next line is another one: nothing may be asked in between that is echoed.
    if (outcome === 'NAME_TAKEN') register = spec.register
  }
  return false
}

async function attempt(
  { client, account, server, storage, say }: SignInSpec,
  register: boolean,
  password: string,
): Promise<string> {
  try {
    if (register) await client.account.register({ account, password })
    else await client.account.login({ account, password })
    return 'done'
  } catch (error) {
    const reason = error instanceof LongwireError ? error.reason : ''
    if (reason === 'CLOSED') return 'over'
    if (reason === 'WRONG_CREDENTIALS' && client.account.otherStore) {
      say('wrong', replaced(account, server, storage))
      return 'over'
    }
    const what = register ? `${account} could not be registered` : `${account} could not log in`
    say('wrong', `${what}: ${errorText(error)}${hint(reason, server, register)}`)
    return ANSWERABLE.has(reason) ? reason : 'over'
  }
}

function replaced(account: string, server: string, storage: string): string {
  return (
    `${account} could not log in: the server at ${server} has other data than when this device signed in, and there the account or the ` +
    `password is another. If its data were replaced: start again with --register, which drops the history in ${storage}`
  )
}

function hint(reason: string, server: string, register: boolean): string {
  switch (reason) {
    case 'TIMEOUT':
      return ` (does a server run at ${server}?)`
    case 'UNAVAILABLE':
    case 'OVERLOADED':
    case 'SERVER_ERROR':
    case 'DRAINING':
      return ` (there is a server at ${server}, but the service is not available at the moment: try again later)`
    case 'WRONG_CREDENTIALS':
      return ' (if nobody of that name exists: an empty line, and register)'
    case 'NAME_TAKEN':
      return ' (if it is yours, log in)'
    case 'RATE_LIMITED':
      return register
        ? ' (the server limits how many accounts are made from one network)'
        : ' (the server limits logins from one network, and wrong passwords)'
    default:
      return ''
  }
}

async function askWhich(account: string, ask: Ask, say: SignInSpec['say']): Promise<boolean | undefined> {
  say('notice', `${account} is not signed in here. Log in, or register a new account?`)
  for (;;) {
    const answer = await ask('l or r: ', CHOICES)
    if (answer === undefined) return undefined
    const choice = answer.trim().toLowerCase()
    if (CHOICES.includes(choice)) return choice.startsWith('r')
  }
}

async function askPassword(register: boolean, ask: Ask, say: SignInSpec['say']): Promise<string | undefined> {
  for (;;) {
    const password = await ask(register ? 'New password: ' : 'Password: ', 'secret')
    if (password === undefined || password === '' || !register) return password
    const again = await ask('New password again: ', 'secret')
    if (again === undefined || again === password) return again
    say('wrong', 'the two passwords are not the same')
  }
}
