/** The bodies of protocol/vectors sent to a whole server over TCP: each is refused with the code that the vectors name. */

import t from 'tap'
import { codeName } from '../../protocol/codes.js'
import { METHODS } from '../../protocol/methods.js'
import { RawClient } from '../support/raw-client.js'
import { registerAccount, startTestServer } from '../support/server.js'
import { type BodyVector, bodyVectors, bytesOf, methodLabel } from '../support/vectors.js'

/** A body that is well-formed may still ask for what cannot be; but nobody calls it none. */
function wanted({ expect }: BodyVector): RegExp {
  return 'code' in expect ? new RegExp(`^${expect.code}$`) : /^(?!BAD_BODY$)/
}

t.test('bodies of requests', async t => {
  const server = await startTestServer()
  const { token } = await registerAccount(server.port, 'vector')
  const { client: named } = await RawClient.open(server.port, { token, attempt: 1 })
  const { client: nameless } = await RawClient.open(server.port, {})
  let count = 0
  for (const method of Object.values(METHODS)) {
    if (method.kind !== 'request' || method === METHODS.hello) continue
    // These two would end the connection or the account.
    const good = method !== METHODS.logout && method !== METHODS.deleteAccount
    const label = methodLabel(method)
    for (const vector of bodyVectors().filter(one => one.method === label && one.part === 'request')) {
      if (!('code' in vector.expect) && !good) continue
      const client = method.nameless ? nameless : named
      const answer = await client.callRaw(method.number, bytesOf(vector.bytes))
      const code = codeName(answer.code)
      if (!wanted(vector).test(code)) t.match(code, wanted(vector), `${label}: ${vector.name}`)
      count++
    }
  }
  t.ok(count > 200, `${count} bodies`)
  for (const client of [named, nameless]) client.destroy()
  await server.drain()
})

t.test('bodies of Hello and of Ack', async t => {
  const server = await startTestServer()
  const hellos = bodyVectors().filter(({ method, part }) => method === methodLabel(METHODS.hello) && part === 'request')
  t.ok(hellos.length > 5, `${hellos.length} bodies of Hello`)
  for (const vector of hellos) {
    const client = await RawClient.connect(server.port)
    client.send(Uint8Array.of(0))
    const answer = await client.callRaw(METHODS.hello.number, bytesOf(vector.bytes))
    t.match(codeName(answer.code), wanted(vector), `Hello: ${vector.name}`)
    client.destroy()
  }
  const { token } = await registerAccount(server.port, 'vector')
  let attempt = 0
  for (const vector of bodyVectors().filter(({ method, part }) => method === 'Ack' && part === 'notice')) {
    const { client } = await RawClient.open(server.port, { token, attempt: ++attempt })
    await client.notice(METHODS.push.number)
    const body = bytesOf(vector.bytes)
    client.send(Buffer.concat([frameHead(body.length), body]))
    if ('code' in vector.expect) t.equal(await client.end(), vector.expect.code, `Ack: ${vector.name}`)
    client.destroy()
  }
  await server.drain()
})

/** Of a notice with method 2 and a body. */
function frameHead(bodyBytes: number): Uint8Array {
  const length = varint(bodyBytes)
  const payload = 2 + 1 + length.length + bodyBytes
  return Uint8Array.of(...varint(payload), 0x10, METHODS.ack.number, 0x1a, ...length)
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >> 7)]
}
