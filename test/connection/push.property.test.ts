import fc from 'fast-check'
import t from 'tap'
import { encodeRequest } from '../../protocol/frame-codec.js'
import { createSyncRequest, decodeSyncRequest, encodeSyncRequest } from '../../protocol/generated/messages.js'
import { METHODS } from '../../protocol/methods.js'
import type { Connection } from '../../src/connection/connection.js'
import type { TimelinePage } from '../../src/services/types.js'
import type { AppendedEvent } from '../../src/sync/events.js'
import { connectionRig, type FakePipe, helloFrame, joined, LEADING_ZERO } from '../support/connection-rig.js'
import { appended } from '../support/events.js'
import { FakeServices, type HeldRequest } from '../support/fake-services.js'
import { ModelClient } from '../support/model-client.js'

const UID = 7

type Step =
  /** The timeline grows; its event comes, comes later (behind newer ones), or never. */
  | { readonly kind: 'grow'; readonly told: 'now' | 'late' | 'lost'; readonly size: number }
  | { readonly kind: 'told-late' }
  /** The device sends: its answer comes before its event, or the answer is a repeat's and names no version. */
  | { readonly kind: 'send'; readonly repeat: boolean }
  /** The pipe takes bytes, or stops taking them. */
  | { readonly kind: 'pipe'; readonly takes: boolean }
  /** A Sync that was read is answered, with the page as it was then or as it is now. */
  | { readonly kind: 'answer'; readonly fresh: boolean }
  | { readonly kind: 'turn' }
  | { readonly kind: 'pass'; readonly ms: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('grow' as const),
      told: fc.oneof(
        { weight: 8, arbitrary: fc.constant('now' as const) },
        { weight: 1, arbitrary: fc.constant('late' as const) },
        { weight: 1, arbitrary: fc.constant('lost' as const) },
      ),
      size: fc.oneof({ weight: 4, arbitrary: fc.constant(10) }, { weight: 1, arbitrary: fc.constant(16_000) }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('told-late' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('send' as const), repeat: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('pipe' as const), takes: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('answer' as const), fresh: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('turn' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.nat(8_000) }) },
)

/** A connection, its timeline and its client, and what the steps do to them. */
class Scenario {
  readonly services = new FakeServices()
  readonly timeline = this.services.timeline(UID)
  readonly rig = connectionRig(this.services)
  readonly pipe: FakePipe
  readonly connection: Connection
  readonly client: ModelClient
  readonly syncs: { held: HeldRequest; since: number; page: TimelinePage }[] = []
  readonly #late: AppendedEvent[] = []
  #lastId = 1

  constructor(before: number, since: number, itemsMax: number) {
    this.services.itemsMax = itemsMax
    for (let i = 0; i < before; i++) this.timeline.append()
    const { pipe, connection } = this.rig.connect()
    this.pipe = pipe
    this.connection = connection
    this.client = new ModelClient(since, from => this.#pull(from))
    this.services.onRequest = held => this.#requested(held)
    connection.receive(joined(LEADING_ZERO, helloFrame(1, { token: Uint8Array.of(UID), attempt: 1, since })))
  }

  async take(step: Step): Promise<void> {
    switch (step.kind) {
      case 'grow':
        this.grow(step.told, step.size)
        break
      case 'told-late':
        this.#tell(this.#late.shift())
        break
      case 'send':
        this.#send(step.repeat)
        break
      case 'pipe':
        this.pipe.takes = step.takes
        if (step.takes) this.pipe.release()
        break
      case 'answer':
        this.answer(step.fresh)
        break
      case 'pass':
        await this.rig.pass(step.ms)
        await this.turn()
        break
      case 'turn':
        await this.turn()
    }
  }

  async turn(): Promise<void> {
    await this.rig.turn()
    for (const bytes of this.pipe.writes.splice(0)) this.client.receive(bytes)
  }

  grow(told: 'now' | 'late' | 'lost', size: number): void {
    const item = this.#append(size)
    if (told === 'now') this.#tell(item)
    else if (told === 'late') this.#late.push(item)
  }

  answer(fresh: boolean): void {
    const sync = this.syncs.shift()
    if (sync === undefined) return
    const { held, since, page } = sync
    held.caller.synced(held.id, since, fresh ? this.timeline.page(since, this.services.itemsMax) : page, [])
  }

  /** Sends that were read late are answered as repeats. */
  answerSends(): void {
    for (const { caller, id } of this.services.requests.splice(0)) caller.accepted(id, 0, 0)
  }

  #append(size: number): AppendedEvent {
    const item = this.timeline.append()
    const bytes = size <= 10 ? item.bytes : messageOf(size)
    this.timeline.items[item.version - 1] = { version: item.version, bytes }
    return appended(UID, { ...item, bytes })
  }

