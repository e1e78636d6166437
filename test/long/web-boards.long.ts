/** Boards in the web client: made, followed by their address, read and confirmed. */
import t from 'tap'
import { seriousFaults } from '../support/axe.js'
import { WebPerson } from '../support/web.js'
import { startWeb } from '../support/web-in-chromium.js'

t.test('a post waits until it is confirmed, and what is confirmed stays so', async t => {
  const { browser, server } = await startWeb(t)
  const ann = await WebPerson.open(browser, server)
  const bob = await WebPerson.open(browser, server)
  await ann.register('ann')
  await bob.register('bob')
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
  await bob.page.getByText('Plants go home').waitFor()

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
  await bob.page.getByRole('listitem').filter({ hasText: 'Nothing to confirm' }).waitFor()
  await bob.page.reload()
  await bob.page.getByRole('listitem').filter({ hasText: 'Nothing to confirm' }).waitFor()
  t.equal(await bob.page.getByLabel('Write a post').count(), 0, 'who follows does not post')

  await ann.page.getByRole('article').filter({ hasText: 'Plants' }).getByRole('button', { name: 'Remove post' }).click()
  await ann.page.getByRole('alertdialog').getByRole('button', { name: 'Remove post' }).click()
  await ann.page.getByText('Post removed').waitFor()
  for (const person of [ann, bob]) t.same(person.complaints, [])
})
