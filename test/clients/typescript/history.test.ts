/** The history of a conversation: what is stored here, and beyond it what the server has. */
import t from 'tap'
import { MemoryStorage, type MessagePage } from '../../../clients/typescript/index.js'
import { CODES } from '../../../protocol/codes.js'
import {
  createFailed,
  createHistoryResponse,
  createItem,
  GroupAct,
  GroupState,
  type Item,
} from '../../../protocol/generated/messages.js'
import {
  changedItem,
  changeItem,
  conversationState,
  GROUP,
  groupItem,
  groupMessage,
  Harness,
  type HarnessOptions,
  inState,
  messageItem,
  rejectionOf,
  UID,
} from '../../support/client-harness.js'

const HEAD = 500
const BOB = 'direct:300'

/** A device that began at the head, with its first screen drawn. */
async function device(storage = new MemoryStorage(), options: HarnessOptions = {}): Promise<Harness> {
  const harness = await Harness.online(storage, { firstScreen: true, ...options }, {}, { head: HEAD })
  harness.pipe.skip()
  return harness
}

/** Messages of the peer, under versions that are ten apart from 10 on. */
function said(first: number, last: number, text = (n: number) => `m${n}`): Item[] {
  return Array.from({ length: last - first + 1 }, (_, i) =>
    messageItem(`300/1/${first + i}`, text(first + i), { skip: 9 }),
  )
}

/** Answers the request for history that is due. */
async function give(harness: Harness, asked: object, from: number, to: number, items: readonly Item[]): Promise<void> {
  await harness.steps()
  const { id, request } = harness.pipe.takeNext('history')
  const nothing = { before: 0, after: 0, around: 0, message: undefined }
  t.match(request, { ...nothing, ...asked })
  harness.pipe.respond('history', id, createHistoryResponse({ from, to, items: [...items] }))
}

const texts = ({ messages }: MessagePage): string[] => messages.map(each => each.change?.act ?? each.text)

function numbers(first: number, last: number): string[] {
  return Array.from({ length: last - first + 1 }, (_, i) => `m${first + i}`)
}

t.test('what is not here comes from the server, once, and is stored as far as it joins', async t => {
  const storage = new MemoryStorage()
  const harness = await device(storage)
  const asked = harness.client.history(BOB, { limit: 10 })
  await give(harness, { conversation: BOB, limit: 10 }, 400, HEAD, said(41, 50))
  const newest = await harness.until(asked)
  t.same(texts(newest), numbers(41, 50))
  t.equal(newest.after, undefined)
  harness.pipe.push(HEAD, 510, [messageItem('300/1/51', 'm51', { skip: 9 })])

  // The second time it is here.
  const again = await harness.until(harness.client.history(BOB, { limit: 6 }))
  t.same(texts(again), numbers(46, 51))
  const before = await harness.until(harness.client.history(BOB, { before: again.before, limit: 6 }))
  t.same(texts(before), numbers(41, 45))
  t.notOk(harness.pipe.peek().includes('history'))
  const older = harness.client.history(BOB, { before: before.before, limit: 100 })
  await give(harness, { before: 410, limit: 100 }, 0, 409, said(1, 40))
  const oldest = await harness.until(older)
  t.same(texts(oldest), numbers(1, 40))
  t.equal(oldest.before, undefined)
  t.same(
    harness.of('message').map(each => each.text),
    ['m51'],
  )

  const later = await Harness.start(storage, { firstScreen: true })
  const whole = await later.client.history(BOB, { limit: 1000 })
  t.same(texts(whole), numbers(1, 51))
  t.equal(whole.before, undefined, 'the beginning is known')
})

t.test('the server is told that they are stored, and then that they are read', async t => {
  const harness = await device()
  const asked = harness.client.history(BOB)
  await give(harness, {}, 0, HEAD, [...said(48, 50), messageItem('300/2/7', 'other device')])
  await harness.until(asked)
  harness.advance(1_000)
  harness.pipe.takeNext('ack')
  const marks: unknown[] = []
  harness.client.markRead(BOB)
  await harness.steps()
  harness.advance(1_000)
  while (harness.pipe.peek().includes('ack')) marks.push(harness.pipe.takeNext('ack').request)
  t.match(JSON.stringify(marks), /"sendSeq":50/)
  t.match(JSON.stringify(marks), /"sendSeq":7/)
})

