/** The open chat: the piece of it that is loaded, the way to any message of it and back to the present, and what was before the joining. */
import t, { type Test } from 'tap'
import { type Client, directConversation, systemClock } from '../../../clients/typescript/index.js'
import { keyOf, rowsOf } from '../../../clients/web/model/log-rows.js'
import { OpenChat } from '../../../clients/web/model/open-chat.js'
import { eventually } from '../../support/eventually.js'
import { servedClients } from '../../support/served-clients.js'
import { textOf, writeLong } from '../../support/web-log.js'

const MESSAGES = 300
/** A clock on which nobody waits long. */
const HASTY = { ...systemClock, after: (_: number, run: () => void) => systemClock.after(0, run) }

/** Opens a chat, and counts what is asked of the history from then on. */
async function open(
  t: Test,
  client: Client,
  conversation: string,
): Promise<{ readonly chat: OpenChat; readonly asked: () => number }> {
  let asked = 0
  const history = client.history.bind(client)
  client.history = (...query) => {
    asked++
    return history(...query)
  }
  const chat = new OpenChat(client, conversation as OpenChat['conversation'], { isWatched: () => true, clock: HASTY })
  t.teardown(() => chat.close())
  await eventually(() => chat.view.value.state === 'ready' && chat.view.value.messages.length > 0)
  asked = 0
  return { chat, asked: () => asked }
}

function texts(chat: OpenChat): string[] {
  return chat.view.value.messages.map(({ text, change }) => change?.act ?? text)
}

function numbered(first: number, last: number): string[] {
  return Array.from({ length: last - first + 1 }, (_, i) => textOf(first + i))
}

t.test('a jump is one request; newer pages lead back to the present, without a hole', async t => {
  const enter = await servedClients(t)
  const writer = await enter('writer')
  const reader = await enter('reader')
  const [first] = await writeLong(writer, reader, MESSAGES)
  const device = await enter('reader', { firstScreen: true })
  const { chat, asked } = await open(t, device, directConversation(writer.account.uid))
  t.notOk(texts(chat).includes(textOf(1)))

  t.ok(await chat.jump(first))
  t.equal(asked(), 1)
  t.equal(chat.view.value.target?.key, `${first.sender}/${first.device}/${first.sendSeq}`)
  t.same([texts(chat)[0], chat.view.value.older, chat.view.value.newer], [textOf(1), 'none', 'more'])

  // What comes meanwhile is counted, and is not put behind a hole.
  writer.send(reader.account.uid, 'while away')
  await eventually(() => chat.view.value.unseen === 1)
  t.notOk(texts(chat).includes('while away'))
  while (chat.view.value.newer !== 'none') await chat.loadNewer()
  t.same(texts(chat), [...numbered(1, MESSAGES), 'while away'])
  t.equal(chat.view.value.unseen, 1)
  writer.send(reader.account.uid, 'and here')
  await eventually(() => texts(chat).at(-1) === 'and here')

  t.notOk(await chat.jump({ ...first, sendSeq: 9_999 }).catch(() => false), 'a message that is nowhere is not shown')
})

t.test('from elsewhere the end is one jump away, and what is written there goes to the end', async t => {
  const enter = await servedClients(t)
  const writer = await enter('writer')
  const reader = await enter('reader')
  const [first] = await writeLong(writer, reader, MESSAGES)
  const device = await enter('reader', { firstScreen: true })
  const { chat } = await open(t, device, directConversation(writer.account.uid))
  await chat.jump(first)
  await chat.toLatest()
  t.same([texts(chat).at(-1), chat.view.value.newer], [textOf(MESSAGES), 'none'])
  t.equal(chat.view.value.target?.key, undefined)

  await chat.jump(first)
  chat.send('an answer', {})
  await eventually(() => texts(chat).at(-1) === 'an answer' && chat.view.value.newer === 'none')
  t.equal(texts(chat).at(-2), textOf(MESSAGES))
})

t.test('what was written in a group before the joining stands above a line', async t => {
  const enter = await servedClients(t)
  const owner = await enter('owner')
  const guest = await enter('guest')
  const heard: string[] = []
  const group = await owner.groups.create('walks', [])
  owner.on('message', ({ text }) => heard.push(text))
  await owner.groups.setRules(group, { join: 'code', adminsInvite: false, adminsWrite: false, history: 100 })
  owner.send(group, 'before')
  await eventually(async () =>
    (await owner.history(group)).messages.some(each => each.text === 'before' && each.number > 0),
  )
  const { code } = await owner.groups.get(group)
  await guest.groups.join(group, code)
  await eventually(() => guest.groups.group(group)?.state === 'member')
  owner.send(group, 'after')
  const { chat } = await open(t, guest, group)
  await eventually(() => texts(chat).includes('after'))
  while (chat.view.value.older !== 'none') await chat.loadOlder()
  const { messages, joined } = chat.view.value
  const line = messages.findIndex(({ change, number }) => change !== undefined && `#${number}` === joined)
  t.same([messages[line]?.change?.act, messages[line]?.change?.uid], ['joined', guest.account.uid])
  t.ok(texts(chat).indexOf('before') < line && texts(chat).indexOf('after') > line, texts(chat).join())
})

t.test(
  'without a connection the first message that is here is shown; it keeps its day when older ones come',
  async t => {
    const enter = await servedClients(t)
    const writer = await enter('writer')
    const reader = await enter('reader')
    await writeLong(writer, reader, MESSAGES)
    const { chat } = await open(t, reader, directConversation(writer.account.uid))
    const { history, state } = reader
    const shown = (): readonly (readonly [string, boolean])[] => {
      const { messages, older, tops } = chat.view.value
      const [top] = messages
      const isWhole = older === 'none' || (top !== undefined && tops.includes(keyOf(top)))
      return rowsOf(messages, { divider: undefined, joined: undefined, tops }, isWhole).map(({ key, day }) => [
        key,
        day,
      ])
    }
    const [hidden] = chat.view.value.messages
    const key = hidden === undefined ? '' : keyOf(hidden)
    t.not(shown()[0]?.[0], key)
    let answer = (): void => {}
    const asked = new Promise<void>(resolve => {
      answer = resolve
    })
    reader.history = async (...query) => {
      await asked
      return history.call(reader, ...query)
    }
    reader.state = () => ({ ...state.call(reader), status: { state: 'waiting', retryInMs: 1_000 } }) as never
    void chat.loadOlder()
    await eventually(() => chat.view.value.older === 'failed')
    t.same(shown()[0], [key, true])
    answer()
    await eventually(() => chat.view.value.older !== 'failed')
    t.ok(shown().findIndex(([each]) => each === key) > 0)
    t.same(
      shown().find(([each]) => each === key),
      [key, true],
    )
  },
)
