import t from 'tap'
import {
  defaultText,
  flag,
  integer,
  list,
  NO_PORT,
  oneOf,
  optionHelp,
  parseOptions,
  text,
} from '../../src/ops/command-options.js'
import { isLoopback, parseConfig, SERVE_OPTIONS } from '../../src/ops/config.js'
import { replicasFault } from '../../src/ops/redis-options.js'
import { countsFault } from '../../src/ops/role-options.js'

const TABLE = {
  port: integer(80, 0, 65_535, 'PORT', 'where'),
  logLevel: oneOf('info', ['info', 'warn'], 'how much'),
  name: text('x', 'NAME', 'who'),
  json: flag('as JSON'),
}

function parse(argv: string[], environment: Record<string, string> = {}) {
  return parseOptions(TABLE, argv, environment)
}

t.test('the command line goes before the environment, the environment before the defaults', async t => {
  t.same(parse([]), {
    kind: 'options',
    values: { port: 80, logLevel: 'info', name: 'x', json: false },
    words: [],
    given: new Set(),
    skipped: [],
  })
  const environment = { LONGWIRE_PORT: '81', LONGWIRE_LOG_LEVEL: 'warn', PATH: '/bin' }
  t.match(parse([], environment), { values: { port: 81, logLevel: 'warn' } })
  t.match(parse(['--port', '82', '--json', '--name=a=b'], environment), {
    values: { port: 82, logLevel: 'warn', json: true, name: 'a=b' },
  })
  t.match(parse(['--port', '1', '--port=2']), { values: { port: 2 } })
})

t.test('a list is given at once, one by one, or in the environment, which the command line replaces', async t => {
  const table = { word: list('WORD,…', 'words', 'which', given => (/^\w+$/.test(given) ? given : undefined)) }
  const words = (argv: string[], environment: Record<string, string> = {}) => parseOptions(table, argv, environment)
  t.match(words([]), { values: { word: [] } })
  t.match(words(['--word', 'a, b', '--word=c']), { values: { word: ['a', 'b', 'c'] } })
  t.match(words([], { LONGWIRE_WORD: 'x,y' }), { values: { word: ['x', 'y'] } })
  t.match(words(['--word', 'a'], { LONGWIRE_WORD: 'x' }), { values: { word: ['a'] } })
  t.match(words(['--word', 'a,b c']), { kind: 'wrong', message: '--word must be words, not "a,b c"' })
})

t.test('unknown options and wrong values are refused by name', async t => {
  for (const [argv, environment, message] of [
    [['--prot', '1'], {}, 'unknown option: --prot'],
    [['--logLevel', 'info'], {}, 'unexpected argument: --logLevel'],
    [['--log-Level', 'info'], {}, 'unexpected argument: --log-Level'],
    [['--constructor', '1'], {}, 'unknown option: --constructor'],
    [['serve'], {}, 'unexpected argument: serve'],
    [['-p'], {}, 'unexpected argument: -p'],
    [['--port'], {}, '--port needs a value: an integer of 0 to 65535'],
    [['--port', '-1'], {}, '--port must be an integer of 0 to 65535, not "-1"'],
    [['--port', '1e3'], {}, '--port must be an integer of 0 to 65535, not "1e3"'],
    [['--port', ''], {}, '--port must be an integer of 0 to 65535, not ""'],
    [['--port', '80.0'], {}, '--port must be an integer of 0 to 65535, not "80.0"'],
    [['--name', ''], {}, '--name must be not empty, not ""'],
    [['--json=yes'], {}, '--json must be true or false, not "yes"'],
    [['--log-level', 'loud'], {}, '--log-level must be info or warn, not "loud"'],
    [[], { LONGWIRE_PROT: '1' }, 'unknown option in the environment: LONGWIRE_PROT'],
    [[], { LONGWIRE_PORT: 'x' }, 'LONGWIRE_PORT must be an integer of 0 to 65535, not "x"'],
  ] as [string[], Record<string, string>, string][]) {
    t.same(parse(argv, environment), { kind: 'wrong', message })
  }
})

