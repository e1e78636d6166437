/** A data folder of 0.1.0. */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'

/** A server of 0.1.0 that was killed: half of the messages are in its tables, the rest in its journal alone. */
interface Fixture {
  readonly texts: readonly string[]
  readonly files: Readonly<Record<string, string>>
}

const url = new URL('../../../../test/cli/fixtures/store-0.1.0.json', import.meta.url)
const fixture = JSON.parse(readFileSync(url, 'utf8')) as Fixture

/** The messages of alice and bob to each other, in order. */
export const OLD_TEXTS = fixture.texts

/** The files by name. */
export const OLD_FILES: ReadonlyMap<string, Buffer> = new Map(
  Object.entries(fixture.files).map(([name, packed]) => [name, gunzipSync(Buffer.from(packed, 'base64'))]),
)

/** Makes the folder. */
export function makeOldFolder(folder: string): void {
  mkdirSync(folder)
  for (const [name, bytes] of OLD_FILES) writeFileSync(join(folder, name), bytes)
}
