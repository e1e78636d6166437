/** Boards and the first screen over several nodes: what one node takes another one shows, with a store of its own or without one. */
import t from 'tap'
import {
  decodeConversationsResponse,
  decodeHistoryResponse,
  decodeRoomServiceCreateResponse,
  decodeRoomServiceListResponse,
  decodeRoomServicePostsResponse,
  RoomKind,
} from '../../protocol/generated/messages.js'
import { METHODS } from '../../protocol/methods.js'
import { cast, direct, type Looker, signalScene } from '../support/signal-scene.js'

const PLACES = [
  { kind: 'store', names: ['a', 'b'], here: 'a', there: 'b' },
  { kind: 'hub', names: ['hub', 'a', 'b'], here: 'a', there: 'b' },
  { kind: 'hub', names: ['hub', 'a'], here: 'hub', there: 'a' },
] as const

const RULES = { allPublish: false, codeNeeded: false }
const ANY = { before: 0, after: 0, limit: 0 }
const NEWEST = { before: 0, after: 0, around: 0, message: undefined, limit: 0 }

async function list(looker: Looker) {
  const { body } = await looker.ask(METHODS.roomList, { after: '', heads: false })
  return decodeRoomServiceListResponse(body as Uint8Array).rooms
}

for (const { kind, names, here, there } of PLACES) {
  const where = `at ${here} and ${there}, of the ${kind} of ${names.join(', ')}`
  t.test(`a board is made, read and confirmed ${where}`, async t => {
    const scene = await signalScene(kind, names)
    const [alice, bob] = await cast(scene)
    const [a, b] = [await scene.connect(alice, here), await scene.connect(bob, there)]
    const until = async (isSo: () => Promise<boolean>): Promise<void> => {
      for (let tries = 0; tries < 50; tries += 1) {
        if (await isSo()) return
        await scene.pass(250)
      }
      throw new Error('it does not come')
    }
    const made = await a.ask(METHODS.roomCreate, {
      sendSeq: alice.next(),
      title: 'news',
      kind: RoomKind.BOARD,
      rules: RULES,
    })
    const { conversation } = decodeRoomServiceCreateResponse(made.body as Uint8Array)
    await until(async () => (await list(a)).length === 1)
    await b.ask(METHODS.roomSubscribe, { sendSeq: bob.next(), conversation, code: '' })
    await until(async () => (await list(b)).length === 1)
    for (const text of ['one', 'two']) {
      const post = { content: undefined, metadata: new Uint8Array(0) }
      t.equal((await a.ask(METHODS.roomPost, { sendSeq: alice.next(), conversation, text, ...post })).what, 'answer')
    }
    await until(async () => (await list(b))[0]?.unconfirmed === 2)
    const { body } = await b.ask(METHODS.roomPosts, { conversation, ...ANY })
    const { posts, head } = decodeRoomServicePostsResponse(body as Uint8Array)
    t.same(
      posts.map(({ text, sender, number }) => [text, sender, number <= head]),
      [
        ['one', alice.uid, true],
        ['two', alice.uid, true],
      ],
    )
    await b.ask(METHODS.roomConfirm, { sendSeq: bob.next(), conversation, upTo: head })
    // He comes back at the other node.
    const again = await scene.connect(bob, here)
    t.match(await list(again), [{ confirmed: head, unconfirmed: 0 }])
    await scene.close()
  })

  t.test(`the first screen and history are the same ${where}`, async t => {
    const scene = await signalScene(kind, names)
    const [alice, bob, carol] = await cast(scene)
    await scene.befriend(alice, carol)
    for (const friend of [bob, carol]) await friend.send(alice.uid, 'hello')
    await scene.pass(1_000)
    const screens: string[] = []
    for (const at of [here, there]) {
      const looker = await scene.connect(alice, at)
      const screen = await looker.ask(METHODS.conversations, { after: 0, limit: 0 })
      const past = await looker.ask(METHODS.history, { conversation: direct(bob), ...NEWEST })
      const { conversations, head } = decodeConversationsResponse(screen.body as Uint8Array)
      t.same(
        conversations.map(({ conversation, unread }) => [conversation, unread]).sort(),
        [
          [direct(bob), 1],
          [direct(carol), 1],
        ].sort(),
      )
      const { items } = decodeHistoryResponse(past.body as Uint8Array)
      t.match(
        items.map(({ content }) => content?.case),
        ['message'],
      )
      screens.push(
        `${head} ${Buffer.from(screen.body as Uint8Array).toString('hex')} ${Buffer.from(past.body as Uint8Array).toString('hex')}`,
      )
    }
    t.equal(screens[0], screens[1])
    await scene.close()
  })
}
