/**
 * Requests of the short side, right at first and then changed in body and headers, to a Connect handler on a whole server's
 * services. Each gets one answer, of a form that a client can read, and in a moment.
 */

import { CODES } from '../../protocol/codes.js'
import type { MessageType } from '../../protocol/descriptor.js'
import { RPC_TYPES } from '../../protocol/generated/descriptors.js'
import { decodeErrorDetail } from '../../protocol/generated/messages.js'
import { jsonToBody, toJson } from '../../protocol/json-codec.js'
import { POLL_MS_MAX } from '../../protocol/limits.js'
import { METHODS, type RequestMethod } from '../../protocol/methods.js'
import { seededRandom } from '../../src/lib/random.js'
import { Limits } from '../../src/ops/rate-limits.js'
import { ConnectHandler } from '../../src/short/connect.js'
import { pathOf } from '../../src/short/connect-route.js'
import type { ShortAnswer, ShortCall, ShortRequest } from '../../src/short/types.js'
import { formed } from '../../src/workers/form-answer.js'
import { Stall } from '../support/stall.js'
import { Chance } from './chance.js'
import { mutateJson } from './json-text.js'
import { mutateBytes, mutateTree } from './mutations.js'
import { putTogether, takeApart } from './proto-tree.js'
import { type Known, randomMessage } from './random-message.js'
import { RealGround } from './real-ground.js'

export interface PlayedBodies {
  requests: number
  /** By HTTP status. */
  readonly statuses: Map<number, number>
  stallMs: number
}

const STALL_MS_MAX = 50
const RUNS_OF_A_STALL = 3

/** Requests under one set of known numbers. */
const BATCH = 40

const REQUESTS = Object.values(METHODS).filter(method => method.kind === 'request') as RequestMethod[]
const ENDING = new Set<RequestMethod>([
  METHODS.logout,
  METHODS.deleteAccount,
  METHODS.removeDevice,
  METHODS.changePassword,
])

const WRONG_HEADERS: readonly Readonly<Record<string, string>>[] = [
  { 'content-type': 'text/plain' },
  { 'content-type': 'application/json; charset=latin1' },
  { 'content-type': 'application/protoapplication/json' },
  { 'content-type': '' },
  { authorization: '' },
  { authorization: 'Bearer' },
  { authorization: 'Bearer ====' },
  { authorization: `Bearer ${'A'.repeat(5_000)}` },
  { authorization: 'Basic YTpi' },
  { 'connect-timeout-ms': '-1' },
  { 'connect-timeout-ms': '99999999999999999999' },
  { 'connect-timeout-ms': '1' },
  { 'connect-protocol-version': '2' },
]

const NOT_TO_THE_SOUND = new Set<number>([CODES.BAD_BODY.code, CODES.UNKNOWN_METHOD.code])

interface Question {
  readonly method: RequestMethod
  readonly request: ShortRequest
  readonly body: Uint8Array
  /** Nobody has changed it. */
  readonly isSound: boolean
}

/** @throws with the seed of the batch that shows a fault */
export async function playBodies(seed: string, requests: number): Promise<PlayedBodies> {
  const ground = await RealGround.start()
  const { services, hub } = ground.context
  const handler = new ConnectHandler({
    services,
    hub,
    clock: ground.clock,
    random: seededRandom(seed),
    limits: Limits.open(ground.clock),
  })
  const played: PlayedBodies = { requests: 0, statuses: new Map(), stallMs: 0 }
  for (let batch = 0; played.requests < requests; batch++) {
    const own = `${seed}/${batch}`
    try {
      await playBatch(ground, handler, new Chance(own), played)
      await ground.witness()
    } catch (error) {
      ground.abort()
      throw new Error(`bodies, batch ${own}`, { cause: error })
    }
  }
  await ground.close()
  return played
}

