/** The bodies of protocol/vectors sent to a whole server over HTTP: each is refused with the code that the vectors name. */

import t from 'tap'
import { codeName } from '../../protocol/codes.js'
import { METHODS } from '../../protocol/methods.js'
import { bearer, errorOf, urlOf } from '../support/http-client.js'
import { registerAccount, startTestServer } from '../support/server.js'
import { bodyVectors, bytesOf, methodLabel } from '../support/vectors.js'

t.test('bodies of requests', async t => {
  const server = await startTestServer()
  const { token } = await registerAccount(server.port, 'vector')
  let count = 0
  for (const method of Object.values(METHODS)) {
    if (method.kind !== 'request') continue
    const label = methodLabel(method)
    // The good ones of these would end the session or the account.
    const good = method !== METHODS.logout && method !== METHODS.deleteAccount
    for (const vector of bodyVectors().filter(one => one.method === label && one.part === 'request')) {
      if (!('code' in vector.expect) && !good) continue
      const response = await fetch(urlOf(server.httpPort, method), {
        method: 'POST',
        // A Hello brings its own token, or none.
        headers: {
          'Content-Type': 'application/proto',
          ...(method === METHODS.hello ? {} : { Authorization: bearer(token) }),
        },
        body: bytesOf(vector.bytes),
      })
      const body = new Uint8Array(await response.arrayBuffer())
      const code = response.status === 200 ? 'OK' : codeName(errorOf(body).detail?.code ?? -1)
      const wanted = 'code' in vector.expect ? new RegExp(`^${vector.expect.code}$`) : /^(?!BAD_BODY$|CODE_-1$)/
      if (!wanted.test(code)) t.match(code, wanted, `${label}: ${vector.name}`)
      count++
    }
  }
  t.ok(count > 200, `${count} bodies`)
  await server.drain()
})