/** As Kubernetes sets them in each container of the namespace, for Services named longwire and longwire-http. */
const OF_SERVICES = {
  LONGWIRE_SERVICE_HOST: '10.96.12.7',
  LONGWIRE_SERVICE_PORT: '8081',
  LONGWIRE_SERVICE_PORT_LONG_SIDE: '8081',
  LONGWIRE_PORT: 'tcp://10.96.12.7:8081',
  LONGWIRE_PORT_8081_TCP: 'tcp://10.96.12.7:8081',
  LONGWIRE_PORT_8081_TCP_PROTO: 'tcp',
  LONGWIRE_PORT_8081_TCP_PORT: '8081',
  LONGWIRE_PORT_8081_TCP_ADDR: 'fd00:10:96::7',
  LONGWIRE_HTTP_SERVICE_HOST: 'fd00:10:96::8',
  LONGWIRE_HTTP_SERVICE_PORT: '8080',
  LONGWIRE_HTTP_PORT: 'tcp://[fd00:10:96::8]:8080',
  LONGWIRE_HTTP_PORT_8080_TCP: 'tcp://[fd00:10:96::8]:8080',
  LONGWIRE_HTTP_PORT_8080_TCP_PROTO: 'tcp',
  LONGWIRE_HTTP_PORT_8080_TCP_PORT: '8080',
  LONGWIRE_HTTP_PORT_8080_TCP_ADDR: 'fd00:10:96::8',
}

t.test('what Kubernetes sets for a Service is skipped; what only looks like it is an option, or refused', async t => {
  const parsed = parseConfig([], { ...OF_SERVICES, LONGWIRE_METRICS_PORT: '9000' })
  t.match(parsed, { kind: 'config', config: { port: 8081, httpPort: 8080, metricsPort: 9000 } })
  t.same(parsed.kind === 'config' && parsed.skipped, Object.keys(OF_SERVICES))
  t.match(parseConfig(['--port', '5'], OF_SERVICES), { config: { port: 5 } })
  for (const [name, value] of [
    ['LONGWIRE_SERVICE_HOSTS', '10.0.0.1'],
    ['LONGWIRE_SERVICE_HOST', 'chat.example.org/'],
    ['LONGWIRE_SERVICE_PORT', 'eighty'],
    ['LONGWIRE_PROT', 'tcp://10.0.0.1:80'],
    ['LONGWIRE_PORT_8081_TCP', '8081'],
    ['LONGWIRE_PORT_8081', '8081'],
    ['LONGWIRE_PORT_8081_TCP_NAME', 'tcp'],
  ] as const) {
    t.same(parseConfig([], { [name]: value }), {
      kind: 'wrong',
      message: `unknown option in the environment: ${name}`,
    })
  }
  t.match(parseConfig([], { LONGWIRE_PORT: '10.0.0.1:80' }), { kind: 'wrong', message: /^LONGWIRE_PORT must be/ })
})

t.test('words that belong to no option are taken where a command says so, and no more than that', async t => {
  const words = (...argv: string[]) => parseOptions(TABLE, argv, {}, 1)
  t.match(words('here', '--port', '1'), { values: { port: 1 }, words: ['here'] })
  t.match(words('--port', '1', 'here'), { values: { port: 1 }, words: ['here'] })
  t.same(words('here', 'there'), { kind: 'wrong', message: 'unexpected argument: there' })
  t.same(words('-x'), { kind: 'wrong', message: 'unexpected argument: -x' })
})

t.test('--help is asked for wherever it stands; the help names every option and default', async t => {
  t.same(parse(['--port', '1', '--help']), { kind: 'help' })
  t.same(parse(['-h']), { kind: 'help' })
  t.same(optionHelp(TABLE).split('\n'), [
    '  --port PORT            where (default 80)',
    '  --log-level info|warn  how much (default info)',
    '  --name NAME            who (default x)',
    '  --json                 as JSON',
  ])
})

