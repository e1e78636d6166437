/** What an access node gets of a logic node: the same answers that it would get of services in its own process. */
import t from 'tap'
import { CODES, type Code } from '../../protocol/codes.js'
import {
  createAckNotice,
  createHelloRequest,
  createPostRequest,
  createRefusal,
  createSendRequest,
  createSyncRequest,
  encodePostRequest,
  encodeSendRequest,
  encodeSyncRequest,
  type Refusal,
  type SendResult,
} from '../../protocol/generated/messages.js'
import { encodeItems } from '../../protocol/item-codec.js'
import { METHODS } from '../../protocol/methods.js'
import type { Caller, HelloAnswer, TimelinePage } from '../../src/services/types.js'
import type { HeldRequest } from '../support/fake-services.js'
import { LinkRig } from './support.js'

/** A caller that keeps what it is answered. */
class Asking implements Caller {
  readonly answers: unknown[] = []
  readonly uid: number
  readonly device = 2
  readonly address = '10.0.0.7'
  readonly told = 40
  readonly attempt = 5
  readonly gone = new AbortController()
  closedWith: Code | undefined
  waits: boolean[] = []

  constructor(uid = 7) {
    this.uid = uid
  }

  get signal(): AbortSignal {
    return this.gone.signal
  }

  pageWaits(waits: boolean): void {
    this.waits.push(waits)
  }

  close(code: Code): void {
    this.closedWith = code
  }

  respond(id: number, body: Uint8Array): void {
    this.answers.push(['respond', id, [...body]])
  }

  refuse(id: number, code: Code, message: string, retryAfterMs = 0, refusal?: Refusal): void {
    this.answers.push(['refuse', id, code, message, retryAfterMs, refusal])
  }

  accepted(id: number, from: number, version: number): void {
    this.answers.push(['accepted', id, from, version])
  }

  synced(id: number, since: number, page: TimelinePage, results: readonly SendResult[]): void {
    this.answers.push(['synced', id, since, page, results])
  }
}

function linked() {
  const rig = new LinkRig()
  const logic = rig.start('a:1')
  rig.link('a:1')
  return { rig, logic, services: rig.access.services, remote: logic.services }
}

type Linked = ReturnType<typeof linked>

/** Asks through the link, and gives what the logic node was asked. */
function ask({ rig, services, remote }: Linked, caller: Asking, method: number, body: Uint8Array): HeldRequest {
  services.request(caller, 9, method, body)
  rig.settle()
  const held = remote.requests.at(-1)
  if (held === undefined) throw new Error('nothing arrived')
  return held
}

t.test('a request arrives with its caller, and each kind of answer comes back as it was given', async t => {
  const it = linked()
  const { rig } = it
  const send = encodeSendRequest(createSendRequest({ sendSeq: 3, to: 8, text: 'hi' }))
  const answers: ((held: HeldRequest) => void)[] = [
    ({ caller, id }) => caller.accepted(id, 11, 12),
    ({ caller, id }) => caller.accepted(id, 5, 12),
    ({ caller, id }) => caller.accepted(id, 0, 1),
    ({ caller, id }) => caller.accepted(id, 0, 0),
    ({ caller, id }) => caller.refuse(id, CODES.GAP.code, 'gap: 4', 0, createRefusal({ expectedSendSeq: 4 })),
    ({ caller, id }) => caller.refuse(id, CODES.RATE_LIMITED.code, 'later', 2_500),
  ]
  const caller = new Asking()
  for (const answer of answers) {
    const held = ask(it, caller, METHODS.send.number, send)
    t.match(held.caller, { uid: 7, device: 2, address: '10.0.0.7', told: 40, attempt: 5 })
    t.same([...held.body], [...send])
    t.equal(held.method, METHODS.send.number)
    answer(held)
  }
  rig.settle()
  t.same(caller.answers, [
    ['accepted', 9, 11, 12],
    ['accepted', 9, 5, 12],
    ['accepted', 9, 0, 1],
    ['accepted', 9, 0, 0],
    ['refuse', 9, CODES.GAP.code, 'gap: 4', 0, createRefusal({ expectedSendSeq: 4 })],
    ['refuse', 9, CODES.RATE_LIMITED.code, 'later', 2_500, undefined],
  ])
  const post = encodePostRequest(createPostRequest({ sendSeq: 4, conversation: 'group:7.1.2', text: 'hi' }))
  const member = new Asking()
  const posted = [
    ({ caller, id }: HeldRequest) => caller.accepted(id, 11, 12),
    ({ caller, id }: HeldRequest) => caller.respond(id, new Uint8Array(0)),
  ]
  for (const answer of posted) {
    const held = ask(it, member, METHODS.post.number, post)
    t.same([...held.body], [...post])
    answer(held)
  }
  const forwarded = ask(it, member, METHODS.forward.number, Uint8Array.of(1, 2))
  forwarded.caller.accepted(forwarded.id, 12, 13)
  const create = Uint8Array.of(1, 2)
  const made = ask(it, member, METHODS.groupCreate.number, create)
  t.equal(made.method, METHODS.groupCreate.number)
  made.caller.respond(made.id, Uint8Array.of(3, 4, 5))
  rig.settle()
  t.same(member.answers, [
    ['accepted', 9, 11, 12],
    ['accepted', 9, 0, 0],
    ['accepted', 9, 12, 13],
    ['respond', 9, [3, 4, 5]],
  ])
  const other = new Asking(0)
  const held = ask(it, other, METHODS.login.number, Uint8Array.of(1, 2))
  held.caller.respond(held.id, Uint8Array.of(3, 4))
  rig.settle()
  t.same(other.answers, [['respond', 9, [3, 4]]])
  t.equal(rig.access.lanes.size, 0)
})

