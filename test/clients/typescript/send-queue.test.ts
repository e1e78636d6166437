import * as fc from 'fast-check'
import t from 'tap'
import { type Content, type Entry, SendQueue } from '../../../clients/typescript/rules/send-queue.js'
import { CODES } from '../../../protocol/codes.js'

const OK = CODES.OK.code
const GAP = CODES.GAP.code

/** What stands under a number does not matter to the send queue. */
const CONTENT: Content = { kind: 'operation', method: 'contactRemove', request: { uid: 1 } }

/** A server as PROTOCOL.md, clause 6.2 has it, and a send queue on a connection that is lost now and then. */
class Model {
  readonly #sendQueue = new SendQueue(1)
  readonly #run: number[] = []
  readonly #onTheWay: { readonly entry: Entry; readonly transmission: number }[] = []
  /** The server's memory was put back: from then on a number may be run again. */
  #forgot = false
  #last = 0
  #added = 0

  step(choice: number): void {
    if (choice < 3) this.#add()
    else if (choice < 7) this.#serve(false)
    else if (choice < 8) this.#serve(true)
    else if (choice < 9) this.#reconnect()
    else this.#putBack()
    this.#send()
  }

  finish(): void {
    for (let i = 0; this.#sendQueue.size > 0 && i < 10_000; i++) {
      this.#send()
      this.#serve(false)
    }
  }

  holds(): boolean {
    const inOrder = this.#forgot || this.#run.every((sendSeq, i) => sendSeq === i + 1)
    return inOrder && this.#sendQueue.size === 0 && this.#last === this.#added
  }

  #add(): void {
    this.#sendQueue.add(CONTENT)
    this.#added++
    this.#sendQueue.durable(this.#added)
  }

  #send(): void {
    for (const entry of takeAll(this.#sendQueue)) this.#onTheWay.push({ entry, transmission: entry.transmission })
    if (this.#onTheWay.length > 64 * 40) throw new Error('the send queue floods the server')
  }

  #serve(overloaded: boolean): void {
    const next = this.#onTheWay.shift()
    if (next === undefined) return
    const { entry, transmission } = next
    const count = entry.content.kind === 'void' ? entry.content.count : 1
    if (entry.sendSeq > this.#last + 1) {
      this.#sendQueue.answer(entry, transmission, GAP, this.#last + 1)
    } else if (overloaded) {
      this.#sendQueue.answer(entry, transmission, CODES.OVERLOADED.code, 0)
    } else {
      if (entry.sendSeq === this.#last + 1) this.#run.push(entry.sendSeq)
      this.#last = Math.max(this.#last, entry.sendSeq + count - 1)
      this.#sendQueue.answer(entry, transmission, OK, 0)
      this.#sendQueue.stored(entry.sendSeq)
    }
  }

  #reconnect(): void {
    this.#onTheWay.length = 0
    this.#sendQueue.connected()
    this.#sendQueue.greeted(this.#last)
  }

  #putBack(): void {
    this.#forgot = true
    this.#last = Math.max(0, this.#last - 3)
    this.#reconnect()
  }
}

/** A line that carries few requests a second, to a server that takes still fewer: 8 a second, and what it answers GAP counts. */
class SlowLine {
  readonly #sendQueue: SendQueue
  readonly #line: { readonly entry: Entry; readonly transmission: number }[] = []
  readonly #answers: { readonly atMs: number; readonly tell: () => void }[] = []
  #tokens = 0
  #last = 0
  #pausedMs = 0

  constructor(queue: SendQueue) {
    this.#sendQueue = queue
  }

