// `npm run generate`: writes protocol/generated/messages.ts. A test fails while the committed file is another one.
import { writeFileSync } from 'node:fs'
import { emitMessages } from './emit-messages.js'
import { loadSchema, PROTOCOL_FOLDER } from './load-schema.js'

writeFileSync(`${PROTOCOL_FOLDER}generated/messages.ts`, emitMessages(loadSchema()))
