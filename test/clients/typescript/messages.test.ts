/** Messages that are answered, edited, taken back, deleted and reacted to; what is set for conversations, and how far they are read. */
import t from 'tap'
import { MemoryStorage, type SendOptions } from '../../../clients/typescript/index.js'
import { CODES } from '../../../protocol/codes.js'
import { createItem, createMessageExtra, createPreferences, type Item } from '../../../protocol/generated/messages.js'
import {
  changedItem,
  changeItem,
  conversationState,
  GROUP,
  groupFailure,
  groupMessage,
  Harness,
  inState,
  messageItem,
  reasonOf,
  rejectionOf,
  UID,
} from '../../support/client-harness.js'

async function texts(harness: Harness, conversation: number | typeof GROUP): Promise<string[]> {
  const { messages } = await harness.client.history(conversation)
  return messages.map(each => (each.changed.recalledBy > 0 ? `recalled by ${each.changed.recalledBy}` : each.text))
}

function changes(harness: Harness): string[] {
  return harness.of('messageChanged').map(({ text, changed }) => {
    const { editedAtMs, recalledBy, deleted, withheld, reactions } = changed
    return JSON.stringify([text, editedAtMs, recalledBy, deleted, withheld, reactions.map(each => each.kind).join()])
  })
}

function recalled(item: Item, by: number): Item {
  return changedItem(inState(item, { recalledBy: by }))
}

t.test('an edit, a reaction and a recall take the place of what is there, direct and in a group', async t => {
  const harness = await Harness.online()
  const { pipe } = harness
  pipe.push(0, 3, [
    messageItem('300/2/7', 'first'),
    groupMessage(5, '300/2/8', 'hello'),
    groupMessage(6, '300/2/9', 'all'),
  ])
  pipe.push(3, 5, [
    changedItem(inState(messageItem('300/2/7', 'second'), { editedAtMs: 5 })),
    changedItem(inState(groupMessage(5, '300/2/8', 'hello'), { reactions: [{ kind: '👍', count: 2, mine: false }] })),
  ])
  harness.settle()
  t.same(changes(harness), ['["second",5,0,false,false,""]', '["hello",0,0,false,false,"👍"]'])
  t.same(await texts(harness, 300), ['second'])
  t.same((await harness.client.history(GROUP)).messages[0]?.changed.reactions, [{ kind: '👍', count: 2, mine: false }])
  t.equal(await harness.client.unread(GROUP), 2)
  pipe.push(5, 7, [recalled(messageItem('300/2/7', ''), 300), recalled(groupMessage(5, '300/2/8', ''), 9)])
  harness.settle()
  t.same(await texts(harness, 300), ['recalled by 300'])
  t.same(await texts(harness, GROUP), ['recalled by 9', 'all'])
  t.equal(await harness.client.unread(300), 0, 'what was recalled is not unread')
  t.equal(await harness.client.unread(GROUP), 1)
})

t.test('a change of a message that never came here is skipped, and one of an own message is applied', async t => {
  const harness = await Harness.online()
  const { client, pipe } = harness
  client.send(300, 'typo')
  harness.settle()
  pipe.respond('send', pipe.take('send').id, { version: 1 })
  pipe.push(1, 4, [
    changedItem(inState(messageItem('301/2/7', 'unknown'), { editedAtMs: 5 })),
    changedItem(inState(groupMessage(5, '300/2/8', 'unknown'), { editedAtMs: 5 })),
    changedItem(inState(messageItem(`${UID}/1/1`, 'no typo', { recipient: 300 }), { editedAtMs: 5 })),
  ])
  harness.settle()
  t.same(changes(harness), ['["no typo",5,0,false,false,""]'])
  t.match(harness.of('messageChanged'), [{ conversation: 'direct:300', state: 'accepted' }])
  t.same(await texts(harness, 300), ['no typo'])
  t.same(await texts(harness, GROUP), [])
})

