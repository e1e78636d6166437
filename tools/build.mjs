/**
 * What npm runs around the compiler, in plain JavaScript, for it also runs where no compiler is:
 *
 *   node tools/build.mjs install   after `npm ci`, and by the first `npx longwire`: builds all unless that is there, or says that there is no
 *                                  compiler (--omit=dev, NODE_ENV=production)
 *   node tools/build.mjs pack      before `npm pack`, which then installs: refuses where nothing can be packed
 *   node tools/build.mjs start     before a command: builds if a source has changed since the last time
 */

import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const SOURCES = ['src', 'protocol', 'clients', 'test', 'bench', 'tools', 'tsconfig.json', 'package.json']

/** It says what was built last. Its time is that of the build's beginning. */
const STAMP = join(ROOT, 'dist', '.built')

/** The script that builds everything. */
const ALL = 'build:browser'

const why = process.argv[2]
const hasCompiler = ['tsc', 'esbuild'].every(name => existsSync(join(ROOT, 'node_modules', '.bin', name)))
const isBuilt = existsSync(join(ROOT, 'dist', 'src', 'main.js'))

if (why === 'start' && isBuilt && (!hasCompiler || !hasChanged())) process.exit(0)
if (why === 'pack' && (hasCompiler || isBuilt)) process.exit(0)
if (why === 'install' && hasCompiler && isBuilt && !hasChanged() && readFileSync(STAMP, 'utf8') === ALL) process.exit(0)
if (hasCompiler) build(why === 'start' ? 'build' : ALL)
else if (why === 'install') {
  const build = isBuilt
    ? 'what is in dist is used as it is'
    : '"npm ci --include=dev", then "npm prune --omit=dev" builds it'
  process.stdout.write(
    `longwire: not built, for the development dependencies are left out: ${build} (docs/installing.md)\n`,
  )
} else {
  process.stderr.write(
    'longwire: there is no build in dist, and the compiler is not installed: run "npm ci --include=dev" first\n',
  )
  process.exit(1)
}

function build(script) {
  const begun = new Date()
  const { status } = spawnSync('npm', ['run', '--silent', script], { cwd: ROOT, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
  writeFileSync(STAMP, script)
  utimesSync(STAMP, begun, begun)
  linkCommand()
}

/** `npx longwire` in the checkout finds the build. Without the link npx installs the checkout somewhere else first, which compiles it. */
function linkCommand() {
  const link = join(ROOT, 'node_modules', '.bin', 'longwire')
  if (existsSync(link)) return
  try {
    symlinkSync(join('..', '..', 'dist', 'src', 'main.js'), link)
  } catch {
    // A file system without links: npx does it its own way.
  }
}

/** Whether a file, or a list of files (one was removed), is newer than the last build. */
function hasChanged() {
  if (!existsSync(STAMP)) return true
  const builtMs = statSync(STAMP).mtimeMs
  const isNewer = path => statSync(path).mtimeMs >= builtMs
  return SOURCES.map(name => join(ROOT, name)).some(
    path =>
      isNewer(path) ||
      (statSync(path).isDirectory() && readdirSync(path, { recursive: true }).some(name => isNewer(join(path, name)))),
  )
}
