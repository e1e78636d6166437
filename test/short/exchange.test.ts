/** One request and its answer: what counts when answers, the peer's leaving and the work cross each other. */

import { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import t from 'tap'
import { Wheel } from '../../src/lib/wheel.js'
import { AnswerForms } from '../../src/short/answer-forms.js'
import { Exchange } from '../../src/short/exchange.js'
import { textAnswer } from '../../src/short/types.js'
import { InlineWorkers } from '../../src/workers/inline.js'
import { ManualClock } from '../support/manual-clock.js'

class FakeResponse extends EventEmitter {
  headersSent = false
  socket = { writableLength: 0 }
  readonly statuses: number[] = []
  readonly bodies: string[] = []
  writeHead(status: number): void {
    this.headersSent = true
    this.statuses.push(status)
  }
  end(body: Uint8Array): void {
    this.bodies.push(new TextDecoder().decode(body))
  }
}

function begun(): { exchange: Exchange; response: FakeResponse; ends: () => number } {
  const response = new FakeResponse()
  const request = { method: 'POST', headers: {}, complete: true } as unknown as IncomingMessage
  const clock = new ManualClock()
  let ends = 0
  const exchange = new Exchange(request, response as unknown as ServerResponse, {
    clock,
    wheel: new Wheel(clock),
    headers: [],
    forms: new AnswerForms(new InlineWorkers(), clock),
    stallMs: 1_000,
    last: () => false,
    onStall: () => {},
    onAnswer: () => {},
    onEnd: () => {
      ends++
    },
  })
  return { exchange, response, ends: () => ends }
}

function work(): { abandoned(): void; times: number } {
  return {
    times: 0,
    abandoned() {
      this.times++
    },
  }
}

t.test('the first answer counts, and the peer who leaves after it disturbs nobody', async t => {
  const { exchange, response, ends } = begun()
  const call = work()
  exchange.worksOn(call)
  t.ok(exchange.isUnanswered)
  exchange.answer(textAnswer(200, 'one'))
  exchange.answer(textAnswer(500, 'two'))
  response.emit('close')
  response.emit('close')
  t.same([response.statuses, response.bodies, call.times, ends()], [[200], ['one'], 0, 1])
  t.notOk(exchange.isUnanswered)
})

t.test('a peer who leaves ends the work, whether it has begun or is about to', async t => {
  const { exchange, response, ends } = begun()
  const call = work()
  exchange.worksOn(call)
  response.emit('close')
  exchange.answer(textAnswer(200, 'late'))
  t.same([response.statuses, call.times, ends()], [[], 1, 1])

  const gone = begun()
  gone.response.emit('close')
  const late = work()
  gone.exchange.worksOn(late)
  t.equal(late.times, 1)
})

t.test('work that was answered before it was known is not ended', async t => {
  const { exchange, response } = begun()
  exchange.answer(textAnswer(200, 'at once'))
  const call = work()
  exchange.worksOn(call)
  response.emit('close')
  t.equal(call.times, 0)
})
