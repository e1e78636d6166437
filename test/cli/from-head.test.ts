/** A device that begins at the head, on each transport: it gets nothing of before, all that comes, and what it asks for. */
import t, { type Test } from 'tap'
import {
  createHelloRequest,
  createHistoryRequest,
  createSyncRequest,
  decodeConversationsResponse,
  decodeHistoryResponse,
  decodePushNotice,
  decodeSyncResponse,
  type Item,
} from '../../protocol/generated/messages.js'
import { METHODS } from '../../protocol/methods.js'
import { present } from '../../src/lib/assert.js'
import { call, urlOf } from '../support/http-client.js'
import { befriend, Person } from '../support/person.js'
import { RawClient } from '../support/raw-client.js'
import { RawWebSocket } from '../support/raw-web-socket.js'
import { loginAccount, startTestServer } from '../support/server.js'

const POLL_MS = 20_000

/** Two friends who have written, and a token of the first one's for whoever begins anew. */
async function world(t: Test) {
  const server = await startTestServer()
  t.teardown(() => server.drain())
  const ann = await Person.online(server.port, 'ann')
  const bob = await Person.online(server.port, 'bob')
  t.teardown(() => bob.leave())
  await befriend(ann, bob)
  await bob.say(ann, 'one', 'two', 'three')
  await ann.leave()
  const { token, boundAttempt } = await loginAccount(server.port, 'ann')
  return { server, bob, ann, token, attempt: boundAttempt + 1, conversation: `direct:${bob.uid}` }
}

function textsOf(items: readonly Item[]): string[] {
  return items.flatMap(({ content }) => (content?.case === 'message' ? [content.value.text] : []))
}

for (const [transport, open] of [
  ['TCP', RawClient.open],
  ['WebSocket', RawWebSocket.open],
] as const) {
  t.test(`on ${transport} nothing of before is pushed, and all that comes is`, async t => {
    const { server, bob, ann, token, attempt, conversation } = await world(t)
    const port = transport === 'TCP' ? server.port : server.httpPort
    const { client, hello } = await open(port, { token, attempt, fromHead: true, since: 1 })
    t.equal(hello.resync, false)
    const first = decodePushNotice((await client.notice(METHODS.push.number)).body)
    t.match(first, { from: hello.head, items: { length: 0 } })
    await bob.say(ann, 'four')
    const second = decodePushNotice((await client.notice(METHODS.push.number)).body)
    t.equal(second.from, hello.head)
    t.same(textsOf(second.items), ['four'])
    const state = decodeSyncResponse((await client.call(METHODS.sync, createSyncRequest({ state: true }))).body)
    t.same(textsOf(state.items), [])
    t.ok(state.items.some(({ content }) => content?.case === 'contact'))
    t.ok(state.to >= hello.head && !state.more)
    await bob.say(ann, 'five')
    const third = decodePushNotice((await client.notice(METHODS.push.number)).body)
    t.same(textsOf(third.items), ['five'], 'pushes go on as if no state had been asked for')
    const page = decodeConversationsResponse((await client.call(METHODS.conversations, { after: 0, limit: 0 })).body)
    t.match(page.conversations, [{ conversation, unread: 5 }])
    const asked = createHistoryRequest({ conversation, before: hello.head + 1 })
    const { items } = decodeHistoryResponse((await client.call(METHODS.history, asked)).body)
    t.same(textsOf(items), ['one', 'two', 'three'])
    client.hangUp()
  })
}

t.test('over HTTP a client polls from the head, and keyed state does not wait', async t => {
  const { server, bob, ann, token, attempt, conversation } = await world(t)
  const port = server.httpPort
  const hello = present(
    (await call(port, METHODS.hello, createHelloRequest({ attempt, fromHead: true, since: 10 ** 9 }), { token }))
      .answer,
    'the answer',
  )
  t.equal(hello.resync, false)
  const poll = call(port, METHODS.sync, createSyncRequest({ since: hello.head, waitMs: POLL_MS, attempt }), { token })
  await bob.say(ann, 'four')
  t.same(textsOf((await poll).answer?.items ?? []), ['four'])
  for (let since = 0, more = true; more; ) {
    const asked = createSyncRequest({ since, state: true, waitMs: POLL_MS })
    const page = present((await call(port, METHODS.sync, asked, { token })).answer, 'the page')
    t.same(textsOf(page.items), [])
    ;({ to: since, more } = page)
  }
  const json = async (method: { readonly service: string; readonly rpc: string }, body: object) => {
    const headers = {
      'Content-Type': 'application/json',
      Authorization: `Bearer ${Buffer.from(token).toString('base64url')}`,
    }
    return (await fetch(urlOf(port, method), { method: 'POST', headers, body: JSON.stringify(body) })).json()
  }
  t.match(await json(METHODS.conversations, {}), {
    conversations: [{ conversation, unread: 4, last: { message: { text: 'four' } }, contact: { account: 'bob' } }],
  })
  t.match(await json(METHODS.history, { conversation, limit: 2 }), {
    items: [{ message: { text: 'three' } }, { message: { text: 'four' } }],
  })
  const page = await json(METHODS.sync, { since: 0, state: true })
  t.ok(JSON.stringify(page).includes('contact') && !JSON.stringify(page).includes('four'))
})
