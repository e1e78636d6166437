// The whole flow for a client that has nothing of ours but the .proto files: code of the stock generator, through the
// Connect clients from npm for Node and for browsers, with bodies in protobuf and in JSON.

import { Code, type Interceptor, type Transport } from '@connectrpc/connect'
import { compressionGzip, createConnectTransport as nodeTransport } from '@connectrpc/connect-node'
import { createConnectTransport as webTransport } from '@connectrpc/connect-web'
import t from 'tap'
import { CODES } from '../../protocol/codes.js'
import type { RunningServer } from '../../src/cli/server.js'
import { eventually } from '../support/eventually.js'
import { startTestServer } from '../support/server.js'
import { ContactState, GroupAct, GroupRole, GroupState } from '../support/stock/longwire/v1/item_pb.js'
import { refused, STOCK_PASSWORD, StockPerson } from '../support/stock-client.js'

type TransportOf = (interceptors: Interceptor[]) => Transport

let server: RunningServer
let baseUrl = ''

t.before(async () => {
  server = await startTestServer()
  baseUrl = `http://127.0.0.1:${server.httpPort}`
})

t.teardown(() => server.drain())

const TRANSPORTS: Readonly<Record<string, TransportOf>> = {
  'node-binary': interceptors => nodeTransport({ baseUrl, httpVersion: '1.1', useBinaryFormat: true, interceptors }),
  'node-json': interceptors => nodeTransport({ baseUrl, httpVersion: '1.1', useBinaryFormat: false, interceptors }),
  'web-binary': interceptors => webTransport({ baseUrl, useBinaryFormat: true, interceptors }),
  'web-json': interceptors => webTransport({ baseUrl, useBinaryFormat: false, interceptors }),
}

async function friends(transportOf: TransportOf, name: string): Promise<readonly [StockPerson, StockPerson]> {
  const [alice, bob] = [new StockPerson(transportOf), new StockPerson(transportOf)]
  await alice.register(`alice.${name}`)
  await bob.register(`bob.${name}`)
  await alice.befriend(bob)
  return [alice, bob]
}

