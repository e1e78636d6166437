/** Bodies and frames that are small and mean to cost much: each is refused at once, and a neighbour does not notice. */

import { gzipSync } from 'node:zlib'
import t from 'tap'
import { CODES } from '../../protocol/codes.js'
import { createSyncRequest, encodeSyncRequest, type Session } from '../../protocol/generated/messages.js'
import { HTTP_BODY_BYTES_MAX, HTTP_JSON_BODY_BYTES_MAX } from '../../protocol/limits.js'
import { METHODS } from '../../protocol/methods.js'
import type { RunningServer } from '../../src/cli/server.js'
import { bearer, errorOf, urlOf } from '../support/http-client.js'
import { liveHeapBytes } from '../support/live-heap.js'
import { RawClient } from '../support/raw-client.js'
import { registerAccount, startTestServer } from '../support/server.js'
import { Stall } from '../support/stall.js'

let server: RunningServer
let alice: Session
let neighbour: RawClient

t.before(async () => {
  server = await startTestServer()
  alice = await registerAccount(server.port, 'alice')
  const bob = await registerAccount(server.port, 'bob')
  neighbour = (await RawClient.open(server.port, { token: bob.token, attempt: 1 })).client
})

t.teardown(async () => {
  neighbour.destroy()
  await server.drain()
})

const filled = (part: string, bytes: number) => part.repeat(Math.floor(bytes / part.length))

/** A group that begins in the one before, and never ends; a message in itself; a list of empty messages. */
const PROTO: Readonly<Record<string, Uint8Array>> = {
  'groups in groups': new Uint8Array(HTTP_BODY_BYTES_MAX - 100).fill((9 << 3) | 3),
  'groups side by side': Uint8Array.from({ length: 60_000 }, (_, at) => (9 << 3) | (at % 2 === 0 ? 3 : 4)),
  'empty sends': Uint8Array.from({ length: 60_000 }, (_, at) => (at % 2 === 0 ? 0x22 : 0)),
  'unknown fields': Uint8Array.from({ length: 60_000 }, (_, at) => (at % 2 === 0 ? 0x78 : 1)),
}

const JSON_BOMBS: Readonly<Record<string, string>> = {
  arrays: `{"a":${filled('[', HTTP_JSON_BODY_BYTES_MAX - 10)}`,
  objects: `{"a":${filled('{"a":', HTTP_JSON_BODY_BYTES_MAX - 10)}`,
  acks: filled('{"ack":', HTTP_JSON_BODY_BYTES_MAX - 10),
  'empty sends': `{"sends":[${filled('{},', HTTP_JSON_BODY_BYTES_MAX - 30)}{}]}`,
  'a number': `{"since":${filled('9', HTTP_JSON_BODY_BYTES_MAX - 30)}}`,
}

async function post(type: string, body: Uint8Array | string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(urlOf(server.httpPort, METHODS.sync), {
    method: 'POST',
    headers: { 'Content-Type': `application/${type}`, Authorization: bearer(alice.token), ...headers },
    body,
  })
}

async function refusedBody(response: Response, name: string): Promise<void> {
  const { detail } = errorOf(new Uint8Array(await response.arrayBuffer()))
  t.equal(response.status, 400, name)
  t.equal(detail?.code, CODES.BAD_BODY.code, name)
}

t.afterEach(async () => {
  const answer = await neighbour.call(METHODS.sync, createSyncRequest({}))
  if (answer.code !== 0) throw new Error(`the neighbour was refused with ${answer.code}`)
})

t.test('depth and number in protobuf, over HTTP and TCP', async t => {
  const { client } = await RawClient.open(server.port, { token: alice.token, attempt: 1 })
  for (const [name, body] of Object.entries(PROTO)) {
    const isWellFormed = name === 'unknown fields' || name === 'groups side by side'
    const answer = await client.callRaw(METHODS.sync.number, body.subarray(0, 60_000))
    t.equal(answer.code, isWellFormed ? CODES.OK.code : CODES.BAD_BODY.code, name)
    const response = await post('proto', body)
    if (isWellFormed) t.equal(response.status, 200, name)
    else await refusedBody(response, name)
    t.ok(new Stall().held(() => attempt(body)) < 50, `${name} is decoded in a moment`)
  }
  client.destroy()
})

function attempt(body: Uint8Array): void {
  try {
    METHODS.sync.decodeRequest(body)
  } catch {
    // Refused: asked was how long it takes.
  }
}

t.test('depth and number in JSON', async () => {
  for (const [name, text] of Object.entries(JSON_BOMBS)) await refusedBody(await post('json', text), name)
})

t.test('what unpacks to a thousand times its size', async t => {
  const bombs = [gzipSync(Buffer.alloc(50_000_000)), gzipSync(Buffer.alloc(HTTP_JSON_BODY_BYTES_MAX - 1, 0x20))]
  const before = liveHeapBytes()
  for (const bomb of bombs) {
    for (let count = 0; count < 20; count++) {
      const answer = await post('json', bomb, { 'Content-Encoding': 'gzip' })
      t.equal(answer.status, 413)
      await answer.arrayBuffer()
    }
    const stranger = await post('json', bomb, { 'Content-Encoding': 'gzip', Authorization: 'Bearer AAAA' })
    t.equal(stranger.status, 401, 'a stranger is not unpacked')
  }
  t.ok(liveHeapBytes() - before < 8_388_608)
  const good = gzipSync(encodeSyncRequest(createSyncRequest({ since: 0 })))
  t.equal((await post('proto', good, { 'Content-Encoding': 'gzip' })).status, 200)
})
