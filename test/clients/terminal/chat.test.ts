/** The chat against a real server, with what it shows taken down. */
import t from 'tap'
import type { Ask } from '../../../clients/terminal/screen.js'
import { MemoryStorage } from '../../../clients/typescript/index.js'
import { ContactState, createMessageContent } from '../../../protocol/generated/messages.js'
import { befriendedChats, ChatPerson, servedChats } from '../../support/chat-person.js'
import { contactItem, conversationItem, Harness, messageItem, UID } from '../../support/client-harness.js'
import { eventually } from '../../support/eventually.js'
import { PASSWORD } from '../../support/server.js'

t.test('asking, accepting, talking: each mark in its turn', async t => {
  const { enter } = await servedChats(t)
  const alice = await enter('alice', 'register')
  const bob = await enter('bob', 'register')
  await alice.chat.enter('hello?')
  await alice.see('!! to whom? /talk NAME, or /add NAME first (/help lists everything)')
  await alice.chat.enter('/add Bob  hello there')
  await alice.see('-- bob is asked, and has to accept')
  await bob.see('-- alice asks to become a contact: “hello there” — /accept alice or /decline alice')
  await bob.chat.enter('/contacts')
  await bob.see('-- alice, asks to become a contact: “hello there”')
  await bob.chat.enter('/accept alice')
  await alice.see('-- bob is a contact now')
  t.match(alice.status, /^\[online.*\] bob> $/, 'who has nobody to talk to talks to the new one')
  await bob.see('-- alice is a contact now')
  await alice.chat.enter('good morning')
  await bob.see('     alice: good morning')
  await alice.see('…    you → bob: good morning')
  await eventually(() => alice.remarked.includes('read you → bob: good morning'))
  t.same(
    alice.remarked.map(row => row.slice(0, 4)).filter(mark => mark !== '✓✓  '),
    ['✓   ', 'read'],
  )
})

t.test('a stranger asks and is declined; a request is taken back; nobody is asked who is not there', async t => {
  const { enter } = await servedChats(t)
  const alice = await enter('alice', 'register')
  const bob = await enter('bob', 'register')
  await alice.chat.enter('/add nobody')
  await alice.see('!! there is no user nobody')
  await alice.chat.enter('/add alice')
  await alice.see('!! the request names the user who makes it')
  await bob.chat.enter('/accept')
  await bob.see('!! nobody asks to become a contact')
  await bob.chat.enter('/accept alice')
  await bob.see('!! no contact request of that user is known here')
  await alice.chat.enter('/add bob')
  await bob.see(/asks to become a contact/)
  await bob.chat.enter('/decline')
  await alice.see('-- your request to bob has ended')
  await bob.see('-- the request of alice has ended')
  await alice.chat.enter('/add bob')
  await bob.see(/asks to become a contact/)
  await alice.chat.enter('/cancel bob')
  await bob.see('-- the request of alice has ended')
})

t.test('block, unblock and remove', async t => {
  const { alice, bob } = await befriendedChats(t)
  await bob.chat.enter('/block alice')
  await bob.see('-- alice is blocked')
  await alice.chat.enter('are you there?')
  await alice.see('!! not sent to bob: one of the two has blocked the other (are you there?)')
  t.ok(alice.remarked.includes('FAIL you → bob: are you there?'))
  t.equal(alice.chat.failures, 1)
  await bob.chat.enter('/contacts')
  await bob.see(/^-- alice, (online, )?blocked$/)
  await bob.chat.enter('/unblock alice')
  await bob.see('-- alice is no longer blocked')
  await bob.chat.enter('/remove alice')
  await alice.see('-- bob is no contact any more')
  await alice.chat.enter('hello')
  await alice.see('!! not sent to bob: the two are not friends (hello)')
  await alice.chat.enter('/remove bob')
  await alice.see('!! the two are not friends')
  await alice.chat.enter('/talk carol')
  await alice.see('!! carol is no contact and no group here (/groups lists them): there is no user carol')
  await alice.chat.enter('/remove carol')
  await alice.see('!! carol is not among your contacts: /add carol')
})

