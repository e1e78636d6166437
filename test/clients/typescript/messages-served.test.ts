/** Messages with what goes with them, and how far they are read, between clients and a real server. */
import t from 'tap'
import { type Client, directConversation, type Message } from '../../../clients/typescript/index.js'
import { eventually } from '../../support/eventually.js'
import { servedClients } from '../../support/served-clients.js'

async function last(client: Client, conversation: number | Message['conversation']): Promise<Message | undefined> {
  return (await client.history(conversation)).messages.at(-1)
}

t.test('a message brings its content, reply, mentions and metadata to a friend and to a group', async t => {
  const enter = await servedClients(t)
  const [ann, bob] = [await enter('ann'), await enter('bob')]
  await ann.contacts.request(bob.account.uid, 'hello')
  await eventually(() => bob.contacts.get(ann.account.uid)?.state === 'invited')
  await bob.contacts.accept(ann.account.uid)
  bob.send(ann.account.uid, 'where?')
  await eventually(async () => (await last(ann, bob.account.uid))?.text === 'where?')
  const question = await last(ann, bob.account.uid)
  if (question === undefined) throw new Error('no question')
  const content = { kind: 'location', latitude: 52.520008, longitude: 13.404954, name: 'Berlin' } as const
  const mentions = [{ start: 0, length: 4, uid: bob.account.uid }]
  const metadata = Uint8Array.of(1, 2, 3)
  ann.send(bob.account.uid, '@bob here', { content, reply: question, mentions, metadata })
  await eventually(async () => (await last(bob, ann.account.uid))?.text === '@bob here')
  const { sender, device, sendSeq } = question
  const again = await enter('ann')
  await eventually(async () => (await last(again, bob.account.uid))?.text === '@bob here')
  for (const answer of [await last(bob, ann.account.uid), await last(again, bob.account.uid)]) {
    if (answer === undefined) throw new Error('no answer')
    t.same(answer.content, { ...content, text: '@bob here' })
    t.match(answer.extra, { reply: { sender, device, sendSeq, number: 0 }, mentions, forwarded: false })
    t.same([...answer.extra.metadata], [1, 2, 3])
  }
  const group = await ann.groups.create('Friends', [bob.account.uid])
  const spoken = ann.send(group, 'all here?')
  await eventually(() => bob.groups.group(group)?.state === 'member' || bob.groups.group(group)?.state === 'invited')
  if (bob.groups.group(group)?.state === 'invited') await bob.groups.accept(group)
  await eventually(() => spoken.number > 0)
  ann.send(group, 'ann?', { reply: spoken, content: { kind: 'card', uid: ann.account.uid } })
  await eventually(async () => (await last(bob, group))?.text === 'ann?')
  t.match(await last(bob, group), {
    content: { kind: 'card', uid: ann.account.uid },
    extra: { reply: { number: spoken.number } },
  })
})

t.test('a read mark, settings and preferences reach the other device; the server counts what is unread', async t => {
  const enter = await servedClients(t)
  const [ann, bob] = [await enter('ann'), await enter('bob')]
  const second = await enter('bob')
  const group = await ann.groups.create('Friends', [bob.account.uid])
  await eventually(() => bob.groups.group(group)?.state === 'invited')
  await bob.groups.accept(group)
  await eventually(() => bob.groups.group(group)?.state === 'member')
  ann.send(group, 'one')
  ann.send(group, 'hey bob', { mentions: [{ start: 4, length: 3, uid: bob.account.uid }] })
  await eventually(async () => (await second.unread(group)) === 2 && (await bob.unread(group)) === 2)
  const newest = await last(bob, group)
  t.match(await bob.conversations.unread(group), { unread: 2, mentions: 1, firstMention: newest?.number })
  bob.markRead(group, (newest?.number ?? 0) - 1)
  await eventually(async () => (await second.unread(group)) === 1)
  bob.markRead(group)
  await eventually(async () => (await second.unread(group)) === 0)
  t.match(await bob.conversations.unread(group), { unread: 0, mentions: 0, read: newest?.number })
  const own = await last(ann, group)
  if (own === undefined) throw new Error('no message')
  await eventually(async () => (await ann.messages.readBy(own)).includes(bob.account.uid))
  await bob.conversations.set(group, { pinned: true })
  await bob.conversations.setPreferences({ noReceipts: true })
  await eventually(() => second.conversations.get(group).pinned && second.conversations.preferences.noReceipts)
})

