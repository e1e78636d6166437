/** Groups: their messages and changes in the group's order, what this device posts and asks for, and what comes of it. */
import t from 'tap'
import { MemoryStorage } from '../../../clients/typescript/index.js'
import {
  createMessageState,
  GroupAct,
  GroupJoin,
  GroupRole,
  GroupState,
  type Item,
} from '../../../protocol/generated/messages.js'
import type { MethodName } from '../../../protocol/methods.js'
import {
  changeItem,
  conversationItem,
  GROUP,
  groupFailure,
  groupItem,
  groupMessage,
  Harness,
  messageItem,
  reasonOf,
  rejectionOf,
  type ServerPipe,
  UID,
} from '../../support/client-harness.js'
import { SlowStorage } from '../../support/client-storage.js'
import { commit } from '../../support/storage-contract.js'

async function texts(harness: Harness, conversation: string = GROUP): Promise<string[]> {
  const { messages } = await harness.client.history(conversation as typeof GROUP)
  return messages.map(each => `${each.number} ${each.state} ${each.change?.act ?? each.text}`)
}

/** Takes the next request, whatever acks are before it. */
function take<N extends MethodName>(pipe: ServerPipe, name: N): ReturnType<typeof pipe.take<N>> {
  while (pipe.peek()[0] === 'ack') pipe.takeAck()
  return pipe.take(name)
}

function told(harness: Harness): string[] {
  return harness.of('message').map(each => each.text)
}

t.test(
  '64 direct messages overtake a message to a group that waits in an outbox, own or of another: it is shown',
  async t => {
    const harness = await Harness.online()
    const { client, pipe } = harness
    const sent = client.send(GROUP, 'the slow one')
    harness.settle()
    const post = take(pipe, 'post')
    t.match(post.request, { sendSeq: 1, conversation: GROUP, text: 'the slow one' })
    pipe.respond('post', post.id, { version: 0 })
    let version = 0
    for (let each = 1; each <= 70; each++) {
      client.send(300, `direct ${each}`)
      harness.settle()
      pipe.respond('send', take(pipe, 'send').id, { version: ++version })
      pipe.push(version, ++version, [messageItem(`300/2/${each + 1}`, `from 300: ${each}`)])
    }
    t.same(await texts(harness), ['0 accepted the slow one'], 'it has no place yet')
    pipe.push(version, version + 2, [
      groupMessage(5, '300/2/1', 'the slow one of 300'),
      groupMessage(6, `${UID}/1/1`, 'the slow one'),
    ])
    harness.settle()
    t.same(told(harness).slice(-1), ['the slow one of 300'])
    t.same(await texts(harness), ['5 received the slow one of 300', '6 accepted the slow one'])
    t.equal(sent.number, 6)
    t.same(harness.statesOf(1), ['sending', 'accepted'], 'once')
  },
)

t.test(
  'what a group brings is shown once by its number, whatever version it comes under, also after a restart',
  async t => {
    const storage = new MemoryStorage()
    const first = await Harness.online(storage)
    const items = [
      groupMessage(3, '300/2/9', 'c'),
      changeItem(7, { act: GroupAct.JOINED, by: 300, uid: 301 }),
      groupMessage(8, '300/2/8', 'a lower number of the same device'),
      groupMessage(8, '301/1/1', 'no second one with this number'),
      groupMessage(2, '301/1/2', 'nor one below'),
      conversationItem(GROUP, '301/1/3', 'nor one without'),
      groupMessage(20, `${UID}/5/1`, 'of my other device'),
    ]
    first.pipe.push(0, items.length, items)
    first.settle()
    const expected = ['c', 'a lower number of the same device', 'of my other device']
    t.same(told(first), expected)
    const kept = [
      '3 received c',
      '7 received joined',
      '8 received a lower number of the same device',
      '20 accepted of my other device',
    ]
    t.same(await texts(first), kept)
    t.equal(await first.client.unread(GROUP), 2, 'a change is not unread')

    const second = await Harness.start(storage)
    second.client.markRead(GROUP)
    t.equal(await second.client.unread(GROUP), 0)
    second.client.connect()
    second.settle()
    second.pipe.open()
    second.greet({ resync: true, head: 9 })
    second.pipe.push(0, 9, [
      ...items,
      groupMessage(21, '300/2/10', 'new'),
      changeItem(22, { act: GroupAct.LEFT, by: 301 }),
    ])
    second.settle()
    t.same(told(second), ['new'])
    t.equal(second.of('groupChange').length, 1)
    t.same(await texts(second), [...kept, '21 received new', '22 received left'])
  },
)