t.test(
  'a message that comes first in another state is shown so, also an own one, and a deleted one is not shown',
  async t => {
    const harness = await Harness.online()
    const { client, pipe } = harness
    client.send(GROUP, 'taken back elsewhere')
    client.send(300, 'deleted elsewhere')
    harness.settle()
    pipe.push(0, 6, [
      inState(messageItem('300/2/7', 'edited'), { editedAtMs: 5 }),
      inState(messageItem('300/2/8', ''), { deleted: true }),
      inState(groupMessage(5, '300/2/9', ''), { withheld: true, editedAtMs: 7 }),
      inState(groupMessage(6, `${UID}/1/1`, ''), { recalledBy: UID }),
      inState(messageItem(`${UID}/1/2`, '', { recipient: 300 }), { deleted: true }),
      changedItem(inState(messageItem('300/2/8', 'back'), { reactions: [{ kind: 'a', count: 1, mine: false }] })),
    ])
    harness.settle()
    t.match(harness.of('message'), [
      { text: 'edited', changed: { editedAtMs: 5 } },
      { text: '', changed: { withheld: true } },
    ])
    t.same(changes(harness), [], 'a reaction does not bring a deleted message back')
    t.same(await texts(harness, 300), ['edited'])
    t.same(await texts(harness, GROUP), ['', `recalled by ${UID}`])
  },
)

t.test(
  'what the user deleted or cleared goes from the storage, and neither a change nor a replay brings it back',
  async t => {
    const storage = new MemoryStorage()
    const first = await Harness.online(storage)
    const items = [
      messageItem('300/2/7', 'deleted'),
      messageItem('300/2/8', 'kept'),
      groupMessage(5, '300/2/9', 'cleared'),
      changeItem(6, { by: 300, uid: 300 }),
      groupMessage(7, '300/2/10', 'after'),
    ]
    first.pipe.push(0, 5, items)
    first.settle()
    const following = [
      changedItem(inState(messageItem('300/2/7', ''), { deleted: true })),
      conversationState({ conversation: GROUP, cleared: 4, read: 5 }),
    ]
    first.pipe.push(5, 7, following)
    first.settle()
    t.same(changes(first), ['["",0,0,true,false,""]'])
    t.match(first.of('conversation'), [{ conversation: GROUP, cleared: 4, read: 5, muted: false }])
    t.same(await texts(first, 300), ['kept'])
    t.same(await texts(first, GROUP), ['after'])
    const second = await Harness.start(storage)
    second.client.connect()
    second.settle()
    second.pipe.open()
    second.greet({ resync: true, head: 9 })
    second.pipe.push(0, 9, [
      ...items,
      changedItem(inState(messageItem('300/2/7', 'deleted'), { reactions: [{ kind: 'a', count: 1, mine: false }] })),
      ...following,
      groupMessage(8, '300/2/11', 'new'),
    ])
    second.settle()
    t.same(
      second.of('message').map(each => each.text),
      ['new'],
    )
    t.same(changes(second), [])
    t.same(await texts(second, 300), ['kept'])
    t.same(await texts(second, GROUP), ['after', 'new'])
  },
)

t.test('a message that comes first when it is deleted, or below what was cleared, is not shown', async t => {
  const harness = await Harness.online(new MemoryStorage())
  harness.pipe.push(0, 4, [
    inState(messageItem('300/2/7', ''), { deleted: true }),
    messageItem('300/2/8', 'here'),
    conversationState({ conversation: GROUP, cleared: 6, read: 0 }),
    groupMessage(5, '300/2/9', 'before'),
  ])
  harness.settle()
  harness.pipe.push(4, 7, [
    groupMessage(6, '300/2/10', 'cleared'),
    groupMessage(7, '300/2/11', 'also'),
    groupMessage(8, '300/2/12', 'after'),
  ])
  harness.settle()
  t.same(
    harness.of('message').map(({ text }) => text),
    ['here', 'after'],
  )
  t.same(await texts(harness, 300), ['here'])
  t.same(await texts(harness, GROUP), ['after'])
  harness.pipe.push(7, 8, [
    changedItem(inState(messageItem('300/2/7', 'again'), { reactions: [{ kind: 'a', count: 1, mine: false }] })),
  ])
  harness.settle()
  t.same(changes(harness), [], 'what was deleted stays so')
})

