/** What is done to JSON: to its tokens (other values, order, repeats, nesting, grafts) and to its characters. */

import type { Chance } from './chance.js'

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s{}[\]:,"]+/g

const VALUES = [
  ...['0', '-0', '-1', '1.5', '1e3', '"1e3"', '1e400', '1E-400', '4294967295', '4294967296', '9007199254740991'],
  ...[
    '9007199254740992',
    '"9007199254740993"',
    '"18446744073709551616"',
    '""',
    '" 1"',
    '"0x10"',
    '01',
    '+1',
    '.5',
    'NaN',
  ],
  ...[
    'true',
    'false',
    'null',
    '{}',
    '[]',
    '[null]',
    '[{}]',
    '[[]]',
    '{"a":{"b":[1,2]}}',
    '"\\ud800"',
    '"\\u0000"',
    '"\\x"',
  ],
  ...[
    '"AAAAAAAAAAAAAAAAAAAAAA=="',
    '"AAAA"',
    '"A"',
    '"-_-_"',
    '"é"',
    '"__proto__"',
    '"\u0001"',
    "'a'",
    'undefined',
    '"',
  ],
  ...['"CONTACT_STATE_FRIEND"', '/**/', '\ufeff', '\\'],
]

const KEYS = ['__proto__', 'constructor', 'sendSeq', 'send_seq', 'to', 'unknown', '', 'send\\u005fseq', 'since', 'ack']

type JsonMutation = (tokens: string[], at: number, chance: Chance) => void

const MUTATIONS: readonly JsonMutation[] = [
  (tokens, at) => tokens.splice(at, 1),
  (tokens, at) => tokens.splice(at, 0, tokens[at] as string),
  (tokens, at, chance) => tokens.splice(at, 1, chance.pick(VALUES)),
  (tokens, at, chance) => tokens.splice(at, 0, chance.pick(VALUES)),
  (tokens, _at, chance) => tokens.splice(1, 0, `"${chance.pick(KEYS)}"`, ':', chance.pick(VALUES), ','),
  (tokens, _at, chance) => tokens.splice(chance.below(tokens.length), 0, ...tokens.slice(chance.below(tokens.length))),
  function swap(tokens, at, chance) {
    const other = chance.below(tokens.length)
    const held = tokens[at] as string
    tokens[at] = tokens[other] as string
    tokens[other] = held
  },
  function repeat(tokens, at, chance) {
    const span = tokens.slice(at, at + chance.between(1, 20))
    const times = chance.pick([2, 65, 257])
    tokens.splice(at, 0, ...new Array<string[]>(times).fill(span).flat())
  },
  function nest(tokens, at, chance) {
    const depth = chance.pick([1, 60, 64, 65, 5_000])
    const [open, close] = chance.pick([
      ['[', ']'],
      ['{"ack":', '}'],
      ['{"a":', '}'],
    ] as const)
    tokens[at] = open.repeat(depth) + tokens[at] + close.repeat(chance.pick([depth, depth - 1, 0]))
  },
]

/** Changes one thing or two. */
export function mutateJson(text: string, chance: Chance): string {
  if (chance.yes(0.1)) return mutateCharacters(text, chance)
  const tokens = text.match(TOKEN) ?? []
  for (let times = chance.between(1, 2); times > 0 && tokens.length > 0; times--) {
    const at = chance.below(tokens.length)
    if (!chance.yes(0.6)) chance.pick(MUTATIONS)(tokens, at, chance)
    else if (isValue(tokens, at)) tokens[at] = chance.pick(VALUES)
  }
  return tokens.join(chance.pick(['', '', ' ', '\n']))
}

/** No key, and no part of the structure: what is changed there is JSON all the same. */
function isValue(tokens: readonly string[], at: number): boolean {
  return !'{}[]:,'.includes(tokens[at] as string) && tokens[at + 1] !== ':'
}

function mutateCharacters(text: string, chance: Chance): string {
  const at = chance.below(text.length + 1)
  return (
    text.slice(0, at) + chance.pick(['', '{', '}', '"', '\\', '\u0000', ',', '0']) + text.slice(at + chance.below(3))
  )
}
