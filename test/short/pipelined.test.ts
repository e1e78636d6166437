/** Pipelines whose client leaves at any moment: what was counted for their requests is given back. */

import t from 'tap'
import { CODES } from '../../protocol/codes.js'
import { METHODS } from '../../protocol/methods.js'
import type { RunningServer } from '../../src/cli/server.js'
import { eventually } from '../support/eventually.js'
import { FakeServices, type HeldRequest } from '../support/fake-services.js'
import { bearer } from '../support/http-client.js'
import { head, RawHttp } from '../support/raw-http.js'
import { startTestServer, testConfig } from '../support/server.js'

const CUTS = 20
/** The most requests that one connection may have open: the next one ends it. */
const OPEN_MAX = 16

function ask(method: string): string {
  const target = `POST /longwire.v1.${method} HTTP/1.1`
  return head(
    target,
    'Content-Type: application/proto',
    `Authorization: ${bearer(Uint8Array.of(7))}`,
    'Content-Length: 0',
  )
}

const SLOW = ask('AccountService/GetProfile')
const QUICK = ask('AccountService/ListDevices')
const PAGE = head('GET /healthz HTTP/1.1')

/** Serves GetProfile when the test says so, all else at once. Its drain takes a minute if a request stays counted. */
async function serving(): Promise<{ server: RunningServer; held: HeldRequest[] }> {
  const services = new FakeServices()
  const held: HeldRequest[] = []
  services.onRequest = request => {
    if (request.method === METHODS.getProfile.number) held.push(request)
    else request.caller.refuse(request.id, CODES.INVALID_ARGUMENT.code, 'refused')
  }
  const config = testConfig('--drain-ms', '60000')
  return { server: await startTestServer({ config, services: () => services }), held }
}

/** Waits until nothing is counted, and ends the server, which waits for nothing. */
async function endsEmpty({ context }: RunningServer, drain: () => Promise<void>): Promise<void> {
  await eventually(() => context.backlog.total === 0 && context.gate.total === 0)
  let drained = false
  void drain().then(() => {
    drained = true
  })
  await eventually(() => drained)
}

t.test('answers behind one that is due are not counted any more when the client has left', async t => {
  const { server, held } = await serving()
  const { backlog } = server.context
  const pipeline = PAGE + SLOW + QUICK + PAGE + QUICK + SLOW + PAGE.repeat(3)
  for (let cut = 1; cut <= CUTS; cut++) {
    held.length = 0
    const client = await RawHttp.connect(server.httpPort)
    const sent = pipeline.slice(0, Math.ceil((pipeline.length * cut) / CUTS))
    client.send(sent)
    const quick = sent.includes(SLOW + QUICK)
    await eventually(() => (quick ? backlog.total > 0 : client.statuses.length === 1 || !sent.startsWith(PAGE)))
    client.destroy()
    await eventually(() => server.context.gate.total === 0)
    t.equal(backlog.total, 0, `cut ${cut}`)
    t.equal(backlog.keys, 0)
    // An answer that comes when nobody waits for it is not counted.
    for (const { caller, id } of held) caller.respond(id, new Uint8Array(100))
    t.equal(backlog.total, 0)
  }
  await endsEmpty(server, () => server.drain())
})

t.test('a packet of more requests than one connection may have leaves nothing counted', async t => {
  const { server } = await serving()
  for (const pipeline of [PAGE.repeat(OPEN_MAX + 1), PAGE.repeat(3 * OPEN_MAX), SLOW + QUICK.repeat(2 * OPEN_MAX)]) {
    const client = await RawHttp.connect(server.httpPort)
    client.send(pipeline)
    await client.end()
  }
  await endsEmpty(server, () => server.drain())
  t.equal(server.context.backlog.keys, 0)
})