for (const [name, transportOf] of Object.entries(TRANSPORTS)) {
  t.test(`${name}: register, become friends, send, sync`, async t => {
    const [alice, bob] = await friends(transportOf, `flow.${name}`)
    const before = await bob.caughtUp()
    const sendSeq = alice.next()
    const { version } = await alice.messages.send({ sendSeq, to: bob.uid, text: 'héllo 😀' })
    t.ok(version > 0n)
    const page = await bob.messages.sync({ since: before })
    t.match(
      page.items.map(({ content }) => content),
      [{ case: 'message', value: { sender: alice.uid, device: 1, sendSeq, text: 'héllo 😀', recipient: 0n } }],
    )
    t.equal(page.more, false)

    t.equal(
      (await alice.messages.send({ sendSeq, to: bob.uid, text: 'héllo 😀' })).version,
      0n,
      'a repeat does nothing',
    )
    const { contacts } = await alice.contacts.list({})
    t.match(contacts, [{ uid: bob.uid, state: ContactState.FRIEND, account: `bob.flow.${name}` }])
    const profile = await alice.accounts.getProfile({ account: `bob.flow.${name}` })
    t.equal(profile.uid, bob.uid)
    const { devices } = await alice.accounts.listDevices({})
    t.match(devices, [{ device: 1, current: true }])
  })

  t.test(`${name}: sends inside a Sync, with the result of each`, async t => {
    const [alice, bob] = await friends(transportOf, `inside.${name}`)
    const since = await alice.caughtUp()
    const [first, second, third] = [alice.next(), alice.next(), alice.next()]
    const { results, items } = await alice.messages.sync({
      since,
      sends: [
        { sendSeq: first, to: bob.uid, text: 'one' },
        { sendSeq: second, to: 9n, text: 'to nobody' },
        { sendSeq: third + 5n, to: bob.uid, text: 'too early' },
      ],
    })
    t.match(
      results.map(result => result.code),
      [0, CODES.UNKNOWN_USER.code, CODES.GAP.code],
    )
    t.equal(results[2]?.refusal?.expectedSendSeq, third)
    t.match(
      items.map(({ content }) => content),
      [{ case: 'message', value: { recipient: bob.uid, text: 'one' } }],
    )
  })

  t.test(`${name}: a group, its messages, and what it refuses`, async t => {
    const [alice, bob] = await friends(transportOf, `group.${name}`)
    const carol = new StockPerson(transportOf)
    await carol.register(`carol.group.${name}`)
    const made = { sendSeq: alice.next(), title: 'Tea ☕', invitees: [{ uid: bob.uid }, { uid: carol.uid }] }
    const { conversation } = await alice.groups.create(made)
    t.match(conversation, /^group:/)
    t.equal((await alice.groups.create(made)).conversation, conversation, 'a repeat names the same group')

    const invited = (await groupsOf(carol)).at(-1)
    t.match(invited, { conversation, state: GroupState.INVITED, inviter: alice.uid, title: 'Tea ☕' })
    const post = { sendSeq: carol.next(), conversation, text: 'not yet' }
    t.equal((await refused(carol.messages.post(post))).detail.code, CODES.NOT_MEMBER.code)
    const accept = { sendSeq: carol.next(), conversation, invitation: invited?.number ?? 0n }
    await carol.groups.accept(accept)
    t.match((await groupsOf(carol)).at(-1), { state: GroupState.MEMBER, role: GroupRole.MEMBER })

    await bob.messages.post({ sendSeq: bob.next(), conversation, text: 'héllo 😀' })
    const renaming = { sendSeq: carol.next(), conversation, title: 'Coffee' }
    const { error, detail } = await refused(carol.groups.rename(renaming))
    t.same([error.code, detail.code], [Code.PermissionDenied, CODES.NOT_ADMIN.code])
    await alice.groups.rename({ sendSeq: alice.next(), conversation, title: 'Coffee' })
    const seen = (await carol.messages.sync({})).items.map(({ content }) => content)
    t.match(
      seen.filter(({ case: kind }) => kind === 'groupChange' || kind === 'conversationMessage'),
      [
        { case: 'groupChange', value: { conversation, act: GroupAct.JOINED, by: alice.uid, uid: carol.uid } },
        { case: 'conversationMessage', value: { conversation, sender: bob.uid, text: 'héllo 😀' } },
        { case: 'groupChange', value: { conversation, act: GroupAct.RENAMED, by: alice.uid, text: 'Coffee' } },
      ],
    )

    await bob.groups.invite({ sendSeq: bob.next(), conversation, invitees: [{ uid: carol.uid }] })
    const { items } = await bob.messages.sync({})
    const failed = { conversation, recipient: 0n, code: CODES.ALREADY_MEMBER.code }
    t.match(items.at(-1)?.content, { case: 'failed', value: failed })
    t.match(await carol.groups.get({ conversation }), { title: 'Coffee', owner: alice.uid, members: 3 })
    const first = await carol.groups.members({ conversation, limit: 2 })
    const rest = await carol.groups.members({ conversation, after: first.next })
    t.match([...first.members, ...rest.members].map(({ account }) => account).sort(), [
      `alice.group.${name}`,
      `bob.group.${name}`,
      `carol.group.${name}`,
    ])
    t.equal(rest.next, 0n)
  })

  t.test(`${name}: a long poll is woken by a message, and a newer one ends the older`, async t => {
    const [alice, bob] = await friends(transportOf, `poll.${name}`)
    const since = await bob.caughtUp()
    const older = refused(bob.messages.sync({ since, waitMs: 20_000 }))
    await waiting(1)
    const newer = bob.messages.sync({ since, waitMs: 20_000 })
    t.equal((await older).detail.code, CODES.POLL_SUPERSEDED.code)
    await alice.messages.send({ sendSeq: alice.next(), to: bob.uid, text: 'wake up' })
    t.match(
      (await newer).items.map(({ content }) => content),
      [{ case: 'message', value: { text: 'wake up' } }],
    )
  })

  t.test(`${name}: the client's timeout bounds a poll, which ends with an empty page`, async t => {
    const [, bob] = await friends(transportOf, `timeout.${name}`)
    const since = await bob.caughtUp()
    const startMs = performance.now()
    const page = await bob.messages.sync({ since, waitMs: 20_000 }, { timeoutMs: 600 })
    t.same([page.items, page.to], [[], since])
    t.ok(performance.now() - startMs >= 500, 'it did wait')
  })

  t.test(`${name}: refusals carry our code, and what it needs`, async t => {
    const [alice, bob] = await friends(transportOf, `errors.${name}`)
    const gap = await refused(alice.messages.send({ sendSeq: 40n, to: bob.uid, text: 'early' }))
    t.equal(gap.error.code, Code.Aborted)
    t.match(gap.detail, { code: CODES.GAP.code, refusal: { expectedSendSeq: alice.next() } })

    const missing = await refused(alice.messages.send({ sendSeq: 40n, to: bob.uid }))
    t.equal(missing.error.code, Code.InvalidArgument)
    t.equal(missing.detail.code, CODES.BAD_BODY.code)
    t.match(missing.error.rawMessage, /text.* is missing/)

    const huge = await refused(alice.messages.send({ sendSeq: 2n ** 53n, to: bob.uid, text: 'x' }))
    t.equal(huge.detail.code, CODES.BAD_BODY.code)
    const long = await refused(alice.accounts.updateProfile({ sendSeq: 2n, nickname: 'x'.repeat(65) }))
    t.equal(long.detail.code, CODES.INVALID_ARGUMENT.code)

    const account = `bob.errors.${name}`
    const installationKey = new Uint8Array(16).fill(1)
    const taken = await refused(alice.accounts.register({ account, password: STOCK_PASSWORD, installationKey }))
    t.equal(taken.error.code, Code.AlreadyExists)
    t.equal(taken.detail.code, CODES.NAME_TAKEN.code)
    const wrong = await refused(alice.accounts.login({ account, password: 'not the password', installationKey }))
    t.equal(wrong.detail.code, CODES.WRONG_CREDENTIALS.code)

    await bob.accounts.logout({})
    const ended = await refused(bob.messages.sync({}))
    t.equal(ended.error.code, Code.Unauthenticated)
    t.equal(ended.detail.code, CODES.SESSION_REVOKED.code)
    bob.token = ''
    t.equal((await refused(bob.messages.sync({}))).detail.code, CODES.LOGIN_REQUIRED.code)
  })

  t.test(`${name}: Hello binds an attempt, and lower ones are replaced`, async t => {
    const alice = new StockPerson(transportOf)
    await alice.register(`alice.hello.${name}`)
    const answer = await alice.connections.hello({ attempt: 2n })
    t.match(answer, { uid: alice.uid, device: 1, resync: false })
    const lower = await refused(alice.connections.hello({ attempt: 1n }))
    t.match(lower.detail, { code: CODES.ATTEMPT_SUPERSEDED.code, refusal: { boundAttempt: 2n } })
    const poll = refused(alice.messages.sync({ since: answer.head, waitMs: 20_000, attempt: 2n }))
    await waiting(1)
    await alice.connections.hello({ attempt: 3n })
    t.match((await poll).detail, { code: CODES.REPLACED.code, refusal: { boundAttempt: 3n } })
  })
}