t.test('the help keeps to a width: what is long has more lines', async t => {
  const why = Array(30).fill('word').join(' ')
  const lines = optionHelp({ port: integer(1, 0, 9, 'PORT', 'where'), level: oneOf('a', ['a', 'b'.repeat(30)], why) })
  t.same(lines.split('\n'), [
    '  --port PORT               where (default 1)',
    `  --level a|${'b'.repeat(30)}`,
    `${' '.repeat(28)}${Array(18).fill('word').join(' ')}`,
    `${' '.repeat(28)}${Array(12).fill('word').join(' ')} (default a)`,
  ])
})

t.test('open limits are only taken on loopback', async t => {
  const open = (...argv: string[]) => parseConfig(['--limits', 'open', ...argv], {})
  t.equal(open().kind, 'config')
  for (const host of ['127.0.0.1', '127.9.9.9', '::1', 'localhost']) {
    t.equal(open('--host', host).kind, 'config', host)
    t.ok(isLoopback(host))
  }
  for (const host of ['0.0.0.0', '::', '10.0.0.1', '127.0.0.1.example.org', 'example.org', '::ffff:127.0.0.1']) {
    t.match(open('--host', host), { kind: 'wrong', message: /--limits open .*--host/ }, host)
  }
  t.equal(parseConfig(['--host', '0.0.0.0'], {}).kind, 'config')
})

t.test('an allowed origin is one as a browser names it', async t => {
  const origins = (value: string) => parseConfig(['--allow-origin', value], {})
  for (const good of ['https://a.example', 'http://localhost:5173', 'http://[::1]:8080', 'capacitor://localhost']) {
    t.match(origins(good), { config: { allowOrigin: [good] } }, good)
  }
  for (const bad of [
    '*',
    'null',
    'a.example',
    'https://a.example/',
    'https://A.example',
    'https://a.example:443',
    'https://',
    'https://a.example/x',
    'https://u@a.example',
    'javascript://',
    'https://*.example',
  ]) {
    t.match(origins(bad), { kind: 'wrong', message: /^--allow-origin must be origins/ }, bad)
  }
})

t.test('two listeners on one port are refused before they try', async t => {
  t.match(parseConfig(['--port', '5', '--http-port', '5'], {}), { kind: 'wrong', message: /--port and --http-port/ })
  t.equal(parseConfig(['--port', '0', '--http-port', '0'], {}).kind, 'config')
})

t.test('every option of serve has a default that its own rule takes', async t => {
  for (const [name, option] of Object.entries(SERVE_OPTIONS)) {
    t.same(option.parse(defaultText(option)), option.default, name)
    t.ok(option.why.length > 10 && option.range.length > 0)
  }
})

t.test('an empty URL of Redis is refused: a variable that was to hold it is not set', async t => {
  const wrong = { kind: 'wrong', message: /must be a URL that begins with redis:/ }
  t.match(parseConfig(['--redis', ''], {}), wrong)
  t.match(parseConfig([], { LONGWIRE_REDIS: '' }), wrong)
  t.match(parseConfig([], {}), { config: { redis: '' } })
})

t.test('a logic node takes links at 8082 unless it is told otherwise, and none is told to be wrong', async t => {
  const ported = (...argv: string[]) => parseConfig(['--cluster-secret-file', 'secret', ...argv], {})
  t.match(ported('--role', 'logic'), { config: { linkPort: 8082 } })
  t.match(ported('--role', 'logic', '--link-port', '0'), { config: { linkPort: 0 } })
  const wrong = { kind: 'wrong', message: /^--link-port none is not for --role logic/ }
  t.match(ported('--role', 'logic', '--link-port', 'none'), wrong)
  t.match(parseConfig([], {}), { config: { linkPort: NO_PORT } })
  t.match(parseConfig(['--link-port', 'none'], {}), { config: { linkPort: NO_PORT } })
})