t.test('what comes or changes while a page is on its way is neither lost nor doubled', async t => {
  const harness = await device()
  const asked = harness.client.history(BOB)
  await harness.steps()
  const { id } = harness.pipe.takeNext('history')
  // The page was made before the edit, and it holds a message that the timeline has brought already, and one that it has not.
  harness.pipe.push(HEAD, 510, [messageItem('300/1/51', 'm51', { skip: 9 })])
  harness.pipe.push(510, 511, [changedItem(inState(messageItem('300/1/50', 'edited'), { editedAtMs: 7 }))])
  const items = said(48, 52)
  harness.pipe.respond('history', id, createHistoryResponse({ from: 470, to: 520, items }))
  const page = await harness.until(asked)
  t.same(texts(page), ['m48', 'm49', 'edited', 'm51'])
  harness.pipe.push(511, 520, [messageItem('300/1/52', 'm52', { skip: 8 })])
  await harness.steps()
  t.same(texts(await harness.client.history(BOB)), ['m48', 'm49', 'edited', 'm51', 'm52'])
  // What happens to what came by the page is told, too.
  harness.pipe.push(520, 521, [changedItem(inState(messageItem('300/1/48', ''), { recalledBy: 300 }))])
  await harness.steps()
  t.match(harness.of('messageChanged').at(-1), { sendSeq: 48, changed: { recalledBy: 300 } })
  t.same(texts(await harness.client.history(BOB)), ['', 'm49', 'edited', 'm51', 'm52'])
  harness.pipe.push(521, 522, [changedItem(inState(messageItem('300/1/49', ''), { deleted: true }))])
  await harness.steps()
  t.same(texts(await harness.client.history(BOB)), ['', 'edited', 'm51', 'm52'])
})

t.test('what the user deleted meanwhile does not come back', async t => {
  const harness = await device()
  const asked = harness.client.history(BOB)
  await harness.steps()
  const { id } = harness.pipe.takeNext('history')
  harness.pipe.push(HEAD, 511, [conversationState({ conversation: BOB, cleared: 490 })])
  harness.pipe.respond('history', id, createHistoryResponse({ from: 470, to: HEAD, items: said(48, 50) }))
  t.same(texts(await harness.until(asked)), ['m50'])
})

t.test('a message that another one answers is found by one request, and what lies between comes on demand', async t => {
  const harness = await device()
  const asked = harness.client.history(BOB, { limit: 5 })
  await give(harness, {}, 450, HEAD, said(46, 50))
  const newest = await harness.until(asked)
  const around = harness.client.history(BOB, { around: { sender: 300, device: 1, sendSeq: 12, number: 0 }, limit: 4 })
  await give(harness, { message: { sender: 300, device: 1, sendSeq: 12, number: 0 }, limit: 4 }, 90, 130, said(10, 13))
  const quote = await harness.until(around)
  t.same(texts(quote), numbers(10, 13))
  t.same(texts(await harness.client.history(BOB, { limit: 100 })), numbers(46, 50), 'it is not stored: there is a hole')

  const up = harness.client.history(BOB, { after: quote.after, limit: 20 })
  await give(harness, { after: 130 }, 130, 330, said(14, 33))
  const next = await harness.until(up)
  t.same(texts(next), numbers(14, 33))
  const joining = harness.client.history(BOB, { after: next.after, limit: 20 })
  await give(harness, { after: 330 }, 330, 500, said(34, 50))
  const last = await harness.until(joining)
  t.same(texts(last), numbers(34, 45), 'what is stored is not given twice')
  const stored = await harness.until(harness.client.history(BOB, { after: last.after, limit: 3 }))
  t.same(texts(stored), numbers(46, 48))
  const end = await harness.until(harness.client.history(BOB, { after: stored.after, limit: 9 }))
  t.same([texts(end), end.after], [numbers(49, 50), undefined])

  // The hole was closed from below, so the stored part grew down.
  t.same(texts(await harness.client.history(BOB, { limit: 100 })), numbers(34, 50))
  const down = harness.client.history(BOB, { before: newest.before, limit: 3 })
  await give(harness, { before: 451 }, 420, 450, said(43, 45))
  t.same(texts(await harness.until(down)), numbers(43, 45))
  t.same(texts(await harness.client.history(BOB, { limit: 100 })), numbers(34, 50))

  const here = await harness.until(
    harness.client.history(BOB, { around: { sender: 300, device: 1, sendSeq: 47, number: 0 }, limit: 4 }),
  )
  t.same(texts(here), numbers(45, 48))
})

