/** Strangers in the chat: requests in a folder of their own, and the answers to them, on a server where anybody may write. */
import t, { type Test } from 'tap'
import { befriendedChats, servedChats } from '../../support/chat-person.js'
import { eventually } from '../../support/eventually.js'

async function strangers(test: Test) {
  const { enter } = await servedChats(test, '--contacts', 'open')
  return { alice: await enter('alice', 'register'), bob: await enter('bob', 'register'), enter }
}

t.test('what a stranger writes waits in the folder of requests, and is answered from there', async t => {
  const { alice, bob } = await strangers(t)
  await alice.chat.enter('/talk Bob')
  await alice.see('-- you talk to bob', /^-- bob is no contact: \/add asks/)
  await alice.chat.enter('hello there')
  await alice.see('-- bob is no contact: what you write is a request until bob answers')
  await bob.see('-- alice writes to you, and is no contact — /requests shows it')
  await alice.chat.enter('are you there?')
  await eventually(async () => (await bob.client.unread(alice.client.account.uid)) === 2)
  t.same(bob.shown, [], 'nothing of it is shown by itself')
  await bob.chat.enter('/contacts')
  await bob.see('-- 1 stranger writes to you: /requests')
  await bob.chat.enter('/requests')
  await bob.see('-- alice, no contact, 2 unread: “are you there?”', /^-- \/talk NAME shows all/)
  await bob.chat.enter('/talk alice')
  await bob.see('     alice: hello there', '     alice: are you there?')
  await alice.chat.enter('/contacts')
  await alice.see('-- bob, no contact, no answer yet')
  t.notOk(
    alice.remarked.some(row => /^(✓✓|read)/.test(row)),
    'no mark comes back',
  )
  await bob.chat.enter('here I am')
  await alice.see('-- bob has answered', '     bob: here I am')
  await eventually(() => alice.remarked.includes('read you → bob: hello there'))
  await bob.chat.enter('/requests')
  await bob.see('-- nobody waits for your answer')
  await bob.chat.enter('/accept alice')
  await bob.see('!! alice has been answered: /add alice asks to become a contact')
  await alice.client.presence.watch([bob.client.account.uid])
  bob.chat.typed('a')
  await eventually(() => / bob is typing> $/.test(alice.status))
  await alice.chat.enter('/remove bob')
  await alice.see('-- the chat with bob has ended')
  await bob.see('-- the chat with alice has ended')
})

t.test('a request is accepted, declined or blocked; who takes friends only gets none', async t => {
  const { alice, bob, enter } = await strangers(t)
  const carol = await enter('carol', 'register')
  for (const each of [alice, carol]) {
    await each.chat.enter('/talk bob')
    await each.chat.enter('hello')
  }
  await bob.see(/^-- alice writes to you/, /^-- carol writes to you/)
  await bob.chat.enter('/accept')
  await bob.see('!! whose request? alice, carol')
  await bob.chat.enter('/decline carol')
  await bob.see('-- the request of carol has ended')
  await carol.chat.enter('please')
  await carol.see('!! not sent to bob: the two are not friends (please)')
  await bob.chat.enter('/accept')
  await bob.see('-- alice is a contact now')
  await alice.see('-- bob is a contact now')
  await alice.chat.enter('/friends-only')
  await alice.see('-- whoever the server lets may write to you')
  await alice.chat.enter('/friends-only on')
  await alice.see('-- strangers cannot begin to write to you')
  await alice.chat.enter('/friends-only')
  await alice.see('-- only friends may write to you')
  await carol.chat.enter('/talk alice')
  await carol.chat.enter('and you?')
  await carol.see('!! not sent to alice: the two are not friends (and you?)')
  await alice.chat.enter('/friends-only off')
  await alice.see('-- strangers may write to you if the server lets them')
  await alice.chat.enter('/friends-only perhaps')
  await alice.see('!! usage: /friends-only [on|off]')
  await carol.chat.enter('now?')
  await alice.see(/^-- carol writes to you/)
  await alice.chat.enter('/block carol')
  await alice.see('-- the request of carol has ended', '-- carol is blocked')
})

t.test('where friends alone may write it says so', async t => {
  const { alice, enter } = await befriendedChats(t)
  await enter('carol', 'register')
  await alice.chat.enter('/talk carol')
  await alice.see(/^-- carol is no contact: \/add asks/)
  await alice.chat.enter('hello')
  await alice.see('!! not sent to carol: the two are not friends (hello)')
})
