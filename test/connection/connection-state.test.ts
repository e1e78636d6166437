/** The table of states: every pair of them, and every kind of frame in every state. */

import t from 'tap'
import { CODES, codeName } from '../../protocol/codes.js'
import { encodeFrame, encodeNotice, encodeRequest, PING } from '../../protocol/frame-codec.js'
import { METHODS } from '../../protocol/methods.js'
import type { Connection } from '../../src/connection/connection.js'
import {
  assertMayFollow,
  STATES,
  type State,
  type StateKind,
  type StateRules,
} from '../../src/connection/connection-state.js'
import { connectionRig, type FakePipe, helloFrame, LEADING_ZERO } from '../support/connection-rig.js'
import { FakeServices } from '../support/fake-services.js'
import { EMPTY, request, TOKEN, whats } from '../support/open-connection.js'

const KINDS = Object.keys(STATES) as StateKind[]

/** The arrows of the picture in connection.ts. */
const ARROWS: ReadonlySet<string> = new Set([
  'opening handshaking',
  'handshaking nameless',
  'handshaking open',
  'nameless handshaking',
  'nameless draining',
  'open draining',
  ...['opening', 'handshaking', 'nameless', 'open', 'draining'].map(kind => `${kind} closed`),
])

t.test('of all pairs of states the arrows of the picture are allowed, and any other is a bug', async t => {
  for (const from of KINDS) {
    for (const to of KINDS) {
      if (ARROWS.has(`${from} ${to}`)) t.doesNotThrow(() => assertMayFollow(from, to))
      else t.throws(() => assertMayFollow(from, to), { message: `a connection went from ${from} to ${to}` })
    }
  }
})

interface Reached {
  readonly services: FakeServices
  readonly pipe: FakePipe
  readonly connection: Connection
  turn(): Promise<void>
  pass(ms: number): Promise<void>
}

/** A connection in a state, with what it has written so far read. */
async function reach(kind: StateKind): Promise<Reached> {
  const services = new FakeServices()
  const rig = connectionRig(services)
  const { pipe, connection } = rig.connect()
  connection.receive(LEADING_ZERO)
  if (kind === 'handshaking') services.helloMode = 'hold'
  const hello = kind === 'nameless' ? {} : { token: TOKEN, attempt: 1 }
  if (kind !== 'opening') connection.receive(helloFrame(1, hello))
  await rig.turn()
  if (kind === 'draining') {
    connection.receive(request(2)) // stays in work
    connection.drain(500)
  }
  if (kind === 'closed') connection.close(CODES.SERVER_ERROR.code)
  await rig.turn()
  pipe.seen()
  services.requests.length = 0
  t.equal(connection.state, kind)
  return { services, pipe, connection, turn: rig.turn, pass: rig.pass }
}

t.test('only arrows of the table are gone, whatever a connection is asked to enter', async t => {
  const tick = 99
  for (const from of KINDS) {
    for (const to of KINDS.filter(kind => kind !== 'open')) {
      const { connection } = await reach(from)
      const next = { kind: to, deadlineTick: tick, retryAfterMs: 0, from: undefined, discardedBytes: 0 } as State
      if (ARROWS.has(`${from} ${to}`)) t.equal(connection.enter(next), next)
      else t.throws(() => connection.enter(next), /went from/)
      t.equal(connection.state, ARROWS.has(`${from} ${to}`) ? to : from)
    }
  }
})

type FrameKind = 'ping' | 'hello' | 'request' | 'notice' | 'response'

const FRAMES: Readonly<Record<FrameKind, Uint8Array>> = {
  ping: PING,
  hello: helloFrame(5, { token: TOKEN, attempt: 2 }),
  request: encodeRequest(5, METHODS.getProfile.number, EMPTY),
  notice: encodeNotice(METHODS.ack.number, EMPTY),
  response: encodeFrame({ id: 5 }),
}

/** What is seen of each act: what is written, and what the services get. */
const SEEN: Readonly<Record<string, string>> = {
  answer: '00',
  verify: 'answer push',
  'verify-token': 'answer push',
  serve: 'request',
  'serve-nameless': 'refusal LOGIN_REQUIRED',
  refuse: 'refusal DRAINING',
  heed: 'ack',
  ignore: '',
  unread: '',
}

t.test('each state does with each kind of frame what the table says', async t => {
  for (const kind of KINDS) {
    for (const frame of Object.keys(FRAMES) as FrameKind[]) {
      const rule: StateRules[FrameKind] = STATES[kind][frame]
      const { services, pipe, connection, turn } = await reach(kind)
      connection.receive(FRAMES[frame])
      await turn()
      const seen = [...whats(pipe), ...services.requests.map(() => 'request'), ...services.acks.map(() => 'ack')].join(
        ' ',
      )
      const expected = typeof rule === 'number' ? `close ${codeName(rule)}` : SEEN[rule]
      t.equal(seen, expected, `${frame} in ${kind}: ${rule}`)
      if (rule === 'unread') t.equal(connection.state, kind)
    }
  }
})

t.test('a state that has lasted as long as the table says ends with its code, and not before', async t => {
  for (const kind of KINDS) {
    const { lastsMs, overdue } = STATES[kind]
    if (lastsMs === 'idle') continue // it depends on the heartbeat: see connection.test.ts
    const { pipe, connection, pass } = await reach(kind)
    await pass(lastsMs - 2_000)
    t.equal(connection.state, kind)
    t.equal(pipe.destroyed, false)
    await pass(4_000)
    if (overdue === 'destroy') t.equal(pipe.destroyed, true)
    else t.same(whats(pipe), [`close ${codeName(overdue)}`], kind)
  }
})

t.test('a Hello without an id is wrong in every state that reads', async t => {
  for (const kind of ['opening', 'nameless', 'open', 'draining'] as const) {
    const { pipe, connection, turn } = await reach(kind)
    connection.receive(encodeNotice(METHODS.hello.number, EMPTY))
    await turn()
    t.same(whats(pipe), ['close PROTOCOL_ERROR'])
  }
})
