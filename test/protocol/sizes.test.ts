// What the protocol costs on the wire, in bytes of frames with their lengths. README quotes these numbers; whoever makes a
// message dearer finds out here.
import t from 'tap'
import { encodeNotice, encodeRequest, PING } from '../../protocol/frame-codec.js'
import {
  createAckNotice,
  createHelloRequest,
  createSyncRequest,
  encodeAckNotice,
  encodeHelloRequest,
  encodeNotifyNotice,
  encodeSyncRequest,
} from '../../protocol/generated/messages.js'
import {
  encodeAcceptedFrame,
  encodeMessageItem,
  encodePushFrame,
  encodeSendFrame,
  encodeSyncFrame,
} from '../../protocol/item-codec.js'
import { METHODS } from '../../protocol/methods.js'

/** The state of a busy device after some months on a server with two million users. */
const ID = 100
const SEND_SEQ = 2 ** 14 - 1
const UID = 2 ** 21 - 1
const VERSION = 2 ** 21 - 2
const AT_MS = 1_790_000_000_000
const TEXT = 'x'.repeat(100)

const item = encodeMessageItem({ sender: UID, device: 1, sendSeq: SEND_SEQ, atMs: AT_MS, recipient: 0, text: TEXT })

t.test('a heartbeat is one byte each way', async t => {
  t.equal(PING.length, 1)
})

t.test('a message upward takes 16 bytes beside its 100', async t => {
  t.equal(encodeSendFrame(ID, SEND_SEQ, UID, TEXT).length, 116)
})

t.test('its acceptance takes 9 bytes, 13 when others wrote to the timeline meanwhile', async t => {
  t.equal(encodeAcceptedFrame(ID, VERSION, VERSION + 1).length, 9)
  t.equal(encodeAcceptedFrame(ID, VERSION - 7, VERSION + 1).length, 13)
})

t.test('its delivery takes 32 bytes beside its 100, 22 for each further message of a push', async t => {
  const one = encodePushFrame(VERSION, VERSION + 1, false, [{ version: VERSION + 1, bytes: item }])
  t.equal(one.length, 132)
  const ten = Array.from({ length: 10 }, (_, index) => ({ version: VERSION + 1 + index, bytes: item }))
  t.equal(encodePushFrame(VERSION, VERSION + 10, false, ten).length, 132 + 9 * 122 + 1)
})

t.test('an ack takes 9 bytes, 20 with a mark', async t => {
  const delivered = [{ peer: UID, device: 1, sendSeq: SEND_SEQ }]
  const ack = (marks: typeof delivered) =>
    encodeNotice(METHODS.ack.number, encodeAckNotice(createAckNotice({ version: VERSION, delivered: marks })))
  t.equal(ack([]).length, 9)
  t.equal(ack(delivered).length, 20)
})

t.test('a Notify takes 9 bytes, an empty pull 11 and its answer 9', async t => {
  t.equal(encodeNotice(METHODS.notify.number, encodeNotifyNotice({ version: VERSION })).length, 9)
  const sync = encodeSyncRequest(createSyncRequest({ since: VERSION }))
  t.equal(encodeRequest(ID, METHODS.sync.number, sync).length, 11)
  t.equal(encodeSyncFrame(ID, VERSION, { to: VERSION, more: false, trimmed: false, items: [] }).length, 9)
})

t.test('a reconnection takes fewer than 100 bytes upward', async t => {
  const token = new Uint8Array(44).fill(7)
  const storeId = new Uint8Array(16).fill(7)
  const hello = createHelloRequest({
    token,
    attempt: 300,
    since: VERSION,
    storeId,
    heartbeatMs: 240_000,
    client: 'demo 1.0',
  })
  t.ok(encodeRequest(1, METHODS.hello.number, encodeHelloRequest(hello)).length < 100)
})
