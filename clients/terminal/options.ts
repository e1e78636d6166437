/** The options of `longwire chat`, and the settings that are made of them. */

import { homedir } from 'node:os'
import { join } from 'node:path'
import {
  address,
  HTTP_PORT_DEFAULT,
  httpPortOf,
  LONG_PORT_DEFAULT,
  parseAddress,
  type ServerAddress,
  shownAddress,
} from '../../src/ops/address.js'
import { flag, integer, type NotParsed, type Option, oneOf, parseOptions, text } from '../../src/ops/command-options.js'
import { TRANSPORTS, type TransportName } from '../../src/ops/dial.js'

/** PROTOCOL.md, 8: what the server takes. It is also the name of a folder here. */
const ACCOUNT = /^[a-z][a-z0-9_.-]{2,31}$/i
const ACCOUNT_RANGE = '3 to 32 of a-z 0-9 _ . -, beginning with a letter'

export const CHAT_OPTIONS = {
  account: accountName('your account name; needed'),
  register: flag('make the account; without it a terminal asks whether to log in or to register'),
  server: address(`127.0.0.1:${LONG_PORT_DEFAULT}`, LONG_PORT_DEFAULT, 'the long side of the server'),
  httpPort: integer(
    HTTP_PORT_DEFAULT,
    1,
    65_535,
    'PORT',
    "the server's port for ws and http; not given: that of --server, if it names another than 8081",
  ),
  transport: oneOf('auto', ['auto', ...TRANSPORTS], 'how to connect; auto: by the first of the three that works'),
  storage: text(
    '',
    'FOLDER',
    'the folder for the session, the history and queued messages, for one chat at a time; made if it is not there ' +
      '(default $XDG_DATA_HOME or ~/.local/share, longwire/SERVER/ACCOUNT)',
  ),
  passwordFd: integer(
    -1,
    -1,
    1_023,
    'FD',
    'read the password from the first line of this descriptor, for programs; 0: the first line of the input; -1: ask on ' +
      'the terminal, without an echo',
  ),
} as const

export interface Settings {
  readonly account: string
  /** Whom to talk to at first; undefined: who was talked to last. */
  readonly contact: string | undefined
  readonly register: boolean
  readonly server: ServerAddress
  readonly httpPort: number
  /** The transports in order of preference. */
  readonly transports: readonly TransportName[]
  /** The folder. */
  readonly storage: string
  /** -1: there is none. */
  readonly passwordFd: number
}

export type ParsedSettings = { readonly kind: 'settings'; readonly settings: Settings } | NotParsed

/**
 * @param argv may hold the name of a contact beside the options
 * @param environment only says where users keep their files. Options are not taken from it, and a password never is.
 */
export function parseSettings(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): ParsedSettings {
  const parsed = parseOptions(CHAT_OPTIONS, argv, {}, 1)
  if (parsed.kind !== 'options') return parsed
  const {
    values,
    words: [contact],
  } = parsed
  if (values.account === '') return { kind: 'wrong', message: '--account is needed: who you are' }
  if (contact !== undefined && !ACCOUNT.test(contact)) {
    return { kind: 'wrong', message: `${JSON.stringify(contact)} is no account name: ${ACCOUNT_RANGE}` }
  }
  const server = parseAddress(values.server, LONG_PORT_DEFAULT)
  if (server === undefined) throw new Error(`${values.server} was taken as an address`)
  const storage = values.storage === '' ? defaultStorage(environment, server, values.account) : values.storage
  const { account, register, httpPort, transport, passwordFd } = values
  const transports = transport === 'auto' ? TRANSPORTS : [transport]
  const known = {
    account,
    contact: contact?.toLowerCase(),
    register,
    server,
    httpPort: httpPortOf(server, httpPort),
    transports,
    storage,
    passwordFd,
  }
  return { kind: 'settings', settings: Object.freeze(known) }
}

function accountName(why: string): Option<string> {
  return {
    default: '',
    value: 'NAME',
    range: ACCOUNT_RANGE,
    why,
    parse: given => (ACCOUNT.test(given) ? given.toLowerCase() : undefined),
  }
}

function defaultStorage(
  environment: Readonly<Record<string, string | undefined>>,
  server: ServerAddress,
  account: string,
): string {
  const home = environment.HOME || homedir()
  const base = environment.XDG_DATA_HOME || join(home, '.local', 'share')
  // Colons and brackets are trouble in paths.
  return join(base, 'longwire', shownAddress(server).replace(/[^A-Za-z0-9._-]/g, '_'), account)
}
