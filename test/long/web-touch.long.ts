/** The web client under a finger, on a narrow screen of a server where anybody may write; and the ways into a chat with a stranger. */
import t from 'tap'
import { testConfig } from '../support/server.js'
import { WebPerson } from '../support/web.js'
import { startWeb } from '../support/web-in-chromium.js'

const PHONE = { viewport: { width: 360, height: 720 }, hasTouch: true, isMobile: true }

t.test('a long press opens the menu of a message, and it stays when the finger lifts', async t => {
  const { browser, server } = await startWeb(t, { config: testConfig('--contacts', 'open') })
  const bob = await WebPerson.open(browser, server)
  await bob.register('bob')
  const ann = await WebPerson.open(browser, server, PHONE)
  const { page } = ann
  await ann.register('ann')

  await page.getByRole('button', { name: /Search/ }).click()
  await page.getByRole('combobox').fill('bob')
  await page.getByRole('option', { name: 'Find the account bob' }).waitFor()
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: 'Find' }).click()
  await page.getByRole('button', { name: 'Write', exact: true }).click()
  await page.getByText('What you write is a request until bob answers.').waitFor()
  await ann.write('hello')
  await ann.message('hello').waitFor()
  await bob.page.getByRole('link', { name: /Contact requests/ }).click()
  await bob.page.getByText('@ann').waitFor()

  const menu = page.getByRole('menu', { name: 'Message actions' })
  const box = await ann.message('hello').locator('.text').boundingBox()
  if (box === null) throw new Error('the message is not in sight')
  const cdp = await page.context().newCDPSession(page)
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2]
  await cdp.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: [{ x, y }] })
  await menu.waitFor()
  await cdp.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] })
  // What the release would do has been done when the next frame is drawn.
  await page.evaluate('new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(resolve)))')
  t.ok(await menu.isVisible())
  await page.touchscreen.tap(180, 30)
  await menu.waitFor({ state: 'detached' })
  t.same([...ann.complaints, ...bob.complaints], [])
})
