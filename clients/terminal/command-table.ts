/** The inputs that a person can type: a text for the person one talks to, or a command. */

import { BOARD_COMMANDS } from './board-commands.js'

interface CommandEntry {
  /** The arguments, as they stand behind the name. */
  readonly usage: string
  readonly summary: string
  /** The least and the greatest number of words. The last one takes the rest of the line. */
  readonly min: number
  readonly max: number
  /** Which of the words is a title or a name: it may stand in quotes, also where it takes the rest of the line. */
  readonly title?: number
}

export const RULES_USAGE = 'join=closed|code|approval, write=all|admins, invite=all|admins, history=0…100'

export const COMMANDS = {
  add: { usage: 'NAME [GREETING]', summary: 'ask somebody to become a contact', min: 1, max: 2 },
  accept: {
    usage: '[NAME]',
    summary: 'accept a request, also of a stranger who wrote; the name may be left out if there is only one',
    min: 0,
    max: 1,
  },
  decline: {
    usage: '[NAME]',
    summary: 'decline a request; a stranger who wrote may not write again; the name may be left out as above',
    min: 0,
    max: 1,
  },
  cancel: { usage: 'NAME', summary: 'take back a request of your own', min: 1, max: 1 },
  remove: { usage: 'NAME', summary: 'end a friendship, or a chat with a stranger, for both', min: 1, max: 1 },
  block: { usage: 'NAME', summary: 'block somebody: nothing from this person arrives, but in groups', min: 1, max: 1 },
  unblock: { usage: 'NAME', summary: 'end the block', min: 1, max: 1 },
  contacts: { usage: '', summary: 'list friends, requests and blocked people, with unread messages', min: 0, max: 0 },
  requests: {
    usage: '',
    summary: 'list who waits for your answer, also strangers and what they wrote',
    min: 0,
    max: 0,
  },
  'friends-only': {
    usage: '[on|off]',
    summary: 'say whether strangers may begin to write to you, on a server that lets them; or switch it',
    min: 0,
    max: 1,
  },
  talk: {
    usage: 'NAME',
    summary: 'send plain text to this person, or to this group, from now on; a stranger gets a request',
    min: 1,
    max: 1,
    title: 0,
  },
  history: {
    usage: '[COUNT]',
    summary: 'show the last messages with the person, or in the group, you talk to (20)',
    min: 0,
    max: 1,
  },
  older: {
    usage: '[COUNT]',
    summary: 'show those before the messages shown last, from the server if need be (20)',
    min: 0,
    max: 1,
  },
  find: {
    usage: 'TEXT',
    summary: 'show the messages on this device that hold a text, of all conversations',
    min: 1,
    max: 1,
  },
  numbers: { usage: '[COUNT]', summary: 'list the last messages shown here with their numbers (10)', min: 0, max: 1 },
  reply: { usage: 'N TEXT', summary: 'answer message number N', min: 2, max: 2 },
  edit: { usage: 'N TEXT', summary: 'put another text in place of your message number N', min: 2, max: 2 },
  recall: { usage: 'N', summary: 'take message number N back, for all', min: 1, max: 1 },
  delete: {
    usage: 'N',
    summary: 'delete message number N for yourself, on all your devices; also one that failed',
    min: 1,
    max: 1,
  },
  react: { usage: 'N EMOJI', summary: 'react to message number N; once more takes it back', min: 2, max: 2 },
  forward: {
    usage: 'N NAME',
    summary: 'send a copy of message number N to a friend or a group',
    min: 2,
    max: 2,
    title: 1,
  },
  who: {
    usage: 'N',
    summary: 'list who reacted to message number N, and who in the group has read it',
    min: 1,
    max: 1,
  },
  read: { usage: '', summary: 'mark the conversation you talk in as read', min: 0, max: 0 },
  unread: { usage: '', summary: 'mark it as unread, on all your devices', min: 0, max: 0 },
  mute: { usage: '[off]', summary: 'mark it as muted in the lists of all your devices, or no longer', min: 0, max: 1 },
  pin: { usage: '[off]', summary: 'put it first in these lists, or no longer', min: 0, max: 1 },
  archive: { usage: '[off]', summary: 'mark it as archived there, or no longer', min: 0, max: 1 },
  groups: { usage: '', summary: 'list your groups and invitations, with unread messages', min: 0, max: 0 },
  'group create': {
    usage: 'TITLE [NAME…]',
    summary: 'make a group, and invite people; a title of several words stands in "quotes"',
    min: 1,
    max: 2,
    title: 0,
  },
  'group accept': {
    usage: '[GROUP]',
    summary: 'accept an invitation, then /talk there; the group may be left out if there is only one',
    min: 0,
    max: 1,
    title: 0,
  },
  'group decline': { usage: '[GROUP]', summary: 'decline an invitation', min: 0, max: 1, title: 0 },
  'group join': { usage: 'ID CODE', summary: 'join a group by its code, or ask to', min: 2, max: 2 },
  'group invite': { usage: 'NAME…', summary: 'invite people to the group you talk to', min: 1, max: 1 },
  'group members': { usage: '', summary: 'list its members, and for admins who waits', min: 0, max: 0 },
  'group earlier': {
    usage: '',
    summary: 'show what was said in it before you joined, if its rules let you; these messages have no numbers',
    min: 0,
    max: 0,
  },
  'group info': { usage: '', summary: 'show its rules, its announcement and the code to join by', min: 0, max: 0 },
  'group leave': { usage: '', summary: 'leave it, or take back that you ask to join', min: 0, max: 0 },
  'group rename': { usage: 'TITLE', summary: 'change its title', min: 1, max: 1, title: 0 },
  'group announce': { usage: '[TEXT]', summary: 'set its announcement, or take it away', min: 0, max: 1 },
  'group approve': { usage: 'NAME [no]', summary: 'let somebody in who asks, or not', min: 1, max: 2 },
  'group remove': { usage: 'NAME', summary: 'remove a member, or take an invitation back', min: 1, max: 1 },
  'group mute': { usage: 'NAME [off]', summary: 'forbid a member to write, or allow it again', min: 1, max: 2 },
  'group admin': { usage: 'NAME [off]', summary: 'make a member an admin, or a plain member again', min: 1, max: 2 },
  'group owner': { usage: 'NAME', summary: 'hand it over to a member', min: 1, max: 1 },
  'group rules': {
    usage: '[RULE…]',
    summary: `show its rules, or set some: ${RULES_USAGE}`,
    min: 0,
    max: 1,
  },
  'group dissolve': { usage: '', summary: 'end it, for all', min: 0, max: 0 },
  ...BOARD_COMMANDS,
  presence: {
    usage: '[on|off]',
    summary: 'say whether friends see that you are online and type, and you see them; or switch it',
    min: 0,
    max: 1,
  },
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

/** The commands about messages, and about the conversation that one talks in. */
export const MESSAGE_COMMANDS = [
  'numbers',
  'reply',
  'edit',
  'recall',
  'delete',
  'react',
  'forward',
  'who',
  'read',
  'unread',
  'mute',
  'pin',
  'archive',
] as const satisfies readonly CommandName[]

export type MessageCommandName = (typeof MESSAGE_COMMANDS)[number]

/** The commands about contacts, and about strangers who write. */
export const CONTACT_COMMANDS = [
  'add',
  'accept',
  'decline',
  'cancel',
  'remove',
  'block',
  'unblock',
  'contacts',
  'requests',
  'friends-only',
] as const satisfies readonly CommandName[]

export type ContactCommandName = (typeof CONTACT_COMMANDS)[number]

/** The commands that show what was said. */
export const HISTORY_COMMANDS = ['history', 'older', 'find'] as const satisfies readonly CommandName[]

export type HistoryCommandName = (typeof HISTORY_COMMANDS)[number]

export type GroupCommandName = Extract<CommandName, `group${string}`>
export type BoardCommandName = keyof typeof BOARD_COMMANDS

/** The commands that have commands of their own behind them. */
const PARTS: readonly string[] = ['group', 'board']

export type Entered =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'command'; readonly name: CommandName; readonly words: readonly string[] }
  | { readonly kind: 'wrong'; readonly message: string }

