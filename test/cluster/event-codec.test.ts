/** The form in which events travel between nodes, also between a node and a newer one. */
import fc from 'fast-check'
import t from 'tap'
import { DecodeError } from '../../protocol/wire-reader.js'
import { decodeBatch, encodeBatch } from '../../src/cluster/event-codec.js'
import type { EventBatch } from '../../src/cluster/node-exchange.js'
import type { EndedEvent, NodeEvent } from '../../src/sync/events.js'
import { ended } from '../support/events.js'

const number = fc.maxSafeNat()
const text = fc.string({ unit: 'binary' })
const bytes = fc.uint8Array({ maxLength: 300 })

const event: fc.Arbitrary<NodeEvent> = fc.oneof(
  fc.record({
    kind: fc.constant('appended' as const),
    to: text,
    from: number,
    version: number,
    bytes: fc.option(bytes, { nil: undefined }),
  }),
  fc.record({
    kind: fc.constant('ended' as const),
    to: text,
    device: number,
    what: fc.constantFrom<EndedEvent['what'][]>('session', 'attempt', 'token'),
    attempt: number,
    except: number,
  }),
  fc.record({ kind: fc.constant('transient' as const), from: text, to: text, topic: text, bytes }),
  fc.record({ kind: fc.constant('deliver' as const), to: text, source: text, target: text }),
  fc.record({ kind: fc.constant('contended' as const), to: text }),
)

const batch: fc.Arbitrary<EventBatch> = fc.record({
  node: text,
  incarnation: number,
  number,
  events: fc.array(event, { maxLength: 20 }),
})

t.test('every batch is read as it was written', async t => {
  fc.assert(
    fc.property(batch, each => {
      t.same(decodeBatch(encodeBatch(each)), { batch: each, unknown: 0 })
    }),
    { numRuns: 500 },
  )
  t.pass('500 batches')
})

t.test("a group's item goes once to a node with hundreds of its members, also between other events", async t => {
  const item = new Uint8Array(2_000).fill(7)
  const events: NodeEvent[] = Array.from({ length: 500 }, (_, i) => [
    { kind: 'appended' as const, to: `user/${i}`, from: i, version: i + 1, bytes: item },
    { kind: 'appended' as const, to: `user/${i}`, from: i, version: i + 2, bytes: undefined },
    { kind: 'contended' as const, to: `user/${i}` },
  ]).flat()
  events.push({ kind: 'appended', to: 'user/1', from: 1, version: 2, bytes: Uint8Array.of(9) })
  const each = { node: 'a', incarnation: 1, number: 1, events }
  const encoded = encodeBatch(each)
  t.ok(encoded.length < 50_000, `${encoded.length} bytes`)
  t.same(decodeBatch(encoded), { batch: each, unknown: 0 })
})

t.test('bytes that are cut or changed are refused, or read as another batch: nothing else is thrown', async t => {
  let refused = 0
  fc.assert(
    fc.property(batch, fc.nat(), fc.nat({ max: 255 }), (each, at, byte) => {
      const whole = encodeBatch(each)
      const changed = whole.slice()
      changed[at % whole.length] = byte
      for (const some of [whole.subarray(0, at % whole.length), changed]) {
        try {
          decodeBatch(some)
        } catch (error) {
          if (!(error instanceof DecodeError)) throw error
          refused += 1
        }
      }
    }),
    { numRuns: 500 },
  )
  t.ok(refused > 50, `${refused} refused`)
})

t.test('the bytes of a batch are fixed', async t => {
  const bytes = Uint8Array.of(9)
  const events: NodeEvent[] = [
    { kind: 'appended', to: 'user/1', from: 1, version: 2, bytes },
    ended(1, 2, 'attempt', 3, 4),
    { kind: 'transient', from: 'c', to: 'user/1', topic: 't', bytes: Uint8Array.of(7) },
    { kind: 'deliver', to: 'node/b', source: 'user/1', target: 'user/2' },
    { kind: 'contended', to: 'user/1' },
    { kind: 'appended', to: 'user/1', from: 2, version: 3, bytes },
  ]
  const user = '1206757365722f31'
  t.equal(
    Buffer.from(encodeBatch({ node: 'a', incarnation: 5, number: 6, events })).toString('hex'),
    [
      '010a016110051806',
      `2211${'0801'}${user}180120022a0109`,
      `2212${'0802'}${user}1802200228033004`,
      `2213${'0803'}${user}1a01742201072a0163`,
      `221a${'0804'}12066e6f64652f621a06757365722f312206757365722f32`,
      `220a${'0805'}${user}`,
      `2210${'0801'}${user}180220033001`,
    ].join(''),
  )
})

t.test('what a newer node adds is skipped: a field, a kind of event, an end', async t => {
  const own = encodeBatch({ node: 'a', incarnation: 5, number: 6, events: [ended(1, 2, 'token', 3)] })
  const field = [0x48, 1]
  const kind = [0x22, 4, 0x08, 99, 0x1a, 0]
  const end = [0x22, 7, 0x08, 2, 0x12, 1, 0x61, 0x20, 9]
  const decoded = decodeBatch(Uint8Array.from([...own, ...field, ...kind, ...end]))
  t.equal(decoded?.unknown, 2)
  t.match(decoded?.batch, { node: 'a', incarnation: 5, number: 6 })
  t.same(decoded?.batch.events[0], ended(1, 2, 'token', 3))
  // They still make it a batch, and no beat: its number is another one.
  t.equal(decoded?.batch.events.length, 3)
})

t.test('a batch of another form is left', async t => {
  t.equal(decodeBatch(Uint8Array.of(2, 0x0a, 1, 0x61)), undefined)
  t.equal(decodeBatch(new Uint8Array(0)), undefined)
})