t.test('what an older version showed by its windows is not shown again, and asked for once more', async t => {
  const storage = new MemoryStorage()
  const values = new Map<string, number | number[]>()
  values.set(`shown-in/${GROUP}/300/2`, [9, 1, 0, 4])
  values.set('applied/2', 12)
  const before = await Harness.online(storage)
  await before.client.close()
  await commit(storage, { values: Object.fromEntries(values) })
  const harness = await Harness.start(storage)
  harness.client.connect()
  harness.settle()
  harness.pipe.open()
  t.equal(harness.greet().since, 0)
  harness.pipe.push(0, 3, [groupMessage(4, '300/2/9', 'shown before'), groupMessage(5, '300/2/10', 'new')])
  harness.settle()
  t.same(told(harness), ['new'])
})

t.test(
  'what was read in a group is known by its number, also after a resync; what is not stored yet is not read',
  async t => {
    const storage = new SlowStorage()
    const harness = await Harness.online(storage)
    const { client, pipe } = harness
    pipe.push(0, 2, [groupMessage(3, '300/2/1'), groupMessage(4, '300/2/2')])
    harness.settle()
    t.equal(await client.unread(GROUP), 2)
    storage.fast = false
    pipe.push(2, 3, [groupMessage(9, '300/2/3')])
    harness.settle()
    client.markRead(GROUP)
    storage.fast = true
    storage.release()
    harness.settle()
    t.equal(await client.unread(GROUP), 1)
    client.on('message', ({ conversation }) => client.markRead(conversation))
    pipe.push(3, 4, [groupMessage(10, '300/2/4')])
    harness.settle()
    t.equal(await client.unread(GROUP), 0, 'who is told of a message can say at once that it is read')

    const again = await Harness.start(storage.afterCrash())
    t.equal(await again.client.unread(GROUP), 0)
    again.client.connect()
    again.settle()
    again.pipe.open()
    again.greet({ resync: true, head: 1 })
    again.pipe.push(0, 1, [groupMessage(11, '300/2/5', 'under a low version')])
    again.settle()
    t.equal(await again.client.unread(GROUP), 1)
    again.client.markRead(GROUP)
    t.equal(await again.client.unread(GROUP), 0)
  },
)

t.test('a change is told and kept in its place', async t => {
  const storage = new SlowStorage()
  const harness = await Harness.online(storage)
  storage.fast = false
  harness.pipe.push(0, 6, [
    changeItem(1, { act: GroupAct.CREATED, by: 300 }),
    changeItem(2, { act: GroupAct.RENAMED, by: 300, text: 'Friends' }),
    changeItem(3, { act: GroupAct.ROLE_SET, by: 300, uid: UID, role: GroupRole.ADMIN }),
    changeItem(9, {
      act: GroupAct.RULES_SET,
      by: UID,
      rules: { join: GroupJoin.APPROVAL, adminsInvite: true, adminsWrite: false, history: 20 },
    }),
    changeItem(10, { act: 99 as GroupAct, by: 300 }),
    changeItem(11, { act: GroupAct.LEFT, by: 300, conversation: 'direct:300' }),
  ])
  harness.settle()
  t.same(harness.of('groupChange'), [], 'not before it is stored')
  storage.release()
  harness.settle()
  const at = { conversation: GROUP, atMs: 1000 }
  const changes = [
    { ...at, number: 1, act: 'created', by: 300, uid: 0, text: '', role: 'none' },
    { ...at, number: 2, act: 'renamed', by: 300, uid: 0, text: 'Friends', role: 'none' },
    { ...at, number: 3, act: 'roleSet', by: 300, uid: UID, text: '', role: 'admin' },
    {
      ...at,
      number: 9,
      act: 'rulesSet',
      by: UID,
      uid: 0,
      text: '',
      role: 'none',
      rules: { join: 'approval', adminsInvite: true, adminsWrite: false, history: 20 },
    },
    { ...at, number: 10, act: 'unknown', by: 300, uid: 0, text: '', role: 'none' },
  ]
  t.same(harness.of('groupChange'), changes)
  t.same(harness.of('message'), [])
  const again = await Harness.start(storage.afterCrash())
  const { messages } = await again.client.history(GROUP)
  t.same(
    messages.map(each => each.change),
    changes,
  )
  t.match(messages[3], { state: 'received', text: '', sender: UID, number: 9, code: 0 })
})