async function playBatch(
  ground: RealGround,
  handler: ConnectHandler,
  chance: Chance,
  played: PlayedBodies,
): Promise<void> {
  const known = await ground.known(chance)
  const asked: { readonly question: Question; readonly answers: ShortAnswer[] }[] = []
  for (let count = 0; count < BATCH; count++) {
    const question = questionOf(chance, known)
    const answers: ShortAnswer[] = []
    asked.push({ question, answers })
    const { request, body } = question
    let call: ShortCall | undefined
    let stallMs = new Stall().held(() => {
      call = handler.handle(request, body, answer => answers.push(answer))
    })
    for (let run = 1; run < RUNS_OF_A_STALL && stallMs > STALL_MS_MAX; run++) {
      stallMs = new Stall().held(() => handler.handle(request, body, () => {}))
    }
    if (stallMs > STALL_MS_MAX)
      throw new Error(`${request.path} held the loop for ${stallMs.toFixed(0)} ms, every time`)
    played.stallMs = Math.max(played.stallMs, stallMs)
    if (answers.length === 0 && chance.yes(0.05)) {
      call?.abandoned()
      asked.pop()
    }
    if (chance.yes(0.1)) await ground.settle(() => true)
  }
  const answered = (): boolean => asked.every(({ answers }) => answers.length > 0)
  await ground.settle(() => true)
  if (!answered()) ground.clock.jump(POLL_MS_MAX)
  await ground.settle(answered)
  for (const { question, answers } of asked) {
    played.requests++
    const [answer] = answers
    if (answer === undefined || answers.length > 1)
      throw new Error(`${question.request.path}: ${answers.length} answers`)
    played.statuses.set(answer.status, (played.statuses.get(answer.status) ?? 0) + 1)
    check(question, answer)
  }
}

function questionOf(chance: Chance, known: Known): Question {
  let method = chance.pick(chance.yes(0.4) ? [METHODS.send, METHODS.sync] : REQUESTS) as RequestMethod
  if (ENDING.has(method) && !chance.yes(0.02)) method = METHODS.contactList as RequestMethod
  const type = RPC_TYPES.get(`${method.service}.${method.rpc}`)?.request as MessageType
  const message = randomMessage(type, chance, known)
  const isJson = chance.yes(0.5)
  const isSound = chance.yes(0.2)
  const token = Buffer.from(chance.pick(known.token as Uint8Array[])).toString('base64url')
  const headers = {
    'content-type': isJson ? 'application/json' : 'application/proto',
    authorization: `Bearer ${token}`,
    ...(isSound || chance.yes(0.9) ? {} : chance.pick(WRONG_HEADERS)),
  }
  const request = {
    method: isSound || chance.yes(0.99) ? 'POST' : 'GET',
    path: pathOf(method),
    address: '192.0.2.7',
    headers,
  }
  if (isJson) {
    const text = JSON.stringify(toJson(type, message))
    return { method, request, isSound, body: Buffer.from(isSound ? text : mutateJson(text, chance)) }
  }
  const bytes = method.encodeRequest(message)
  return { method, request, isSound, body: isSound ? bytes : mutatedBody(type, bytes, chance) }
}

function mutatedBody(type: MessageType, bytes: Uint8Array, chance: Chance): Uint8Array {
  if (chance.yes(0.1)) return mutateBytes(bytes, chance)
  const nodes = takeApart(type, bytes)
  for (let times = chance.between(1, 3); times > 0; times--) mutateTree(nodes, chance, takeApart(type, bytes))
  return putTogether(nodes)
}

/** @throws unless a client could read the answer */
function check({ method, request, isSound }: Question, answer: ShortAnswer): void {
  const { status, headers, json } = answer
  // A large answer becomes JSON behind the handler (short/answer-forms.ts).
  const body = json === undefined ? answer.body : formed({ bytes: answer.body, json, takesGzip: false }).bytes
  const text = (): string => `${request.path} ${status} ${Buffer.from(body).toString('latin1').slice(0, 300)}`
  const type = headers['Content-Type']
  if (status === 200) {
    if (type === 'application/json') jsonToBody(method, 'response', body)
    else if (type === 'application/proto') method.decodeResponse(body)
    else throw new Error(`of the type ${type}: ${text()}`)
    return
  }
  if (status < 400 || status === 500 || type !== 'application/json') throw new Error(`of the type ${type}: ${text()}`)
  const { details } = JSON.parse(Buffer.from(body).toString()) as { details: { value: string }[] }
  const { code } = decodeErrorDetail(new Uint8Array(Buffer.from(details[0]?.value ?? '', 'base64')))
  if (code === 0) throw new Error(`without a code: ${text()}`)
  if (isSound && NOT_TO_THE_SOUND.has(code)) throw new Error(`and was right: ${text()}`)
}
