/** The first screen, history and search, between clients and a real server. */
import t, { type Test } from 'tap'
import {
  type Client,
  type ConversationId,
  directConversation,
  type Message,
} from '../../../clients/typescript/index.js'
import { eventually } from '../../support/eventually.js'
import { servedClients } from '../../support/served-clients.js'

async function befriended(a: Client, b: Client): Promise<void> {
  await a.contacts.request(b.account.uid, 'hello')
  await eventually(() => b.contacts.get(a.account.uid)?.state === 'invited')
  await b.contacts.accept(a.account.uid)
  await eventually(() => a.contacts.get(b.account.uid)?.state === 'friend')
}

/** The whole history of a conversation, page by page. */
async function whole(client: Client, conversation: ConversationId, limit: number): Promise<string[]> {
  const found: Message[] = []
  let page = await client.history(conversation, { limit })
  found.unshift(...page.messages)
  while (page.before !== undefined) {
    page = await client.history(conversation, { before: page.before, limit })
    found.unshift(...page.messages)
  }
  return found.map(each => `${each.sender} ${each.change?.act ?? each.text} ${each.changed.recalledBy ?? ''}`)
}

async function talk(t: Test) {
  const enter = await servedClients(t)
  const [ann, bob] = [await enter('ann'), await enter('bob')]
  await befriended(ann, bob)
  const [toBob, toAnn] = [directConversation(bob.account.uid), directConversation(ann.account.uid)]
  const group = await ann.groups.create('Friends', [bob.account.uid])
  const sent = Array.from({ length: 130 }, (_, i) => ann.send(i % 4 === 3 ? group : toBob, `m${i}`))
  await eventually(() => sent.every(each => each.state === 'accepted' || each.state === 'delivered'))
  await eventually(async () => (await bob.unread(group)) === 32 && (await bob.unread(toAnn)) === 98)
  await ann.messages.edit(sent[0] as Message, 'edited')
  await ann.messages.recall(sent[129] as Message)
  await bob.messages.delete([(await bob.history(toAnn)).messages.at(-2) as Message])
  return { enter, ann, bob, toBob, toAnn, group, sent }
}

t.test('a new device draws what the others have, and reads all of it page by page', async t => {
  const { enter, ann, bob, toAnn, group } = await talk(t)
  await eventually(async () => (await bob.conversations.unread(toAnn)).unread === 96)
  const phone = await enter('bob', { firstScreen: true })
  const told: string[] = []
  phone.on('message', each => told.push(each.text))
  await eventually(() => phone.chats.list().length === 2)
  const [first, second] = phone.chats.list()
  t.match([first?.conversation, second?.conversation].sort(), [toAnn, group].sort())
  t.match(phone.chats.get(toAnn), { name: 'ann', account: 'ann', unread: 96 })
  t.match(phone.chats.get(group), { name: 'Friends', unread: 32, last: { text: 'm127' } })
  await eventually(() => phone.groups.group(group)?.state === 'member')
  t.equal(phone.contacts.get(ann.account.uid)?.state, 'friend')
  for (const conversation of [toAnn, group]) {
    t.same(await whole(phone, conversation, 30), await whole(bob, conversation, 1_000), conversation)
    t.same(await whole(phone, conversation, 1_000), await whole(bob, conversation, 1_000), 'from its own storage')
  }
  t.same(told, [])

  ann.send(bob.account.uid, 'now')
  await eventually(() => phone.chats.list()[0]?.last?.text === 'now')
  t.same([told, phone.chats.get(toAnn).unread], [['now'], 97])
  phone.markRead(toAnn)
  await eventually(() => phone.chats.get(toAnn).unread === 0)
  await eventually(async () => (await bob.unread(toAnn)) === 0)
  const answered = bob.send(ann.account.uid, 'from the other device')
  await eventually(() => answered.state !== 'queued' && phone.chats.get(toAnn).last?.text === 'from the other device')
  t.equal(phone.chats.get(toAnn).unread, 0)
  t.match(await phone.search('M12'), { length: 9 })
})

t.test('a message that another one answers is shown by one request', async t => {
  const { enter, ann, bob, toAnn } = await talk(t)
  const source = (await bob.history(toAnn, { limit: 200 })).messages.find(each => each.text === 'm8')
  const answer = bob.send(ann.account.uid, 'about m8', { reply: source as Message })
  await eventually(() => answer.state === 'delivered')
  const phone = await enter('bob', { firstScreen: true })
  await eventually(() => phone.chats.get(toAnn).last?.text === 'about m8')
  const newest = await phone.history(toAnn, { limit: 5 })
  const reply = newest.messages.at(-1)?.extra.reply
  let page = await phone.history(toAnn, { around: reply as NonNullable<typeof reply>, limit: 6 })
  t.ok(page.messages.some(each => each.text === 'm8'))
  // On from there to the end, without a gap.
  const found = [...page.messages]
  while (page.after !== undefined) {
    page = await phone.history(toAnn, { after: page.after, limit: 20 })
    found.push(...page.messages)
  }
  const all = (await bob.history(toAnn, { limit: 200 })).messages
  const from = all.findIndex(each => each.sendSeq === found[0]?.sendSeq)
  t.same(
    found.map(each => each.sendSeq),
    all.slice(from).map(each => each.sendSeq),
  )
})