t.test('gzip both ways: large requests and answers are packed', async t => {
  const encodings: (string | null)[] = []
  const watch: Interceptor = next => async request => {
    const answer = await next(request)
    encodings.push(answer.header.get('content-encoding'))
    return answer
  }
  const [alice, bob] = await friends(
    interceptors =>
      nodeTransport({
        baseUrl,
        httpVersion: '1.1',
        useBinaryFormat: false,
        interceptors: [...interceptors, watch],
        sendCompression: compressionGzip,
        acceptCompression: [compressionGzip],
      }),
    'gzip',
  )
  const since = await bob.caughtUp()
  const text = 'again and again '.repeat(1_000)
  await alice.messages.send({ sendSeq: alice.next(), to: bob.uid, text })
  const page = await bob.messages.sync({ since })
  t.match(
    page.items.map(({ content }) => content),
    [{ case: 'message', value: { text } }],
  )
  t.equal(encodings.at(-1), 'gzip')
  t.ok(
    encodings.slice(0, -1).every(encoding => encoding === null),
    'small answers are not',
  )
})

t.test('what curl does: JSON by fetch, with a token in a header', async t => {
  const post = async (path: string, body: unknown, token = ''): Promise<readonly [number, Record<string, unknown>]> => {
    const headers = { 'Content-Type': 'application/json', ...(token ? { Authorization: `Bearer ${token}` } : {}) }
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    const response = await fetch(`${baseUrl}/longwire.v1.${path}`, { method: 'POST', headers, body: text })
    return [response.status, (await response.json()) as Record<string, unknown>]
  }
  const register = async (account: string, key: string) => {
    const [status, answer] = await post('AccountService/Register', {
      account,
      password: STOCK_PASSWORD,
      installation_key: key,
    })
    t.equal(status, 200)
    return answer.session as Record<string, string>
  }
  const carol = await register('carol', 'AAAAAAAAAAAAAAAAAAAAAA==')
  const dave = await register('dave', 'BBBBBBBBBBBBBBBBBBBBBA')
  t.match(carol, { uid: /^\d+$/, device: 1, expiresAtMs: /^\d{13}$/, token: String })
  const { token = '' } = carol
  await post('ContactService/Request', { sendSeq: 1, uid: dave.uid }, token)
  const accept = { send_seq: '1', uid: Number(carol.uid), request: 1 }
  t.same(await post('ContactService/Accept', accept, dave.token), [200, {}])
  const [status, sent] = await post('MessageService/Send', { sendSeq: 2, to: dave.uid, text: 'from curl' }, token)
  t.equal(status, 200)
  t.match(sent, { version: /^\d+$/ })
  const [, page] = await post('MessageService/Sync', {}, dave.token)
  const texts = (page.items as { message?: { text: string } }[]).flatMap(item => item.message?.text ?? [])
  t.same(texts, ['from curl'])

  const [gapStatus, gap] = await post('MessageService/Send', { sendSeq: 9, to: dave.uid, text: 'x' }, token)
  t.equal(gapStatus, 409)
  t.match(gap, {
    code: 'aborted',
    details: [
      { type: 'longwire.v1.ErrorDetail', debug: { code: 202, name: 'GAP', refusal: { expectedSendSeq: '3' } } },
    ],
  })
  const [badStatus, bad] = await post('MessageService/Send', { sendSeq: -1, to: dave.uid, text: 'x' }, token)
  t.equal(badStatus, 400)
  t.match(bad, { code: 'invalid_argument', message: /sendSeq: it must be an integer of 0 to 9007199254740991/ })
  t.equal((await post('MessageService/Send', '{"sendSeq":1,"sendSeq":1}', token))[0], 400)
})

/** The Group items of a timeline. */
async function groupsOf(person: StockPerson) {
  const { items } = await person.messages.sync({})
  return items.flatMap(({ content }) => (content.case === 'group' ? [content.value] : []))
}

/** So many polls wait at the server. */
async function waiting(count: number): Promise<void> {
  await eventually(() => [...server.context.hub.polls.all()].length === count)
}
