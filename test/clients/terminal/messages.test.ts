/** Messages in the chat that are answered, edited, taken back and reacted to. The test plays the server. */
import t from 'tap'
import {
  ContactState,
  createMessageExtra,
  createMessageId,
  GroupRole,
  GroupState,
  type Item,
} from '../../../protocol/generated/messages.js'
import {
  changedItem,
  contactItem,
  conversationState,
  GROUP,
  groupFailure,
  groupItem,
  groupMessage,
  inState,
  messageItem,
  UID,
} from '../../support/client-harness.js'
import { eventually } from '../../support/eventually.js'
import { MEMBER, talk } from '../../support/talk.js'

function answering(item: Item, number: number): Item {
  if (item.content?.case === 'conversationMessage') {
    item.content.value.extra = createMessageExtra({ reply: createMessageId({ number }) })
  }
  return item
}

t.test('a message has a number, by which it is answered, edited, taken back, deleted and forwarded', async t => {
  const it = await talk(t, MEMBER)
  await it.chat.enter('/talk Friends')
  it.push(groupMessage(5, '300/2/1', 'question?'), answering(groupMessage(6, '300/2/2', 'anybody?'), 5))
  await it.see('     bob in Friends: question?', '     bob in Friends: (to “question?”) anybody?')
  await it.chat.enter('/numbers')
  await it.see('-- 1: bob: question?', '-- 2: bob: (to “question?”) anybody?')
  const post = await it.enter('/reply 1 it is so', 'post')
  t.match(post, { conversation: GROUP, text: 'it is so', reply: { number: 5 } })
  await it.see('…    you → Friends: (to “question?”) it is so')
  it.push(groupMessage(7, `${UID}/1/${post.sendSeq}`, 'it is so'))
  t.match(await it.enter('/edit 3 it was so', 'edit'), { message: { number: 7 }, text: 'it was so' })
  t.match(await it.enter('/recall 3', 'recall'), { conversation: GROUP, message: { number: 7 } })
  t.match(await it.enter('/delete 2', 'delete'), { conversation: GROUP, messages: [{ number: 6 }] })
  t.match(await it.enter('/forward 1 bob', 'forward'), { conversation: 'direct:300', source: GROUP })
  await it.chat.enter('/recall 9')
  await it.see('-- forwarded', '!! no message has the number 9 (/numbers lists them)')
})

t.test('a message that has failed is deleted by its number, too', async t => {
  const it = await talk(t, MEMBER)
  await it.chat.enter('/talk Friends')
  await it.enter('nobody hears this', 'post')
  it.push(groupFailure(1, 1, 'MUTED'))
  await it.see('!! not sent to Friends: the user may not write in the group (nobody hears this)')
  await it.chat.enter('/delete 1')
  await it.see('-- a message was deleted here')
  const shown = it.chat.enter('/history')
  await it.answer('history')
  await it.answer('groupEarlier')
  await shown
  await it.see('-- you talk in Friends')
})

t.test('what happens to a message that was shown is a line, and the history shows it as it is', async t => {
  const it = await talk(t, messageItem('300/2/1', 'frist'), messageItem('300/2/2', 'secret'))
  await it.chat.enter('/talk bob')
  it.push(
    changedItem(inState(messageItem('300/2/1', 'first'), { editedAtMs: 5 })),
    changedItem(inState(messageItem('300/2/2', ''), { recalledBy: 300 })),
    changedItem(
      inState(messageItem('300/2/1', 'first'), {
        editedAtMs: 5,
        reactions: [{ kind: '\u202e👍', count: 2, mine: false }],
      }),
    ),
  )
  await it.see('-- bob edited a message: first', '-- bob took a message back', '-- bob: first (edited) (‹U+202E›👍 2)')
  await it.enter('/history', 'history')
  await it.see('     bob: first (edited) (‹U+202E›👍 2)', '     bob: (taken back)')
  it.push(changedItem(inState(messageItem('300/2/1', ''), { deleted: true })))
  await it.see('-- a message was deleted here')
})

t.test('what happens in another conversation than the one that is talked in is said with its place', async t => {
  const it = await talk(t, MEMBER)
  const inGroup = (): Item => groupMessage(5, '300/2/1', 'hello')
  const own = (): Item => messageItem(`${UID}/5/1`, 'mine', { recipient: 300 })
  const theirs = (): Item => messageItem('300/2/2', 'yours')
  it.push(inGroup(), own(), theirs(), groupMessage(6, '300/2/3', 'once'))
  it.push(
    changedItem(inState(inGroup(), { editedAtMs: 5 })),
    changedItem(inState(inGroup(), { reactions: [{ kind: '👍', count: 1, mine: false }] })),
    changedItem(inState(inGroup(), { recalledBy: UID })),
    changedItem(inState(own(), { editedAtMs: 5 })),
    changedItem(inState(theirs(), { editedAtMs: 5 })),
    changedItem(inState(theirs(), { deleted: true })),
    changedItem(inState(groupMessage(6, '300/2/3', ''), { deleted: true })),
  )
  await it.see(
    '-- bob in Friends edited a message: hello',
    '-- bob in Friends: hello (👍 1)',
    '-- you in Friends took a message by bob back',
    '-- you (to bob) edited a message: mine',
    '-- bob edited a message: yours',
    '-- a message was deleted with bob',
    '-- a message was deleted in Friends',
  )
})

