/** The package as others get it: what is in it, and that it works where nothing else of this repository is. */
import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

interface Packed {
  readonly filename: string
  readonly files: readonly { readonly path: string }[]
}

/** Of one command, beside other tests. */
const LIMIT_MS = 240_000

/** Of npm that runs this test: not for the npm that this test runs. */
const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)))

async function run(command: string, argv: readonly string[], cwd: string, home?: string): Promise<string> {
  const env = home === undefined ? environment : { ...environment, HOME: home }
  return (await promisify(execFile)(command, argv, { cwd, env, timeout: LIMIT_MS, maxBuffer: 2 ** 24 })).stdout
}

/** A copy of this checkout: to pack is to build, and servers that other tests start run what is built here. */
function copied(folder: string): string {
  const left = new Set(['.git', '.tap', 'node_modules'])
  for (const name of readdirSync(ROOT)) {
    if (!left.has(name)) cpSync(join(ROOT, name), join(folder, name), { recursive: true, preserveTimestamps: true })
  }
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  // Folders of the copy are newer than what was built of them.
  utimesSync(join(folder, 'dist', '.built'), new Date(), new Date())
  return folder
}

/** Everything that README points to, and what exports and bin name. */
function promised(): string[] {
  const manifest = readFileSync(join(ROOT, 'package.json'), 'utf8')
  const links = [...readFileSync(join(ROOT, 'README.md'), 'utf8').matchAll(/\]\(([^):#]+)[^)]*\)/g)]
  const entries = [...manifest.matchAll(/"(?:\.\/)?(dist\/[^"*]+\.(?:js|d\.ts))"/g)]
  return [...links, ...entries].map(([, path = '']) => path)
}

t.test('packed, installed for everybody, and used by a project of its own', async t => {
  const folder = t.testdir({ app: { 'package.json': '{ "type": "module" }' }, checkout: {}, home: {} })
  const packed = await run('npm', ['pack', '--json', '--pack-destination', folder], copied(join(folder, 'checkout')))
  const [{ filename, files }] = JSON.parse(packed.slice(packed.indexOf('['))) as [Packed]
  const paths = files.map(({ path }) => path)

  for (const path of promised()) t.ok(paths.includes(path), `${path} is in it`)
  for (const path of [
    'dist/browser/longwire-client.js',
    'protocol/longwire/v1/frame.proto',
    'protocol/vectors/frames.json',
  ]) {
    t.ok(paths.includes(path), `${path} is in it`)
  }
  const odd = paths.filter(path =>
    /(^|\/)(test|bench|src\/.*\.ts)(\/|$)|\.map$|\.tsbuildinfo$|(?<!\.d)\.ts$/.test(path),
  )
  t.same(odd, [], 'nothing that nobody needs')

  const tarball = join(folder, filename)
  const quiet = ['--prefer-offline', '--no-audit', '--no-fund']
  await run('npm', ['install', '--global', '--prefix', join(folder, 'global'), tarball, ...quiet], folder)
  const longwire = join(folder, 'global', 'bin', 'longwire')
  const version = (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }).version
  t.equal(await run(longwire, ['--version'], folder), `${version}\n`)
  t.match(await run(longwire, ['chat', '--help'], folder), '--password-fd FD')
  // The server that it starts, its store on disk, and clients over all transports.
  const small = ['--users', '6', '--friends', '2', '--messages', '2', '--transport', 'mixed', '--json']
  const report = JSON.parse(await run(longwire, ['simulate', ...small], folder, join(folder, 'home')))
  t.match(report, { sent: 24, delivered: 24, lost: 0, store: 'lmdb' })

  // A project that has it as a dependency finds it the same way, wherever it lies.
  const app = join(folder, 'app')
  mkdirSync(join(app, 'node_modules'))
  symlinkSync(join(folder, 'global', 'lib', 'node_modules', 'longwire'), join(app, 'node_modules', 'longwire'))
  writeFileSync(
    join(app, 'app.js'),
    `import { createClient, MemoryStorage, tcpTransport } from 'longwire/client'
     const client = await createClient({ transport: tcpTransport({ host: '127.0.0.1', port: 9 }), storage: new MemoryStorage() })
     console.log(client.account.signedIn)`,
  )
  t.equal(await run('node', ['app.js'], app), 'false\n')
})

t.test('installed for production from a checkout: no compiler, no failure, one line', async t => {
  const folder = t.testdir({ tools: {} })
  for (const name of ['package.json', 'package-lock.json', 'tools/build.mjs'])
    cpSync(join(ROOT, name), join(folder, name))
  for (const argv of [['--omit=dev'], []]) {
    const env = { ...environment, NODE_ENV: argv.length === 0 ? 'production' : '' }
    const ci = promisify(execFile)('npm', ['ci', '--prefer-offline', ...argv], { cwd: folder, env, timeout: LIMIT_MS })
    const { stdout, stderr } = await ci
    t.match(stdout, /^longwire: not built, /m)
    t.notMatch(stderr, 'EBADENGINE')
  }
})

t.test('npx runs it from a checkout', async t => {
  const folder = copied(join(t.testdir({ checkout: {} }), 'checkout'))
  t.match(await run('npx', ['--no-install', 'longwire', 'chat', '--help'], folder), /^longwire chat /)
})
