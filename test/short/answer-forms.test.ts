/** The last form of answers: the same here and in a thread, bounded, and given up with the peer. */
import { randomBytes } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import t from 'tap'
import { CODES } from '../../protocol/codes.js'
import { encodeMessageItem, encodeSyncBody } from '../../protocol/item-codec.js'
import { bodyToJson } from '../../protocol/json-codec.js'
import { METHODS } from '../../protocol/methods.js'
import { systemClock } from '../../src/lib/clock.js'
import { AnswerForms, BYTES_THERE_MAX } from '../../src/short/answer-forms.js'
import { jsonAnswer, messageAnswer } from '../../src/short/connect-answer.js'
import type { ShortAnswer } from '../../src/short/types.js'
import { InlineWorkers } from '../../src/workers/inline.js'
import { WorkerPool } from '../../src/workers/pool.js'
import type { OwnWorkers } from '../../src/workers/tasks.js'
import { type WorkerCode, WorkerError } from '../../src/workers/types.js'
import { eventually } from '../support/eventually.js'
import { ManualClock } from '../support/manual-clock.js'

/** Keeps tasks until the test lets them go on, or fails them. */
class HeldWorkers implements OwnWorkers {
  readonly #inline = new InlineWorkers()
  readonly held: ((code?: WorkerCode) => void)[] = []
  begun = 0

  readonly run: OwnWorkers['run'] = async (name, input, options) => {
    this.begun++
    await new Promise<void>((resolve, reject) => {
      this.held.push(code => (code === undefined ? resolve() : reject(new WorkerError(code, name))))
    })
    return this.#inline.run(name, input, options) as never
  }

  close(): Promise<void> {
    return this.#inline.close()
  }
}

function page(items: number): Uint8Array {
  const bytes = encodeMessageItem({ sender: 5, device: 1, sendSeq: 9, atMs: 1e12, recipient: 0, text: 'né'.repeat(50) })
  const all = Array.from({ length: items }, (_, i) => ({ version: 1 + i, bytes }))
  return encodeSyncBody(0, { to: items, more: true, trimmed: false, items: all })
}

function ask(forms: AnswerForms, answer: ShortAnswer, accept?: string, gone = new AbortController()) {
  const given: { readonly answer: ShortAnswer; readonly length: number }[] = []
  forms.finish(answer, accept, gone, (formed, length) => given.push({ answer: formed, length }))
  return given
}

function read({ headers, body }: ShortAnswer): string {
  return Buffer.from(headers['Content-Encoding'] === 'gzip' ? gunzipSync(body) : body).toString('latin1')
}

const SMALL = page(5)
const LARGE = page(200)

t.test('small answers have their form at once, large ones from a thread: it is the same', async t => {
  const workers = new WorkerPool({ clock: systemClock, threads: 1 })
  t.teardown(() => workers.close())
  const forms = new AnswerForms(workers, systemClock)
  for (const body of [SMALL, LARGE]) {
    const json = Buffer.from(bodyToJson(METHODS.sync, 'response', body))
    for (const accept of [undefined, 'gzip']) {
      for (const answer of [messageAnswer(body), jsonAnswer(METHODS.sync, body)]) {
        const isJson = answer.headers['Content-Type'] === 'application/json'
        const given = ask(forms, answer, accept)
        if (body === SMALL) t.equal(given.length, 1)
        await eventually(() => given.length === 1)
        const [made] = given
        const expected = isJson ? json : Buffer.from(body)
        t.equal(made && read(made.answer), expected.toString('latin1'))
        t.equal(made?.length, expected.length, 'it counts as it is unpacked')
        const isPacked = made?.answer.headers['Content-Encoding'] === 'gzip'
        t.equal(isPacked, accept === 'gzip' && expected.length >= 1_024)
        t.match(made?.answer.headers, answer.headers)
      }
    }
  }
  t.equal(workers.figures.runSeconds.count, 3, 'large and packed, large in JSON, and both')
})

t.test('an answer that is lost with a thread is refused if JSON was to be made of it, or goes unpacked', async t => {
  for (const code of ['CRASHED', 'TIMED_OUT', 'FAILED'] as const) {
    const workers = new HeldWorkers()
    const clock = new ManualClock()
    const forms = new AnswerForms(workers, clock)
    const [json, packed] = [ask(forms, jsonAnswer(METHODS.sync, LARGE)), ask(forms, messageAnswer(LARGE), 'gzip')]
    for (const end of workers.held) end(code)
    await eventually(() => json.length + packed.length === 2)
    t.match(json, [{ answer: { status: 503, headers: { 'Retry-After': '1' } } }], code)
    t.match(JSON.parse(read((json[0] as { answer: ShortAnswer }).answer)), {
      details: [{ debug: { code: CODES.UNAVAILABLE.code } }],
    })
    t.same(packed[0]?.answer, messageAnswer(LARGE))
    const next = ask(forms, jsonAnswer(METHODS.sync, LARGE))
    t.equal(next.length, code === 'CRASHED' ? 1 : 0, 'perhaps no thread can be started')
    clock.advance(5_000)
    ask(forms, jsonAnswer(METHODS.sync, LARGE))
    t.equal(workers.begun, code === 'CRASHED' ? 3 : 4)
  }
})

t.test('what waits for threads is bounded in bytes; what is beyond has its form here, unpacked', async t => {
  const workers = new HeldWorkers()
  const forms = new AnswerForms(workers, new ManualClock())
  const body = new Uint8Array(randomBytes(BYTES_THERE_MAX / 4))
  const there = Array.from({ length: 4 }, () => ask(forms, messageAnswer(body), 'gzip'))
  const beyond = ask(forms, messageAnswer(body), 'gzip')
  t.equal(workers.begun, 4)
  t.equal(beyond[0]?.answer.body, body)
  const json = ask(forms, jsonAnswer(METHODS.sync, LARGE), 'gzip')
  t.match(json[0]?.answer.headers, { 'Content-Type': 'application/json', 'Content-Encoding': undefined })
  for (const end of workers.held) end()
  await eventually(() => there.every(given => given.length === 1))
  ask(forms, messageAnswer(body), 'gzip')
  t.equal(workers.begun, 5)
})

t.test('a full pool and one that is closed make nobody wait: the answer has its form here', async t => {
  for (const code of ['QUEUE_FULL', 'CLOSED'] as const) {
    const workers = new HeldWorkers()
    const given = ask(new AnswerForms(workers, new ManualClock()), jsonAnswer(METHODS.sync, LARGE))
    workers.held[0]?.(code)
    await eventually(() => given.length === 1)
    t.equal(given[0]?.answer.status, 200)
    t.equal(JSON.parse(Buffer.from(given[0]?.answer.body ?? '').toString()).items.length, 200)
  }
})

t.test('a task goes with its peer', async t => {
  const workers = new WorkerPool({ clock: systemClock, threads: 1 })
  t.teardown(() => workers.close())
  const forms = new AnswerForms(workers, systemClock)
  const gone = new AbortController()
  const first = ask(forms, jsonAnswer(METHODS.sync, LARGE))
  const given = Array.from({ length: 20 }, () => ask(forms, jsonAnswer(METHODS.sync, LARGE), undefined, gone))
  const last = ask(forms, jsonAnswer(METHODS.sync, LARGE))
  gone.abort()
  await eventually(() => first.length + last.length === 2)
  t.equal(workers.figures.runSeconds.count, 2)
  t.equal(workers.figures.failures.ABORTED, 20)
  t.same(
    given.map(each => each.length),
    new Array(20).fill(0),
  )
})
