// The reference client library of Longwire for Node: `import { createClient } from 'longwire/client'`. README.md says how to use
// it.
export * from './common.js'
export { FileStorage, type FileStorageOptions } from './storage/file-storage.js'
export { nodeWsTransport as wsTransport } from './transports/node-ws-transport.js'
export { type TcpOptions, tcpTransport } from './transports/tcp-transport.js'
