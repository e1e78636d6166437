/** Groups in the chat: what is entered becomes requests, what comes becomes lines. The test plays the server. */
import t from 'tap'
import { Arrivals } from '../../../clients/terminal/arrivals.js'
import { People } from '../../../clients/terminal/people.js'
import { GroupAct, GroupJoin, GroupRole, GroupState } from '../../../protocol/generated/messages.js'
import type { MethodName, RequestOf } from '../../../protocol/methods.js'
import { changeItem, GROUP, groupFailure, groupItem, groupMessage, UID } from '../../support/client-harness.js'
import { eventually } from '../../support/eventually.js'
import { MEMBER, talk } from '../../support/talk.js'

const member = (uid: number, account: string, more: object = {}) => {
  return { uid, account, nickname: '', role: GroupRole.MEMBER, muted: false, number: uid, asks: false, ...more }
}

t.test('a group is made and talked in; messages have their senders, changes are lines', async t => {
  const it = await talk(t)
  const made = await it.enter('/group create "Best friends" bob', 'groupCreate', { conversation: GROUP })
  t.match(made, { title: 'Best friends', invitees: [{ uid: 300 }] })
  await it.see('-- you talk in Best friends')
  it.push(
    groupItem({ state: GroupState.MEMBER, number: 1, title: 'Best friends', role: GroupRole.OWNER }),
    changeItem(1, { act: GroupAct.CREATED, by: UID }),
    changeItem(2, { act: GroupAct.JOINED, by: UID, uid: 300 }),
  )
  await it.see('-- Best friends: you made the group', '-- Best friends: bob joined, let in by you')
  t.match(it.status, /\] Best friends> $/)
  await it.chat.enter('hello all')
  t.match(await it.answer('post'), { conversation: GROUP, text: 'hello all' })
  it.push(
    groupMessage(3, '300/1/1', 'hello'),
    groupMessage(4, `${UID}/1/2`, 'hello all'),
    groupMessage(5, `${UID}/5/1`, 'I'),
  )
  await it.see('…    you → Best friends: hello all', '     bob in Best friends: hello', '✓    you → Best friends: I')
  t.equal(await it.harness.client.unread(GROUP), 0, 'who reads along has read it')
  const shown = it.chat.enter('/history 9')
  await it.answer('history')
  await it.answer('groupEarlier')
  await shown
  await it.see(
    '-- in Best friends, the last 5:',
    '-- Best friends: you made the group',
    '     bob in Best friends: hello',
  )
})

t.test('the first lines of a group that one makes are shown once, also if they come before the answer', async t => {
  const it = await talk(t)
  const done = it.chat.enter('/group create Friends bob')
  await it.harness.settle()
  it.push(MEMBER, changeItem(1, { act: GroupAct.CREATED, by: UID }))
  await it.answer('groupCreate', { conversation: GROUP })
  await done
  await eventually(() => it.shown.includes('-- you talk in Friends'))
  it.push(changeItem(2, { act: GroupAct.JOINED, by: UID, uid: 300 }))
  t.same(it.shown.toSorted(), [
    '-- Friends: bob joined, let in by you',
    '-- Friends: you made the group',
    '-- you talk in Friends',
  ])
  t.match(it.status, /\] Friends> $/)
})

t.test('/group alone lists the commands about groups', async t => {
  const it = await talk(t)
  await it.chat.enter('/group')
  t.match(it.shown, [/^-- \/groups .*\n.*\/group create TITLE/])
  t.notMatch(it.shown, [/\/history/])
})

