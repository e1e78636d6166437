/**
 * Bundles the commands (src/main.ts) into dist/src, in plain JavaScript like build.mjs. A start then loads a few files in place of some 300,
 * and Node needs about a millisecond for each module: `serve` starts with a third less processor time. main.js takes the place of
 * what the compiler made of it. The chunks are in dist/src/bundle, as deep as the modules are, so paths beside `import.meta.url` hold there:
 * a file that threads run stands beside the chunks. Packages stay outside.
 */

import { rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const SRC = join(ROOT, 'src')
const OUT = join(ROOT, 'dist', 'src')

rmSync(join(OUT, 'bundle'), { recursive: true, force: true })
await build({
  entryPoints: {
    main: join(SRC, 'main.ts'),
    'bundle/thread': join(SRC, 'workers', 'thread.ts'),
    'bundle/checkpoint-thread': join(SRC, 'store', 'lmdb', 'checkpoint-thread.ts'),
  },
  outdir: OUT,
  chunkNames: 'bundle/[name]-[hash]',
  bundle: true,
  splitting: true,
  packages: 'external',
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  tsconfig: join(ROOT, 'tsconfig.json'),
  charset: 'utf8',
  legalComments: 'none',
  logLevel: 'warning',
})
