/** Boards in the web client: made, followed by their address, read and confirmed. */
import t from 'tap'
import { seriousFaults } from '../support/axe.js'
import { befriend, WebPerson } from '../support/web.js'
import { startWeb } from '../support/web-in-chromium.js'

t.test('a post waits until it is confirmed, and what is confirmed stays so', async t => {
  const { browser, server } = await startWeb(t)
  const ann = await WebPerson.open(browser, server)
  const bob = await WebPerson.open(browser, server)
  await ann.register('ann')
  await bob.register('bob')
  await befriend(ann, bob, 'bob', 'bob')
  const place = (person: WebPerson, hash: string): string => `${person.page.url().split('#')[0]}#${hash}`

  await ann.page.goto(place(ann, 'new-board'))
  await ann.page.getByLabel('Board name').fill('Weekly notices')
  await ann.page.getByRole('switch', { name: 'Only by code' }).click()
  await ann.page.getByRole('button', { name: 'Create board' }).click()
  await ann.page.getByLabel('Write a post').fill('Fire drill\nIt starts at 10:00.')
  await ann.page.getByRole('button', { name: 'Post', exact: true }).click()
  await ann.page.getByRole('heading', { name: 'Fire drill' }).waitFor()

  const [, address = ''] = ann.page.url().split('#')
  await ann.page.evaluate(`Object.defineProperty(navigator, 'clipboard', { value: undefined })`)
  await ann.page.getByRole('main').getByRole('button', { name: 'More' }).click()
  await ann.page.getByRole('menuitem', { name: 'Copy address' }).click()
  await ann.page
    .getByRole('alert')
    .filter({ hasText: `Copy it by hand: ${address}` })
    .waitFor()
  await bob.page.goto(place(bob, 'new-board'))
  await bob.page.getByLabel('Address of a board').fill('nonsense')
  await bob.page.getByRole('button', { name: 'Follow', exact: true }).click()
  await bob.page.getByText('A board has an address').waitFor()
  await bob.page.getByLabel('Address of a board').fill(address)
  await bob.page.getByRole('button', { name: 'Follow', exact: true }).click()
  await bob.page.getByRole('heading', { name: 'Fire drill' }).waitFor()
  await ann.page.getByLabel('Write a post').fill('Plants go home')
  await ann.page.getByRole('button', { name: 'Post', exact: true }).click()
  await bob.page.getByRole('article').filter({ hasText: 'Plants go home' }).waitFor()

  const board = bob.page.getByRole('region', { name: 'Weekly notices' })
  await bob.page.getByRole('button', { name: 'Settings' }).click()
  await bob.page.getByRole('navigation').getByRole('button', { name: 'Back' }).click()
  await bob.page.getByRole('heading', { name: 'Chats' }).waitFor()
  t.equal(await board.count(), 1, 'the way back from a pane leads to the board')
  await bob.page.getByRole('listitem').filter({ hasText: 'to confirm' }).waitFor()
  for (const person of [ann, bob]) t.same(await seriousFaults(person.page), [])
  await board
    .getByRole('article')
    .filter({ hasText: 'Plants go home' })
    .getByRole('button', { name: 'Confirm up to here' })
    .click()
  await board.getByRole('separator').getByText('Confirmed up to here').waitFor()
  // What was there before he began to follow he never confirmed.
  const drill = board.getByRole('article').filter({ hasText: 'Fire drill' })
  for (const confirmed of [false, true]) {
    t.equal(await drill.getByText('Confirmed').count(), 0)
    const row = bob.page.getByRole('listitem').filter({ hasText: 'Weekly notices' })
    await row.filter({ hasText: 'ann: Plants go home' }).filter({ hasNotText: 'to confirm' }).waitFor()
    t.match(await row.locator('time').textContent(), /^\d\d:\d\d$/)
    if (!confirmed) await bob.page.reload()
    await board.getByRole('article').filter({ hasText: 'Plants go home' }).getByText('Confirmed').waitFor()
  }
  t.equal(await bob.page.getByLabel('Write a post').count(), 0, 'who follows does not post')

  const details = ann.page.getByRole('complementary', { name: 'Details' })
  await details.getByRole('button', { name: 'Close' }).click()
  await ann.page.getByRole('main').locator('.who').click()
  await details.getByText('2 followers').waitFor()
  await details.getByRole('button', { name: 'Rename' }).click()
  await details.getByLabel('Board name').fill('Daily notices')
  await ann.page.keyboard.press('Enter')
  await ann.page.getByRole('listitem').filter({ hasText: 'Daily notices' }).waitFor()
  await details.getByRole('switch', { name: 'Only by code' }).click()
  await bob.page.reload()
  const known = bob.page.getByRole('complementary', { name: 'Details' })
  await known.getByText('Only by code').waitFor()
  t.equal(await known.getByRole('button', { name: 'Copy address' }).count(), 0, 'without the code it is of no use')
  await details.getByRole('button', { name: 'Let others post' }).click()
  await ann.page.getByRole('checkbox', { name: 'bob' }).click()
  await ann.page.getByRole('dialog').getByRole('button', { name: 'Let others post' }).click()
  await bob.page.getByLabel('Write a post').waitFor()
  await details.getByRole('button', { name: 'Let bob post no longer' }).click()
  await bob.page.getByLabel('Write a post').waitFor({ state: 'detached' })
  for (const person of [ann, bob]) t.same(await seriousFaults(person.page), [])

  await ann.page.getByRole('article').filter({ hasText: 'Plants' }).getByRole('button', { name: 'Remove post' }).click()
  await ann.page.getByRole('alertdialog').getByRole('button', { name: 'Remove post' }).click()
  await ann.page.getByRole('article').filter({ hasText: 'Post removed' }).waitFor()
  for (const person of [ann, bob]) t.same(person.complaints, [])
})
