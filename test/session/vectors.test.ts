/** The frames of protocol/vectors through a whole connection: at once, byte by byte, and cut in two. */

import { createHash } from 'node:crypto'
import t from 'tap'
import { codeName } from '../../protocol/codes.js'
import { DecodeError, decodeAckNotice } from '../../protocol/generated/messages.js'
import { METHODS } from '../../protocol/methods.js'
import { FakeServices } from '../support/fake-services.js'
import { helloFrame, joined, LEADING_ZERO, sessionRig } from '../support/session-rig.js'
import { bytesOf, deliveries, expanded, type FrameOutcome, frameVectors } from '../support/vectors.js'

/** What a connection does with its frames. */
interface Effects {
  /** id, method and a hash of the body, as the services got them. */
  readonly requests: string[]
  acks: number
  /** The pings were answered; in the read that holds a fault they are not. */
  pinged: boolean
  close: string | undefined
}

async function effectsOf(chunks: readonly Uint8Array[]): Promise<Effects> {
  const services = new FakeServices()
  const requests: string[] = []
  services.onRequest = ({ caller, id, method, body }) => {
    requests.push(`${id} ${method} ${shortHash(body)}`)
    caller.respond(id, new Uint8Array(0))
  }
  const rig = sessionRig(services)
  const { pipe, connection } = rig.connect()
  connection.receive(joined(LEADING_ZERO, helloFrame(1, { token: Uint8Array.of(7), attempt: 1 })))
  await rig.turn()
  pipe.seen()
  for (const chunk of chunks) connection.receive(chunk)
  await rig.turn()
  const seen = pipe.seen()
  const close = seen.find(({ what }) => what === 'close')?.code
  const pinged = close === undefined && seen.some(({ what }) => what === '00')
  return { requests, acks: services.acks.length, pinged, close }
}

/** What must happen on an open connection (PROTOCOL.md, 2.6, 4.7, 4.8). */
function expectedOf(outcomes: readonly FrameOutcome[]): Effects {
  const effects: Effects = { requests: [], acks: 0, pinged: false, close: undefined }
  for (const outcome of outcomes) {
    if ('ping' in outcome) effects.pinged = true
    else if ('error' in outcome) effects.close = outcome.error
    else expectFrame(effects, outcome.frame)
    if (effects.close !== undefined) return { ...effects, pinged: false }
  }
  return effects
}

function expectFrame(effects: Effects, frame: { readonly [field: string]: unknown }): void {
  const { id = 0, method = 0, body = '' } = expanded(frame) as { id?: number; method?: number; body?: string }
  if (method === 0) effects.close = 'PROTOCOL_ERROR'
  else if (method === METHODS.hello.number) effects.close = id === 0 ? 'PROTOCOL_ERROR' : 'HELLO_REPEATED'
  else if (id !== 0) effects.requests.push(`${id} ${method} ${shortHash(bytesOf(body))}`)
  else if (method === METHODS.ack.number) {
    effects.close = ackFault(bytesOf(body))
    if (effects.close === undefined) effects.acks++
  }
}

function shortHash(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 16)
}

function ackFault(body: Uint8Array): string | undefined {
  try {
    decodeAckNotice(body)
    return undefined
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    return codeName(error.code)
  }
}

for (const vector of frameVectors().filter(({ direction }) => direction === 'to-server')) {
  t.test(vector.name, async t => {
    const wanted = expectedOf(vector.expect)
    for (const { how, chunks } of deliveries(bytesOf(vector.bytes))) {
      const effects = await effectsOf(chunks)
      if (JSON.stringify(effects) !== JSON.stringify(wanted)) t.same(effects, wanted, how)
    }
    t.pass(wanted.close ?? 'taken')
  })
}
