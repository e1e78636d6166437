/** A server whose doors are full on both sides, of people who come back at once and of some who say nothing. */

import { readdirSync } from 'node:fs'
import t from 'tap'
import { CliProcess } from '../support/cli-process.js'
import { Crowd } from '../support/crowd.js'
import { eventually } from '../support/eventually.js'
import { befriend, Person } from '../support/person.js'
import { head, RawHttp } from '../support/raw-http.js'

const DESCRIPTORS = 150
const LIMITED = ['sh', '-c', `ulimit -n ${DESCRIPTORS} && exec "$0" "$@"`]

t.test('with all doors full operators are answered, and descriptors are left', async t => {
  const options = ['--store', 'memory', '--limits', 'open', '--max-connections', '100000', '--metrics-port', '0']
  const { server, ready } = await CliProcess.serveUnder(LIMITED, ...options)
  t.match(server.stderr, 'fewer connections than --max-connections')
  const alice = await Person.online(ready.port, 'alice')
  const bob = await Person.online(ready.port, 'bob')
  await befriend(alice, bob)
  const crowds = [new Crowd(ready.port, DESCRIPTORS, 250), new Crowd(ready.http_port, DESCRIPTORS, 250)]
  t.teardown(() => {
    for (const crowd of crowds) crowd.leave()
  })
  await eventually(() => crowds.every(crowd => crowd.ended > DESCRIPTORS))
  let most = 0
  for (let i = 0; i < 5; i++) {
    most = Math.max(most, readdirSync(`/proc/${server.child.pid}/fd`).length)
    t.same(await health(ready.metrics_port ?? 0), [200], 'on their own port')
    // Among strangers a probe may be pushed out before it has spoken; it comes again.
    await eventually(async () => (await health(ready.http_port).catch(() => []))[0] === 200)
  }
  t.ok(most <= DESCRIPTORS - 10, `${most} of ${DESCRIPTORS} descriptors`)
  t.notMatch(server.stderr, 'EMFILE')
  for (const crowd of crowds) crowd.leave()
  await eventually(async () => {
    const late = await RawHttp.connect(ready.http_port)
    late.send(head('POST /longwire.v1.AccountService/ListDevices HTTP/1.1', 'Content-Length: 0'))
    const [status] = await late.answers(1)
    late.destroy()
    return status === 415 // and not 503
  })
  await alice.leave()
  await bob.leave()
  server.child.kill('SIGTERM')
  t.equal(await server.exit(), 0)
})

async function health(port: number): Promise<number[]> {
  const client = await RawHttp.connect(port)
  client.send(head('GET /healthz HTTP/1.1', 'Connection: close'))
  return client.end(5_000)
}