  /** @returns the milliseconds that it took, or that were given */
  run(limitMs: number): number {
    let nowMs = 0
    for (; nowMs < limitMs && this.#sendQueue.size > 0; nowMs += LINE_MS) {
      if (nowMs >= this.#pausedMs) {
        for (const entry of takeAll(this.#sendQueue)) this.#line.push({ entry, transmission: entry.transmission })
      }
      this.#tokens = Math.min(25, this.#tokens + (8 * LINE_MS) / 1_000)
      this.#serve(nowMs)
      while ((this.#answers[0]?.atMs ?? Number.POSITIVE_INFINITY) <= nowMs) this.#answers.shift()?.tell()
    }
    return nowMs
  }

  #serve(nowMs: number): void {
    const next = this.#line.shift()
    if (next === undefined) return
    const { sendSeq } = next.entry
    let code: number = OK
    if (this.#tokens < 1) code = CODES.RATE_LIMITED.code
    else {
      this.#tokens--
      if (sendSeq > this.#last + 1) code = GAP
      else this.#last = Math.max(this.#last, sendSeq)
    }
    const expected = this.#last + 1
    const tell = (): void => {
      const verdict = this.#sendQueue.answer(next.entry, next.transmission, code, expected)
      if (verdict.kind === 'accepted') this.#sendQueue.stored(sendSeq)
      if (verdict.kind === 'again' && verdict.wait) this.#pausedMs = nowMs + BACK_MS + 125
    }
    this.#answers.push({ atMs: nowMs + BACK_MS, tell })
  }
}

/** Between two requests on the line; and on the way back. */
const LINE_MS = 50
const BACK_MS = 500

t.test('transmits in order, only what is durable, and at most 64 from the lowest unanswered', t => {
  const queue = new SendQueue(1)
  for (let i = 0; i < 100; i++) queue.add(CONTENT)
  t.equal(queue.next(), undefined)
  queue.durable(3)
  t.same(numbers(takeAll(queue)), [1, 2, 3])
  queue.durable(100)
  const rest = takeAll(queue)
  t.equal(rest.at(-1)?.sendSeq, 64)
  t.end()
})

t.test('the window moves with the lowest unanswered number, not with the count of answers', t => {
  const queue = filled(100)
  const sent = takeAll(queue)
  for (const entry of sent.slice(1)) answer(queue, entry, OK)
  t.same(takeAll(queue), [])
  answer(queue, sent[0] as Entry, OK)
  for (const entry of sent) queue.stored(entry.sendSeq)
  t.same(numbers(takeAll(queue)), range(65, 100))
  t.end()
})

t.test('the window counts what is answered and not stored as such: after a crash it goes again', t => {
  const queue = filled(100)
  const sent = takeAll(queue)
  for (const entry of sent) answer(queue, entry, OK)
  t.same(takeAll(queue), [])
  queue.stored(2)
  t.same(takeAll(queue), [])
  queue.stored(1)
  t.same(numbers(takeAll(queue)), [65, 66])
  t.end()
})

t.test('GAP goes back to the expected number; answers to what was pipelined behind it are stale', t => {
  const queue = filled(5)
  const sent = takeAll(queue)
  const transmissions = sent.map(entry => entry.transmission)
  t.same(queue.answer(sent[2] as Entry, transmissions[2] as number, GAP, 2), { kind: 'again', wait: false })
  t.same(numbers(takeAll(queue)), [2, 3, 4, 5])
  t.same(queue.answer(sent[3] as Entry, transmissions[3] as number, GAP, 2), { kind: 'stale' })
  t.same(queue.answer(sent[4] as Entry, transmissions[4] as number, GAP, 2), { kind: 'stale' })
  t.same(takeAll(queue), [])
  t.end()
})

t.test('a final answer to an earlier transmission counts', t => {
  const queue = filled(2)
  const [first] = takeAll(queue)
  const transmission = first?.transmission as number
  queue.connected()
  t.same(numbers(takeAll(queue)), [1, 2])
  t.same(queue.answer(first as Entry, transmission, OK, 0), { kind: 'accepted' })
  t.same(queue.answer(first as Entry, transmission, OK, 0), { kind: 'stale' })
  t.end()
})

t.test('GAP for numbers that nobody has any more voids them, and sends the rest behind', t => {
  const queue = new SendQueue(10)
  queue.add(CONTENT)
  queue.durable(10)
  const [entry] = takeAll(queue)
  t.same(answer(queue, entry as Entry, GAP, 7), { kind: 'again', wait: false })
  const again = takeAll(queue)
  t.same(again.map(shape), ['void 7-9', '10'])
  t.same(answer(queue, again[0] as Entry, OK), { kind: 'accepted' })
  t.same(answer(queue, again[1] as Entry, OK), { kind: 'accepted' })
  t.equal(queue.size, 0)
  t.end()
})

t.test('GAP for a hole between entries voids the hole alone', t => {
  const queue = new SendQueue(9)
  for (const sendSeq of [4, 7, 8]) queue.load(sendSeq, CONTENT)
  const sent = takeAll(queue)
  t.same(numbers(sent), [4, 7, 8])
  answer(queue, sent[0] as Entry, OK)
  answer(queue, sent[1] as Entry, GAP, 5)
  t.same(takeAll(queue).map(shape), ['void 5-6', '7', '8'])
  t.end()
})

t.test('GAP for a number that was settled voids it', t => {
  const queue = filled(3)
  const sent = takeAll(queue)
  answer(queue, sent[1] as Entry, OK)
  // The server forgot 2, which it had answered: 1 is still unanswered, so 2 stands in the middle.
  answer(queue, sent[2] as Entry, GAP, 2)
  t.same(takeAll(queue).map(shape), ['void 2', '3'])
  t.end()
})

t.test('a number that is asked for again without progress is not sent again at once, however often', t => {
  const queue = filled(3)
  const sent = takeAll(queue)
  t.same(answer(queue, sent[1] as Entry, GAP, 1), { kind: 'again', wait: false })
  const [, again] = takeAll(queue)
  t.same(answer(queue, again as Entry, GAP, 1), { kind: 'again', wait: true })
  for (let i = 0; i < 5; i++) {
    const waited = takeAll(queue)
    t.same(numbers(waited), [1, 2, 3])
    t.same(answer(queue, waited[1] as Entry, GAP, 1), { kind: 'again', wait: true })
  }
  t.end()
})

t.test('a GAP that makes no sense is waited out', t => {
  for (const expected of [0, 2, 9]) {
    const queue = filled(3)
    const [, second] = takeAll(queue)
    t.same(answer(queue, second as Entry, GAP, expected), { kind: 'again', wait: true })
  }
  t.end()
})

t.test('"retry" sends the number and all behind it again, in order, and slowly: one, two, four at once', t => {
  const queue = filled(9)
  const sent = takeAll(queue)
  t.same(answer(queue, sent[1] as Entry, CODES.OVERLOADED.code), { kind: 'again', wait: true })
  t.same(answer(queue, sent[2] as Entry, GAP, 2), { kind: 'stale' })
  answer(queue, sent[0] as Entry, OK)
  for (const expected of [[2], [3, 4], [5, 6, 7, 8], [9]]) {
    const again = takeAll(queue)
    t.same(numbers(again), expected)
    for (const entry of again) answer(queue, entry, OK)
  }
  t.end()
})

t.test('gets through a used-up rate on a slow line, where a whole window would use up the rate for ever', t => {
  const queue = filled(64)
  const line = new SlowLine(queue)
  const tookMs = line.run(5 * 60_000)
  t.equal(queue.size, 0, `all are answered after ${tookMs} ms`)
  t.ok(tookMs < 60_000, `${tookMs} ms`)
  t.end()
})

t.test('a refusal that may leave the number unused voids it before anything higher', t => {
  for (const code of [CODES.UNKNOWN_METHOD.code, CODES.BAD_BODY.code, CODES.INVALID_ARGUMENT.code]) {
    const queue = filled(3)
    const sent = takeAll(queue)
    t.same(answer(queue, sent[0] as Entry, code), { kind: 'refused', code })
    t.same(takeAll(queue).map(shape), ['void 1', '2', '3'])
  }
  t.end()
})

t.test('any other refusal uses the number up', t => {
  const queue = filled(2)
  const sent = takeAll(queue)
  t.same(answer(queue, sent[0] as Entry, 199), { kind: 'refused', code: 199 })
  answer(queue, sent[1] as Entry, OK)
  t.equal(queue.size, 0)
  t.end()
})

t.test('codes about the connection leave everything where it is', t => {
  for (const code of [CODES.DRAINING.code, CODES.RESYNC.code, CODES.TOKEN_EXPIRED.code, CODES.REPLACED.code, 42]) {
    const queue = filled(1)
    const [entry] = takeAll(queue)
    t.same(answer(queue, entry as Entry, code), { kind: 'connection' })
    t.equal(queue.size, 1)
  }
  t.end()
})

t.test('Hello of a server that lost its memory: what it asks for is voided first', t => {
  const queue = new SendQueue(100)
  queue.add(CONTENT)
  queue.durable(100)
  takeAll(queue)
  t.equal(queue.greeted(90), false)
  t.same(takeAll(queue).map(shape), ['void 91-99', '100'])
  t.end()
})

t.test('also when nothing waits, and in pieces of what one Void may use up', t => {
  const queue = new SendQueue(3_000_000)
  queue.greeted(10)
  t.same(takeAll(queue).map(shape), ['void 11-1048586'])
  queue.connected()
  const seen: string[] = []
  for (let entries = takeAll(queue); entries.length > 0; entries = takeAll(queue)) {
    seen.push(...entries.map(shape))
    for (const entry of entries) {
      answer(queue, entry, OK)
      queue.stored(entry.sendSeq)
    }
  }
  t.same(seen, ['void 11-1048586', 'void 1048587-2097162', 'void 2097163-2999999'])
  t.end()
})

t.test('Hello of a server that knows more than this storage: numbers go on above it', t => {
  const queue = new SendQueue(5)
  queue.add(CONTENT)
  queue.durable(5)
  t.equal(queue.greeted(20), true)
  t.equal(queue.nextSendSeq, 21)
  // The entry is still repeated: its answer says what became of it.
  t.same(numbers(takeAll(queue)), [5])
  t.end()
})

t.test('the own copy settles an entry, wherever it stands', t => {
  const queue = filled(3)
  const sent = takeAll(queue)
  t.equal(queue.ownCopy(2), sent[1])
  t.equal(queue.ownCopy(2), undefined)
  t.equal(queue.ownCopy(9), undefined)
  t.same(answer(queue, sent[1] as Entry, OK), { kind: 'stale' })
  queue.connected()
  t.same(numbers(takeAll(queue)), [1, 3])
  t.end()
})

t.test('a server of the model and a link that fails as it likes: each number is run once, with its own content', t => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 300 }), choices => {
      const model = new Model()
      for (const choice of choices) model.step(choice)
      model.finish()
      return model.holds()
    }),
  )
  t.end()
})

function filled(count: number): SendQueue {
  const queue = new SendQueue(1)
  for (let i = 0; i < count; i++) queue.add(CONTENT)
  queue.durable(count)
  return queue
}

function takeAll(queue: SendQueue): Entry[] {
  const entries: Entry[] = []
  for (let entry = queue.next(); entry !== undefined; entry = queue.next()) entries.push(entry)
  return entries
}

function answer(queue: SendQueue, entry: Entry, code: number, expected = 0): ReturnType<SendQueue['answer']> {
  return queue.answer(entry, entry.transmission, code, expected)
}

function numbers(entries: readonly Entry[]): number[] {
  return entries.map(entry => entry.sendSeq)
}

function shape({ sendSeq, content }: Entry): string {
  if (content.kind !== 'void') return String(sendSeq)
  return content.count === 1 ? `void ${sendSeq}` : `void ${sendSeq}-${sendSeq + content.count - 1}`
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i)
}