const PLAIN_TEXT =
  'plain text goes to the friend or the group you talk to; begin it with // to send one that starts with a slash'

/** A slash begins a command; two of them a text that begins with one. */
export function parseEntered(line: string): Entered {
  if (line.trim() === '') return { kind: 'nothing' }
  if (!line.startsWith('/')) return { kind: 'text', text: line }
  if (line.startsWith('//')) return { kind: 'text', text: line.slice(1) }
  const [, given = '', rest = ''] =
    /^\/((?:group|board)\s+\S+|\S*)\s*(.*?)\s*$/s.exec(line.replace(/^(\/(?:group|board))\s+/, '$1 ')) ?? []
  if (PARTS.includes(given) && rest === '') return { kind: 'command', name: 'help', words: [given] }
  if (!isCommand(given)) {
    const list = PARTS.find(part => given.startsWith(`${part} `)) ?? 'help'
    return { kind: 'wrong', message: `unknown command: /${given} (/${list} lists them)` }
  }
  const { min, max, title }: CommandEntry = COMMANDS[given]
  const words = wordsOf(rest, max, title)
  if (typeof words === 'string') return { kind: 'wrong', message: words }
  if (words.length < min || words.length > max) return { kind: 'wrong', message: `usage: ${usageOf(given)}` }
  return { kind: 'command', name: given, words }
}

/** Lines of /help. @param part how the names of the commands begin that are listed; all without it */
export function commandHelp(part = ''): string[] {
  const names = Object.keys(COMMANDS).filter(isCommand)
  const width = Math.max(...names.map(name => usageOf(name).length)) + 2
  const lines = names
    .filter(name => name.startsWith(part))
    .map(name => usageOf(name).padEnd(width) + COMMANDS[name].summary)
  return part === '' ? [PLAIN_TEXT, ...lines] : lines
}

export function usageOf(name: CommandName): string {
  return `/${name} ${COMMANDS[name].usage}`.trimEnd()
}

function isCommand(name: string): name is CommandName {
  return Object.hasOwn(COMMANDS, name)
}

/**
 * The words, `max` at most, the last one with all that is left. Another one may stand in quotes, and the title also as the last. If
 * none is taken, one word says that there was something. @returns or a text that says what is wrong with the quotes
 */
function wordsOf(rest: string, max: number, title: number | undefined): string[] | string {
  const words: string[] = []
  let left = rest
  while (left !== '') {
    const isTitle = words.length === title
    if (isTitle && /^"\s*"(?!\S)/.test(left)) return 'nothing stands between the quotes'
    if (isTitle && /^"[^"]*$/.test(left)) return 'a quote is opened, and not closed'
    if (words.length >= max - 1) return [...words, isTitle ? left.replace(/^"([^"]*)"$/, '$1') : left]
    const [whole = '', quoted = whole] = /^"([^"]+)"(?!\S)/.exec(left) ?? /^\S+/.exec(left) ?? []
    words.push(quoted)
    left = left.slice(whole.length).trimStart()
  }
  return words
}
