/** A connection that could not be accepted, for want of descriptors or memory, costs nobody else anything. */

import { once } from 'node:events'
import { connect, Server } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { HEALTH_PATH } from '../../src/short/health.js'
import { registerAccount, startTestServer, testConfig } from '../support/server.js'

/** All listeners of this process that begin to listen from now on. */
function listeners(): readonly Server[] {
  const servers: Server[] = []
  const { listen } = Server.prototype
  t.teardown(() => {
    Server.prototype.listen = listen
  })
  Server.prototype.listen = function (this: Server, ...args: unknown[]): Server {
    servers.push(this)
    return Reflect.apply(listen, this, args)
  }
  return servers
}

t.test('a failed accept does not end the process, at any of its ports', async t => {
  const secret = join(t.testdir({ secret: 'the secret of this test' }), 'secret')
  const servers = listeners()
  const options = ['--metrics-port', '0', '--link-port', '0', '--cluster-secret-file', secret]
  const server = await startTestServer({ config: testConfig(...options) })
  t.teardown(() => server.abort())
  t.equal(servers.length, 4, 'Longwire, HTTP, operators, links')
  for (const each of servers) each.emit('error', Object.assign(new Error('accept EMFILE'), { code: 'EMFILE' }))

  t.ok((await registerAccount(server.port, 'alice')).uid > 0)
  for (const port of [server.httpPort, server.metricsPort]) {
    t.equal((await fetch(`http://127.0.0.1:${port}${HEALTH_PATH}`)).status, 200)
  }
  const link = connect(server.linkPort, '127.0.0.1')
  await once(link, 'connect')
  link.destroy()
})
