/** The rules of the house that nobody should have to remember: who may import what, and who may touch the outside world. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { METHODS, type Method } from '../protocol/methods.js'
import { SERVE_OPTIONS } from '../src/ops/config.js'
import { TASKS } from '../src/workers/tasks.js'

// Tests run compiled, in dist/test: the sources are two folders up.
const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..')

/** From the top down: a file imports from its own folder or from folders that stand after it. ARCHITECTURE.md shows the same list. */
const FLOORS = [
  'src/main.ts',
  'src/cli',
  'clients/terminal',
  'clients/simulate',
  'clients/web/main.tsx',
  'clients/web/service-worker.ts',
  'clients/web/ui',
  'clients/web/model',
  'clients/web/words.ts',
  'clients/web/word-table.ts',
  'clients/web/codec-runtime.ts',
  'src/node',
  'src/door',
  'src/long',
  'src/short',
  'src/connection',
  'src/link',
  'src/services',
  'src/jobs',
  'src/cluster',
  'src/verify',
  'src/sync',
  'src/workers',
  'src/store',
  'src/ops',
  'src/lib',
  'clients/typescript/index.ts',
  'clients/typescript/browser.ts',
  'clients/typescript/common.ts',
  'clients/typescript/api',
  'clients/typescript/rules',
  'clients/typescript/connection',
  'clients/typescript/transports',
  'clients/typescript/storage',
  'clients/typescript/base',
  'protocol',
] as const

/** Pairs that the order of floors would allow, and that are not wanted all the same. */
const NEVER = [
  ['src/sync', 'src/store/lmdb'],
  ['src/sync', 'src/store/memory'],
  ['src/sync', 'src/store/redis'],
  ['src/sync', 'src/ops'],
  ['src/services', 'src/store/lmdb'],
  ['src/services', 'src/store/redis'],
  ['src/connection', 'src/store'],
  ['src/store', 'src/ops'],
] as const

/** Packages, and the only folders that may import them. */
const ADAPTERS: Readonly<Record<string, readonly string[]>> = {
  // In network.ts, config.ts and the two address.ts only to tell kinds of addresses apart.
  'node:net': [
    'src/door',
    'clients/typescript/transports/tcp-race.ts',
    'clients/typescript/transports/tcp-transport.ts',
    'clients/typescript/transports/node-ws-transport.ts',
    'clients/typescript/storage/folder-lock.ts',
    'clients/simulate',
    'src/lib/network.ts',
    'src/ops/config.ts',
    'src/ops/address.ts',
    'src/store/redis/address.ts',
    'src/link/link-sockets.ts',
  ],
  'node:http': ['src/short'],
  ws: ['src/short', 'clients/typescript/transports/node-ws-transport.ts'],
  lmdb: ['src/store/lmdb'],
  ioredis: ['src/store/redis'],
  protobufjs: ['protocol'],
  pino: ['src/ops'],
  preact: ['clients/web/ui', 'clients/web/main.tsx'],
  piscina: ['src/workers'],
  'prom-client': ['src/ops/metrics.ts'],
}

/** First words of a docstring that is only the rest of a sentence. A docstring begins with a noun or a verb: it is, or it does. */
const NO_BEGINNINGS: ReadonlySet<string> = new Set(
  `Of Whose Such Like In At By For With Without From To As On Below Above Between Beyond Behind Before After Until While Since When
  Where Nobody Nothing Blind Too Also Here Now There If So Only Not Up Under Through Mostly Likewise Neither Else`.split(
    /\s+/,
  ),
)

const files = ['src', 'protocol', 'clients'].flatMap(folder => sources(folder))

t.test('a file imports from its own folder or from below', async t => {
  t.ok(files.length > 50)
  for (const file of files) {
    for (const target of importsOf(file, 'with types').filter(name => /^\..*\.js$/.test(name))) {
      const imported = sourceOf(normalize(join(dirname(file), target)))
      const from = floorOf(file)
      const to = floorOf(imported)
      if (from > to) t.fail(`${file} imports ${imported}, which stands above it`)
      for (const [one, other] of NEVER) {
        if (inside(file, one) && inside(imported, other)) t.fail(`${file} imports ${imported}`)
      }
    }
  }
})

