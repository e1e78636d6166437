// The reference client library of Longwire for browsers. Use `import { createClient } from 'longwire/client'` in a bundle, or the
// one file that `npm run build:browser` makes. README.md says how to use it.
export * from './common.js'
export { type IndexedDbOptions, IndexedDbStorage } from './storage/indexed-db-storage.js'
export { type WebSocketOptions, wsTransport } from './transports/ws-transport.js'
