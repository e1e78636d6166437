/** Bundles compiled files for a browser, as `npm run build:browser` does. */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const DIST = fileURLToPath(new URL('../..', import.meta.url))

export const CLIENT_ENTRY = 'clients/typescript/browser.js'

/** @param entry within dist */
export async function bundle(entry: string): Promise<{ readonly text: string; readonly inputs: readonly string[] }> {
  const result = await build({
    entryPoints: [join(DIST, entry)],
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    write: false,
    metafile: true,
    logLevel: 'silent',
  })
  return { text: result.outputFiles[0]?.text ?? '', inputs: Object.keys(result.metafile.inputs) }
}