t.test('a number of another conversation than the one that is talked in: it is said where that is', async t => {
  const it = await talk(t, MEMBER, groupMessage(5, '300/2/1', 'news'))
  await it.chat.enter('/talk Friends')
  await it.answer('markRead')
  await it.enter('/react 1 👍', 'react')
  t.notMatch(it.shown.join(), 'not where you talk')
  await it.chat.enter('/talk bob')
  const where = '-- message 1 is in Friends, not where you talk now'
  t.match(await it.enter('/reply 1 so', 'post'), { conversation: GROUP })
  await it.see(where, '…    you → Friends: (to “news”) so')
  await it.enter('/react 1 👏', 'react')
  await it.see(where)
  await it.enter('/delete 1', 'delete')
  await it.see(where)
  it.push(messageItem('300/2/9', 'direct'))
  await it.see('     bob: direct')
  await it.chat.enter('/talk Friends')
  await it.chat.enter('/recall 3')
  await it.see('-- message 3 is with bob, not where you talk now')
})

t.test('what happens to a message that waits for the name of its sender is told behind it', async t => {
  const it = await talk(t, MEMBER)
  it.push(groupMessage(3, '301/1/1', 'frist'), groupMessage(4, '301/1/2', 'secret'))
  it.push(
    changedItem(inState(groupMessage(3, '301/1/1', 'first'), { editedAtMs: 5 })),
    changedItem(inState(groupMessage(4, '301/1/2', ''), { recalledBy: 301 })),
  )
  const carol = {
    uid: 301,
    account: 'carol',
    nickname: '',
    role: GroupRole.MEMBER,
    muted: false,
    number: 1,
    asks: false,
  }
  await it.answer('groupMembers', { members: [carol] })
  await eventually(() => it.shown.length === 4)
  t.same(it.shown, [
    '     carol in Friends: frist',
    '     carol in Friends: secret',
    '-- carol in Friends edited a message: first',
    '-- carol in Friends took a message back',
  ])
})

t.test('a reaction is set, and taken back when it is entered again; who has reacted and read is asked for', async t => {
  const it = await talk(t, MEMBER, groupMessage(5, '300/2/1', 'news'))
  await it.chat.enter('/talk Friends')
  await it.answer('markRead')
  t.match(await it.enter('/react 1 👍', 'react'), { message: { number: 5 }, kind: '👍', off: false })
  t.match(await it.enter('/react 1 👍', 'react'), { kind: '👍', off: true })
  const asked = it.chat.enter('/who 1')
  await it.answer('reactions', { reactors: [{ uid: 300, reactions: [{ kind: '👍', count: 1, mine: false }] }] })
  await it.answer('readBy', { readers: [{ uid: 300 }] })
  await asked
  await it.see('-- bob: 👍', '-- read by bob')
})

t.test('a direct message knows what this user has reacted with', async t => {
  const it = await talk(t, messageItem('300/2/1', 'news'))
  await it.chat.enter('/talk bob')
  t.match(await it.enter('/react 1 👍', 'react'), { message: { sender: 300, sendSeq: 1 }, off: false })
  it.push(changedItem(inState(messageItem('300/2/1', 'news'), { reactions: [{ kind: '👍', count: 2, mine: true }] })))
  t.match(await it.enter('/react 1 👍', 'react'), { kind: '👍', off: true })
  t.match(await it.enter('/react 1 👏', 'react'), { kind: '👏', off: false })
})

t.test('a conversation is muted, pinned, archived, marked as unread and as read', async t => {
  const it = await talk(t, MEMBER)
  await it.chat.enter('/talk bob')
  t.match(await it.enter('/mute', 'setConversation'), { conversation: 'direct:300', settings: { muted: true } })
  it.push(
    conversationState({
      conversation: 'direct:300',
      settings: { muted: true, pinned: false, archived: false, unread: false },
    }),
  )
  t.match(await it.enter('/pin', 'setConversation'), { settings: { muted: true, pinned: true } })
  t.match(await it.enter('/mute off', 'setConversation'), { settings: { muted: false } })
  t.match(await it.enter('/unread', 'setConversation'), { settings: { unread: true } })
  it.push(
    conversationState({
      conversation: 'direct:300',
      settings: { muted: true, pinned: true, archived: false, unread: true },
    }),
  )
  await it.see('-- mute is on', '-- pin is on', '-- mute is off', '-- marked as unread')
  await it.chat.enter('/contacts')
  await it.see('-- bob (Bob), muted, pinned, marked as unread')
  t.match(await it.enter('/read', 'setConversation'), { settings: { unread: false } })
  await it.chat.enter('/mute perhaps')
  await it.see('-- read', '!! usage: /mute [off]')
})

t.test('the lists have what is pinned first, then the others by name', async t => {
  const carol = contactItem({ uid: 301, state: ContactState.FRIEND, account: 'carol', nickname: '' })
  const other = groupItem({ ...inGroup, conversation: `${GROUP}2`, title: 'A group' })
  const settings = (set: object) => ({ muted: false, pinned: false, archived: false, unread: false, ...set })
  const it = await talk(
    t,
    MEMBER,
    carol,
    other,
    conversationState({ conversation: 'direct:301', settings: settings({ pinned: true, muted: true }) }),
    conversationState({ conversation: GROUP, settings: settings({ pinned: true }) }),
  )
  await it.chat.enter('/contacts')
  await it.chat.enter('/groups')
  t.match(it.shown, [/^-- carol, muted, pinned$/, /^-- bob/, /^-- Friends, owner, pinned/, /^-- A group/])
})

const inGroup = { state: GroupState.MEMBER, number: 2, role: GroupRole.MEMBER }