t.test('a change of what was cleared is not told, and nothing is kept of each message that was', async t => {
  const storage = new MemoryStorage()
  const first = await Harness.online(storage)
  first.pipe.push(0, 7, [
    messageItem('300/2/7', 'cleared'),
    inState(messageItem('300/2/8', ''), { deleted: true }),
    messageItem('300/2/9', 'since then'),
    groupMessage(5, '300/2/10', 'cleared'),
    groupMessage(6, '300/2/11', 'since then'),
    conversationState({ conversation: 'direct:300', cleared: 2 }),
    conversationState({ conversation: GROUP, cleared: 4 }),
  ])
  first.settle()
  const edited = (item: Item): Item => changedItem(inState(item, { editedAtMs: 5 }))
  const changed = (): Item[] => [
    edited(messageItem('300/2/7', 'no')),
    edited(groupMessage(5, '300/2/10', 'no')),
    edited(messageItem('300/2/9', 'direct')),
    edited(groupMessage(6, '300/2/11', 'group')),
  ]
  const told = (harness: Harness): string[] => harness.of('messageChanged').map(each => each.text)
  first.pipe.push(7, 11, changed())
  first.settle()
  t.same(told(first), ['direct', 'group'])
  const remembered = (): string[] => {
    let names: string[] = []
    storage.open((_, values) => {
      names = [...values.keys()].filter(name => name.startsWith('gone/'))
    })
    return names
  }
  t.same(remembered(), [])
  const second = await Harness.start(storage)
  second.client.connect()
  second.settle()
  second.pipe.open()
  second.greet()
  second.pipe.push(11, 17, [
    ...changed(),
    groupMessage(7, '300/2/12', 'new'),
    edited(groupMessage(7, '300/2/12', 'newer')),
  ])
  second.settle()
  t.same(told(second), ['direct', 'group', 'newer'])
  second.pipe.push(17, 20, [
    conversationState({ conversation: 'direct:300', cleared: 19 }),
    inState(messageItem('300/2/20', ''), { deleted: true }),
    edited(messageItem('300/2/20', 'no')),
  ])
  second.settle()
  t.same(told(second), ['direct', 'group', 'newer'])
  t.same(remembered(), [])
})

t.test(
  'a message takes its content, reply, mentions and metadata along, over a restart and in the history',
  async t => {
    const storage = new MemoryStorage()
    const harness = await Harness.online(storage)
    const reply = { sender: 300, device: 2, sendSeq: 7, number: 0 }
    const options: SendOptions = {
      content: { kind: 'location', latitude: 52.520008, longitude: -13.404954, name: 'Berlin' },
      reply,
      mentions: [{ start: 0, length: 5, uid: 300 }],
      metadata: Uint8Array.of(1, 2),
    }
    harness.client.send(300, '@nina here', options)
    harness.client.send(GROUP, 'to all', { reply: { ...reply, number: 5 }, content: { kind: 'card', uid: 301 } })
    harness.client.send(300, 'plain')
    harness.settle()
    const again = await Harness.start(storage)
    again.client.connect()
    again.settle()
    again.pipe.open()
    again.greet()
    const { id, request } = again.pipe.take('post')
    t.match(request, { sendSeq: 1, conversation: 'direct:300', text: '@nina here', reply, mentions: options.mentions })
    t.same([...request.metadata], [1, 2])
    t.equal(request.content?.kind, 2)
    const post = again.pipe.take('post')
    t.match(post.request, { conversation: GROUP, reply: { sender: 0, device: 0, sendSeq: 0, number: 5 } })
    t.equal(again.pipe.take('send').request.text, 'plain')
    again.pipe.respond('post', id, { version: 1 })
    again.pipe.respond('post', post.id)
    t.match((await again.client.history(GROUP)).messages, [{ state: 'accepted', content: { kind: 'card', uid: 301 } }])
    const extra = createMessageExtra({ forwarded: true })
    const copy = groupMessage(5, '300/2/8', 'copied')
    if (copy.content?.case === 'conversationMessage') copy.content.value.extra = extra
    again.pipe.push(1, 2, [copy])
    again.settle()
    t.match(again.of('message'), [{ text: 'copied', extra: { forwarded: true, reply: undefined } }])
    const third = await Harness.start(storage)
    const [first] = (await third.client.history(300)).messages
    t.match(first?.extra, { reply, mentions: options.mentions, forwarded: false })
    t.same([...(first?.extra.metadata ?? [])], [1, 2])
    t.same(first?.content, { ...options.content, text: '@nina here' })
  },
)

