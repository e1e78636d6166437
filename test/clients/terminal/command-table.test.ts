import t from 'tap'
import { COMMANDS, commandHelp, parseEntered } from '../../../clients/terminal/command-table.js'

t.test('text, commands and what is neither', async t => {
  for (const [line, entered] of [
    ['', { kind: 'nothing' }],
    ['   ', { kind: 'nothing' }],
    ['hello /add', { kind: 'text', text: 'hello /add' }],
    [' /add bob', { kind: 'text', text: ' /add bob' }],
    ['//add', { kind: 'text', text: '/add' }],
    ['/add bob', { kind: 'command', name: 'add', words: ['bob'] }],
    ['/add  bob  hello there Bob ', { kind: 'command', name: 'add', words: ['bob', 'hello there Bob'] }],
    ['/nick Two Words', { kind: 'command', name: 'nick', words: ['Two Words'] }],
    ['/accept', { kind: 'command', name: 'accept', words: [] }],
    ['/group create Friends', { kind: 'command', name: 'group create', words: ['Friends'] }],
    [
      '/group  create  "Two words" bob carol',
      { kind: 'command', name: 'group create', words: ['Two words', 'bob carol'] },
    ],
    ['/group create "Two" words"', { kind: 'command', name: 'group create', words: ['Two', 'words"'] }],
    ['/group create "Two words', { kind: 'wrong', message: 'a quote is opened, and not closed' }],
    ['/group create "" bob', { kind: 'wrong', message: 'nothing stands between the quotes' }],
    ['/group rename " "', { kind: 'wrong', message: 'nothing stands between the quotes' }],
    ['/group rename "Two words', { kind: 'wrong', message: 'a quote is opened, and not closed' }],
    ['/group rename "Two words"', { kind: 'command', name: 'group rename', words: ['Two words'] }],
    ['/group rename "Two" or "three"', { kind: 'command', name: 'group rename', words: ['"Two" or "three"'] }],
    ['/talk "Tea & Cake"', { kind: 'command', name: 'talk', words: ['Tea & Cake'] }],
    ['/group accept "Tea & Cake"', { kind: 'command', name: 'group accept', words: ['Tea & Cake'] }],
    ['/forward 3 "Tea & Cake"', { kind: 'command', name: 'forward', words: ['3', 'Tea & Cake'] }],
    ['/reply 3 "so he says"', { kind: 'command', name: 'reply', words: ['3', '"so he says"'] }],
    ['/reply 3 "so', { kind: 'command', name: 'reply', words: ['3', '"so'] }],
    ['/groups', { kind: 'command', name: 'groups', words: [] }],
    ['/group join group:9', { kind: 'wrong', message: 'usage: /group join ID CODE' }],
    ['/group ', { kind: 'command', name: 'help', words: ['group'] }],
    ['/board', { kind: 'command', name: 'help', words: ['board'] }],
    [
      '/board  post  "Two words" three four',
      { kind: 'command', name: 'board post', words: ['Two words', 'three four'] },
    ],
    ['/board fly', { kind: 'wrong', message: 'unknown command: /board fly (/board lists them)' }],
    ['/group fly', { kind: 'wrong', message: 'unknown command: /group fly (/group lists them)' }],
    ['/quit', { kind: 'command', name: 'quit', words: [] }],
    ['/quit now', { kind: 'wrong', message: 'usage: /quit' }],
    ['/add', { kind: 'wrong', message: 'usage: /add NAME [GREETING]' }],
    ['/', { kind: 'wrong', message: 'unknown command: / (/help lists them)' }],
    ['/sned x', { kind: 'wrong', message: 'unknown command: /sned (/help lists them)' }],
    ['/constructor', { kind: 'wrong', message: 'unknown command: /constructor (/help lists them)' }],
  ] as const) {
    t.same(parseEntered(line), entered, line)
  }
})

t.test('the help names every command', async t => {
  const help = commandHelp()
  for (const name of Object.keys(COMMANDS))
    t.ok(
      help.some(line => line.startsWith(`/${name} `)),
      name,
    )
})

t.test('the help of a part names the commands that begin so', async t => {
  const names = commandHelp('group').map(line => /^\/(group \w+|\w+)/.exec(line)?.[1])
  t.same(
    names,
    Object.keys(COMMANDS).filter(name => name.startsWith('group')),
  )
})