t.test('a message to a group survives restarts: queued, then accepted without a place, then in its place', async t => {
  const storage = new MemoryStorage()
  const first = await Harness.online(storage)
  first.pipe.end()
  first.client.send(GROUP, 'one')
  first.client.send(300, 'two')
  first.settle()

  const second = await Harness.start(storage)
  t.same(await texts(second), ['0 queued one'])
  second.client.connect()
  second.settle()
  second.pipe.open()
  second.greet()
  const post = take(second.pipe, 'post')
  t.match(post.request, { sendSeq: 1, conversation: GROUP, text: 'one' })
  second.pipe.refuse(post.id, 'OVERLOADED', 100)
  t.equal(take(second.pipe, 'send').request.sendSeq, 2)
  second.advance(1_000)
  const repeat = take(second.pipe, 'post')
  t.equal(repeat.request.sendSeq, 1)
  second.pipe.respond('post', repeat.id)
  t.same(second.statesOf(1), ['sending', 'accepted'])

  const third = await Harness.start(storage)
  t.same(await texts(third), ['0 accepted one'])
  third.client.connect()
  third.settle()
  third.pipe.open()
  third.greet({ lastSendSeq: 1 })
  third.pipe.push(0, 2, [groupMessage(4, '300/2/1', 'before it'), groupMessage(5, `${UID}/1/1`, 'one')])
  third.settle()
  t.same(await texts(third), ['4 received before it', '5 accepted one'])
  t.same(told(third), ['before it'], 'the own one was shown when it was sent')
  const fourth = await Harness.start(storage)
  t.same(await texts(fourth), ['4 received before it', '5 accepted one'])
})

t.test('the own copy settles the send queue where the answer was lost, and is no second message', async t => {
  const harness = await Harness.online()
  const sent = harness.client.send(GROUP, 'one')
  harness.settle()
  const { id } = take(harness.pipe, 'post')
  harness.pipe.push(0, 1, [groupMessage(5, `${UID}/1/1`, 'one')])
  harness.settle()
  t.equal(sent.state, 'accepted')
  t.equal(harness.client.state().sendQueue.length, 0)
  harness.pipe.respond('post', id)
  t.same(await texts(harness), ['5 accepted one'])
  t.same(told(harness), [])
  t.same(harness.statesOf(1), ['sending', 'accepted'])
})

t.test('a repeat of a message that the server settled long ago: unknown, until its copy comes', async t => {
  const harness = await Harness.online()
  const sent = harness.client.send(GROUP, 'one')
  harness.settle()
  harness.pipe.refuse(take(harness.pipe, 'post').id, 'SETTLED')
  t.equal(sent.reason, 'SETTLED')
  harness.pipe.push(0, 1, [groupMessage(5, `${UID}/1/1`, 'one')])
  harness.settle()
  t.equal(sent.state, 'accepted')
  t.same(harness.statesOf(1), ['sending', 'failed', 'accepted'])
  t.same(await texts(harness), ['0 accepted one'])
  t.same(told(harness), [])
})

