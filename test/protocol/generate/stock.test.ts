import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import { PROTOCOL_FOLDER } from '../../../protocol/generate/load-schema.js'

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url))
const STOCK = 'test/support/stock/longwire/v1'

/** It stands above what the generator makes. */
const VERSION = /protoc-gen-es v[\d.]+/

t.test('test/support/stock is what `npx buf generate` gives now', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'longwire-stock-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  cpSync(PROTOCOL_FOLDER, join(folder, 'protocol'), { recursive: true })
  for (const file of ['buf.yaml', 'buf.gen.yaml']) cpSync(join(ROOT, file), join(folder, file))
  const bin = join(ROOT, 'node_modules/.bin')
  await promisify(execFile)(join(bin, 'buf'), ['generate'], {
    cwd: folder,
    env: { ...process.env, PATH: `${bin}:${process.env.PATH}` },
  })
  const made = readdirSync(join(folder, STOCK)).sort()
  t.same(readdirSync(join(ROOT, STOCK)).sort(), made)
  for (const name of made) {
    const [now, stored] = [folder, ROOT].map(root => readFileSync(join(root, STOCK, name), 'utf8').replace(VERSION, ''))
    t.ok(now === stored, `${name}: run \`npx buf generate\` and commit the result`)
  }
})
