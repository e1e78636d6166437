/** What somebody meets who installs Longwire: without a compiler, on the lowest Node, in a repository of their own. */
import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { SERVE_OPTIONS } from '../src/ops/config.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

const semver = createRequire(import.meta.url)('semver') as {
  satisfies(version: string, range: string): boolean
  minVersion(range: string): { readonly version: string }
}

interface Manifest {
  readonly license: string
  readonly engines: { readonly node: string }
}

interface Lock {
  readonly packages: Readonly<Record<string, { readonly engines?: { readonly node?: string } }>>
}

function json<T>(name: string): T {
  return JSON.parse(readFileSync(join(ROOT, name), 'utf8')) as T
}

/** A checkout of two sources, in which a build notes that it was made. */
function checkout(t: Test) {
  const folder = t.testdir({
    src: { deep: { 'one.ts': '', 'two.ts': '' } },
    tools: {},
    ...Object.fromEntries(['protocol', 'clients', 'test', 'bench'].map(name => [name, {}])),
    'tsconfig.json': '{}',
    'package.json': JSON.stringify({
      scripts: { build: 'echo build >> builds', 'build:browser': 'echo browser >> builds' },
    }),
    builds: '',
  })
  cpSync(join(ROOT, 'tools/build.mjs'), join(folder, 'tools/build.mjs'))
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)))
  return {
    folder,
    run(why: string) {
      const { status, stdout, stderr } = spawnSync(process.execPath, [join(folder, 'tools/build.mjs'), why], {
        env,
        encoding: 'utf8',
      })
      return {
        status,
        said: stdout + stderr,
        builds: readFileSync(join(folder, 'builds'), 'utf8').split('\n').slice(0, -1),
      }
    },
    compiler() {
      mkdirSync(join(folder, 'node_modules/.bin'), { recursive: true })
      for (const name of ['tsc', 'esbuild']) writeFileSync(join(folder, 'node_modules/.bin', name), '')
    },
    built() {
      mkdirSync(join(folder, 'dist/src'), { recursive: true })
      writeFileSync(join(folder, 'dist/src/main.js'), '')
      chmodSync(join(folder, 'dist/src/main.js'), 0o755)
    },
  }
}

t.test(
  'without a compiler an install succeeds and says in one line what to do; a start and a package say why not',
  async t => {
    const { run, built } = checkout(t)
    t.match(run('install'), {
      status: 0,
      said: /^longwire: not built, [^\n]*"npm ci --include=dev"[^\n]*docs\/installing.md\)\n$/,
    })
    for (const why of ['start', 'pack']) {
      t.match(
        run(why),
        { status: 1, said: /^longwire: there is no build in dist, [^\n]*"npm ci --include=dev"[^\n]*\n$/ },
        why,
      )
    }
    built()
    t.same(run('start'), { status: 0, said: '', builds: [] }, 'what was built elsewhere runs')
    t.same(run('pack'), { status: 0, said: '', builds: [] }, 'and can be packed')
  },
)

t.test('with a compiler an install builds all; a start builds only what has changed', async t => {
  const { folder, run, built, compiler } = checkout(t)
  compiler()
  built() // the commands that stand for the compiler make nothing
  t.same(run('install'), { status: 0, said: '', builds: ['browser'] })
  t.same(run('pack'), { status: 0, said: '', builds: ['browser'] }, 'npm installs next')
  const ages = (path: string): void => utimesSync(join(folder, path), new Date(0), new Date(0))
  for (const path of ['src/deep/one.ts', 'src/deep/two.ts', 'src/deep', 'src', 'tsconfig.json', 'package.json'])
    ages(path)
  for (const path of ['protocol', 'clients', 'test', 'bench']) ages(path)
  t.same(run('start').builds.length, 1, 'nothing is newer than the build')
  t.same(run('install').builds.length, 1, 'and all was built')
  writeFileSync(join(folder, 'src/deep/one.ts'), 'changed')
  t.same(run('start').builds.slice(1), ['build'])
  rmSync(join(folder, 'src/deep/two.ts'))
  t.same(run('start').builds.slice(2), ['build'], 'a source was removed')
  ages('src/deep')
  ages('src/deep/one.ts')
  t.same(run('start').builds.length, 3)
  t.same(run('install').builds.slice(3), ['browser'], 'a start builds nothing for browsers')
})

t.test('every package is content with the lowest Node that is named, and with those it is tested on', async t => {
  const { node } = json<Manifest>('package.json').engines
  const lowest = semver.minVersion(node).version
  t.match(readFileSync(join(ROOT, 'README.md'), 'utf8'), `Node ${lowest.replace(/\.0$/, '')} or newer`)
  for (const version of [lowest, '20.20.2', '22.12.0', '24.0.0', process.versions.node]) {
    const unhappy = Object.entries(json<Lock>('package-lock.json').packages).filter(
      ([, { engines }]) => !semver.satisfies(version, engines?.node ?? '*'),
    )
    t.same(unhappy, [], version)
  }
})

t.test('the licence is there in words, and the default data folder is no part of a repository', async t => {
  const { license } = json<Manifest>('package.json')
  t.match(readFileSync(join(ROOT, 'LICENSE'), 'utf8'), `${license} License\n\nCopyright (c) 2026 The Longwire authors`)
  const ignored = readFileSync(join(ROOT, '.gitignore'), 'utf8').split('\n')
  t.ok(ignored.includes(`${basename(SERVE_OPTIONS.data.default)}/`), 'wherever the server was started')
})