t.test(
  'an edit and a recall take the place of a text everywhere, direct and in a group; a late device sees it so',
  async t => {
    const enter = await servedClients(t)
    const [ann, bob] = [await enter('ann'), await enter('bob')]
    await ann.contacts.request(bob.account.uid, 'hello')
    await eventually(() => bob.contacts.get(ann.account.uid)?.state === 'invited')
    await bob.contacts.accept(ann.account.uid)
    const group = await ann.groups.create('Friends', [bob.account.uid])
    await eventually(() => bob.groups.group(group) !== undefined)
    if (bob.groups.group(group)?.state === 'invited') await bob.groups.accept(group)
    await eventually(() => bob.groups.group(group)?.state === 'member')
    for (const place of [directConversation(bob.account.uid), group]) {
      const theirs = place === group ? group : directConversation(ann.account.uid)
      const [first, second] = [ann.send(place, 'frist'), ann.send(place, 'secret')]
      await eventually(async () => (await last(bob, theirs))?.text === 'secret')
      if (place === group) await eventually(() => second.number > 0)
      await ann.messages.edit(first, 'first')
      await ann.messages.recall(second)
      const late = await enter('bob')
      for (const [client, name] of [
        [ann, place],
        [bob, theirs],
        [late, theirs],
      ] as const) {
        await eventually(async () => {
          const page = (await client.history(name)).messages.filter(each => each.change === undefined).slice(-2)
          return (
            page.map(each => `${each.text} ${each.changed.editedAtMs > 0} ${each.changed.recalledBy}`).join() ===
            `first true 0, false ${ann.account.uid}`
          )
        })
      }
      t.equal(await late.unread(theirs), 1)
      await late.close()
    }
  },
)

t.test(
  'reactions reach both sides and every device, direct and in a group, and who has reacted is asked for',
  async t => {
    const enter = await servedClients(t)
    const [ann, bob] = [await enter('ann'), await enter('bob')]
    await ann.contacts.request(bob.account.uid, 'hello')
    await eventually(() => bob.contacts.get(ann.account.uid)?.state === 'invited')
    await bob.contacts.accept(ann.account.uid)
    const group = await ann.groups.create('Friends', [bob.account.uid])
    await eventually(() => bob.groups.group(group) !== undefined)
    if (bob.groups.group(group)?.state === 'invited') await bob.groups.accept(group)
    await eventually(() => bob.groups.group(group)?.state === 'member')
    const shown = async (client: Client, name: Message['conversation']): Promise<string> => {
      const reactions = (await last(client, name))?.changed.reactions ?? []
      return reactions.map(({ kind, count, mine }) => `${kind}${count}${mine ? '!' : ''}`).join(' ')
    }
    for (const place of [directConversation(bob.account.uid), group]) {
      const theirs = place === group ? group : directConversation(ann.account.uid)
      const mark = place === group ? '' : '!'
      const sent = ann.send(place, 'news')
      await eventually(async () => (await last(bob, theirs))?.text === 'news')
      if (place === group) await eventually(() => sent.number > 0)
      const got = await last(bob, theirs)
      if (got === undefined) throw new Error('no message')
      await bob.messages.react(got, '👍')
      await bob.messages.react(got, 'ha')
      await ann.messages.react(sent, '👍')
      await eventually(async () => (await shown(ann, place)) === `👍2${mark} ha1`)
      await eventually(async () => (await shown(bob, theirs)) === `👍2${mark} ha1${mark}`)
      const reactors = [
        { uid: ann.account.uid, kinds: ['👍'] },
        { uid: bob.account.uid, kinds: ['👍', 'ha'] },
      ].sort((a, b) => a.uid - b.uid)
      t.same(await ann.messages.reactions(sent), { reactors, after: undefined })
      t.same(await bob.messages.reactions(got, { kind: 'ha' }), {
        reactors: [{ uid: bob.account.uid, kinds: ['ha'] }],
        after: undefined,
      })
      await bob.messages.react(got, '👍', false)
      const late = await enter('bob')
      for (const client of [bob, late]) {
        await eventually(async () => (await shown(client, theirs)) === `👍1 ha1${mark}`)
      }
      await late.close()
    }
  },
)
