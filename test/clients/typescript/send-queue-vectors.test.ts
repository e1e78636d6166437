/** The stories of protocol/vectors/send-queue.json, lived by a whole client: what it sends, and what its messages come to. */
import t from 'tap'
import { MemoryStorage } from '../../../clients/typescript/index.js'
import { CODES, codeName } from '../../../protocol/codes.js'
import { encodeRefusal } from '../../../protocol/frame-codec.js'
import { createRefusal } from '../../../protocol/generated/messages.js'
import type { MethodName } from '../../../protocol/methods.js'
import { answer, Harness, messageItem, sessionOf, UID } from '../../support/client-harness.js'
import {
  type SendQueueEvent,
  type SendQueueStep,
  type SendQueueVector,
  sendQueueVectors,
  spread,
} from '../../support/vectors.js'

const PEER = 300
const STEP_MS = 100
const WAIT_MS_MAX = 120_000

type Answer = Extract<SendQueueEvent, { answer: unknown }>['answer']

class Story {
  readonly #storage = new MemoryStorage()
  #harness!: Harness
  /** The ids of the requests of this connection by what they are, as in the vectors. */
  #ids = new Map<string, number[]>()
  /** The newest version of the timeline. */
  #version = 0

  static async begin({ last = 0 }: SendQueueVector): Promise<Story> {
    const story = new Story()
    story.#harness = await Harness.online(story.#storage, {}, { lastSendSeq: last })
    return story
  }

  get next(): number {
    return this.#harness.client.state().nextSendSeq
  }

  /** @returns what was sent by it, in order */
  async live(step: SendQueueStep): Promise<string[]> {
    const harness = this.#harness
    if ('queue' in step) {
      for (let i = 0; i < step.queue; i++) harness.client.send(PEER, 'text')
      harness.settle()
    } else if ('answer' in step) {
      this.#answer(step.answer)
    } else if ('copy' in step) {
      this.#version += 1
      const item = messageItem(`${UID}/1/${step.copy}`, 'text', { recipient: PEER })
      harness.pipe.push(this.#version - 1, this.#version, [item])
    } else if ('lost' in step) {
      harness.pipe.end()
    } else if ('restart' in step) {
      this.#harness = await Harness.start(this.#storage)
      this.#harness.client.connect()
      this.#harness.settle()
    } else if ('wait' in step) {
      return this.#wait(step.wait.at_least_ms)
    } else {
      this.#ids.clear()
      if ('hello' in step) harness.reconnect({ lastSendSeq: step.hello.last_send_seq, head: this.#version })
      else this.#login(step.login)
      const sent = this.#sent()
      // On a new connection each counts by its last transmission: a client may send right behind Hello, or behind its answer.
      return sent.filter((each, at) => sent.lastIndexOf(each) === at)
    }
    return this.#sent()
  }

  /** The states of all messages by number. */
  async states(): Promise<Map<number, string>> {
    const { messages } = await this.#harness.client.history(PEER, { limit: 100 })
    return new Map(
      messages.map(({ sendSeq, state, code }) => {
        const why = codeName(code).replace('CODE_', '')
        return [sendSeq, state === 'failed' ? `failed ${why}` : state]
      }),
    )
  }

  #login({ device, last_send_seq: lastSendSeq }: { readonly device: number; readonly last_send_seq: number }): void {
    const harness = this.#harness
    harness.pipe.closeNotice('SESSION_REVOKED')
    void harness.client.account.login({ account: 'ann', password: 'correct horse' })
    harness.settle()
    harness.pipe.open()
    const [hello, login] = [harness.pipe.take('hello'), harness.pipe.take('login')]
    const session = sessionOf({ device, lastSendSeq, boundAttempt: 100 })
    harness.pipe.receive(answer('hello', hello.id), answer('login', login.id, { session }))
    harness.greet({ device, lastSendSeq, head: this.#version })
  }

  #wait(atLeastMs: number): string[] {
    if (atLeastMs > 0) this.#harness.advance(atLeastMs - 1)
    const early = this.#sent()
    if (early.length > 0) return early.map(each => `${each}, too early`)
    for (let waited = 0; waited < WAIT_MS_MAX; waited += STEP_MS) {
      this.#harness.advance(STEP_MS)
      const sent = this.#sent()
      if (sent.length > 0) return sent
    }
    return []
  }

  #answer({ to, of, code, version, expected = 0, retry_after_ms: retryAfterMs = 0 }: Answer): void {
    const ids = this.#ids.get(to) ?? []
    const id = ids[(of ?? ids.length) - 1]
    if (id === undefined) throw new Error(`${to} was not sent ${of ?? 1} times on this connection`)
    const { pipe } = this.#harness
    const number = typeof code === 'number' ? code : CODES[code].code
    if (number !== 0) {
      const refusal = expected === 0 ? undefined : createRefusal({ expectedSendSeq: expected })
      pipe.receive(encodeRefusal(id, number, '', retryAfterMs, refusal))
    } else if (to.startsWith('void')) {
      pipe.respond('void', id)
    } else {
      if (version === undefined) this.#version += 1
      pipe.respond('send', id, { version: version ?? this.#version })
    }
  }

  /** What the client has sent since it was looked at last. */
  #sent(): string[] {
    const { pipes } = this.#harness
    const pipe = pipes.at(-1)
    const sent: string[] = []
    for (let name = pipe?.peek()[0]; pipe !== undefined && name !== undefined; name = pipe.peek()[0]) {
      if (name === 'ping') pipe.takePing()
      else if (name === 'ack') pipe.takeAck()
      else if (name === 'send') this.#note(sent, pipe.take('send'), 'send')
      else if (name === 'void') this.#note(sent, pipe.take('void'), 'void')
      else pipe.take(name as MethodName)
    }
    return sent
  }

  #note(
    sent: string[],
    { id, request }: { readonly id: number; readonly request: { readonly sendSeq: number; readonly count?: number } },
    what: string,
  ): void {
    const { sendSeq, count = 1 } = request
    const name = `${what} ${sendSeq}${count > 1 ? `-${sendSeq + count - 1}` : ''}`
    this.#ids.set(name, [...(this.#ids.get(name) ?? []), id])
    sent.push(name)
  }
}

for (const vector of sendQueueVectors()) {
  t.test(vector.name, async t => {
    const story = await Story.begin(vector)
    for (const [index, step] of vector.steps.entries()) {
      const where = `step ${index + 1}: ${JSON.stringify(step).replace(/,"expect".*/, '')}`
      const { sends, states, next } = step.expect
      t.same(await story.live(step), sends.flatMap(spread), `${where}: sends`)
      const expected = Object.entries(states).flatMap(([name, state]) =>
        spread(name).map(each => [Number(each), state] as const),
      )
      t.same([...(await story.states())].sort(byNumber), expected.sort(byNumber), `${where}: states`)
      if (next !== undefined) t.equal(story.next, next, `${where}: next`)
    }
  })
}

function byNumber(a: readonly [number, string], b: readonly [number, string]): number {
  return a[0] - b[0]
}
