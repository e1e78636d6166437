// `npm run generate`: writes protocol/generated. A test fails while a committed file there is another one.
import { writeFileSync } from 'node:fs'
import { emitDescriptors } from './emit-descriptors.js'
import { emitIdentities } from './emit-identities.js'
import { emitMessages } from './emit-messages.js'
import { loadSchema, PROTOCOL_FOLDER } from './load-schema.js'

const schema = loadSchema()
writeFileSync(`${PROTOCOL_FOLDER}generated/messages.ts`, emitMessages(schema))
writeFileSync(`${PROTOCOL_FOLDER}generated/descriptors.ts`, emitDescriptors(schema))
writeFileSync(`${PROTOCOL_FOLDER}generated/identities.ts`, emitIdentities(schema))