t.test('own messages that failed say so, and those that wait stand at the end', async t => {
  const harness = await device()
  const asked = harness.client.history(BOB)
  const failed = createFailed({ device: 2, sendSeq: 8, recipient: 300, code: CODES.BLOCKED.code })
  const own = (n: number) => messageItem(`${UID}/2/${n}`, `own ${n}`, { recipient: 300 })
  harness.client.send(300, 'waits')
  await give(harness, {}, 0, HEAD, [own(7), own(8), createItem({ content: { case: 'failed', value: failed } })])
  const page = await harness.until(asked)
  t.match(page.messages, [
    { text: 'own 7', state: 'accepted' },
    { text: 'own 8', state: 'failed', reason: 'BLOCKED' },
    { text: 'waits', state: 'sending' },
  ])
  t.match((await harness.client.history(BOB)).messages[1], { text: 'own 8', state: 'failed' })
})

t.test(
  'a group: its changes are between the messages, and behind its beginning comes what lies before the joining',
  async t => {
    const harness = await device()
    harness.pipe.push(HEAD, 501, [groupItem({ state: GroupState.MEMBER, number: 60, title: 'Friends' })])
    const asked = harness.client.history(GROUP)
    const joined = changeItem(60, { act: GroupAct.JOINED, by: UID, uid: UID })
    give(harness, { conversation: GROUP }, 0, 501, [joined, groupMessage(61, '301/1/4', 'welcome')])
    const page = await harness.until(asked)
    t.same(texts(page), ['joined', 'welcome'])
    const before = harness.client.history(GROUP, { before: page.before })
    await harness.steps()
    const { id, request } = harness.pipe.takeNext('groupEarlier')
    t.match(request, { conversation: GROUP, before: 0 })
    harness.pipe.respond('groupEarlier', id, { items: [groupMessage(58, '301/1/3', 'who comes?')], next: 0 })
    const earlier = await harness.until(before)
    t.same([texts(earlier), earlier.before], [['who comes?'], undefined])
    harness.client.markRead(GROUP, 61)
    await harness.steps()
    t.equal(harness.pipe.takeNext('markRead').request.number, 61, 'a number that came by a page can be read')
  },
)

t.test('a device that has the timeline from its beginning asks for nothing that is not there', async t => {
  const harness = await Harness.online()
  t.same(texts(await harness.client.history(BOB)), [])
  harness.pipe.skip()
  t.same(texts(await harness.client.history(GROUP)), [])
  t.same(harness.pipe.peek(), [])
})

t.test('a server of before has no history: what is here is all', async t => {
  const harness = await Harness.online()
  harness.pipe.push(0, 10, [messageItem('300/1/1', 'm1', { skip: 9 })])
  const page = await harness.client.history(BOB)
  const before = harness.client.history(BOB, { before: page.before })
  await harness.steps()
  harness.pipe.refuse(harness.pipe.takeNext('history').id, 'UNKNOWN_METHOD')
  t.match(await harness.until(before), { messages: [], before: undefined })
})

t.test('what is stored is searched, whatever the case and the script', async t => {
  const harness = await device()
  harness.pipe.push(HEAD, 504, [
    messageItem('300/1/1', 'To Berlin'),
    messageItem('301/1/1', '我们去秋游吧'),
    messageItem('300/1/2', 'berliner'),
    groupMessage(4, '300/1/3', 'Paris'),
  ])
  const found = async (...args: Parameters<typeof harness.client.search>): Promise<string[]> =>
    (await harness.until(harness.client.search(...args))).map(each => each.text)
  t.same(new Set(await found('BERLIN')), new Set(['To Berlin', 'berliner']))
  t.same(await found('秋游'), ['我们去秋游吧'])
  t.same(await found('berlin', { conversation: 301 }), [])
  t.same((await found('berlin', { limit: 1 })).length, 1)
  t.equal(await rejectionOf(harness.client.search('')), 'INVALID_ARGUMENT')
  t.equal(await rejectionOf(harness.client.search('x', { limit: 0 })), 'INVALID_ARGUMENT')
})

t.test('a place is one that a page has named', async t => {
  const { client } = await device()
  t.equal(await rejectionOf(client.history(BOB, { before: '12' })), 'INVALID_ARGUMENT')
  t.equal(await rejectionOf(client.history(BOB, { before: 's1', after: 's2' })), 'INVALID_ARGUMENT')
  t.equal(await rejectionOf(client.history(BOB, { after: 'e4' })), 'INVALID_ARGUMENT')
})
