import { readFileSync } from 'node:fs'
import t from 'tap'
import { emitDescriptors } from '../../../protocol/generate/emit-descriptors.js'
import { emitIdentities } from '../../../protocol/generate/emit-identities.js'
import { emitMessages } from '../../../protocol/generate/emit-messages.js'
import { loadSchema, PROTOCOL_FOLDER } from '../../../protocol/generate/load-schema.js'

for (const [file, emit] of [
  ['messages', emitMessages],
  ['descriptors', emitDescriptors],
  ['identities', emitIdentities],
] as const) {
  t.test(`generated/${file}.ts is what the .proto files give now`, async t => {
    const committed = readFileSync(`${PROTOCOL_FOLDER}generated/${file}.ts`, 'utf8')
    t.ok(committed === emit(loadSchema()), 'run `npm run generate` and commit the result')
  })

  t.test(`the generator of ${file} is deterministic`, async t => {
    t.equal(emit(loadSchema()), emit(loadSchema()))
  })
}
