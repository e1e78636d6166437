/** A chat of 100 000 messages in the web client: few rows, a line that stays where it is read, and ways to any place of it. */
import t, { type Test } from 'tap'
import type { Client, SentMessage } from '../../clients/typescript/index.js'
import { eventually } from '../support/eventually.js'
import { WebPerson } from '../support/web.js'
import { startWeb } from '../support/web-in-chromium.js'
import { enter, MOVED_PX_MAX, ROWS_MAX, watchScrolling, writeLong } from '../support/web-log.js'

const MESSAGES = 100_000
/** Pixels of one step: a notch of a wheel, a page, a pull at the scroll bar; and back. */
const STEPS = { notch: -120, page: -700, far: -3_000, back: 333 }
const STEP_COUNT = 60
/** The topmost dozen rows, so that some of them are beyond those that are drawn. */
const NEAR_TOP_PX = 600
/** How far back a quote leads: the server finds messages by their names among the newest 4 096 of a conversation. */
const QUOTED_BACK = 4_000
/** The pixels of what is loaded around a quoted message; stepping back to it page by page would load a hundred times as many. */
const AROUND_PX_MAX = 20_000

interface Chat {
  readonly person: WebPerson
  readonly writer: Client
  readonly uid: number
  readonly first: SentMessage
  readonly last: SentMessage
}

/** A page with a chat of so many messages that were read, and then so many unread ones. */
async function openLong(t: Test, count: number, text?: (n: number) => string, unread = 0): Promise<Chat> {
  const { browser, server } = await startWeb(t)
  const reader = await enter(server, 'long-ann')
  const writer = await enter(server, 'long-bob')
  t.teardown(() => Promise.all([reader.close(), writer.close()]))
  const [first, last] = await writeLong(writer, reader, count, text)
  for (let n = count + 1; n <= count + unread; n++) writer.send(reader.account.uid, `message ${n}, unread`)
  await eventually(() => writer.state().sendQueue.length === 0)
  const person = await WebPerson.open(browser, server)
  await person.signIn('long-ann')
  await person.openChat('long-bob')
  await person.message(new RegExp(`message ${count},`)).waitFor()
  return { person, writer, uid: reader.account.uid, first, last }
}

t.test('where nothing is above the rows that are drawn first, what is read stays in its place', async t => {
  const { person } = await openLong(t, 40, n => `message ${n}, short`)
  const offset = await person.page.evaluate<number>(`document.querySelector('[role=log]').scrollTop`)
  // Now some rows above what is in sight are drawn, and the topmost are not.
  const { moved, top } = await watchScrolling(person, [NEAR_TOP_PX - offset, -NEAR_TOP_PX])
  t.equal(top, 1)
  t.ok(moved <= MOVED_PX_MAX, `moved by ${moved} px`)
})

t.test('who scrolls up from the first unread message has read none of those below', async t => {
  const { person } = await openLong(t, 150, n => `message ${n}, read`, 50)
  // Older ones have been loaded in front of those that were drawn first.
  await eventually(
    async () => (await person.page.evaluate<number>(`document.querySelector('.tall').clientHeight`)) > 100 * 38,
  )
  const latest = person.page.getByRole('button', { name: /^Jump to latest/ })
  const before = await latest.getAttribute('aria-label')
  t.match(before, /, \d\d new$/)
  const { top } = await watchScrolling(person, [-1_500])
  t.ok(top < 130, `up to message ${top}`)
  t.equal(await latest.getAttribute('aria-label'), before)
})

t.test('in a chat of 100 000 messages what is read stays in its place', async t => {
  const { person, writer, uid, first, last } = await openLong(t, MESSAGES)
  for (const width of [1_280, 700, 360]) {
    await person.page.setViewportSize({ width, height: 800 })
    for (const [name, step] of Object.entries(STEPS)) {
      const { rows, moved, top } = await watchScrolling(person, Array<number>(STEP_COUNT).fill(step))
      t.ok(rows <= ROWS_MAX, `${name} at ${width} px: ${rows} rows, up to message ${top}`)
      t.ok(moved <= MOVED_PX_MAX, `${name} at ${width} px: moved by ${moved} px`)
    }
  }

  await person.page.setViewportSize({ width: 1_280, height: 800 })
  const { conversation, sender, device, sendSeq } = last
  const reply = { conversation, sender, device, sendSeq: sendSeq - QUOTED_BACK, number: 0 }
  writer.send(uid, 'too far back', { reply: first })
  writer.send(uid, 'once more', { reply })
  await person.page.reload()
  await person.message('too far back').locator('.quote').click()
  await person.page.getByText('The message is gone, or too far back to be shown.').waitFor()
  await person.message('once more').locator('.quote').click()
  await person.message(new RegExp(`^message ${MESSAGES - QUOTED_BACK}, `)).waitFor()
  const height = await person.page.evaluate<number>(`document.querySelector('[role=log]').scrollHeight`)
  t.ok(height <= AROUND_PX_MAX, `${height} px are loaded around it`)
  for (let page = 0; page < 4; page++) {
    const { rows, moved } = await watchScrolling(person, Array<number>(10).fill(700))
    t.ok(rows <= ROWS_MAX && moved <= MOVED_PX_MAX, `on the way down: ${rows} rows, moved by ${moved} px`)
  }
  writer.send(uid, 'while away')
  await person.page.getByRole('button', { name: 'Jump to latest, 1 new' }).click()
  await person.message('while away').waitFor()
})
