/** What a message may hold beside its text (PROTOCOL.md, 7.17). */
import t from 'tap'
import {
  createCustom,
  createLocation,
  encodeCard,
  encodeCustom,
  encodeLocation,
} from '../../protocol/generated/messages.js'
import { CONTENT_BYTES_MAX } from '../../protocol/limits.js'
import { areMentions, CONTENT_KINDS, isContent } from '../../protocol/message-form.js'
import { mentionsVectors } from '../support/vectors.js'

for (const { name, text, mentions, fits } of mentionsVectors()) {
  t.test(`mentions: ${name}`, async t => {
    const named = mentions.map(mention => ({ ...mention, uid: 7 }))
    t.equal(areMentions(text, named), fits)
  })
}

const { custom, location, card } = CONTENT_KINDS
const type = 't'.repeat(64)
const data = new Uint8Array(16_384)

t.test('contents up to their limits', async t => {
  const longest = encodeCustom({ type, data })
  t.ok(longest.length < CONTENT_BYTES_MAX)
  t.ok(isContent({ kind: custom, body: longest }))
  t.ok(isContent({ kind: custom, body: encodeCustom(createCustom({ type: 'x' })) }))
  const edge = { latitude: 180_000_000, longitude: 360_000_000, name: 'n'.repeat(256) }
  t.ok(isContent({ kind: location, body: encodeLocation(edge) }))
  t.ok(isContent({ kind: location, body: new Uint8Array(0) }), 'the south pole')
  t.ok(isContent({ kind: card, body: encodeCard({ uid: 2 ** 53 - 1 }) }))
  t.ok(isContent({ kind: card, body: new Uint8Array([8, 1, 0x78, 1]) }), 'with a field of a newer client')
})

t.test('what is no content', async t => {
  const empty = new Uint8Array(0)
  const filler = new Uint8Array(CONTENT_BYTES_MAX)
  filler.set([0x78, 1])
  for (let at = 2; at + 1 < filler.length; at += 2) filler.set([0x78, 1], at)
  const bad: Record<string, { readonly kind: number; readonly body: Uint8Array }> = {
    'of kind 0': { kind: 0, body: empty },
    'of a kind that is not given out': { kind: 4, body: empty },
    'a Custom without a type': { kind: custom, body: encodeCustom({ type: '', data }) },
    'a Custom with a long type': { kind: custom, body: encodeCustom({ type: `${type}t`, data: empty }) },
    'a Custom with much data': { kind: custom, body: encodeCustom({ type, data: new Uint8Array(16_385) }) },
    'a Location north of the pole': {
      kind: location,
      body: encodeLocation(createLocation({ latitude: 180_000_001 })),
    },
    'a Location beyond the circle': {
      kind: location,
      body: encodeLocation(createLocation({ longitude: 360_000_001 })),
    },
    'a Location with a long name': { kind: location, body: encodeLocation(createLocation({ name: 'n'.repeat(257) })) },
    'a Card of nobody': { kind: card, body: empty },
    'a body that ends within a field': { kind: card, body: new Uint8Array([8]) },
    'a body with the wrong wire type': { kind: card, body: new Uint8Array([10, 1, 1]) },
    'a body with too much that nobody knows': { kind: card, body: new Uint8Array([8, 1, ...filler]) },
  }
  for (const [name, content] of Object.entries(bad)) t.notOk(isContent(content), name)
})
