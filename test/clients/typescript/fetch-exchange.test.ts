import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { fetchExchange, type HttpExchange, type HttpResponse } from '../../../clients/typescript/index.js'
import { eventually } from '../../support/eventually.js'

type Answer = (request: IncomingMessage, response: ServerResponse) => void

async function exchangeWith(t: Test, answer: Answer, path = ''): Promise<HttpExchange> {
  const server = createServer(answer)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  return fetchExchange({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}` })
}

function post(exchange: HttpExchange, body = new Uint8Array(0)): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    exchange.post({ path: '/a/B', headers: { authorization: 'Bearer x' }, body }, (error, response) => {
      if (response === undefined) reject(error)
      else resolve(response)
    })
  })
}

t.test('posts what it is given, and gives back status, headers and bytes', async t => {
  const exchange = await exchangeWith(
    t,
    async (request, response) => {
      const pieces: Buffer[] = []
      for await (const piece of request) pieces.push(piece)
      const { method, url, headers } = request
      response.writeHead(418, { 'x-what': `${method} ${url} ${headers.authorization} ${headers.cookie}` })
      response.end(Buffer.concat(pieces.reverse()))
    },
    '/base/',
  )
  const response = await post(exchange, Uint8Array.of(1, 2, 255))
  t.equal(response.status, 418)
  t.equal(response.header('x-what'), 'POST /base/a/B Bearer x undefined')
  t.equal(response.header('retry-after'), undefined)
  t.same([...response.body], [1, 2, 255])
})

t.test('a token is not carried on to where a redirect points', async t => {
  const seen: string[] = []
  const exchange = await exchangeWith(t, (request, response) => {
    seen.push(request.url ?? '')
    response.writeHead(307, { location: '/elsewhere' }).end()
  })
  await t.rejects(post(exchange), { message: /redirect/ })
  t.same(seen, ['/a/B'])
})

t.test('a response that is too large is left, not read', async t => {
  let written = 0
  const exchange = await exchangeWith(t, (_, response) => {
    const more = (): void => {
      written += 65_536
      if (!response.destroyed && response.write(Buffer.alloc(65_536))) setImmediate(more)
    }
    response.on('drain', more)
    more()
  })
  await t.rejects(post(exchange), { message: /more than 655360 bytes/ })
  t.ok(written < 16_777_216, `${written} bytes`)
})

t.test('what is given up is not told of, and the connection goes', async t => {
  let gone = 0
  let asked = 0
  const exchange = await exchangeWith(t, (_, response) => {
    asked += 1
    response.on('close', () => {
      gone += 1
    })
    // Half of the requests get the beginning of an answer.
    if (asked === 1) response.writeHead(200).write('x')
  })
  const told: unknown[] = []
  const calls = [1, 2].map(() =>
    exchange.post({ path: '/', headers: {}, body: new Uint8Array(0) }, (...args) => told.push(args)),
  )
  await eventually(() => asked === 2)
  for (const call of calls) {
    call.abort()
    call.abort()
  }
  await eventually(() => gone === 2)
  t.same(told, [])
})

t.test('an error says what happened, not only that fetch failed', async t => {
  const exchange = await exchangeWith(t, request => request.socket.destroy())
  await t.rejects(post(exchange), { message: /other side closed|ECONNRESET|socket/ })
})
