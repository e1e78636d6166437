// The stories of a client's send queue against the plainest client that follows PROTOCOL.md, clause 6: so that they are consistent
// among themselves, and to be read beside the clause. The client library lives the same stories.
import t from 'tap'
import { actionOf, CODES, codeName } from '../../protocol/codes.js'
import { SEND_WINDOW } from '../../protocol/limits.js'
import { type SendQueueEvent, type SendQueueStep, sendQueueVectors, spread } from '../support/vectors.js'

type Answer = Extract<SendQueueEvent, { answer: unknown }>['answer']

/** An unanswered request: a message, or a Void of `count` numbers. */
interface Request {
  readonly name: string
  readonly seq: number
  /** How often it was sent on this connection. */
  transmissions: number
  inFlight: boolean
  /** It was last sent before a "retry": its answer does not widen the window. */
  isOld: boolean
}

const NUMBER_STAYS: readonly number[] = [CODES.BAD_BODY.code, CODES.UNKNOWN_METHOD.code, CODES.INVALID_ARGUMENT.code]

class PlainClient {
  readonly states = new Map<number, string>()
  next: number
  #unanswered: Request[] = []
  #isConnected = true
  #device = 1
  /** Set while a "retry" or a second GAP is waited out: for so long at least. */
  waitMs: number | undefined
  #gapAt = 0
  #window = SEND_WINDOW

  constructor(last: number) {
    this.next = last + 1
  }

  queue(): void {
    this.states.set(this.next, 'queued')
    this.#unanswered.push(request(`send ${this.next}`, this.next))
    this.next += 1
  }

  answer({ to, of, code, expected = 0, retry_after_ms: retryAfterMs = 0 }: Answer): void {
    const answered = this.#unanswered.find(({ name }) => name === to)
    // An answer to something that is over.
    if (answered === undefined) return
    const number = typeof code === 'number' ? code : CODES[code].code
    const action = actionOf(number)
    if (action === 'ok') this.#settle(answered, 'accepted')
    else if (action === 'refused') this.#refused(answered, number)
    else if (action !== 'retry') this.lose()
    else if (answered.inFlight && (of ?? answered.transmissions) === answered.transmissions) {
      if (number === CODES.GAP.code) this.#gap(answered, expected)
      else this.#retry(retryAfterMs)
    }
  }

  copy(seq: number): void {
    this.states.set(seq, 'accepted')
    this.#unanswered = this.#unanswered.filter(each => each.seq !== seq)
  }

  lose(): void {
    this.#isConnected = false
    this.waitMs = undefined
    this.#gapAt = 0
    this.#window = SEND_WINDOW
    for (const each of this.#unanswered) {
      each.inFlight = false
      each.transmissions = 0
    }
  }

  restart(): void {
    this.lose()
    for (const [seq, state] of this.states) if (state === 'sending') this.states.set(seq, 'queued')
  }

  connect(last: number, device = this.#device): void {
    this.lose()
    this.#isConnected = true
    if (device !== this.#device) {
      // 6.10
      for (const { seq } of this.#unanswered) this.states.set(seq, 'failed SETTLED')
      this.#unanswered = []
      this.next = last + 1
      this.#device = device
    }
    const lowest = this.#unanswered[0]?.seq ?? this.next
    if (last + 1 < lowest) this.#void(last + 1, lowest)
    this.next = Math.max(this.next, last + 1)
  }

  /** Sends what may be sent. */
  sends(): string[] {
    if (!this.#isConnected || this.waitMs !== undefined) return []
    const lowest = this.#unanswered[0]?.seq ?? 0
    const sent = this.#unanswered.filter(each => !each.inFlight && each.seq - lowest < this.#window)
    for (const each of sent) {
      each.inFlight = true
      each.isOld = false
      each.transmissions += 1
      if (each.name.startsWith('send')) this.states.set(each.seq, 'sending')
    }
    return sent.map(({ name }) => name)
  }

  #refused(answered: Request, code: number): void {
    this.#settle(answered, `failed ${codeName(code).replace('CODE_', '')}`)
    if (!NUMBER_STAYS.includes(code) || answered.name.startsWith('void')) return
    // 6.4: above it nothing can have been taken.
    this.#void(answered.seq, answered.seq + 1)
    for (const each of this.#unanswered) if (each.seq > answered.seq) each.inFlight = false
  }

  #gap(answered: Request, expected: number): void {
    const isRepeated = this.#gapAt === expected || expected >= answered.seq
    this.#gapAt = expected
    if (!this.#unanswered.some(({ seq }) => seq === expected)) {
      const behind = this.#unanswered.find(({ seq }) => seq > expected)
      this.#void(expected, behind?.seq ?? answered.seq)
    }
    this.#goBack(isRepeated ? 0 : undefined)
  }

  #retry(waitMs: number): void {
    this.#window = 1
    for (const each of this.#unanswered) each.isOld = true
    this.#goBack(waitMs)
  }

  #goBack(waitMs: number | undefined): void {
    this.waitMs = waitMs
    for (const each of this.#unanswered) each.inFlight = false
  }

  #void(from: number, end: number): void {
    const numbers = end - from === 1 ? String(from) : `${from}-${end - 1}`
    this.#unanswered.push(request(`void ${numbers}`, from))
    this.#unanswered.sort((a, b) => a.seq - b.seq)
  }

  #settle(answered: Request, state: string): void {
    this.#unanswered = this.#unanswered.filter(each => each !== answered)
    this.#gapAt = 0
    if (!answered.isOld) this.#window = Math.min(this.#window + 1, SEND_WINDOW)
    if (answered.name.startsWith('send')) this.states.set(answered.seq, state)
  }
}

function request(name: string, seq: number): Request {
  return { name, seq, transmissions: 0, inFlight: false, isOld: false }
}

function live(client: PlainClient, step: SendQueueStep): void {
  if ('queue' in step) for (let i = 0; i < step.queue; i++) client.queue()
  else if ('answer' in step) client.answer(step.answer)
  else if ('copy' in step) client.copy(step.copy)
  else if ('lost' in step) client.lose()
  else if ('restart' in step) client.restart()
  else if ('hello' in step) client.connect(step.hello.last_send_seq)
  else if ('login' in step) client.connect(step.login.last_send_seq, step.login.device)
  else client.waitMs = undefined
}

for (const vector of sendQueueVectors()) {
  t.test(vector.name, async t => {
    const client = new PlainClient(vector.last ?? 0)
    for (const [index, step] of vector.steps.entries()) {
      if ('wait' in step) t.ok((client.waitMs ?? -1) >= step.wait.at_least_ms, 'it waits so long')
      live(client, step)
      const { sends, states, next } = step.expect
      t.same(client.sends(), sends.flatMap(spread), `step ${index + 1}: sends`)
      const expected = Object.entries(states).flatMap(([name, state]) =>
        spread(name).map(each => [Number(each), state]),
      )
      t.same(Object.fromEntries(client.states), Object.fromEntries(expected), `step ${index + 1}: states`)
      if (next !== undefined) t.equal(client.next, next, `step ${index + 1}: next`)
    }
  })
}