t.test('wrong arguments are named, and nothing is queued', async t => {
  const { client } = await Harness.online()
  const wrong: [SendOptions, string][] = [
    [{ mentions: [{ start: 1, length: 5, uid: 3 }] }, 'BAD_MENTIONS'],
    [{ mentions: [0, 1].map(start => ({ start, length: 2, uid: 3 })) }, 'BAD_MENTIONS'],
    [{ mentions: Array.from({ length: 101 }, () => ({ start: 0, length: 1, uid: 3 })) }, 'BAD_MENTIONS'],
    [{ metadata: new Uint8Array(1025) }, 'INVALID_ARGUMENT'],
    [{ content: { kind: 'location', latitude: 91, longitude: 0, name: '' } }, 'INVALID_ARGUMENT'],
    [{ content: { kind: 'custom', type: 'x'.repeat(65), data: new Uint8Array(0) } }, 'INVALID_ARGUMENT'],
    [{ reply: { sender: 0, device: 1, sendSeq: 1, number: 0 } }, 'INVALID_ARGUMENT'],
  ]
  for (const [options, reason] of wrong)
    t.equal(
      reasonOf(() => client.send(300, 'text', options)),
      reason,
    )
  const unplaced = client.send(GROUP, 'has no place yet')
  t.equal(await rejectionOf(client.messages.recall(unplaced)), 'INVALID_ARGUMENT')
  const id = { conversation: 'direct:300', sender: 300, device: 1, sendSeq: 1, number: 0 } as const
  t.equal(await rejectionOf(client.messages.react(id, 'x'.repeat(33))), 'INVALID_ARGUMENT')
  t.equal(await rejectionOf(client.messages.delete([id, { ...id, conversation: 'direct:301' }])), 'INVALID_ARGUMENT')
  t.equal(await rejectionOf(client.messages.readBy(id)), 'INVALID_ARGUMENT')
  t.equal(client.state().nextSendSeq, 2)
})

t.test('acts on messages name them as the wire has it, and what a group refuses is told with the act', async t => {
  const harness = await Harness.online()
  const { client, pipe } = harness
  pipe.push(0, 2, [messageItem('300/2/7'), groupMessage(5, '300/2/8')])
  harness.settle()
  const [direct, spoken] = harness.of('message')
  if (direct === undefined || spoken === undefined) throw new Error('nothing came')
  const done = [
    client.messages.edit(spoken, 'better', [{ start: 0, length: 2, uid: 0 }]),
    client.messages.recall(direct),
    client.messages.react(spoken, '👍'),
    client.messages.delete([spoken]),
    client.messages.clear(300),
    client.messages.forward(direct, GROUP),
  ]
  harness.settle()
  while (pipe.peek()[0] === 'ack') pipe.takeAck()
  const edit = pipe.take('edit')
  t.match(edit.request, { conversation: GROUP, message: { sender: 0, number: 5 }, text: 'better' })
  const recall = pipe.take('recall')
  t.match(recall.request, { conversation: 'direct:300', message: { sender: 300, device: 2, sendSeq: 7, number: 0 } })
  const react = pipe.take('react')
  t.match(react.request, { kind: '👍', off: false })
  const remove = pipe.take('delete')
  t.match(remove.request, { conversation: GROUP, messages: [{ number: 5 }] })
  const clear = pipe.take('clear')
  t.match(clear.request, { conversation: 'direct:300', upTo: 2 })
  const forward = pipe.take('forward')
  t.match(forward.request, { conversation: GROUP, source: 'direct:300', message: { sendSeq: 7 } })
  pipe.respond('edit', edit.id)
  pipe.refuse(recall.id, 'TOO_LATE')
  pipe.respond('react', react.id)
  pipe.respond('delete', remove.id)
  pipe.respond('clear', clear.id)
  pipe.respond('forward', forward.id)
  t.same(await Promise.all(done.map(rejectionOf)), [
    'it resolves',
    'TOO_LATE',
    'it resolves',
    'it resolves',
    'it resolves',
    'it resolves',
  ])
  pipe.push(2, 3, [groupFailure(1, 1, 'TOO_LATE')])
  harness.settle()
  t.match(harness.of('groupFailed'), [{ conversation: GROUP, sendSeq: 1, act: 'edit', reason: 'TOO_LATE' }])
})