t.test('a refusal at once, and one by the group after the message was accepted', async t => {
  const storage = new MemoryStorage()
  const harness = await Harness.online(storage)
  const { client, pipe } = harness
  const [muted, late, last] = [client.send(GROUP, 'one'), client.send(GROUP, 'two'), client.send(GROUP, 'three')]
  harness.settle()
  pipe.refuse(take(pipe, 'post').id, 'MUTED')
  pipe.respond('post', take(pipe, 'post').id)
  take(pipe, 'post')
  t.match(muted, { state: 'failed', reason: 'MUTED' })
  t.equal(late.state, 'accepted')
  // The failure of the third overtakes its answer.
  pipe.push(0, 2, [groupFailure(1, 2, 'NOT_MEMBER'), groupFailure(1, 3, 'REFUSED')])
  harness.settle()
  t.match(late, { state: 'failed', reason: 'NOT_MEMBER' })
  t.match(last, { state: 'failed', reason: 'REFUSED' })
  t.match(harness.of('messageState').slice(-1), [
    { conversation: GROUP, peer: 0, sendSeq: 3, state: 'failed', reason: 'REFUSED' },
  ])
  const kept = ['0 failed one', '0 failed two', '0 failed three']
  t.same(await texts(harness), kept)
  t.equal(client.state().sendQueue.length, 0)
  t.same(harness.of('groupFailed'), [])
  const states = harness.of('messageState').length
  pipe.push(2, 3, [groupFailure(1, 2, 'NOT_MEMBER'), groupFailure(4, 2, 'NOT_MEMBER')])
  harness.settle()
  t.equal(harness.of('messageState').length, states, 'not told again, and none of another device')
  t.same(await texts(await Harness.start(storage)), kept)
})

t.test('a message whose copy never came goes before a later one of its device; its failure still finds it', async t => {
  const harness = await Harness.online()
  const { client, pipe } = harness
  const [first] = [client.send(GROUP, 'one'), client.send(GROUP, 'two'), client.send('group:8', 'elsewhere')]
  harness.settle()
  for (let each = 0; each < 3; each++) pipe.respond('post', take(pipe, 'post').id)
  pipe.push(0, 1, [groupMessage(5, `${UID}/1/2`, 'two')])
  harness.settle()
  t.same(await texts(harness), ['0 accepted one', '5 accepted two'])
  t.same(await texts(harness, 'group:8'), ['0 accepted elsewhere'])
  pipe.push(1, 2, [groupFailure(1, 1, 'MUTED')])
  harness.settle()
  t.match(first, { state: 'failed', reason: 'MUTED' })
  t.same(harness.statesOf(1), ['sending', 'accepted', 'failed'])
  t.same(await texts(harness), ['0 failed one', '5 accepted two'])
})

t.test('the state of a group is kept and told, and goes when a resync does not confirm it', async t => {
  const storage = new MemoryStorage()
  const harness = await Harness.online(storage)
  const { groups } = harness.client
  harness.pipe.push(0, 3, [
    groupItem({ state: GroupState.INVITED, number: 4, inviter: 300, title: 'Friends' }),
    groupItem({ conversation: 'group:8', state: GroupState.MEMBER, number: 1, title: 'Team', role: GroupRole.OWNER }),
    groupItem({ conversation: 'direct:8', state: GroupState.MEMBER }),
  ])
  harness.settle()
  const rules = { join: 'closed', adminsInvite: false, adminsWrite: false, history: 0 }
  const invited = {
    conversation: GROUP,
    state: 'invited',
    number: 4,
    inviter: 300,
    title: 'Friends',
    announcement: '',
    role: 'none',
    muted: false,
    rules,
    until: 0,
    asking: 0,
  }
  t.same(groups.group(GROUP), invited)
  t.same(
    groups.list().map(each => [each.conversation, each.state, each.role]),
    [
      [GROUP, 'invited', 'none'],
      ['group:8', 'member', 'owner'],
    ],
  )
  t.equal(harness.of('group').length, 2)
  harness.pipe.push(3, 4, [groupItem({ conversation: 'group:8', title: 'Team', until: 7 })])
  harness.settle()
  t.match(groups.group('group:8'), { state: 'none', until: 7 })
  t.equal(groups.list().length, 1)

  const again = await Harness.start(storage)
  t.same(again.client.groups.group(GROUP), invited)
  again.client.connect()
  again.settle()
  again.pipe.open()
  again.greet({ resync: true, head: 1 })
  again.pipe.push(0, 1, [groupItem({ conversation: 'group:8', title: 'Team', until: 7 })])
  again.settle()
  t.same(again.client.groups.list(), [])
  t.equal(again.client.groups.group(GROUP), undefined)
  t.match(again.of('group').at(-1), { conversation: GROUP, state: 'none', number: 0 })
})

