import { readFileSync } from 'node:fs'
import t from 'tap'
import { emitMessages } from '../../../protocol/generate/emit-messages.js'
import { loadSchema, PROTOCOL_FOLDER } from '../../../protocol/generate/load-schema.js'

t.test('generated/messages.ts is what the .proto files give now', async t => {
  const committed = readFileSync(`${PROTOCOL_FOLDER}generated/messages.ts`, 'utf8')
  t.ok(committed === emitMessages(loadSchema()), 'run `npm run generate` and commit the result')
})

t.test('the generator is deterministic', async t => {
  t.equal(emitMessages(loadSchema()), emitMessages(loadSchema()))
})