t.test('changes of roles: handed over, left behind, and given', async t => {
  const it = await talk(t, MEMBER)
  const { ROLE_SET } = GroupAct
  it.push(
    changeItem(1, { act: ROLE_SET, by: UID, uid: UID, role: GroupRole.ADMIN }),
    changeItem(2, { act: ROLE_SET, by: UID, uid: 300, role: GroupRole.OWNER }),
    changeItem(3, { act: ROLE_SET, by: 300, uid: 300, role: GroupRole.ADMIN }),
    changeItem(4, { act: GroupAct.LEFT, by: 300, uid: 300 }),
    changeItem(5, { act: ROLE_SET, by: 300, uid: UID, role: GroupRole.OWNER }),
    changeItem(6, { act: GroupAct.JOINED, by: UID, uid: 300 }),
    changeItem(7, { act: ROLE_SET, by: UID, uid: 300, role: GroupRole.ADMIN }),
    changeItem(8, { act: GroupAct.UNMUTED, by: UID, uid: 300 }),
    changeItem(9, { act: GroupAct.UNMUTED, by: 300, uid: UID }),
  )
  await eventually(() => it.shown.length === 9)
  t.same(it.shown, [
    '-- Friends: you are an admin now',
    '-- Friends: you made bob the owner',
    '-- Friends: bob is an admin now',
    '-- Friends: bob left',
    '-- Friends: you are the owner now',
    '-- Friends: bob joined, let in by you',
    '-- Friends: you made bob an admin',
    '-- Friends: you let bob write again',
    '-- Friends: bob lets you write again',
  ])
})

t.test('an admin is told that somebody asks to join, and that more do', async t => {
  const it = await talk(t)
  const admin = { state: GroupState.MEMBER, number: 1, title: 'Friends', role: GroupRole.ADMIN }
  it.push(groupItem({ ...admin, asking: 1 }))
  await it.see('-- somebody asks to join Friends — there: /group members, /group approve NAME')
  it.push(groupItem({ ...admin, asking: 3 }))
  await it.see('-- 3 people ask to join Friends — there: /group members, /group approve NAME')
  it.push(groupItem({ ...admin, asking: 2 }), groupItem({ ...admin, asking: 3 }))
  await it.see('-- 3 people ask to join Friends — there: /group members, /group approve NAME')
  t.same(it.shown, [], 'fewer are no news')
  await it.chat.enter('/groups')
  await it.see('-- Friends, admin, 3 ask to join (group:9.1.1)')
})

t.test('the name of somebody who invites, and is no contact, is asked for before it is shown', async t => {
  const it = await talk(t)
  it.push(groupItem({ state: GroupState.INVITED, number: 4, inviter: 301, title: 'Friends' }))
  t.same(it.shown, [])
  t.match(await it.answer('getProfile', { uid: 301, account: 'carol', nickname: '' }), { uid: 301 })
  await it.see('-- carol invites you to Friends — /group accept Friends or /group decline Friends')
})

t.test('the name of a member who is no contact is asked for first; what comes meanwhile waits behind', async t => {
  const it = await talk(t, MEMBER)
  it.push(
    groupMessage(3, '301/1/1', 'who am I'),
    groupMessage(4, '300/1/1', 'we know'),
    changeItem(5, { act: GroupAct.LEFT, uid: 301 }),
  )
  t.same(it.shown, [])
  t.match(await it.answer('groupMembers', { members: [member(300, 'bob'), member(302, 'dora')], next: 302 }), {
    conversation: GROUP,
    after: 0,
  })
  t.match(await it.answer('groupMembers', { members: [member(301, 'carol')] }), { after: 302 })
  await eventually(() => it.shown.length === 3)
  t.same(it.shown, ['     carol in Friends: who am I', '     bob in Friends: we know', '-- Friends: carol left'])
})

t.test('a name that nobody tells is not waited for: the number has to do, and is not asked for again', async t => {
  const it = await talk(t, MEMBER)
  it.push(groupMessage(3, '301/1/1', 'one'))
  it.harness.advance(2_000)
  await it.see('     user 301 in Friends: one')
  it.push(groupMessage(4, '301/1/2', 'two'))
  await it.see('     user 301 in Friends: two')
  it.push(groupMessage(5, '302/1/1', 'never shown'))
  it.chat.close()
  it.harness.advance(2_000)
  await new Promise(resolve => setImmediate(resolve))
  t.same(it.shown, [], 'and nothing is shown after the end')
})

t.test('a name that could not be asked for is asked for again with the next message', async t => {
  const it = await talk(t, MEMBER)
  it.push(groupMessage(3, '301/1/1', 'one'))
  await it.answer('groupMembers', 'NOT_MEMBER')
  await it.see('     user 301 in Friends: one')
  it.push(groupMessage(4, '301/1/2', 'two'))
  await it.answer('groupMembers', { members: [member(301, 'carol')] })
  await it.see('     carol in Friends: two')
})