t.test('what others write cannot make the terminal do anything', async t => {
  const { alice, bob } = await befriendedChats(t)
  await bob.chat.enter('/nick \x1b[31mBob\u202e')
  await bob.see(/^!! .*name/)
  await bob.chat.enter('\x1b]0;owned\x07\nsecond\r')
  await alice.see('     bob: ␛]0;owned␇\n   │ second␍')
})

t.test('history and unread messages at the start, and one thing shown once', async t => {
  const { enter, alice } = await befriendedChats(t)
  const storage = new MemoryStorage()
  const second = await enter('bob', 'login', storage)
  await alice.chat.enter('one')
  await alice.chat.enter('two\nlines')
  await second.see('     alice: one', '     alice: two\n   │ lines')
  await second.chat.enter('three')
  await second.see(/you → alice: three/)
  await eventually(() => second.chat.waiting === 0)
  await second.client.close()
  await alice.chat.enter('four')
  await eventually(() => alice.remarked.includes('✓✓   you → bob: four'))
  const again = await enter('bob', 'login', storage)
  await eventually(() => again.shown.includes('     alice: four'))
  t.same(
    again.shown.filter(row => !row.startsWith('-- online')).map(row => row.slice(5)),
    ['th alice, the last 3:', 'alice: one', 'alice: two\n   │ lines', 'you → alice: three', 'alice: four'],
  )
  again.shown.length = 0
  await again.chat.enter('/history 2')
  await again.see('-- with alice, the last 2:', /you → alice: three/, '     alice: four')
  await again.chat.enter('/history all')
  await again.see('!! /history takes a count from 1 to 500')
})

t.test('devices, and the end of one from another', async t => {
  const { enter, alice } = await befriendedChats(t)
  const second = await enter('alice', 'login')
  await second.chat.enter('/devices')
  await second.see(
    /^-- 1: alice's, since \d{4}-\d\d-\d\d, last seen \d{4}-\d\d-\d\d$/,
    /^-- 2: alice's, .* \(this one\)$/,
  )
  await second.chat.enter('/logout x')
  await second.see('!! /logout DEVICE, a number that /devices lists')
  await second.chat.enter('/logout 7')
  await second.see('!! the user has no such device')
  await second.chat.enter('/logout 1')
  await second.see('-- device 1 is logged out')
  await eventually(() => alice.signedOut === 'the session was ended')
  await second.chat.enter('/logout 2')
  await second.see('-- logged out here')
  t.equal(second.quits, 1)
  t.notOk(second.client.account.signedIn)
})

t.test('a password is asked for, twice, and the old one must be right', async t => {
  const { enter } = await servedChats(t)
  const answers: (string | undefined)[] = []
  const asked: string[] = []
  const ask: Ask = async (question, how) => {
    asked.push(`${question}${how}`)
    return answers.shift()
  }
  const alice = await enter('alice', 'register', new MemoryStorage(), run => run(ask))
  answers.push('new password', 'other password')
  await alice.chat.enter('/password')
  await alice.see('!! the two new passwords are not the same: nothing was changed')
  asked.length = 0
  answers.push('new password', 'new password', 'wrong password', PASSWORD)
  await alice.chat.enter('/password')
  await alice.see(
    '!! the old password is wrong: nothing was changed',
    '-- the password is changed; other devices are logged out',
  )
  const old = 'Old password: secret'
  t.same(asked, ['New password: secret', 'New password again: secret', old, old], 'the new one is typed once')
  answers.push('new password', 'new password', 'wrong password', '')
  await alice.chat.enter('/password')
  await eventually(() => answers.length === 0)
  const bob = await enter('bob', 'register')
  await bob.chat.enter('/password')
  await bob.see('!! /password needs a terminal')
})

