import t from 'tap'
import { Shown } from '../../../clients/typescript/rules/shown.js'
import { NOTHING, Timeline } from '../../../clients/typescript/rules/timeline.js'
import { CODES } from '../../../protocol/codes.js'
import { encodeRefusal } from '../../../protocol/frame-codec.js'
import { createItem, type Item } from '../../../protocol/generated/messages.js'
import { answer, Harness, messageItem, STORE_ID, syncBody, UID } from '../../support/client-harness.js'
import { type RuleItem, type RuleStep, type RuleVector, ruleVectors } from '../../support/vectors.js'

/** The message that the vectors' client has in its send queue. */
const OWN_ID = `${UID}/1/7`

/** The pull and the send under way of each harness. */
const pulled = new WeakMap<Harness, { readonly id: number; readonly since: number }>()
const sends = new WeakMap<Harness, number>()

/** The rule as timeline.ts and shown.ts have it, driven by the steps of a vector. */
class Rule {
  readonly #timeline: Timeline
  #shown = new Shown()
  #since = 0

  constructor(applied: number) {
    this.#timeline = new Timeline(applied)
  }

  step(step: RuleStep): { applied: number; items: number[]; shown: string[]; pull: number | undefined } {
    const { items, after } = this.#event(step)
    const applied = items.filter(item => after !== NOTHING && item.version > after)
    const shown = applied.flatMap(({ id }) => (id !== undefined && this.#add(id) ? [id] : []))
    const pull = this.#timeline.pull()
    if (pull !== undefined) this.#since = pull
    return { applied: this.#timeline.applied, items: applied.map(item => item.version), shown, pull }
  }

  #event(step: RuleStep): { items: readonly RuleItem[]; after: number } {
    if ('push' in step) return { items: step.push.items, after: this.#timeline.push(step.push.from, step.push.to) }
    if ('answer' in step) {
      const { to, more, items } = step.answer
      return { items, after: this.#timeline.answer(this.#since, to, more) }
    }
    if ('notify' in step) this.#timeline.notify(step.notify.version)
    if ('accepted' in step) {
      const { id, from, version } = step.accepted
      this.#add(id)
      if (version > 0) this.#timeline.accepted(from, version)
    }
    if ('connected' in step) {
      if (step.connected.resync || step.connected.otherStore) this.#timeline.reset()
      if (step.connected.otherStore) this.#shown = new Shown()
      this.#timeline.connected()
    }
    if ('resync' in step) {
      this.#timeline.reset()
      this.#timeline.unanswered()
    }
    return { items: [], after: NOTHING }
  }

  #add(id: string): boolean {
    const [sender = 0, device = 0, sendSeq = 0] = id.split('/').map(Number)
    return this.#shown.of(sender, device).add(sendSeq)
  }
}

t.test('the vectors of the push rule', t => {
  for (const vector of ruleVectors()) {
    t.test(vector.name, t => {
      const rule = new Rule(vector.applied)
      for (const step of vector.steps) {
        if ('fault' in step.expect) {
          t.throws(() => rule.step(step), { name: 'BrokenServer' })
          break
        }
        const outcome = rule.step(step)
        const { applied, items, shown, pull } = step.expect
        t.same(outcome, { applied, items, shown, pull })
      }
      t.end()
    })
  }
  t.end()
})

t.test('the vectors of the push rule, through the whole client', t => {
  for (const vector of ruleVectors()) {
    t.test(vector.name, async t => {
      const harness = await caughtUp(vector)
      for (const step of vector.steps) {
        const told = harness.told.length
        play(harness, step)
        if ('fault' in step.expect) {
          t.equal(harness.pipe.closedByClient, true)
          t.equal(harness.client.state().phase, 'waiting')
          break
        }
        t.equal(harness.client.state().applied, step.expect.applied)
        const shown = harness.told.slice(told).flatMap(each => (each.name === 'message' ? [idOf(each.event)] : []))
        // The message of the test's own send queue is told by its state, not as a new one.
        const expected = step.expect.shown.filter(id => !(id === OWN_ID && OWN_ID in vectorIds(vector)))
        t.same(shown, expected)
        t.same(pulls(harness), step.expect.pull === undefined ? [] : [step.expect.pull])
      }
    })
  }
  t.end()
})

t.test('a refused pull is pulled again', t => {
  const timeline = new Timeline(5)
  timeline.notify(9)
  t.equal(timeline.pull(), 5)
  t.equal(timeline.pull(), undefined)
  timeline.unanswered()
  t.equal(timeline.pull(), 5)
  t.equal(timeline.answer(5, 9, false), 5)
  t.equal(timeline.pull(), undefined)
  t.equal(timeline.push(5, 9), NOTHING)
  t.end()
})

/** A client that has applied up to the vector's version, with message 7 under way where the vector has it. */
async function caughtUp(vector: RuleVector): Promise<Harness> {
  const harness = await Harness.online(undefined, { ackDelayMs: 60_000 }, { lastSendSeq: 6 })
  harness.pipe.push(0, vector.applied)
  if (OWN_ID in vectorIds(vector)) harness.client.send(300, 'seven')
  harness.settle()
  return harness
}

function vectorIds(vector: RuleVector): { [id: string]: true } {
  return Object.fromEntries(
    vector.steps.flatMap(step => ('accepted' in step ? [[step.accepted.id, true as const]] : [])),
  )
}

function play(harness: Harness, step: RuleStep): void {
  const { pipe } = harness
  if ('push' in step) {
    pipe.push(step.push.from, step.push.to, itemsOf(step.push.from, step.push.items))
  } else if ('notify' in step) {
    pipe.notify(step.notify.version)
  } else if ('accepted' in step) {
    pipe.respond('send', sendId(harness), step.accepted)
  } else if ('answer' in step) {
    const { to, more, items } = step.answer
    const since = pulled.get(harness)
    pipe.respond('sync', since?.id ?? 0, syncBody(to, more, itemsOf(since?.since ?? 0, items)))
  } else if ('resync' in step) {
    pipe.receive(encodeRefusal(pulled.get(harness)?.id ?? 0, CODES.RESYNC.code, '', 0))
  } else if ('connected' in step) {
    const { resync = false, otherStore = false } = step.connected
    pipe.end()
    harness.advance(2_000)
    harness.pipe.open()
    const { id } = harness.pipe.take('hello')
    const storeId = otherStore ? Uint8Array.of(7) : STORE_ID
    harness.pipe.receive(answer('hello', id, { uid: UID, device: 1, lastSendSeq: 6, storeId, resync, head: 2 ** 40 }))
    while (harness.pipe.peek()[0] === 'void') harness.pipe.respond('void', harness.pipe.take('void').id)
  }
}

function sendId(harness: Harness): number {
  if (harness.pipe.peek()[0] === 'send') sends.set(harness, harness.pipe.take('send').id)
  return sends.get(harness) ?? 0
}

/** The pulls that the client has just sent. */
function pulls(harness: Harness): number[] {
  const found: number[] = []
  while (harness.pipe.peek().length > 0) {
    const [name] = harness.pipe.peek()
    if (name === 'sync') {
      const { id, request } = harness.pipe.take('sync')
      pulled.set(harness, { id, since: request.since })
      found.push(request.since)
    } else if (name === 'send') {
      sends.set(harness, harness.pipe.take('send').id)
    } else {
      harness.pipe.takeAck()
    }
  }
  return found
}

function itemsOf(from: number, items: readonly RuleItem[]): Item[] {
  let before = from
  return items.map(({ version, id }) => {
    const skip = version - before - 1
    before = version
    if (id === undefined) return createItem({ skip })
    return messageItem(id, id, id === OWN_ID ? { skip, recipient: 300 } : { skip })
  })
}

function idOf(message: { readonly sender: number; readonly device: number; readonly sendSeq: number }): string {
  return `${message.sender}/${message.device}/${message.sendSeq}`
}