t.test('a page comes back item by item, also one that was encoded in a thread', async t => {
  const it = linked()
  const items = [4, 5, 9].map(version => ({ version, bytes: Uint8Array.of(0x12, 1, version) }))
  const page = { kind: 'page', items, to: 9, more: true, trimmed: true, head: 20 } as const
  const results = [{ version: 2, from: 1, code: 0, message: '', retryAfterMs: 0, refusal: undefined }]
  const sync = encodeSyncRequest(createSyncRequest({ since: 3 }))
  const caller = new Asking()
  const pages = [
    { page, results },
    { page: { ...page, items: encodeItems(3, items) }, results: [] },
    { page: { kind: 'page', items: [], to: 3, more: false, trimmed: false, head: 3 } as const, results: [] },
    { page: { kind: 'resync', head: 20 } as const, results: [] },
    { page: { ...page, state: true } as const, results: [] },
  ]
  for (const given of pages) {
    const held = ask(it, caller, METHODS.sync.number, sync)
    held.caller.synced(held.id, 3, given.page, given.results)
  }
  it.rig.settle()
  t.same(caller.answers, [
    ['synced', 9, 3, page, results],
    ['synced', 9, 3, page, []],
    ['synced', 9, 3, pages[2]?.page, []],
    ['synced', 9, 3, { kind: 'resync', head: 20 }, []],
    ['synced', 9, 3, { ...page, state: true }, []],
  ])
})

t.test('Hello says who passes it on, and each of its answers comes back', async t => {
  const { rig, services, remote } = linked()
  const answers: HelloAnswer[] = []
  remote.helloMode = 'hold'
  const ask = (token: number[]) => {
    const request = createHelloRequest({ token: Uint8Array.from(token), attempt: 4, since: 6, client: 'test' })
    services.hello(request, '10.0.0.7', answer => answers.push(answer))
    rig.settle()
    const held = remote.hellos.shift()
    if (held === undefined) throw new Error('no Hello arrived')
    t.match(held.via, { node: 'access', again: false })
    t.match(held.request, { attempt: 4, since: 6, client: 'test' })
    return held
  }
  const bound = ask([7, 2])
  const answer = remote.answerOf(bound.request)
  bound.settle(answer)
  const routed = ask([7, 2])
  routed.settle({ ...answer, routedMs: 123_456 } as HelloAnswer)
  const nameless = ask([])
  nameless.settle(remote.answerOf(nameless.request))
  const code = CODES.ATTEMPT_SUPERSEDED.code
  ask([7]).settle({ kind: 'refused', code, message: 'no', retryAfterMs: 5, boundAttempt: 9 })
  rig.settle()
  t.match(answers, [
    { kind: 'bound', attempt: 4, since: 6, response: { uid: 7, device: 2 } },
    { kind: 'bound', routedMs: rig.clock.monotonic() },
    { kind: 'nameless' },
    { kind: 'refused', code, message: 'no', retryAfterMs: 5, boundAttempt: 9 },
  ])
  t.equal('routedMs' in (answers[0] ?? {}), false, 'a route counts by the clock of the node that asked')
})

t.test('a Hello whose link was lost is passed on again, and says so', async t => {
  const { rig, logic, services, remote } = linked()
  remote.helloMode = 'hold'
  const answers: HelloAnswer[] = []
  services.hello(createHelloRequest({ token: Uint8Array.of(7), attempt: 4 }), '10.0.0.7', answer =>
    answers.push(answer),
  )
  rig.settle()
  t.match(remote.hellos, [{ via: { again: false } }])
  logic.kill()
  const next = rig.start('a:1')
  next.services.helloMode = 'hold'
  rig.pass(3_000)
  const [held] = next.services.hellos
  t.match(held?.via, { node: 'access', again: true })
  held?.settle(next.services.answerOf(held.request))
  rig.settle()
  t.match(answers, [{ kind: 'bound', attempt: 4 }])
})

