/** A listener that is connected and reads nothing, while posts and payloads are told: it holds up little, and nobody else. */
import t from 'tap'
import {
  createRoomServicePostRequest,
  decodeRoomServiceCreateResponse,
  encodeSignalNotice,
  RoomKind,
} from '../../protocol/generated/messages.js'
import { HEAD_INTERVAL_MS, ROOM_PAYLOAD_BYTES_MAX } from '../../protocol/limits.js'
import { METHODS } from '../../protocol/methods.js'
import { SIGNAL } from '../../src/connection/watches.js'
import { LITTLE_BYTES } from '../../src/connection/writer.js'
import { roomActor } from '../../src/sync/references.js'
import { ridOf } from '../../src/sync/rules/room-records.js'
import { cast, signalScene } from '../support/signal-scene.js'

/** What a payload has around it in its frame, at most. */
const FRAME_BYTES = 64
const STEP_MS = 250

function payloadOf(first: number): Uint8Array {
  return new Uint8Array(ROOM_PAYLOAD_BYTES_MAX).fill(first)
}

/** A board and a realtime room of Alice's, with two listeners of both: one that reads, and one that has ceased to. */
async function world() {
  const scene = await signalScene('store', ['a'])
  const [alice, bob, carol] = await cast(scene)
  const [owner, slow, fast] = [
    await scene.connect(alice, 'a'),
    await scene.connect(bob, 'a'),
    await scene.connect(carol, 'a'),
  ]
  const create = async (kind: RoomKind): Promise<string> => {
    const rules = { allPublish: false, codeNeeded: false }
    const { body } = await owner.ask(METHODS.roomCreate, { sendSeq: alice.next(), title: 'news', kind, rules })
    await scene.pass(1_000)
    const { conversation } = decodeRoomServiceCreateResponse(body as Uint8Array)
    for (const each of [slow, fast])
      await each.ask(METHODS.roomSubscribe, { sendSeq: each.account.next(), conversation, code: '' })
    await scene.pass(1_000)
    return conversation
  }
  const [board, realtime] = [await create(RoomKind.BOARD), await create(RoomKind.REALTIME)]
  for (const each of [slow, fast]) {
    await each.watch(realtime)
    await each.ask(METHODS.roomList, { after: '', heads: true })
  }
  await scene.pass(1_000)
  slow.pipe.takes = false
  const post = () =>
    owner.ask(METHODS.roomPost, createRoomServicePostRequest({ sendSeq: alice.next(), conversation: board, text: 'x' }))
  const publish = (first: number) =>
    owner.ask(METHODS.roomPublish, { conversation: realtime, payload: payloadOf(first) })
  return { scene, slow, fast, realtime, post, publish }
}

t.test('whoever reads nothing is kept one frame; the others are told all at once', async t => {
  const { scene, slow, fast, post, publish } = await world()
  const rounds = 40
  let most = 0
  for (let round = 1; round <= rounds; round += 1) {
    await post()
    await publish(round)
    t.same(fast.payloads(), [round])
    most = Math.max(most, slow.connection.waitingBytes)
    await scene.pass(STEP_MS)
  }
  await scene.pass(HEAD_INTERVAL_MS)
  const heads = fast.heads()
  t.equal(heads.at(-1), `${rounds}, after ${rounds - 1}`)
  t.ok(heads.length >= (rounds * STEP_MS) / HEAD_INTERVAL_MS, `${heads.length} heads`)
  t.ok(most > 0 && most <= ROOM_PAYLOAD_BYTES_MAX + FRAME_BYTES, `${most} bytes`)
  t.equal(scene.node('a').access.context.backlog.total, most, 'that is counted')
  slow.pipe.takes = true
  slow.pipe.release()
  await scene.pass(HEAD_INTERVAL_MS)
  await publish(rounds + 1)
  t.same(slow.payloads().at(-1), rounds + 1, 'when it reads again, it is told again')
  await scene.close()
})

t.test('of what comes in one turn a connection is kept 16 KiB and a frame', async t => {
  const { scene, slow, fast, realtime } = await world()
  const to = roomActor(ridOf(realtime) ?? '')
  const { watches } = scene.node('a').access
  for (let first = 1; first <= 50; first += 1) {
    const value = { uid: 1, payload: payloadOf(first) }
    const bytes = encodeSignalNotice({ conversation: realtime, signal: { case: 'data', value } })
    watches.take({ kind: 'transient', from: 'b', to, topic: SIGNAL, bytes })
  }
  for (const each of [slow, fast]) {
    const { waitingBytes } = each.connection
    t.ok(waitingBytes > 0 && waitingBytes < LITTLE_BYTES + ROOM_PAYLOAD_BYTES_MAX + FRAME_BYTES, `${waitingBytes}`)
  }
  await scene.settle()
  t.equal(fast.connection.waitingBytes, 0)
  t.same(fast.payloads(), [1, 2, 3, 4])
  await scene.close()
})