t.test('what cannot be shown holds nothing up', async t => {
  const { harness, shown } = await talk(t)
  const arrivals = new Arrivals(new People(harness.client), harness.clock)
  const fails = (): void => {
    throw new Error('no screen')
  }
  t.throws(() => arrivals.take(GROUP, [], fails), { message: 'no screen' })
  arrivals.take(GROUP, [], () => shown.push('shown'))
  t.same(shown, ['shown'])
})

t.test('invitations are told once and answered; one goes to a group and back by its name', async t => {
  const it = await talk(t)
  const invited = groupItem({ state: GroupState.INVITED, number: 4, inviter: 300, title: 'Friends' })
  it.push(invited)
  it.push(invited)
  await eventually(() => it.shown.length > 0)
  t.same(it.shown, ['-- bob invites you to Friends — /group accept Friends or /group decline Friends'])
  t.match(await it.enter('/group accept friends', 'groupAccept'), { conversation: GROUP, invitation: 4 })
  it.push(groupItem({ state: GroupState.JOINING, number: 4, title: 'Friends' }), MEMBER)
  await it.chat.enter('/talk friends')
  t.match(it.status, /\] Friends> $/)
  await it.chat.enter('/talk bob')
  t.match(it.status, /\] bob> $/)
  await it.chat.enter('/group leave')
  await it.see('!! in which group? /talk GROUP first (/groups lists them)')
  it.push(groupItem({ conversation: 'group:8', state: GroupState.INVITED, number: 5, inviter: 300, title: 'Friends' }))
  await it.see('-- bob invites you to Friends — /group accept group:8 or /group decline group:8')
  await it.chat.enter('/talk friends')
  await it.see(`!! which one? ${GROUP}, group:8`)
  t.match(await it.enter('/group decline', 'groupDecline'), { conversation: 'group:8', invitation: 5 })
  it.push(groupItem({ conversation: 'group:8', title: 'Friends' }))
  await it.see('-- the invitation to Friends has ended')
  await it.chat.enter('/group accept')
  await it.see('!! no such invitation is known here (/groups lists them)')
})

t.test('every command about the group that one talks in', async t => {
  const it = await talk(t, MEMBER)
  await it.chat.enter('/talk Friends')
  const carol = { members: [member(301, 'carol', { number: 7 })] }
  const on = { conversation: GROUP }
  /** One that names a member, who is looked for first. */
  const about = async <N extends MethodName>(line: string, method: N): Promise<RequestOf<N>> => {
    const done = it.chat.enter(line)
    await it.answer('groupMembers', carol)
    const request = await it.answer(method)
    await done
    return request
  }
  t.match(await it.enter('/group invite bob', 'groupInvite'), { ...on, invitees: [{ uid: 300 }] })
  await it.see('-- asked to join: bob')
  t.match(await it.enter('/group rename New title', 'groupRename'), { ...on, title: 'New title' })
  t.match(await it.enter('/group announce', 'groupAnnounce'), { ...on, announcement: '' })
  t.match(await it.enter('/group leave', 'groupLeave'), on)
  t.match(await it.enter('/group join group:8 abcd', 'groupJoin'), { conversation: 'group:8', code: 'abcd' })
  t.match(await it.enter('/group dissolve', 'groupDissolve'), on)
  t.match(await about('/group remove Carol', 'groupRemove'), { ...on, uid: 301, number: 7 })
  t.match(await about('/group admin carol', 'groupSetRole'), { uid: 301, role: GroupRole.ADMIN })
  t.match(await about('/group admin carol off', 'groupSetRole'), { role: GroupRole.MEMBER })
  t.match(await about('/group owner carol', 'groupSetRole'), { role: GroupRole.OWNER })
  t.match(await about('/group mute carol', 'groupMute'), { uid: 301, muted: true })
  t.match(await about('/group mute carol off', 'groupMute'), { muted: false })
  await it.enter('/group approve carol', 'groupMembers', carol)
  await it.see('!! carol does not ask to join Friends')
  await it.enter('/group remove dora', 'groupMembers', carol)
  await it.chat.enter('/group mute carol maybe')
  await it.see('!! dora is not in Friends', '!! usage: /group mute NAME [off]')
  carol.members = [member(301, 'carol', { number: 9, asks: true, role: 0 })]
  t.match(await about('/group approve carol no', 'groupApprove'), { uid: 301, request: 9, yes: false })
  await it.see('-- carol is not let in')
  t.match(await about('/group remove Carol', 'groupRemove'), { uid: 301, number: 9 })
  await it.see('-- carol is not let in')
})