t.test('every act is a numbered request, and what is wrong with it is said before it has a number', async t => {
  const harness = await Harness.online()
  const { client, pipe } = harness
  const { groups } = client
  pipe.push(0, 1, [groupItem({ state: GroupState.INVITED, number: 4 })])
  harness.settle()
  pipe.skip()
  const on = { conversation: GROUP } as const
  const rules = { join: 'code', adminsInvite: true, adminsWrite: false, history: 10 } as const
  const acts = [
    [() => groups.create('Friends', [300]), 'groupCreate', { title: 'Friends', invitees: [{ uid: 300 }] }],
    [() => groups.invite(GROUP, [300, 301]), 'groupInvite', { ...on, invitees: [{ uid: 300 }, { uid: 301 }] }],
    [() => groups.accept(GROUP), 'groupAccept', { ...on, invitation: 4 }],
    [() => groups.decline(GROUP), 'groupDecline', { ...on, invitation: 4 }],
    [() => groups.join(GROUP, 'abcd'), 'groupJoin', { ...on, code: 'abcd' }],
    [() => groups.approve(GROUP, 300, 5, true), 'groupApprove', { ...on, uid: 300, request: 5, yes: true }],
    [() => groups.leave(GROUP), 'groupLeave', on],
    [() => groups.remove(GROUP, 300), 'groupRemove', { ...on, uid: 300, number: 0 }],
    [() => groups.remove(GROUP, 300, 7), 'groupRemove', { ...on, uid: 300, number: 7 }],
    [() => groups.rename(GROUP, 'Fiends'), 'groupRename', { ...on, title: 'Fiends' }],
    [() => groups.announce(GROUP, ''), 'groupAnnounce', { ...on, announcement: '' }],
    [
      () => groups.setRules(GROUP, rules, { newCode: true }),
      'groupSetRules',
      { ...on, rules: { ...rules, join: GroupJoin.CODE }, newCode: true },
    ],
    [() => groups.setRole(GROUP, 300, 'admin'), 'groupSetRole', { ...on, uid: 300, role: GroupRole.ADMIN }],
    [() => groups.mute(GROUP, 300), 'groupMute', { ...on, uid: 300, muted: true }],
    [() => groups.mute(GROUP, 300, false), 'groupMute', { ...on, uid: 300, muted: false }],
    [() => groups.dissolve(GROUP), 'groupDissolve', on],
  ] as const
  let sendSeq = 0
  for (const [act, method, request] of acts) {
    const asked: Promise<unknown> = act()
    harness.settle()
    const { id, request: sent } = take(pipe, method)
    t.same(sent, { sendSeq: ++sendSeq, ...request }, method)
    pipe.respond(method, id, method === 'groupCreate' ? { conversation: 'group:7' } : {})
    t.equal(await asked, method === 'groupCreate' ? 'group:7' : undefined)
  }
  const wrong = {
    create: () => groups.create(''),
    invite: () => groups.invite(GROUP, []),
    crowd: () => groups.invite(GROUP, Array(51).fill(300)),
    uid: () => groups.invite(GROUP, [0]),
    direct: () => groups.leave('direct:300'),
    code: () => groups.join(GROUP, 'x'.repeat(33)),
    role: () => groups.setRole(GROUP, 300, 'king' as 'admin'),
    join: () => groups.setRules(GROUP, { ...rules, join: 'open' as 'code' }),
    history: () => groups.setRules(GROUP, { ...rules, history: 101 }),
    announcement: () => groups.announce(GROUP, 'x'.repeat(2049)),
    members: () => groups.members(GROUP, { limit: 101 }),
  }
  for (const [name, act] of Object.entries(wrong)) t.equal(await rejectionOf(act()), 'INVALID_ARGUMENT', name)
  t.equal(await rejectionOf(groups.accept('group:8')), 'NO_INVITATION')
  t.equal(
    reasonOf(() => client.send('room:8', 'x')),
    'INVALID_ARGUMENT',
  )
  t.equal(client.state().nextSendSeq, sendSeq + 1)
})

