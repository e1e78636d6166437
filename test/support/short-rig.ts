/** The Connect handler without sockets or time of its own, over services that the test plays. */

import type { RequestMethod } from '../../protocol/methods.js'
import type { ConnectionContext } from '../../src/connection/context.js'
import { Hub } from '../../src/connection/hub.js'
import { seededRandom } from '../../src/lib/random.js'
import { Limits } from '../../src/ops/rate-limits.js'
import type { Services } from '../../src/services/types.js'
import { ConnectHandler } from '../../src/short/connect.js'
import { pathOf } from '../../src/short/connect-route.js'
import type { ShortAnswer, ShortCall, ShortRequest } from '../../src/short/types.js'
import { errorOf } from './http-client.js'
import { ManualClock } from './manual-clock.js'

export interface AskedCall {
  readonly call: ShortCall
  /** Every answer that came: one, or none yet. */
  readonly answers: ShortAnswer[]
}

export class ShortRig {
  readonly clock = new ManualClock()
  readonly hub = new Hub()
  readonly handler: ConnectHandler

  constructor(services: Services, routes?: ConnectionContext['routes']) {
    const { clock, hub } = this
    const random = seededRandom(1)
    this.handler = new ConnectHandler({ services, hub, clock, random, limits: Limits.open(clock), routes })
  }

  /** @param token a byte is a user, see FakeServices; null: no Authorization */
  ask<Q>(
    method: RequestMethod<Q, never> | RequestMethod,
    request: Q,
    token: number | null = 7,
    init: Partial<ShortRequest> = {},
  ): AskedCall {
    return this.askRaw(pathOf(method as RequestMethod), (method as RequestMethod).encodeRequest(request), token, init)
  }

  askRaw(path: string, body: Uint8Array, token: number | null = 7, init: Partial<ShortRequest> = {}): AskedCall {
    const headers = {
      'content-type': 'application/proto',
      ...(token === null ? {} : { authorization: `Bearer ${Buffer.of(token).toString('base64url')}` }),
      ...init.headers,
    }
    const answers: ShortAnswer[] = []
    const request = { method: 'POST', path, address: '192.0.2.1', ...init, headers }
    return { call: this.handler.handle(request, body, answer => answers.push(answer)), answers }
  }
}

/** Lets promises that are settled go on. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 5; i++) await Promise.resolve()
}

/** The one answer, as a test wants to compare it. */
export function shown({ answers }: AskedCall): object {
  const [answer] = answers
  if (answer === undefined || answers.length > 1) throw new Error(`${answers.length} answers`)
  const { status, body } = answer
  if (status === 200) return { status }
  const { connectCode, detail } = errorOf(body)
  const { boundAttempt = 0, expectedSendSeq = 0 } = detail?.refusal ?? {}
  return {
    status,
    connectCode,
    code: detail?.code,
    ...(detail?.retryAfterMs ? { retryAfterMs: detail.retryAfterMs } : {}),
    ...(boundAttempt ? { boundAttempt } : {}),
    ...(expectedSendSeq ? { expectedSendSeq } : {}),
  }
}
