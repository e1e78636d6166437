/** Connections whose client has a session keep their place when all are taken, whether they were answered or still wait. */

import t from 'tap'
import { CODES } from '../../protocol/codes.js'
import {
  createHelloRequest,
  createSyncRequest,
  encodeHelloRequest,
  encodeSyncRequest,
} from '../../protocol/generated/messages.js'
import { eventually } from '../support/eventually.js'
import { FakeServices } from '../support/fake-services.js'
import { bearer } from '../support/http-client.js'
import { head, RawHttp } from '../support/raw-http.js'
import { startTestServer, testConfig } from '../support/server.js'

const CONNECTIONS_MAX = 4
const TOKEN = Uint8Array.of(7)

function ask(method: string, body: Uint8Array, token?: Uint8Array): string {
  const headers = ['Content-Type: application/proto', `Content-Length: ${body.length}`]
  if (token !== undefined) headers.push(`Authorization: ${bearer(token)}`)
  return head(`POST /longwire.v1.${method} HTTP/1.1`, ...headers) + Buffer.from(body).toString('latin1')
}

const NOTHING = new Uint8Array(0)
const poll = encodeSyncRequest(createSyncRequest({ since: 0, waitMs: 25_000 }))
const hello = (token: Uint8Array): Uint8Array => encodeHelloRequest(createHelloRequest({ token, attempt: 1 }))

/** The request, the answers that it has at once, and whether its connection keeps its place. */
const CASES: readonly (readonly [name: string, request: string, answers: number, stays: boolean])[] = [
  ['a poll that waits', ask('MessageService/Sync', poll, TOKEN), 0, true],
  ['a request in work', ask('AccountService/GetProfile', NOTHING, TOKEN), 0, true],
  ['a Hello that was answered', ask('ConnectionService/Hello', hello(TOKEN)), 1, true],
  ['a Login that was answered', ask('AccountService/Login', NOTHING), 1, true],
  ['a Hello without a token', ask('ConnectionService/Hello', hello(NOTHING)), 1, false],
  ['a wrong token', ask('AccountService/GetProfile', NOTHING, Uint8Array.of(0xff)), 1, false],
  ['a Register that was refused', ask('AccountService/Register', NOTHING), 1, false],
]

for (const [name, request, answers, stays] of CASES) {
  t.test(`${name}: silent connections ${stays ? 'do not throw it out' : 'throw it out'}`, async t => {
    const services = new FakeServices()
    const asked: number[] = []
    services.onRequest = ({ caller, id, method }) => {
      asked.push(method)
      if (request.includes('Login')) caller.respond(id, NOTHING)
      else if (request.includes('Register')) caller.refuse(id, CODES.INVALID_ARGUMENT.code, 'refused')
    }
    const config = testConfig('--max-connections', String(CONNECTIONS_MAX))
    const server = await startTestServer({ config, services: () => services })
    const { gate } = server.context
    const client = await RawHttp.connect(server.httpPort)
    client.send(request)
    await client.answers(answers)
    if (answers === 0) await eventually(() => asked.length === 1)
    const silent: RawHttp[] = []
    for (let i = 0; i < 2 * CONNECTIONS_MAX; i++) silent.push(await RawHttp.connect(server.httpPort))
    await eventually(() => gate.hits.evicted > CONNECTIONS_MAX && silent.filter(({ closed }) => closed).length > 1)
    if (stays) t.equal(client.closed, false)
    else await client.end()
    for (const each of [client, ...silent]) each.destroy()
    await server.drain()
  })
}
