/** What the phase of new devices catches: whatever they show otherwise than a device that was told everything. */
import t from 'tap'
import { BoardAuditor } from '../../../clients/simulate/board-auditor.js'
import type { Person } from '../../../clients/simulate/crowd.js'
import { FirstScreens } from '../../../clients/simulate/first-screens.js'
import type { Client, Message } from '../../../clients/typescript/index.js'
import { directConversation } from '../../../protocol/conversation-id.js'
import { eventually } from '../../support/eventually.js'
import { ManualClock } from '../../support/manual-clock.js'

const ANN = 257
const BOB = 513
const BOARD = 'room:a'
const POST = { sender: ANN, device: 1, sendSeq: 1, number: 1, text: 'a', changed: { recalledBy: 0 } }

interface Look {
  readonly whole: boolean
  readonly contacts: readonly object[]
  readonly rooms: readonly object[]
  readonly nickname: string
  readonly listed: readonly string[]
  readonly unread: number
  /** What is shown as new: of a device whose `since` is too early, messages of before. */
  readonly told: readonly object[]
  readonly unconfirmed: number
}

const RIGHT: Look = {
  whole: true,
  contacts: [
    { uid: ANN, state: 'friend' },
    { uid: 9, state: 'requested' },
  ],
  rooms: [{ conversation: BOARD, state: 'listening', role: 'listener', confirmed: 3 }],
  nickname: 'Bob',
  listed: [directConversation(ANN), BOARD],
  unread: 2,
  told: [],
  unconfirmed: 1,
}

function clientOf(look: Look) {
  const chats = look.listed.map(conversation => ({ conversation, unread: look.unread, mentions: 0 }))
  return {
    account: { device: 2, profile: { nickname: look.nickname }, logout: async () => {} },
    state: () => ({ whole: look.whole }),
    contacts: { list: () => look.contacts },
    groups: { list: () => [] },
    conversations: { list: () => [], preferences: {}, unread: async () => ({ unread: 2, mentions: 0 }) },
    chats: { list: () => chats, more: async () => false },
    rooms: {
      all: () => look.rooms,
      list: async () => [{ conversation: BOARD, head: 1, confirmed: 0, unconfirmed: look.unconfirmed }],
      posts: async () => ({ posts: [POST], more: false, head: 1 }),
    },
    close: async () => {},
  }
}

/** Bob looks in from a device that shows this; Ann, his friend, from one that is right. */
async function lookIn(look: Partial<Look>) {
  const clock = new ManualClock()
  const first = clientOf({ ...RIGHT, contacts: RIGHT.contacts.toReversed() })
  const bob = { number: 0, uid: BOB, devices: [{ client: first }] } as unknown as Person
  const ann = { number: 1, uid: ANN, devices: [{ client: clientOf(RIGHT) }] } as unknown as Person
  const boardAuditor = new BoardAuditor()
  boardAuditor.listens(BOARD, BOB)
  boardAuditor.posted(BOARD, POST, 1)
  const seen = { ...RIGHT, ...look }
  const crowd = {
    people: [bob, ann],
    lookIn: async (person: Person, told: (message: Message) => void): Promise<Client> => {
      if (person === ann) return clientOf(RIGHT) as unknown as Client
      for (const message of seen.told) told(message as Message)
      return clientOf(seen) as unknown as Client
    },
  }
  const board = { members: [bob], conversation: BOARD } as const
  const phase = new FirstScreens({
    crowd,
    friends: [[1], []],
    circles: [],
    boards: [board],
    boardAuditor,
    clock,
  })
  let ended = false
  const running = phase.run().finally(() => {
    ended = true
  })
  await eventually(() => {
    clock.advance(1_000)
    return ended
  })
  await running
  return { wrong: phase.wrong, unconfirmedWrong: boardAuditor.verdict().unconfirmedWrong }
}

t.test('a new device that shows the same is right, in whatever order', async t => {
  t.same(await lookIn({}), { wrong: [], unconfirmedWrong: [] })
})

t.test('whatever it shows otherwise is caught', async t => {
  const faults: readonly (readonly [Partial<Look>, RegExp])[] = [
    [{ whole: false }, /^the new device of 513 has not all of its first screen$/],
    [{ contacts: [] }, /has other contacts/],
    [{ rooms: [{ ...RIGHT.rooms[0], confirmed: 2 }] }, /has other rooms/],
    [{ nickname: 'Rob' }, /has other profile/],
    [{ listed: [BOARD] }, /does not list .*257$/],
    [{ unread: 3 }, /counts 3\/0 in .*, not 2\/0$/],
    [{ told: [POST] }, /is told message 1 of device 1 of 257, which is of before$/],
  ]
  for (const [look, sentence] of faults) {
    const { wrong } = await lookIn(look)
    t.equal(wrong.length, 1, `${sentence}`)
    t.match(wrong[0], sentence)
  }
})

t.test('its list of rooms is judged', async t => {
  const { unconfirmedWrong } = await lookIn({ unconfirmed: 2 })
  t.match(unconfirmedWrong, [/^the list of 513 has 2 unconfirmed, not 1 to 1/])
})