t.test('an own message that has failed is given up: it goes from here, and any copy on the server', async t => {
  const storage = new MemoryStorage()
  const harness = await Harness.online(storage)
  const { client, pipe } = harness
  const message = client.send(300, 'refused')
  harness.settle()
  t.equal(await rejectionOf(client.messages.discard(message)), 'INVALID_ARGUMENT', 'it may still arrive')
  pipe.refuse(pipe.take('send').id, 'NOT_FRIEND')
  harness.settle()
  const gone = client.messages.discard(message)
  harness.settle()
  t.match(harness.of('messageChanged'), [{ sendSeq: 1, text: 'refused', state: 'failed', changed: { deleted: true } }])
  t.same(await texts(harness, 300), [])
  const { id, request } = pipe.take('delete')
  t.match(request, { conversation: 'direct:300', messages: [{ sender: UID, device: 1, sendSeq: 1 }] })
  pipe.refuse(id, 'NO_SUCH_MESSAGE')
  await gone

  client.send(300, 'accepted')
  harness.settle()
  pipe.respond('send', pipe.take('send').id, { version: 1 })
  const failed = { device: 1, sendSeq: 3, recipient: 300, conversation: '', code: CODES.BLOCKED.code }
  pipe.push(1, 2, [createItem({ content: { case: 'failed', value: failed } })])
  harness.settle()
  const [stored] = (await client.history(300)).messages
  if (stored === undefined) throw new Error('it is not in the history')
  const both = client.messages.discard(stored)
  harness.settle()
  while (pipe.peek()[0] === 'ack') pipe.takeAck()
  pipe.respond('delete', pipe.take('delete').id)
  const tombstone = inState(messageItem(`${UID}/1/3`, '', { recipient: 300 }), { deleted: true })
  pipe.push(2, 3, [changedItem(tombstone)])
  harness.settle()
  await both
  t.equal(harness.of('messageChanged').length, 2, 'it is told once')
  t.same(await texts(await Harness.start(storage), 300), [])
})

t.test(
  'a message that a group refused is given up here alone, and one that had arrived after all comes again',
  async t => {
    const harness = await Harness.online()
    const { client, pipe } = harness
    const refused = client.send(GROUP, 'refused')
    const unsure = client.send(300, 'unsure')
    harness.settle()
    pipe.respond('post', pipe.take('post').id)
    pipe.push(0, 1, [groupFailure(1, 1, 'MUTED')])
    pipe.refuse(pipe.take('send').id, 'SETTLED')
    harness.settle()
    await Promise.all([client.messages.discard(refused), settled(harness)])
    t.same(await texts(harness, GROUP), [])
    t.notOk(pipe.peek().includes('delete'))
    void client.messages.discard(unsure)
    harness.settle()
    t.same(await texts(harness, 300), [])
    pipe.push(1, 2, [messageItem(`${UID}/1/2`, 'unsure', { recipient: 300 })])
    harness.settle()
    t.match(harness.of('message'), [{ text: 'unsure', state: 'accepted' }])
    t.same(await texts(harness, 300), ['unsure'])
  },
)

/** Lets what was asked in this turn be stored. */
async function settled(harness: Harness): Promise<void> {
  await Promise.resolve()
  harness.settle()
}

t.test('a copy that was forwarded is fetched and told, for its answer says what it is not', async t => {
  const harness = await Harness.online()
  const { client, pipe } = harness
  pipe.push(0, 1, [groupMessage(5, '300/2/8', 'good news')])
  harness.settle()
  const [spoken] = harness.of('message')
  if (spoken === undefined) throw new Error('nothing came')
  void client.messages.forward(spoken, 301)
  harness.settle()
  while (pipe.peek()[0] === 'ack') pipe.takeAck()
  pipe.respond('forward', pipe.take('forward').id, { from: 1, version: 2 })
  while (pipe.peek()[0] === 'ack') pipe.takeAck()
  const { id, request } = pipe.take('sync')
  t.equal(request.since, 1)
  const copy = messageItem(`${UID}/1/1`, 'good news', { recipient: 301 })
  pipe.respond('sync', id, { to: 2, items: [copy] })
  harness.settle()
  t.match(harness.of('message').at(-1), { conversation: 'direct:301', text: 'good news', state: 'accepted' })
  t.same(await texts(harness, 301), ['good news'])
})

