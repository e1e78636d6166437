/** The web client over days that are not good: networks that go, and tabs that meet. */
import type { Browser } from 'playwright-core'
import t, { type Test } from 'tap'
import type { RunningServer } from '../../src/cli/server.js'
import { seriousFaults } from '../support/axe.js'
import { eventually } from '../support/eventually.js'
import { startTestServer, testConfig } from '../support/server.js'
import { TcpRelay } from '../support/tcp-relay.js'
import { befriend, type Served, WebPerson } from '../support/web.js'
import { startWeb } from '../support/web-in-chromium.js'

let browser: Browser
let server: RunningServer

t.before(async () => {
  ;({ browser, server } = await startWeb(t))
})

/** Opens the page in a browser profile of its own, for the time of a test. */
async function open(t: Test, served: Served = server): Promise<WebPerson> {
  const person = await WebPerson.open(browser, served)
  t.teardown(() => person.close())
  return person
}

t.test('where WebSocket is blocked it talks over HTTP', async t => {
  const ann = await open(t)
  const bob = await open(t)
  await ann.page.routeWebSocket(/\/ws$/, socket => socket.close())
  await ann.page.reload()
  await ann.register('http-ann')
  await bob.register('http-bob')
  await befriend(ann, bob, 'http-bob', 'http-bob')
  await ann.page.getByText('Connected · HTTP').waitFor()
  await ann.write('over HTTP')
  await bob.message('over HTTP').waitFor()
  await bob.write('and back')
  await ann.message('and back').waitFor()
  t.same([...ann.complaints, ...bob.complaints], [])
})

t.test('written without a network, reloaded there, and back again: it arrives once', async t => {
  const relay = await TcpRelay.start(server.httpPort)
  const ann = await open(t, { httpPort: relay.port })
  const bob = await open(t)
  await ann.register('off-ann')
  await bob.register('off-bob')
  await befriend(ann, bob, 'off-bob', 'off-bob')
  await ann.write('before')
  await ann
    .message('before')
    .getByRole('img', { name: /Delivered|Read/ })
    .waitFor()
  await ann.isKept()

  relay.cut()
  await ann.page.getByText('Offline.').waitFor()
  await ann.write('while away')
  await ann.message('while away').getByRole('img', { name: 'Queued' }).waitFor()
  await ann.page.getByText('1 message waits.').waitFor()
  await ann.box.fill('a draft')

  await ann.page.reload()
  await ann
    .message('while away')
    .getByRole('img', { name: /Queued|Sending/ })
    .waitFor()
  await ann.message('before').waitFor()
  t.equal(await ann.box.inputValue(), 'a draft', 'the draft is there, too')
  await ann.page.getByText('Offline.').waitFor()

  relay.join()
  await ann
    .message('while away')
    .getByRole('img', { name: /Delivered|Read/ })
    .waitFor()
  await bob.message('while away').waitFor()
  t.equal(await bob.message('while away').count(), 1)
  t.equal(await ann.message('while away').count(), 1)
  await ann.page.getByText('Offline.').waitFor({ state: 'detached' })
})

t.test('in a group of three one edits, recalls, mentions and is answered', async t => {
  const [ann, bob, cat] = [await open(t), await open(t), await open(t)]
  for (const [person, account] of [
    [ann, 'g-ann'],
    [bob, 'g-bob'],
    [cat, 'g-cat'],
  ] as const) {
    await person.register(account)
  }
  await befriend(ann, bob, 'g-bob', 'g-bob')
  await befriend(ann, cat, 'g-cat', 'g-cat')
  await ann.page.getByRole('button', { name: 'New chat' }).click()
  await ann.page.getByRole('link', { name: 'New group' }).click()
  await ann.page.getByLabel('Group name').fill('Three')
  for (const account of ['g-bob', 'g-cat']) await ann.page.getByRole('checkbox', { name: account }).click()
  await ann.page.getByRole('button', { name: 'Create group' }).click()
  await ann.box.waitFor()
  for (const person of [bob, cat]) await person.openChat('Three')

  await ann.write('first')
  for (const person of [bob, cat]) await person.message('first').waitFor()
  await ann.message('first').getByRole('img', { name: 'Sent' }).waitFor()

  await ann.box.press('ArrowUp')
  // The arrow takes the last own message.
  await eventually(async () => (await ann.box.inputValue()) === 'first')
  await ann.write('second')
  for (const person of [ann, bob, cat]) await person.message('second').getByText('edited').waitFor()
  t.equal(await bob.message('first').count(), 0)

  await bob.box.pressSequentially('@g-c')
  await bob.page.getByRole('option', { name: 'g-cat' }).waitFor()
  await bob.box.press('Enter')
  await eventually(async () => (await bob.box.inputValue()) === '@g-cat ')
  await bob.box.pressSequentially('look')
  await bob.box.press('Enter')
  await cat.message('look').locator('.me-too').waitFor()

  await cat.message('look').click({ button: 'right' })
  await cat.page.getByRole('menuitem', { name: 'Reply' }).click()
  await cat.write('I see')
  await bob.message('I see').locator('.quote').getByText('look').waitFor()

  await bob.message('look').click({ button: 'right' })
  await bob.page.getByRole('menuitem', { name: 'Recall for all' }).click()
  t.ok(await bob.hasFocus(bob.page.getByRole('button', { name: 'Cancel' })), 'the focus is on what does nothing')
  await bob.page.getByRole('button', { name: 'Recall' }).click()
  await cat.message('g-bob recalled a message').waitFor()
  await cat.message('I see').locator('.quote').getByText('Message recalled').waitFor()

  await cat.message('second').click({ button: 'right' })
  await cat.page.getByRole('menuitemcheckbox', { name: '👍' }).click()
  await ann.message('second').getByRole('button', { name: '👍 1' }).waitFor()
  await cat.message('second').getByRole('button', { name: '👍 1' }).click()
  await ann.message('second').getByRole('button', { name: '👍 1' }).waitFor({ state: 'detached' })
  for (const person of [ann, bob, cat]) t.same(person.complaints, [])
})