t.test('options that have no effect together are refused, whether they differ from the default or not', async t => {
  const access = ['--role', 'access', '--redis', 'redis://h']
  t.equal(parseConfig(access, {}).kind, 'config')
  for (const [name, value] of [
    ['--data', './data'],
    ['--store', 'memory'],
    ['--free-space', '64'],
    ['--contacts', 'open'],
    ['--retention-days', '30'],
    ['--retention-items', '5'],
    ['--retention-bytes', '5'],
  ] as const) {
    const logic = ['--role', 'access', '--logic', 'h', '--cluster-secret-file', 'secret']
    const message = `${name} is for nodes with a store: --role access has none`
    t.match(parseConfig([...logic, name, value], {}), { kind: 'wrong', message })
  }
  t.match(parseConfig(['--contacts-change'], {}), { kind: 'wrong', message: /needs --contacts/ })
  t.match(parseConfig(['--contacts', 'open', '--contacts-change'], {}), { kind: 'config' })
  const wrong = { kind: 'wrong', message: /^--redis takes the place of --store and --data/ }
  t.match(parseConfig(['--redis', 'redis://h', '--store', 'lmdb'], {}), wrong)
  t.match(parseConfig(['--redis', 'redis://h'], { LONGWIRE_DATA: './data' }), wrong)
  t.equal(countsFault(new Set(['roles'])), undefined)
  t.match(countsFault(new Set(['roles', 'nodes'])), /^--roles takes the place of --nodes/)
})

t.test('an address that nobody can connect to is not advertised', async t => {
  for (const host of ['0.0.0.0', '0.0.0.0:8081', '::', '[::]:8081', '0', '0:0:0:0:0:0:0:0']) {
    const message = `--advertise: nobody can connect to ${host}: it stands for every interface`
    t.match(parseConfig(['--advertise', host], {}), { kind: 'wrong', message })
  }
  t.match(parseConfig(['--advertise', 'user@host'], {}), { kind: 'wrong', message: /^--advertise must be a host/ })
  t.match(parseConfig(['--advertise-url', 'http://0.0.0.0'], {}), { kind: 'wrong' })
  t.match(parseConfig(['--advertise-url', 'https://[::]:8080'], {}), { kind: 'wrong' })
  for (const host of ['10.0.0.10', '0.example.org', '::1', '[2001:db8::]:8081', ''])
    t.equal(parseConfig(['--advertise', host], {}).kind, 'config', host)
})

t.test('a Redis that is started here has so many replicas, and no more can be asked for', async t => {
  t.equal(replicasFault(-1, false), undefined)
  t.equal(replicasFault(0, false), undefined)
  t.match(replicasFault(1, false), '--redis-replicas must be at most 0 on a single Redis')
  t.equal(replicasFault(1, true), undefined)
  t.match(replicasFault(2, true), '--redis-replicas must be at most 1 on a Redis Cluster')
})

t.test('one of the two ports may be none', async t => {
  t.match(parseConfig(['--http-port', 'none'], {}), { config: { port: 8081, httpPort: NO_PORT } })
  t.match(parseConfig([], { LONGWIRE_PORT: 'none' }), { config: { port: NO_PORT, httpPort: 8080 } })
  t.match(parseConfig(['--port', 'none', '--http-port', 'none'], {}), { kind: 'wrong', message: /both none/ })
  t.match(parseConfig(['--port', '-1'], {}), { message: '--port must be an integer of 0 to 65535, or none, not "-1"' })
  const proxied = ['--port', 'none', '--proxy-protocol', '--trust-proxy', '10.0.0.1']
  t.match(parseConfig(proxied, {}), { kind: 'wrong', message: /--proxy-protocol is about --port/ })
})
