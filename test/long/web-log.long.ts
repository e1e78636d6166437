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
  await writeLong(writer, reader, MESSAGES)
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
})