t.test('rules, members, groups and what a group refused are shown', async t => {
  const it = await talk(t, MEMBER)
  await it.chat.enter('/talk Friends')
  const rules = { join: GroupJoin.CODE, adminsInvite: true, adminsWrite: false, history: 0 }
  const profile = { title: 'Friends', rules, owner: UID, members: 2, code: 'abcd', createdAtMs: 0, announcement: 'hi' }
  await it.enter('/group info', 'groupGet', profile)
  await it.see(
    [
      `-- Friends (${GROUP})`,
      '2 members, owner you, since 1970-01-01',
      'join=code write=all invite=admins history=0',
      'announcement: hi',
      `to join: /group join ${GROUP} abcd`,
    ].join('\n   │ '),
  )
  const done = it.chat.enter('/group rules write=admins history=20')
  await it.answer('groupGet', profile)
  t.match(await it.answer('groupSetRules'), { rules: { ...rules, adminsWrite: true, history: 20 }, newCode: false })
  await done
  await it.enter('/group info', 'groupGet', { ...profile, members: 1 })
  await eventually(() => it.shown.some(row => row.includes('1 member, owner you')))
  await it.enter('/group rules', 'groupGet', profile)
  await it.chat.enter('/group rules fly')
  await it.see(
    '-- join=code write=all invite=admins history=0',
    '!! fly is no rule: join=closed|code|approval, write=all|admins, invite=all|admins, history=0…100',
  )
  await it.enter('/group members', 'groupMembers', {
    members: [
      member(UID, 'ann', { role: GroupRole.OWNER }),
      member(300, 'bob', { nickname: 'Bob', muted: true }),
      member(301, 'carol', { role: 0, asks: true }),
      member(302, 'dora', { role: 0 }),
    ],
    next: 0,
  })
  await it.see('-- ann, owner', '-- bob (Bob), muted', '-- carol, asks to join', '-- dora, invited')
  it.push(
    changeItem(9, { act: GroupAct.RULES_SET, by: 300, rules }),
    changeItem(10, { act: GroupAct.ROLE_SET, by: UID, uid: 300, role: GroupRole.ADMIN }),
    groupMessage(11, '300/1/1', 'one'),
  )
  await it.see(
    '-- Friends: bob set the rules: join=code write=all invite=admins history=0',
    '-- Friends: you made bob an admin',
  )
  await it.chat.enter('/talk bob')
  it.push(groupMessage(12, '300/1/2', 'two'))
  await it.chat.enter('/groups')
  await it.see(`-- Friends, owner, 1 unread (${GROUP})`)
  await it.chat.enter('/talk Friends')
  const { sendSeq } = await it.enter('/group rename x', 'groupRename')
  it.push(groupFailure(1, sendSeq, 'NOT_ADMIN'))
  await it.see("!! not done in Friends (rename): the user's role in the group does not allow it")
  t.equal(it.chat.failures, 2)
})

t.test('what lies before the joining is shown from the oldest on, with the names of members', async t => {
  const it = await talk(t, MEMBER)
  await it.chat.enter('/talk Friends')
  const done = it.chat.enter('/group earlier')
  const newest = { items: [groupMessage(5, '300/1/1', 'we know'), groupMessage(7, '301/1/1', 'me too')], next: 5 }
  t.match(await it.answer('groupEarlier', newest), { conversation: GROUP, before: 0 })
  const oldest = { items: [changeItem(3, { act: GroupAct.JOINED, by: 300, uid: 302 })], next: 0 }
  t.match(await it.answer('groupEarlier', oldest), { before: 5 })
  await it.answer('groupMembers', { members: [member(300, 'bob'), member(301, 'carol')] })
  await done
  t.same(it.shown.slice(-4), [
    '-- in Friends, before you joined: the last 3',
    '-- Friends: user 302 joined, let in by bob',
    '     bob in Friends: we know',
    '     carol in Friends: me too',
  ])
  await it.enter('/group earlier', 'groupEarlier', {})
  await it.see('-- in Friends, before you joined: nothing that you may read')
  await it.chat.enter('/numbers')
  await it.see('-- no message was shown here yet')
})
