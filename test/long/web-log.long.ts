/** A chat of 100 000 messages in the web client: few rows, a line that stays where it is read, and ways to any place of it. */
import t from 'tap'
import { startChromium } from '../support/chromium.js'
import { startTestServer } from '../support/server.js'
import { WebPerson } from '../support/web.js'
import { enter, MOVED_PX_MAX, ROWS_MAX, watchScrolling, writeLong } from '../support/web-log.js'

const MESSAGES = 100_000
/** Pixels of one step: a notch of a wheel, a page, a pull at the scroll bar; and back. */
const STEPS = { notch: -120, page: -700, far: -3_000, back: 333 }
const STEP_COUNT = 60
/** Stepping back page by page would take much longer. */
const QUOTE_MS_MAX = 10_000

t.test('in a chat of 100 000 messages what is read stays in its place', async t => {
  const server = await startTestServer()
  const browser = await startChromium()
  t.teardown(async () => {
    await browser.close()
    server.abort()
  })
  const reader = await enter(server, 'long-ann')
  const writer = await enter(server, 'long-bob')
  t.teardown(() => Promise.all([reader.close(), writer.close()]))
  const [first] = await writeLong(writer, reader, MESSAGES)
  const person = await WebPerson.open(browser, server)
  await person.signIn('long-ann')
  await person.openChat('long-bob')
  await person.message(new RegExp(`message ${MESSAGES},`)).waitFor()
  for (const width of [1_280, 700, 360]) {
    await person.page.setViewportSize({ width, height: 800 })
    for (const [name, step] of Object.entries(STEPS)) {
      const { rows, moved, top } = await watchScrolling(person, Array<number>(STEP_COUNT).fill(step))
      t.ok(rows <= ROWS_MAX, `${name} at ${width} px: ${rows} rows, up to message ${top}`)
      t.ok(moved <= MOVED_PX_MAX, `${name} at ${width} px: moved by ${moved} px`)
    }
  }

  await person.page.setViewportSize({ width: 1_280, height: 800 })
  writer.send(reader.account.uid, 'the first one, again', { reply: first })
  await person.page.getByRole('button', { name: /Jump to latest/ }).click()
  await person.message('the first one, again').waitFor()
  await person.message('the first one, again').locator('.quote').click()
  await person.message(/^message 1, /).waitFor({ timeout: QUOTE_MS_MAX })
  for (let page = 0; page < 4; page++) {
    const { rows, moved } = await watchScrolling(person, Array<number>(10).fill(700))
    t.ok(rows <= ROWS_MAX && moved <= MOVED_PX_MAX, `on the way down: ${rows} rows, moved by ${moved} px`)
  }
  writer.send(reader.account.uid, 'while away')
  await person.page.getByRole('button', { name: 'Jump to latest, 1 new' }).click()
  await person.message('while away').waitFor()
})