t.test('what touches the outside world stands at the edge', async t => {
  for (const file of files) {
    for (const name of importsOf(file, 'without types')) {
      const homes = ADAPTERS[name.replace(/\/.*/, '')] ?? ADAPTERS[name]
      if (homes !== undefined && !homes.some(home => inside(file, home))) t.fail(`${file} imports ${name}`)
    }
    // Time and chance are handed in: simulation runs the same code on its own.
    if (file.startsWith('src/lib/') || file === 'clients/typescript/base/system.ts') continue
    const text = readFileSync(join(ROOT, file), 'utf8').replace(/^\s*(\*|\/\/|\/\*).*$/gm, '')
    for (const banned of [/\bDate\.now\b/, /\bMath\.random\b/, /(?<!\.)\bset(Timeout|Interval|Immediate)\(/]) {
      if (banned.test(text)) t.fail(`${file} uses ${banned.source}`)
    }
  }
  t.pass('looked at every file')
})

/** What runs in browsers imports nothing that is only in Node; of packages the protobuf runtime alone. */
t.test('the browser entry of the client needs no Node', async t => {
  const seen = new Set<string>()
  const look = (file: string): void => {
    if (seen.has(file)) return
    seen.add(file)
    for (const name of importsOf(file, 'without types')) {
      if (/^\.{1,2}\//.test(name)) look(normalize(join(dirname(file), name)).replace(/\.js$/, '.ts'))
      else if (name !== 'protobufjs/minimal.js') t.fail(`${file} imports ${name}`)
    }
    const text = readFileSync(join(ROOT, file), 'utf8').replace(/^\s*(\*|\/\/|\/\*).*$/gm, '')
    for (const banned of [/\bBuffer\./, /\bprocess\./]) if (banned.test(text)) t.fail(`${file} uses ${banned.source}`)
  }
  look('clients/typescript/browser.ts')
  t.ok(seen.size > 30, `${seen.size} files`)
})

t.test('files keep to one noun', async t => {
  for (const file of files.filter(name => !name.includes('/generated/'))) {
    const lines = readFileSync(join(ROOT, file), 'utf8').split('\n').length
    if (lines > 500) t.fail(`${file} has ${lines} lines`)
  }
  t.pass('none above 500 lines')
})

/** Tables whose rows do nothing by themselves: the name of each stands where it is to be used, too. */
const USED: readonly (readonly [
  row: string,
  names: readonly string[],
  places: string[],
  use: (name: string) => string,
])[] = [
  ['option of serve', Object.keys(SERVE_OPTIONS), ['src/cli'], name => `\\b${name}\\b`],
  ['task', Object.keys(TASKS), ['src/services', 'src/short'], name => `run\\('${name}'`],
  ['request', methodsOf('request'), ['clients/typescript'], name => `'${name}'|METHODS\\.${name}\\b`],
  ['notice', methodsOf('notice'), ['clients/typescript'], name => `METHODS\\.${name}\\b`],
  ['notice', methodsOf('notice'), ['src/connection', 'protocol/item-codec.ts'], name => `METHODS\\.${name}\\b`],
]

function methodsOf(kind: Method['kind']): string[] {
  return Object.entries(METHODS).flatMap(([name, method]) => (method.kind === kind ? name : []))
}

t.test('what has a row in a table is used', async t => {
  for (const [row, names, places, use] of USED) {
    const used = files.filter(file => places.some(place => inside(file, place)))
    const code = used.map(file => readFileSync(join(ROOT, file), 'utf8'))
    for (const name of names) {
      const pattern = new RegExp(use(name))
      t.ok(
        code.some(text => pattern.test(text)),
        `the ${row} ${name} in ${places.join(' or ')}`,
      )
    }
  }
})

t.test('ARCHITECTURE.md names files that are there, where it says what to touch', async t => {
  const [, section = ''] =
    /\n## If you want to.*?\n(.*?)\n## /s.exec(readFileSync(join(ROOT, 'ARCHITECTURE.md'), 'utf8')) ?? []
  const paths = Array.from(
    section.matchAll(/`((?:src|clients|protocol|test|docs)\/[\w./-]+)`/g),
    ([, path = '']) => path,
  )
  t.ok(paths.length > 30, `${paths.length} paths`)
  for (const path of paths) t.ok(existsSync(join(ROOT, path)), path)
})

t.test('a docstring says by its first word what a thing is or does', async t => {
  for (const file of files.filter(name => !name.includes('/generated/'))) {
    for (const [start, word = ''] of readFileSync(join(ROOT, file), 'utf8').matchAll(/\/\*\*[\s*]*(\w+)[^\n]*/g)) {
      if (NO_BEGINNINGS.has(word)) t.fail(`${file}: ${start}`)
    }
  }
  t.pass('looked at every docstring')
})

function sources(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map(entry => join(entry.parentPath, entry.name).slice(ROOT.length + 1))
}

/** The source of a module. */
function sourceOf(module: string): string {
  const source = module.replace(/\.js$/, '.ts')
  return existsSync(join(ROOT, source)) ? source : `${source}x`
}

function importsOf(file: string, types: 'with types' | 'without types'): string[] {
  const text = readFileSync(join(ROOT, file), 'utf8')
  const found = [
    ...text.matchAll(/^(?:import|export)\b( type\b)?[^;]*?\bfrom ['"]([^'"]+)['"]|^import ['"]([^'"]+)['"]/gm),
  ]
  return found
    .filter(match => types === 'with types' || match[1] === undefined)
    .map(match => match[2] ?? match[3] ?? '')
}

function floorOf(file: string): number {
  const floor = FLOORS.findIndex(folder => inside(file, folder))
  if (floor < 0) throw new Error(`${file} stands on no floor: add its folder to the list here and in ARCHITECTURE.md`)
  return floor
}

function inside(file: string, folder: string): boolean {
  return file === folder || file.startsWith(`${folder}/`)
}
