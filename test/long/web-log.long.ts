/** A chat of 100 000 messages in the web client: few rows, a line that stays where it is read, and ways to any place of it. */
import t from 'tap'
import { startChromium } from '../support/chromium.js'
import { startTestServer } from '../support/server.js'
import { WebPerson } from '../support/web.js'
import { enter, watchScrolling, writeLong } from '../support/web-log.js'

const MESSAGES = Number(process.env.N ?? 100_000)
const ROWS_MAX = 100
const MOVED_PX_MAX = 1

t.test('a reader goes up through it', async t => {
  const server = await startTestServer()
  const browser = await startChromium()
  t.teardown(async () => {
    await browser.close()
    server.abort()
  })
  const ann = await enter(server, 'long-ann')
  const bob = await enter(server, 'long-bob')
  t.teardown(() => Promise.all([ann.close(), bob.close()]))
  const began = Date.now()
  await writeLong(bob, ann, MESSAGES)
  t.comment(`written in ${Date.now() - began} ms`)
  const page = await WebPerson.open(browser, server)
  await page.signIn('long-ann')
  await page.openChat('long-bob')
  await page.message(new RegExp(`message ${MESSAGES}, line 1`)).waitFor()
  const kinds = { small: -40, wheel: -120, quick: -700, far: -3000 }
  for (const [name, by] of Object.entries(kinds)) {
    const watched = await watchScrolling(page, Array(Number(process.env.S ?? 100)).fill(by))
    t.comment(name, watched)
    t.ok(watched.rows <= ROWS_MAX && watched.moved <= MOVED_PX_MAX, name)
  }
  const down = await watchScrolling(page, Array(Number(process.env.S ?? 100)).fill(333))
  t.comment('down', down)
  t.ok(down.rows <= ROWS_MAX && down.moved <= MOVED_PX_MAX)
  await page.page.setViewportSize({ width: 700, height: 800 })
  const resized = await watchScrolling(page, Array(Number(process.env.S ?? 100)).fill(-333))
  t.comment('resized', resized)
  t.ok(resized.rows <= ROWS_MAX && resized.moved <= MOVED_PX_MAX)
})
