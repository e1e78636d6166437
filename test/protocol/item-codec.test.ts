import fc from 'fast-check'
import t from 'tap'
import { decodeItem } from '../../protocol/generated/messages.js'
import { encodeMessageItem, withRecipient } from '../../protocol/item-codec.js'

t.test('the own copy is the recipient item with the recipient in it, whatever the sizes', async t => {
  const number = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })
  fc.assert(
    fc.property(number, number, number, fc.integer({ min: 0, max: 17_000 }), (sender, atMs, recipient, length) => {
      const message = { sender, device: 3, sendSeq: 9, atMs, recipient: 0, text: 'é'.repeat(length) }
      const own = decodeItem(withRecipient(encodeMessageItem(message), recipient))
      t.same(own.content, { case: 'message', value: { ...message, recipient } })
    }),
    { numRuns: 200 },
  )
})
