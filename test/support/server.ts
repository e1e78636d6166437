/** A whole server in the test's process, on any free ports, and people who have accounts on it. */

import {
  createLoginRequest,
  createRegisterRequest,
  decodeLoginResponse,
  decodeRegisterResponse,
  type Session,
} from '../../protocol/generated/messages.js'
import { METHODS } from '../../protocol/methods.js'
import { type RunningServer, type ServerOptions, startServer } from '../../src/cli/server.js'
import { type Config, parseConfig } from '../../src/ops/config.js'
import { silentLog } from '../../src/ops/log.js'
import { RawClient } from './raw-client.js'

/** The default configuration on free ports, with memory for a store and open limits unless `argv` says otherwise. */
export function testConfig(...argv: string[]): Config {
  const all = ['--port', '0', '--http-port', '0', '--store', 'memory', '--limits', 'open', '--drain-ms', '200', ...argv]
  const parsed = parseConfig(all, {})
  if (parsed.kind !== 'config') throw new Error(JSON.stringify(parsed))
  return parsed.config
}

export function startTestServer(options: Partial<ServerOptions> = {}): Promise<RunningServer> {
  const onFatal = (error: unknown): void => {
    throw error
  }
  return startServer({ config: testConfig(), log: silentLog, onFatal, ...options })
}

export const PASSWORD = 'correct horse battery'

/** Makes an account; the session is that of its first device. */
export async function registerAccount(port: number, account: string): Promise<Session> {
  const { client } = await RawClient.open(port, {})
  const installationKey = keyOf(account)
  const request = createRegisterRequest({ account, password: PASSWORD, installationKey })
  const answer = await client.call(METHODS.register, request)
  client.destroy()
  const { session } = decodeRegisterResponse(answer.body)
  if (answer.code !== 0 || session === undefined) throw new Error(`Register was refused with ${answer.code}`)
  return session
}

/** Another token of the account's first device. */
export async function loginAccount(port: number, account: string): Promise<Session> {
  const { client } = await RawClient.open(port, {})
  const request = createLoginRequest({ account, password: PASSWORD, installationKey: keyOf(account) })
  const answer = await client.call(METHODS.login, request)
  client.destroy()
  const { session } = decodeLoginResponse(answer.body)
  if (answer.code !== 0 || session === undefined) throw new Error(`Login was refused with ${answer.code}`)
  return session
}

function keyOf(account: string): Uint8Array {
  const key = new Uint8Array(16)
  new TextEncoder().encodeInto(account, key)
  return key
}