t.test('two devices of one person show the same unread, and what one reads the other has read', async t => {
  const ann = await open(t)
  const bob = await open(t)
  await ann.register('u-ann')
  await bob.register('u-bob')
  await befriend(ann, bob, 'u-bob', 'u-bob')
  await ann.write('hello')
  await bob.message('hello').waitFor()
  const second = await open(t)
  await second.signIn('u-bob')
  await second.isIn()
  // Nobody looks at the chat on either.
  for (const person of [bob, second]) await person.page.goto(`${person.page.url().split('#')[0]}#`)
  for (const text of ['one', 'two', 'three']) await ann.write(text)
  for (const person of [bob, second]) await person.page.getByText('3 unread').waitFor({ state: 'attached' })
  await second.openChat('u-ann')
  await second.log.getByText('3 new messages').waitFor()
  for (const person of [bob, second]) await person.page.getByText('3 unread').waitFor({ state: 'detached' })
  await second.log.getByText('3 new messages').waitFor()
})

t.test('where anybody may write, a stranger is a request: answered, accepted, declined, or none at all', async t => {
  const own = await startTestServer({ config: testConfig('--contacts', 'open') })
  t.teardown(() => own.abort())
  const [ann, bob, cat] = [await open(t, own), await open(t, own), await open(t, own)]
  await ann.register('s-ann', 'Ann')
  await bob.register('s-bob', 'Bob')
  await cat.register('s-cat', 'Cat')
  const writeFirst = async (person: WebPerson, account: string, text: string): Promise<void> => {
    await person.page.goto(`${person.page.url().split('#')[0]}#new-chat`)
    await person.page.getByLabel('Account name of a friend').fill(account)
    await person.page.getByRole('button', { name: 'Find' }).click()
    await person.page.getByRole('button', { name: 'Write' }).click()
    await person.box.waitFor()
    await person.write(text)
  }
  await writeFirst(ann, 's-bob', 'Is this Bob?')
  await bob.page.getByRole('link', { name: /Contact requests/ }).click()
  t.equal(await bob.page.getByRole('listitem').filter({ hasText: 'Is this Bob?' }).count(), 1)
  await bob.page.getByRole('link', { name: 'Ann' }).click()
  await bob.message('Is this Bob?').waitFor()
  await bob.page.getByText('Ann (@s-ann) is not a contact. They see no receipts until you answer.').waitFor()
  t.same(await seriousFaults(bob.page), [])
  t.equal(await ann.message('Is this Bob?').getByRole('img', { name: 'Sent' }).count(), 1, 'nothing is told')
  await bob.write('It is')
  await ann.message('It is').waitFor()
  await ann.message('Is this Bob?').getByRole('img', { name: 'Read' }).waitFor()
  await bob.page.getByText('They see no receipts').waitFor({ state: 'detached' })

  await writeFirst(cat, 's-bob', 'Buy this')
  await bob.page.getByRole('link', { name: /Contact requests/ }).click()
  await bob.page.getByRole('link', { name: 'Cat' }).click()
  await bob.page.getByRole('main').getByRole('button', { name: 'Decline' }).click()
  await bob.page.getByRole('link', { name: 'Archived' }).waitFor()
  await bob.page.getByRole('listitem').filter({ hasText: 'Buy this' }).waitFor({ state: 'detached' })
  await cat.write('Really')
  await cat.message('Really').getByRole('img', { name: 'Not sent' }).waitFor()
  await cat.log.getByText('Only friends can write here.').waitFor()

  await ann.page.goto(`${ann.page.url().split('#')[0]}#settings`)
  await ann.page.getByRole('switch', { name: 'Only friends may write to me' }).click()
  await writeFirst(cat, 's-ann', 'Buy that')
  await cat.message('Buy that').getByRole('img', { name: 'Not sent' }).waitFor()
  t.equal(await ann.page.getByRole('link', { name: /Contact requests/ }).count(), 0)
  for (const person of [ann, bob, cat]) t.same(person.complaints, [])
})

t.test('a second tab offers to take over; the first lets go, and can take it back', async t => {
  const ann = await open(t)
  await ann.register('tab-ann')
  const second = await WebPerson.tab(await ann.page.context().newPage(), server)
  await second.page.getByText('Open in another tab.').waitFor()
  await second.page.getByRole('button', { name: 'Use here' }).click()
  await second.isIn()
  await ann.page.getByText('Open in another tab.').waitFor()
  await ann.page.getByRole('button', { name: 'Use here' }).click()
  await ann.isIn()
  await second.page.getByText('Open in another tab.').waitFor()
  t.same([...ann.complaints, ...second.complaints], [])
})
