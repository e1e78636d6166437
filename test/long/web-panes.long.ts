/** What stands where in the panes: toasts cover nothing, long texts are folded, bubbles keep no room for what is not there. */
import type { Browser } from 'playwright-core'
import t from 'tap'
import type { RunningServer } from '../../src/cli/server.js'
import { seriousFaults } from '../support/axe.js'
import { WebPerson } from '../support/web.js'
import { startWeb } from '../support/web-in-chromium.js'
import { enter, MOVED_PX_MAX, watchScrolling, writeLong } from '../support/web-log.js'

const WIDTHS = [1_440, 1_024, 640, 360]
/** The numbers of the messages, of which two are long: one in the middle, and the last. */
const MESSAGES = 60
const LONG = new Set([30, MESSAGES])
const LINES = 200

let browser: Browser
let server: RunningServer

t.before(async () => {
  ;({ browser, server } = await startWeb(t))
  const [reader, writer] = [await enter(server, 'ann'), await enter(server, 'bob')]
  await writeLong(writer, reader, MESSAGES, n =>
    LONG.has(n)
      ? Array.from({ length: LINES }, (_, i) => `message ${n}, line ${i + 1}`).join('\n')
      : `message ${n}, short`,
  )
  await reader.account.updateProfile({ nickname: 'Ann of the hills' })
  await Promise.all([reader.close(), writer.close()])
})

/** The texts of what a toast lies on: buttons, fields and messages in sight. */
const COVERED = `(() => {
  const within = (a, b) => {
    const [left, top] = [Math.max(a.left, b.left), Math.max(a.top, b.top)]
    return new DOMRect(left, top, Math.max(0, Math.min(a.right, b.right) - left), Math.max(0, Math.min(a.bottom, b.bottom) - top))
  }
  const toast = document.querySelector('.toast').getBoundingClientRect()
  const others = [...document.querySelectorAll('button, a, textarea, article, h1, h2')]
  return others.filter(each => {
    if (each.closest('.toasts') || !each.checkVisibility()) return false
    const view = each.closest('.scroll')?.getBoundingClientRect() ?? new DOMRect(0, 0, innerWidth, innerHeight)
    const { width, height } = within(within(each.getBoundingClientRect(), view), toast)
    return width > 1 && height > 1
  }).map(each => each.outerHTML.slice(0, 80))
})()`

t.test('a toast covers nothing at any width, and is within the window', async t => {
  const ann = await WebPerson.open(browser, server, { permissions: ['clipboard-read', 'clipboard-write'] })
  await ann.signIn('ann')
  const { page } = ann
  await page.locator('.me').getByText('@ann', { exact: true }).waitFor()
  await ann.openChat('bob')
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 700 })
    const bubble = ann.message(/message 59,/).locator('.bubble')
    await bubble.click({ button: 'right' })
    await page.getByRole('menuitem', { name: 'Copy text' }).click()
    const toast = page.getByRole('status').filter({ hasText: 'Copied' })
    await toast.waitFor()
    t.same(await page.evaluate(COVERED), [], `${width} px: beside a chat`)
    const box = await toast.boundingBox()
    t.ok(box !== null && box.x >= 0 && box.x + box.width <= width && box.y + box.height <= 700, `${width} px: in sight`)
    const [edge, log] = [await bubble.boundingBox(), await ann.log.boundingBox()]
    t.ok(edge !== null && log !== null && edge.x - log.x <= 16, `${width} px: no room for a picture`)
    if (width === 360) t.same(await seriousFaults(page), [])
    await toast.waitFor({ state: 'detached' })
  }
  await page.getByRole('button', { name: 'Back' }).first().click()
  await page.goto(`${page.url().split('#')[0]}#settings`)
  await page.getByRole('button', { name: 'Shown name' }).click()
  await page.getByLabel('Shown name').fill('Ann')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Name saved').waitFor()
  t.same(await page.evaluate(COVERED), [], 'in the settings of a narrow page')
  t.same(ann.complaints, [])
})

t.test('a long text is folded; the user opens it, and nothing else changes its height', async t => {
  const ann = await WebPerson.open(browser, server)
  await ann.signIn('ann')
  await ann.openChat('bob')
  const { page, log } = ann
  const last = ann.message(new RegExp(`message ${MESSAGES}, line 1`))
  const top = async (): Promise<number> => Math.round((await last.boundingBox())?.y ?? Number.NaN)
  const more = last.getByRole('button', { name: 'Show more' })
  for (const width of [1_440, 360]) {
    await page.setViewportSize({ width, height: 700 })
    await more.waitFor()
    t.notMatch(await last.textContent(), /line 17/)
    const before = await top()
    await more.focus()
    await page.keyboard.press('Enter')
    const less = last.getByRole('button', { name: 'Show less', expanded: true })
    await less.waitFor()
    t.ok(Math.abs((await top()) - before) <= MOVED_PX_MAX, `${width} px: its beginning stays where it is`)
    t.match(await last.textContent(), new RegExp(`line ${LINES}`))
    t.ok(await ann.hasFocus(less))
    await less.scrollIntoViewIfNeeded()
    await page.keyboard.press('Enter')
    await last.getByRole('button', { name: 'Show more', expanded: false }).waitFor()
    const view = await log.boundingBox()
    const after = await top()
    t.ok(view !== null && after >= view.y - 1 && after < view.y + view.height, `${width} px: it is in sight again`)
  }

  await page.setViewportSize({ width: 1_280, height: 800 })
  const middle = ann.message(/message 30, line 1\b/)
  await watchScrolling(ann, [-300, -300, -300, -300])
  await middle.getByRole('button', { name: 'Show more' }).click()
  for (const step of [-120, -700, 333, 1_500, -2_000]) {
    const { moved } = await watchScrolling(ann, Array<number>(8).fill(step))
    t.ok(moved <= MOVED_PX_MAX, `${step}: moved by ${moved} px`)
  }
  await page.getByRole('button', { name: 'Jump to latest' }).click()
  await last.waitFor()
  await watchScrolling(ann, [-400, -400, -400])
  await middle.getByRole('button', { name: 'Show less' }).waitFor()
  t.same(ann.complaints, [])
})
