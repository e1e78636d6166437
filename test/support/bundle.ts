/** Bundles compiled files for a browser, as `npm run build:browser` does. */
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const DIST = fileURLToPath(new URL('../..', import.meta.url))

export const CLIENT_ENTRY = 'clients/typescript/browser.js'

export interface Bundle {
  readonly text: string
  /** The files it was made of. */
  readonly inputs: readonly string[]
}

/** @param entry within dist */
export function bundle(entry: string): Promise<Bundle> {
  return bundleText(`export * from './${entry}'`)
}

/** @param text of a module that stands in dist */
export async function bundleText(text: string): Promise<Bundle> {
  const result = await build({
    stdin: { contents: text, resolveDir: DIST },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    // The protobuf runtime takes it if it is there; our codec reads 64 bits into numbers and has no use for it.
    external: ['long'],
    write: false,
    metafile: true,
    logLevel: 'silent',
  })
  return { text: result.outputFiles[0]?.text ?? '', inputs: Object.keys(result.metafile.inputs) }
}
