/** The inputs that a person can type: a text for the person one talks to, or a command. */

interface CommandEntry {
  /** The arguments, as they stand behind the name. */
  readonly usage: string
  readonly summary: string
  /** The least and the greatest number of words. The last one takes the rest of the line. */
  readonly min: number
  readonly max: number
}

export const COMMANDS = {
  add: { usage: 'NAME [GREETING]', summary: 'ask somebody to become a contact', min: 1, max: 2 },
  accept: {
    usage: '[NAME]',
    summary: 'accept a request; the name may be left out if there is only one',
    min: 0,
    max: 1,
  },
  decline: {
    usage: '[NAME]',
    summary: 'decline a request; the name may be left out if there is only one',
    min: 0,
    max: 1,
  },
  cancel: { usage: 'NAME', summary: 'take back a request of your own', min: 1, max: 1 },
  remove: { usage: 'NAME', summary: 'end a friendship, for both', min: 1, max: 1 },
  block: { usage: 'NAME', summary: 'block somebody: nothing that this person does arrives any more', min: 1, max: 1 },
  unblock: { usage: 'NAME', summary: 'end the block', min: 1, max: 1 },
  contacts: { usage: '', summary: 'list friends, requests and blocked people, with unread messages', min: 0, max: 0 },
  talk: { usage: 'NAME', summary: 'send plain text to this friend from now on', min: 1, max: 1 },
  history: { usage: '[COUNT]', summary: 'show the last messages with the friend you talk to (20)', min: 0, max: 1 },
  devices: { usage: '', summary: 'list the devices that are logged in to this account', min: 0, max: 0 },
  logout: {
    usage: 'DEVICE',
    summary: 'end the session of a device (its number); this one forgets its history',
    min: 1,
    max: 1,
  },
  nick: { usage: 'NICKNAME', summary: 'change the name that friends see', min: 1, max: 1 },
  password: { usage: '', summary: 'change the password; ends the sessions of all other devices', min: 0, max: 0 },
  help: { usage: '', summary: 'show this list', min: 0, max: 0 },
  quit: { usage: '', summary: 'end the chat; queued messages go out at the next start', min: 0, max: 0 },
} as const satisfies Record<string, CommandEntry>

export type CommandName = keyof typeof COMMANDS

export type Entered =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'command'; readonly name: CommandName; readonly words: readonly string[] }
  | { readonly kind: 'wrong'; readonly message: string }

/** A slash begins a command; two of them a text that begins with one. */
export function parseEntered(line: string): Entered {
  if (line.trim() === '') return { kind: 'nothing' }
  if (!line.startsWith('/')) return { kind: 'text', text: line }
  if (line.startsWith('//')) return { kind: 'text', text: line.slice(1) }
  const [, given = '', rest = ''] = /^\/(\S*)\s*(.*?)\s*$/s.exec(line) ?? []
  if (!isCommand(given)) return { kind: 'wrong', message: `unknown command: /${given} (/help lists them)` }
  const { min, max } = COMMANDS[given]
  const words = wordsOf(rest, max)
  if (words.length < min || words.length > max) return { kind: 'wrong', message: `usage: ${usageOf(given)}` }
  return { kind: 'command', name: given, words }
}

/** Lines of /help. */
export function commandHelp(): string[] {
  const names = Object.keys(COMMANDS).filter(isCommand)
  const width = Math.max(...names.map(name => usageOf(name).length)) + 2
  return names.map(name => `${usageOf(name).padEnd(width)}${COMMANDS[name].summary}`)
}

export function usageOf(name: CommandName): string {
  return `/${name} ${COMMANDS[name].usage}`.trimEnd()
}

function isCommand(name: string): name is CommandName {
  return Object.hasOwn(COMMANDS, name)
}

/** The words, `max` at most, the last one with all that is left. If none is taken, one word says that there was something. */
function wordsOf(rest: string, max: number): string[] {
  const words: string[] = []
  let left = rest
  while (left !== '') {
    if (words.length >= max - 1) return [...words, left]
    const [word = ''] = /^\S+/.exec(left) ?? []
    words.push(word)
    left = left.slice(word.length).trimStart()
  }
  return words
}