t.test(
  'an act that was taken and then refused by the group is told once, with its name, also after a restart',
  async t => {
    const storage = new MemoryStorage()
    const harness = await Harness.online(storage)
    const { client, pipe } = harness
    void client.groups.invite(GROUP, [300])
    void client.groups.setRole(GROUP, 300, 'admin')
    const early = client.groups.rename(GROUP, 'x')
    harness.settle()
    pipe.respond('groupInvite', take(pipe, 'groupInvite').id)
    pipe.respond('groupSetRole', take(pipe, 'groupSetRole').id)
    // The failure of the third overtakes its answer.
    pipe.push(0, 2, [groupFailure(1, 1, 'GROUP_FULL'), groupFailure(1, 3, 'NOT_ADMIN')])
    harness.settle()
    await early
    const failed = [
      { conversation: GROUP, sendSeq: 1, act: 'invite', code: 129, reason: 'GROUP_FULL' },
      { conversation: GROUP, sendSeq: 3, act: 'rename', code: 127, reason: 'NOT_ADMIN' },
    ]
    t.same(harness.of('groupFailed'), failed)

    const again = await Harness.start(storage)
    again.client.connect()
    again.settle()
    again.pipe.open()
    again.greet({ resync: true, head: 3 })
    again.pipe.push(0, 3, [
      groupFailure(1, 1, 'GROUP_FULL'),
      groupFailure(1, 2, 'NOT_MEMBER'),
      groupFailure(1, 3, 'NOT_ADMIN'),
    ])
    again.settle()
    t.match(again.of('groupFailed'), [{ sendSeq: 2, act: 'setRole', reason: 'NOT_MEMBER' }])
    t.same(again.of('messageState'), [])
  },
)

t.test(
  'messages behind an act that makes one a member wait until the group has said yes, three seconds at most',
  async t => {
    const harness = await Harness.online()
    const { client, pipe } = harness
    pipe.push(0, 1, [groupItem({ state: GroupState.INVITED, number: 4 })])
    harness.settle()
    const waiting = (): string[] => client.state().sendQueue.map(each => `${each.what} ${each.state}`)

    void client.groups.accept(GROUP)
    client.send(GROUP, 'hello')
    harness.settle()
    t.same(waiting(), ['groupAccept in flight', 'message held'])
    pipe.respond('groupAccept', take(pipe, 'groupAccept').id)
    pipe.push(1, 2, [groupItem({ state: GroupState.JOINING, number: 4 })])
    t.same(waiting(), ['message held'])
    pipe.push(2, 3, [groupItem({ state: GroupState.MEMBER, number: 5 })])
    pipe.respond('post', take(pipe, 'post').id)
    t.same(waiting(), [])

    const created = client.groups.create('Another')
    harness.settle()
    pipe.respond('groupCreate', take(pipe, 'groupCreate').id, { conversation: 'group:8' })
    client.send(await created, 'first')
    client.send(GROUP, 'second')
    harness.settle()
    t.same(waiting(), ['message held', 'message queued'])
    pipe.push(3, 4, [groupItem({ conversation: 'group:8', state: GroupState.MEMBER, number: 1 })])
    for (const text of ['first', 'second']) {
      const { id, request } = take(pipe, 'post')
      t.equal(request.text, text)
      pipe.respond('post', id)
    }

    void client.groups.join('group:7', 'code')
    client.send('group:7', 'too early')
    harness.settle()
    pipe.respond('groupJoin', take(pipe, 'groupJoin').id)
    pipe.push(4, 5, [groupItem({ conversation: 'group:7', state: GroupState.ASKED, number: 1 })])
    harness.advance(2_900)
    t.same(waiting(), ['message held'])
    harness.advance(100)
    t.match(take(pipe, 'post').request, { text: 'too early' })
  },
)

t.test('nothing waits for an act whose failure came before its answer', async t => {
  const harness = await Harness.online()
  const { client, pipe } = harness
  const joined = client.groups.join(GROUP, 'a guess')
  client.send(GROUP, 'hello')
  harness.settle()
  take(pipe, 'groupJoin')
  pipe.push(0, 1, [groupFailure(1, 1, 'WRONG_CODE')])
  harness.settle()
  await joined
  t.match(take(pipe, 'post').request, { text: 'hello' })
})