t.test('help, nonsense, too much, and the end', async t => {
  const { alice } = await befriendedChats(t)
  await alice.chat.enter('/help')
  await alice.see(/^-- plain text goes to the friend or the group you talk to.*\n {3}│ \/add NAME \[GREETING\] /)
  await alice.chat.enter('/fly')
  await alice.see('!! unknown command: /fly (/help lists them)')
  await alice.chat.enter('x'.repeat(16_385))
  await alice.see(/^!! the text is longer than 16 384 bytes/)
  await alice.chat.enter('   ')
  await alice.chat.enter('/quit')
  t.same(alice.shown, [])
  t.equal(alice.quits, 1)
})

t.test('without a server: it says so, counts down, keeps what is written, and sends it when there is one', async t => {
  const { server, alice, bob } = await befriendedChats(t)
  for (const connection of server.context.connections) connection.destroy()
  await alice.see(/^-- offline: .*; trying again$/, /^-- online/)
  await eventually(() => bob.status.startsWith('[online'))
  server.abort()
  await alice.see(/^-- offline: /)
  await eventually(() => /^\[offline, again in \d+ s\] bob> $/.test(alice.status))
  await alice.chat.enter('are you there?')
  await alice.see('…    you → bob: are you there?')
  t.equal(alice.chat.waiting, 1)
  await alice.chat.settled(50)
  t.equal(alice.chat.waiting, 1, 'not settled, only out of patience')
  t.equal(alice.shown.filter(row => row.startsWith('-- offline')).length, 0, 'said once')
  await eventually(() => alice.status.startsWith('[offline'))
  await alice.chat.enter('/mute')
  await alice.see('-- this waits for a connection')
})

t.test('a message of a conversation that is not direct is never taken for one of the person talked to', async t => {
  const harness = await Harness.online()
  harness.pipe.push(0, 2, [
    contactItem({ uid: 300, state: ContactState.FRIEND, account: 'bob' }),
    contactItem({ uid: 301, state: ContactState.FRIEND, account: 'carol' }),
  ])
  harness.settle()
  const { client } = harness
  const person = new ChatPerson(client, undefined)
  t.teardown(() => person.chat.close())
  await person.chat.open('bob')
  const content = createMessageContent({ kind: 900 })
  harness.pipe.push(2, 6, [
    messageItem('300/1/1', 'hi'),
    conversationItem('room:9', '300/1/2', 'all'),
    conversationItem('room:9', '301/1/1', '', content),
    conversationItem('room:9', `${UID}/5/1`, 'mine'),
  ])
  harness.settle()
  await person.see(
    /bob: hi$/,
    /bob in room:9: all$/,
    /carol in room:9: \(something that this version cannot show\)$/,
    /you → room:9: mine$/,
  )
  t.equal(await client.unread('room:9'), 2, 'nobody has said that it was read')
  t.equal(await client.unread(300), 0)
})

t.test('who types at the open conversation is shown beside its name, and who is online among the contacts', async t => {
  const { alice, bob } = await befriendedChats(t)
  await alice.chat.enter('/talk bob')
  await bob.chat.enter('/talk alice')
  await eventually(() => alice.client.presence.online(bob.client.account.uid) === true)
  await alice.chat.enter('/contacts')
  await alice.see('-- bob, online')
  bob.chat.typed('/help')
  bob.chat.typed('h')
  await eventually(() => /^\[online.*\] bob is typing> $/.test(alice.status))
  await bob.chat.enter('hello')
  await eventually(() => /^\[online.*\] bob> $/.test(alice.status))
  await bob.chat.enter('/presence')
  await bob.see('-- whether you are online and type is shown to friends and in groups')
  await bob.chat.enter('/presence off')
  await bob.see('-- nobody sees that you are online')
  await bob.chat.enter('/presence')
  await bob.see('-- whether you are online and type is hidden, and so is theirs from you')
  await bob.chat.enter('/presence on')
  await bob.see('-- friends see that you are online, and you see them')
  await bob.chat.enter('/presence maybe')
  await bob.see('!! usage: /presence [on|off]')
})
