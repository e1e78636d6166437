/** The commands about boards: rooms whose posts are kept. */

export const BOARD_COMMANDS = {
  boards: { usage: '', summary: 'list the boards you listen to, with what you have not confirmed', min: 0, max: 0 },
  'board create': {
    usage: 'TITLE',
    summary: 'make a board, where you post and others listen',
    min: 1,
    max: 1,
    title: 0,
  },
  'board subscribe': {
    usage: 'ID [CODE]',
    summary: 'listen to a board, with its code if it needs one',
    min: 1,
    max: 2,
  },
  'board read': {
    usage: 'BOARD [COUNT]',
    summary: 'show the posts you have not confirmed, or the last ones; a title of several words stands in "quotes"',
    min: 1,
    max: 2,
    title: 0,
  },
  'board confirm': {
    usage: '[BOARD]',
    summary: 'confirm the posts that were shown, of the board read last, on all your devices',
    min: 0,
    max: 1,
    title: 0,
  },
  'board post': {
    usage: 'BOARD TEXT',
    summary: 'post a text on a board; a title of several words stands in "quotes"',
    min: 2,
    max: 2,
    title: 0,
  },
  'board remove': {
    usage: 'BOARD [NUMBER]',
    summary: 'remove a post, of yours or on your board; without a number: list the last ones with theirs',
    min: 1,
    max: 2,
    title: 0,
  },
  'board info': {
    usage: 'BOARD',
    summary: 'show its owner, how many listen, and how to listen',
    min: 1,
    max: 1,
    title: 0,
  },
  'board publisher': {
    usage: 'BOARD NAME [off]',
    summary: 'let a listener post there, or no longer',
    min: 2,
    max: 3,
    title: 0,
  },
  'board leave': { usage: 'BOARD', summary: 'listen to it no longer', min: 1, max: 1, title: 0 },
  'board close': { usage: 'BOARD', summary: 'end it, for all; it can still be read', min: 1, max: 1, title: 0 },
} as const