t.test('a group and its members are asked of the server', async t => {
  const harness = await Harness.online()
  const { client, pipe } = harness
  const asked = client.groups.get(GROUP)
  harness.settle()
  const get = take(pipe, 'groupGet')
  t.same(get.request, { conversation: GROUP })
  pipe.respond('groupGet', get.id, { title: 'Friends', owner: UID, members: 2, code: 'abcd', createdAtMs: 5 })
  t.same(await asked, {
    title: 'Friends',
    announcement: '',
    owner: UID,
    members: 2,
    code: 'abcd',
    createdAtMs: 5,
    rules: { join: 'closed', adminsInvite: false, adminsWrite: false, history: 0 },
  })
  const page = client.groups.members(GROUP, { after: 7 })
  harness.settle()
  const members = take(pipe, 'groupMembers')
  t.same(members.request, { conversation: GROUP, after: 7, limit: 100 })
  const one = { uid: 300, role: GroupRole.ADMIN, muted: false, number: 3, asks: false, account: 'bob', nickname: 'Bob' }
  pipe.respond('groupMembers', members.id, {
    members: [one, { ...one, uid: 301, role: GroupRole.UNSPECIFIED, asks: true }, { ...one, uid: 302, role: 0 }],
    next: 9,
  })
  t.same(await page, {
    members: [
      { uid: 300, role: 'admin', muted: false, number: 3, account: 'bob', nickname: 'Bob' },
      { uid: 301, role: 'asks', muted: false, number: 3, account: 'bob', nickname: 'Bob' },
      { uid: 302, role: 'invited', muted: false, number: 3, account: 'bob', nickname: 'Bob' },
    ],
    after: 9,
  })
  const refused = rejectionOf(client.groups.members(GROUP))
  harness.settle()
  pipe.refuse(take(pipe, 'groupMembers').id, 'NO_SUCH_GROUP')
  t.equal(await refused, 'NO_SUCH_GROUP')
})

function recalledMessage(number: number, id: string): Item {
  const item = groupMessage(number, id, '')
  const { content } = item
  if (content?.case === 'conversationMessage') content.value.state = createMessageState({ recalledBy: 300 })
  return item
}

t.test('what lies before the joining is asked for in pages, as the history has it, and kept nowhere', async t => {
  const harness = await Harness.online()
  const { client, pipe } = harness
  const page = client.groups.earlier(GROUP, { before: 9, limit: 5 })
  harness.settle()
  const asked = take(pipe, 'groupEarlier')
  t.same(asked.request, { conversation: GROUP, before: 9, limit: 5 })
  pipe.respond('groupEarlier', asked.id, {
    items: [
      changeItem(3, { act: GroupAct.JOINED, by: 300, uid: 301 }),
      groupMessage(5, '300/1/1', 'one'),
      groupMessage(6, `${UID}/1/1`, 'of an earlier membership'),
      messageItem('300/2/1', 'what does not belong there'),
      conversationItem('group:other', '300/1/2', 'nor this'),
      recalledMessage(8, '300/1/3'),
    ],
    next: 3,
  })
  const { messages, before } = await page
  t.equal(before, 3)
  t.same(
    messages.map(({ number, sender, state, text, change }) => `${number} ${sender} ${state} ${change?.act ?? text}`),
    ['3 300 received joined', '5 300 received one', `6 ${UID} accepted of an earlier membership`, '8 300 received '],
  )
  t.equal(messages[3]?.changed.recalledBy, 300)
  t.same(await texts(harness), [])
  t.same(told(harness), [])
  const rest = client.groups.earlier(GROUP)
  harness.settle()
  const last = take(pipe, 'groupEarlier')
  t.same(last.request, { conversation: GROUP, before: 0, limit: 100 })
  pipe.respond('groupEarlier', last.id, { items: [], next: 0 })
  t.same(await rest, { messages: [], before: undefined })
  for (const range of [{ before: -1 }, { limit: 0 }, { limit: 101 }])
    t.equal(await rejectionOf(client.groups.earlier(GROUP, range)), 'INVALID_ARGUMENT')
  t.equal(await rejectionOf(client.groups.earlier('direct:7')), 'INVALID_ARGUMENT')
})