  #tell(event: AppendedEvent | undefined): void {
    if (event !== undefined) this.rig.hub.take(event)
  }

  #send(repeat: boolean): void {
    this.#lastId += 1
    const id = this.#lastId
    this.client.sending(id)
    this.connection.receive(encodeRequest(id, METHODS.send.number, new Uint8Array(0)))
    const held = this.services.requests.pop()
    if (held === undefined) return // not read: the connection is congested, or waits for its first page
    if (repeat) {
      held.caller.accepted(held.id, 0, 0)
    } else {
      const own = this.#append(10)
      held.caller.accepted(held.id, own.from, own.version)
      this.#tell(own)
    }
  }

  #pull(since: number): number {
    this.#lastId += 1
    const body = encodeSyncRequest(createSyncRequest({ since }))
    this.connection.receive(encodeRequest(this.#lastId, METHODS.sync.number, body))
    return this.#lastId
  }

  #requested(held: HeldRequest): void {
    if (held.method !== METHODS.sync.number) {
      this.services.requests.push(held)
    } else {
      const { since } = decodeSyncRequest(held.body)
      this.syncs.push({ held, since, page: this.timeline.page(since, this.services.itemsMax) })
    }
  }
}

/** Takes the steps, and then lets everything come to rest. */
async function run(steps: readonly Step[], before: number, since: number, itemsMax: number): Promise<Scenario> {
  const scenario = new Scenario(before, since, itemsMax)
  for (const step of steps) await scenario.take(step)
  const { client, timeline, pipe, rig } = scenario
  // One last event, of something that may have been lost on the way: the node that lost one finds it in the end.
  scenario.grow('now', 10)
  for (let i = 0; i < 400 && (client.applied < timeline.head || client.pulling); i++) {
    pipe.takes = true
    pipe.release()
    await scenario.turn()
    scenario.answer(i % 2 === 0)
    scenario.answerSends()
    if (i % 50 === 49) await rig.pass(6_000)
  }
  return scenario
}

function messageOf(bytes: number): Uint8Array {
  const text = bytes - 8
  const inner = text + 4
  const varint = (value: number) => [(value & 127) | 128, ((value >> 7) & 127) | 128, value >> 14]
  const out = new Uint8Array(bytes + 2).fill(0x61)
  out.set([0x12, ...varint(inner), 0x32, ...varint(text)])
  return out.subarray(0, 1 + 3 + 1 + 3 + text)
}

t.test('whatever happens, the client ends with every item, each once, in order', async t => {
  const cases = fc.record({
    steps: fc.array(step, { maxLength: 80 }),
    before: fc.nat(6),
    since: fc.nat(6),
    itemsMax: fc.constantFrom(2, 5, 256),
  })
  await fc.assert(
    fc.asyncProperty(cases, async ({ steps, before, since, itemsMax }) => {
      const first = Math.min(since, before)
      const { client, timeline, connection } = await run(steps, before, first, itemsMax)
      if (connection.state !== 'open') throw new Error(`the connection is ${connection.state}`)
      const expected = Array.from({ length: timeline.head - first }, (_, i) => first + i + 1)
      if (JSON.stringify(client.got) !== JSON.stringify(expected)) {
        throw new Error(`applied ${client.applied} of ${timeline.head}: ${client.got.join(' ')}`)
      }
    }),
    { numRuns: 400 },
  )
  t.pass()
})

t.test('in sequence nothing is pulled and nothing is notified', async t => {
  const steps = Array.from({ length: 60 }, (_, i): Step => {
    if (i % 5 === 0) return { kind: 'turn' }
    return i % 5 === 2 ? { kind: 'send', repeat: false } : { kind: 'grow', told: 'now', size: 10 }
  })
  const { client } = await run(steps, 3, 1, 256)
  t.same([client.pulls, client.notifies], [0, 0])
  t.equal(client.got.length, 2 + 48 + 1)
})
