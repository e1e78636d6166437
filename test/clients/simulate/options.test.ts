import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parseSettings, type Settings } from '../../../clients/simulate/options.js'
import { parseSettings as parseChat } from '../../../clients/terminal/options.js'
import { descriptorPlan } from '../../../src/ops/descriptors.js'
import { descriptorsMax } from '../../../src/ops/process-figures.js'

function settingsOf(...argv: string[]): Settings {
  const parsed = parseSettings(argv)
  if (parsed.kind !== 'settings') throw new Error(JSON.stringify(parsed))
  return parsed.settings
}

function wrongOf(...argv: string[]): string {
  const parsed = parseSettings(argv)
  if (parsed.kind !== 'wrong') throw new Error(JSON.stringify(parsed))
  return parsed.message
}

t.test(
  'a server with a port of its own is not sought on the default HTTP port, which may be another server',
  async t => {
    t.equal(settingsOf('--server', '127.0.0.1:9191').httpPort, 9191)
    t.equal(settingsOf('--server', '127.0.0.1:9191', '--http-port', '9190').httpPort, 9190)
    t.equal(settingsOf('--server', '127.0.0.1').httpPort, 8080)
    const chat = parseChat(['--account', 'kate', '--server', '127.0.0.1:9191'], {})
    t.match(chat, { kind: 'settings', settings: { httpPort: 9191 } })
  },
)

t.test('what the README says is taken, and each value that the help names', async t => {
  const settings = settingsOf('--users', '1000', '--friends', '30', '--messages', '5', '--kill-every', '2.5', '--json')
  t.match(settings, { users: 1000, friends: 30, messages: 5, devices: 1, killEvery: 2.5, dropEvery: 0, json: true })
  t.match(settings, { store: 'lmdb', transport: 'tcp', server: undefined })
  t.equal(settingsOf('--seed', '0').seed, 0)
  t.match(
    settingsOf('--kill-every', '0', '--store', 'memory'),
    { killEvery: 0 },
    'what the help says is the default is taken',
  )
  for (const transport of ['tcp', 'ws', 'http', 'mixed']) {
    t.equal(settingsOf('--transport', transport).transport, transport)
  }
  t.ok(Number.isSafeInteger(settingsOf().seed) && settingsOf().seed >= 0, 'a seed is drawn if none is given')
})

t.test('a server is named with or without a port', async t => {
  t.same(settingsOf('--server', 'chat.example').server, { host: 'chat.example', port: 8081 })
  t.same(settingsOf('--server', '127.0.0.1:9000').server, { host: '127.0.0.1', port: 9000 })
  t.same(settingsOf('--server', '::1').server, { host: '::1', port: 8081 })
  t.same(settingsOf('--server', '[::1]:9000').server, { host: '::1', port: 9000 })
  for (const wrong of ['', ':9000', 'host:', 'host:0', 'host:65536', 'host:1:2', '[::1', 'http://host']) {
    t.match(wrongOf('--server', wrong), /^--server must be a host/, wrong)
  }
})

t.test('an unknown option or a wrong value is one line that names it', async t => {
  for (const [argv, message] of [
    [['--usres', '5'], /^unknown option: --usres$/],
    [['--users', '1'], /^--users must be an integer of 2 to/],
    [['--users', 'many'], /^--users must be an integer/],
    [['--messages'], /^--messages needs a value/],
    [['--friends', '10', '--users', '10'], /^--friends must be fewer than --users, not 10 of 10$/],
    [['--users', '5000', '--devices', '4'], /^--users × --devices must be at most 15000, not 20000/],
    [['--groups', '1', '--users', '9', '--friends', '2'], /^--group-size must be at most --users, not 10 of 9$/],
    [['--groups', '501', '--users', '10', '--friends', '2'], /^a user is in at most 500 groups, not 501/],
    [['--boards', '41', '--users', '20'], /^a user listens to at most 20 boards here, .* not to 21: fewer --boards/],
    [['--churn'], /^--churn needs --groups$/],
    [['--recalls', '5'], /^--recalls needs --groups$/],
    [['--recalls', '101'], /^--recalls must be an integer of 0 to 100/],
    [['--recalls', '5', '--groups', '1', '--devices', '8'], /^--recalls needs --devices below 8: /],
    [['--transport', 'pigeon'], /^--transport must be tcp or ws or http or mixed, not "pigeon"$/],
    [['--store', 'mongo'], /^--store must be lmdb or memory or redis/],
    [['--kill-every', '0.05'], /^--kill-every must be a number of seconds/],
    [['--kill-every', '1s'], /^--kill-every must be a number of seconds/],
    [['--kill-every', '1', '--store', 'memory'], /^--kill-every needs --store lmdb/],
    [['--kill-every', '1', '--server', 'localhost'], /^--kill-every cannot kill the server/],
    [['--drop-every', '-1'], /^--drop-every must be a number of seconds/],
    [['--seed', '1.5'], /^--seed must be an integer/],
    [['20'], /^unexpected argument: 20$/],
  ] as const) {
    t.match(wrongOf(...argv), message)
    t.notMatch(wrongOf(...argv), /\n/)
  }
})

t.test('no more clients than this process may have sockets for: over HTTP each needs three', async t => {
  const sockets = descriptorPlan(descriptorsMax(), 0).connectionsMax
  for (const [transport, each] of [
    ['tcp', 1],
    ['ws', 1],
    ['http', 3],
    ['mixed', 3],
  ] as const) {
    const most = Math.min(15_000, Math.floor(sockets / each))
    const message = wrongOf('--users', '15000', '--devices', '100', '--transport', transport)
    t.match(message, `--users × --devices must be at most ${most}, not 1500000`)
  }
})

t.test('--help is told from everything else', async t => {
  t.equal(parseSettings(['--users', '5', '--help']).kind, 'help')
})

t.test('the lines of a file are the texts, in turn', async t => {
  const file = join(t.testdir(), 'texts')
  writeFileSync(file, 'Grüße\r\n\nзвезда ✨\nlast')
  const { texts } = settingsOf('--text', file)
  t.same(
    [0, 1, 2, 3].map(place => texts(place, 0)),
    ['Grüße', 'звезда ✨', 'last', 'Grüße'],
  )
})

t.test('a file that cannot give texts is refused by name', async t => {
  const folder = t.testdir({ empty: '\n\n', long: `short\n${'ü'.repeat(8193)}\n` })
  writeFileSync(join(folder, 'latin1'), Buffer.from('Gr\xfc\xdfe\n', 'latin1'))
  t.match(wrongOf('--text', join(folder, 'none')), /^--text .*none: ENOENT/)
  t.match(wrongOf('--text', join(folder, 'empty')), /it has no line with a text$/)
  t.match(wrongOf('--text', join(folder, 'long')), /a line has more than 16384 bytes: ü/)
  t.match(wrongOf('--text', join(folder, 'latin1')), /it is not UTF-8$/)
})
