/**
 * Builds the page (clients/web) into dist/web, in plain JavaScript like build.mjs: what a server serves, each file under its path, with its
 * packed forms beside it, and files.json, which lists them.
 *
 * Names hold a hash of the content, so a browser may keep such a file for ever. The page itself and its service worker keep their names.
 */

import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { build } from 'esbuild'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const WEB = join(ROOT, 'clients', 'web')
const OUT = join(ROOT, 'dist', 'web')

const TYPES = {
  css: 'text/css; charset=utf-8',
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
  webmanifest: 'application/manifest+json',
}

/** A shorter one is not worth packing: it fits one packet with its headers. */
const PACK_MIN = 1_024

/**
 * Leaves out what no bundler can tell to be of no use here, for tables name it. Of the table of methods that is what only a server calls:
 * decoders of requests, encoders of answers. The HTTP transport takes sends apart, so that decoder stays.
 */
const clientHalf = {
  name: 'client half',
  setup(build) {
    build.onLoad({ filter: /[/\\]protocol[/\\](?:room-)?methods\.ts$/ }, ({ path }) => {
      const servers = /\bm\.(?:decode(?!Send)\w+Request|encode\w+Response|decodeAckNotice|encode(?!Ack)\w+Notice)\b/g
      const contents = readFileSync(path, 'utf8').replace(servers, '(undefined as never)')
      return { contents, loader: 'ts' }
    })
    build.onResolve({ filter: /^protobufjs[/\\]minimal\.js$/ }, () => ({ path: join(WEB, 'codec-runtime.ts') }))
    // Which field of a server's message is broken is of no use to a user.
    build.onLoad({ filter: /[/\\]protocol[/\\]generated[/\\]messages\.ts$/ }, ({ path }) => {
      const fields = /(\b(?:readString|readBytes|skipField|missing|tooMany|unknownValue)\([^')]*)'[\w.]+'/g
      return { contents: readFileSync(path, 'utf8').replace(fields, "$1''"), loader: 'ts' }
    })
    // What is wrong with an argument, or with a server, is for programmers.
    build.onLoad(
      { filter: /[/\\]clients[/\\]typescript[/\\](?:api|base|connection|rules|storage|transports)[/\\][\w-]+\.ts$/ },
      ({ path }) => {
        const faults =
          /(\bLongwireError\.argument\([^,\n]+, |\bnew (?:BrokenServer|RangeError|TypeError)\()(?:'[^'\n]*'|`[^`\n]*`)/g
        return { contents: readFileSync(path, 'utf8').replace(faults, "$1''"), loader: 'ts' }
      },
    )
    // The page has words of its own for codes, in each language.
    build.onLoad({ filter: /[/\\]protocol[/\\]codes\.ts$/ }, ({ path }) => {
      const texts = /\btext: (?:'[^'\n]*'|"[^"\n]*")/g
      return { contents: readFileSync(path, 'utf8').replace(texts, "text: ''"), loader: 'ts' }
    })
  },
}

const files = []
/** The path of each file under the name that the sources call it by. */
const paths = new Map()

rmSync(OUT, { recursive: true, force: true })
mkdirSync(OUT, { recursive: true })

const source = name => readFileSync(join(WEB, 'shell', name), 'utf8')
hashed('icon.svg', source('icon.svg'))
hashed('manifest.webmanifest', linked(source('manifest.webmanifest')))
hashed('main.css', await bundled('shell/main.css'))
hashed('main.js', await bundled('main.tsx'))
const icons = source('icons.svg').replace(/\n\s*/g, '')
add('/', 'index.html', linked(source('index.html')).replace('@icons@', icons))
const shell = files.map(({ path }) => path)
const version = digest(files.map(({ etag }) => etag).join())
const worker = await bundled('service-worker.ts', {
  SHELL_VERSION: JSON.stringify(version),
  SHELL_FILES: JSON.stringify(shell),
})
add('/service-worker.js', 'service-worker.js', worker)
writeFileSync(join(OUT, 'files.json'), `${JSON.stringify({ version, files }, undefined, 1)}\n`)

async function bundled(entry, define = {}) {
  const result = await build({
    entryPoints: [join(WEB, entry)],
    bundle: true,
    minify: true,
    format: entry.endsWith('worker.ts') ? 'iife' : 'esm',
    platform: 'browser',
    target: entry.endsWith('.css') ? ['chrome123', 'firefox120', 'safari17.5'] : 'es2022',
    tsconfig: join(WEB, 'tsconfig.json'),
    legalComments: 'none',
    define: { 'process.env.NODE_ENV': '"production"', ...define },
    plugins: [clientHalf],
    write: false,
    logLevel: 'warning',
  })
  return result.outputFiles[0].text
}

/** Puts the paths of files in the place of their names. */
function linked(text) {
  return text.replace(/\/@([\w.-]+)@/g, (_, name) => {
    const path = paths.get(name)
    if (path === undefined) throw new Error(`there is no file ${name} yet`)
    return path
  })
}

/** Adds a file whose path has the hash of its content. */
function hashed(name, text) {
  const dot = name.lastIndexOf('.')
  const file = `${name.slice(0, dot)}-${digest(text)}${name.slice(dot)}`
  paths.set(name, `/${file}`)
  add(`/${file}`, file, text, true)
}

function add(path, file, text, immutable = false) {
  const bytes = Buffer.from(text)
  const type = TYPES[file.slice(file.lastIndexOf('.') + 1)]
  const encodings = []
  const put = (name, body) => writeFileSync(join(OUT, name), body)
  put(file, bytes)
  if (bytes.length >= PACK_MIN) {
    // Shorter blocks, each with a code of its own, pack scripts a little better.
    put(`${file}.gz`, gzipSync(bytes, { level: 9, memLevel: 6 }))
    put(`${file}.br`, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }))
    encodings.push('br', 'gzip')
  }
  files.push({ path, file, type, etag: digest(text), immutable, encodings })
}

function digest(text) {
  return createHash('sha256').update(text).digest('base64url').slice(0, 12)
}