t.test('a group is read up to a number, here at once and on the server one request at a time', async t => {
  const harness = await Harness.online()
  const { client, pipe } = harness
  const all = [1, 2, 3, 4].map(each => groupMessage(each * 10, `300/2/${each}`))
  pipe.push(0, 4, all)
  harness.settle()
  const taken = () => {
    while (pipe.peek()[0] === 'ack') pipe.takeAck()
    return pipe.take('markRead')
  }
  client.markRead(GROUP, 20)
  harness.settle()
  t.equal(await client.unread(GROUP), 2)
  const first = taken()
  t.match(first.request, { conversation: GROUP, number: 20 })
  client.markRead(GROUP, 30)
  client.markRead(GROUP)
  harness.settle()
  t.notOk(pipe.peek().includes('markRead'), 'the next one waits')
  pipe.respond('markRead', first.id)
  await new Promise(done => setImmediate(done))
  harness.settle()
  const second = taken()
  t.match(second.request, { number: 40 })
  pipe.respond('markRead', second.id)
  pipe.push(4, 6, [groupMessage(50, '300/2/5'), conversationState({ conversation: GROUP, read: 50 })])
  harness.settle()
  t.equal(await client.unread(GROUP), 0, 'it was read elsewhere')
  client.markRead(GROUP)
  harness.settle()
  t.notOk(pipe.peek().includes('markRead'))
})

t.test('settings and preferences come to every device, and are asked for by what is set', async t => {
  const storage = new MemoryStorage()
  const harness = await Harness.online(storage)
  const { client, pipe } = harness
  t.same(client.conversations.get(300), {
    conversation: 'direct:300',
    muted: false,
    pinned: false,
    archived: false,
    unread: false,
    read: 0,
    cleared: 0,
  })
  const settings = { muted: true, pinned: false, archived: false, unread: true }
  pipe.push(0, 2, [
    conversationState({ conversation: 'direct:300', settings }),
    createItem({ content: { case: 'preferences', value: createPreferences({ noReceipts: true }) } }),
  ])
  harness.settle()
  t.match(harness.of('conversation'), [{ ...settings, conversation: 'direct:300' }])
  t.match(harness.of('preferences'), [
    { noReceipts: true, askBeforeGroups: false, noPresence: false, friendsOnly: false },
  ])
  void client.conversations.set(300, { pinned: true, unread: false })
  void client.conversations.setPreferences({ askBeforeGroups: true })
  harness.settle()
  while (pipe.peek()[0] === 'ack') pipe.takeAck()
  t.match(pipe.take('setConversation').request, { settings: { ...settings, pinned: true, unread: false } })
  t.match(pipe.take('setPreferences').request, {
    preferences: { noReceipts: true, askBeforeGroups: true, noPresence: false, friendsOnly: false },
  })
  const again = await Harness.start(storage)
  t.match(again.client.conversations.list(), [settings])
  t.match(again.client.conversations.preferences, { noReceipts: true })
  t.equal(await rejectionOf(client.conversations.set(300, { muted: 1 as unknown as boolean })), 'INVALID_ARGUMENT')
})

t.test('who reacted, who has read and what is unread is asked of the server', async t => {
  const harness = await Harness.online()
  const { client, pipe } = harness
  const spoken = { conversation: GROUP, sender: 300, device: 2, sendSeq: 8, number: 5 } as const
  const answers = [client.messages.reactions(spoken, { kind: 'a' }), client.messages.readBy(spoken)]
  const counts = client.conversations.unread(GROUP)
  harness.settle()
  const reactions = pipe.take('reactions')
  t.match(reactions.request, { conversation: GROUP, message: { number: 5 }, kind: 'a', after: 0 })
  pipe.respond('reactions', reactions.id, {
    reactors: [{ uid: 7, reactions: [{ kind: 'a', count: 1, mine: false }] }],
    next: 7,
  })
  pipe.respond('readBy', pipe.take('readBy').id, { readers: [{ uid: 7 }] })
  pipe.respond('unread', pipe.take('unread').id, { unread: 100, mentions: 2, firstMention: 4, read: 3 })
  t.same(await Promise.all(answers), [{ reactors: [{ uid: 7, kinds: ['a'] }], after: 7 }, [7]])
  t.same(await counts, { unread: 100, mentions: 2, firstMention: 4, read: 3 })
})
