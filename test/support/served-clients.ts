/** Clients of a real server, over TCP. */
import type { Test } from 'tap'
import {
  type Client,
  type ClientOptions,
  createClient,
  MemoryStorage,
  tcpTransport,
} from '../../clients/typescript/index.js'
import type { RunningServer } from '../../src/cli/server.js'
import { PASSWORD, startTestServer, testConfig } from './server.js'

/** A real server. @param argv its options @returns signs somebody in, once more as another device */
export async function servedClients(
  t: Test,
  ...argv: string[]
): Promise<(account: string, options?: Partial<ClientOptions>) => Promise<Client>> {
  const server: RunningServer = await startTestServer({ config: testConfig(...argv) })
  const clients: Client[] = []
  const known = new Set<string>()
  t.teardown(async () => {
    for (const client of clients) await client.close()
    await server.drain()
  })
  return async (account, options) => {
    const transport = tcpTransport({ host: '127.0.0.1', port: server.port })
    const client = await createClient({ transport, storage: new MemoryStorage(), reconnectBaseMs: 20, ...options })
    clients.push(client)
    if (known.has(account)) await client.account.login({ account, password: PASSWORD })
    else await client.account.register({ account, password: PASSWORD })
    known.add(account)
    return client
  }
}