t.test('tokens, attempts, heads and pages are asked for, and what cannot be known now rejects', async t => {
  const { rig, services, remote } = linked()
  remote.attempt = 6
  const given: unknown[] = []
  services.authorize(Uint8Array.of(7, 3), '10.0.0.7', answer => given.push(answer))
  services.authorize(Uint8Array.of(0xff), '10.0.0.7', answer => given.push(answer))
  rig.settle()
  t.match(given, [
    { kind: 'principal', uid: 7, device: 3, attempt: 6 },
    { kind: 'refused', code: CODES.UNAUTHENTICATED.code },
  ])
  remote.bound.set('7/3', 8)
  remote.bound.set('7/4', undefined)
  remote.timeline(7).append()
  const asked = Promise.all([
    services.boundAttempt(7, 3, Uint8Array.of(1)),
    services.boundAttempt(7, 4),
    services.head(7, 5),
    services.page(7, 0),
  ])
  const settling = async (): Promise<void> => {
    for (let i = 0; i < 10; i += 1) {
      rig.settle()
      await Promise.resolve()
    }
  }
  await settling()
  t.match(await asked, [8, undefined, { head: 1, resync: true }, remote.timeline(7).page(0)])
  remote.head = () => Promise.reject(new Error('away'))
  const failing = t.rejects(services.head(7, 0), /a logic node refused with/)
  await settling()
  await failing
})

t.test('an ack is answered when it is durable; one that is refused closes its connection', async t => {
  const { rig, services, remote } = linked()
  const caller = new Asking()
  t.equal(services.ack(caller, createAckNotice({ version: 41 })), CODES.RESYNC.code, 'above what it was told')
  t.equal(services.ack(caller, createAckNotice({ version: 40 })), CODES.OK.code)
  rig.settle()
  t.match(remote.acks, [{ version: 40 }])
  t.equal(rig.access.lanes.size, 0)
  remote.heldAcks = []
  services.ack(caller, createAckNotice({ version: 40 }))
  rig.settle()
  t.equal(rig.access.lanes.size, 1, 'it would be sent again if the node were lost now')
  remote.heldAcks[0]?.()
  rig.settle()
  t.equal(rig.access.lanes.size, 0)
  remote.ackCode = CODES.FLOOD.code
  services.ack(caller, createAckNotice({ version: 40 }))
  rig.settle()
  t.equal(caller.closedWith, CODES.FLOOD.code)
})

t.test('a logic node takes each ack, however many gather, and an overload closes no connection', async t => {
  const { rig, services, remote } = linked()
  remote.heldAcks = []
  const callers = Array.from({ length: 1_100 }, (_, i) => new Asking(10 + i))
  for (const caller of callers) {
    for (let i = 0; i < 60; i += 1) services.ack(caller, createAckNotice({ version: 1 }))
  }
  rig.settle()
  t.equal(remote.acks.length, 66_000)
  t.notOk(callers.some(({ closedWith }) => closedWith !== undefined))
  const caller = new Asking()
  for (const { code } of [CODES.OVERLOADED, CODES.UNAVAILABLE]) {
    remote.ackCode = code
    services.ack(caller, createAckNotice({ version: 40 }))
    rig.settle()
    t.equal(caller.closedWith, undefined)
  }
})

t.test('a logic node hears that nobody waits for a page, and the asker that its page waits for others', async t => {
  const it = linked()
  const caller = new Asking()
  const held = ask(it, caller, METHODS.sync.number, encodeSyncRequest(createSyncRequest({ since: 3 })))
  held.caller.pageWaits?.(true)
  held.caller.pageWaits?.(false)
  it.rig.settle()
  t.same(caller.waits, [true, false])
  t.equal(held.caller.signal?.aborted, false)
  caller.gone.abort()
  it.rig.settle()
  t.equal(held.caller.signal?.aborted, true)
})

t.test('a body that is wrong loses the link, and its call is refused', async t => {
  const it = linked()
  const caller = new Asking()
  const held = ask(it, caller, METHODS.sync.number, encodeSyncRequest(createSyncRequest({ since: 3 })))
  held.caller.respond(held.id, Uint8Array.of(0xff, 0xff))
  it.rig.settle()
  t.match(caller.answers, [['refuse', 9, CODES.UNAVAILABLE.code]])
  t.ok(it.rig.kept.lines.some(line => line.includes('a frame with a wrong body')))
  it.rig.pass(1_500)
  t.equal(it.rig.access.open, 1, 'it is linked again')
})
