/**
 * README's first picture: the page as two people have it, wide and in English, and on a phone and in Chinese. `npm run picture` makes it anew
 * (LONGWIRE_PICTURE=1); otherwise it is made and thrown away, so whoever changes the page sees that it can be made.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Browser, BrowserContextOptions } from 'playwright-core'
import t from 'tap'
import type { RunningServer } from '../../src/cli/server.js'
import { present } from '../../src/lib/assert.js'
import { eventually } from '../support/eventually.js'
import { PASSWORD } from '../support/server.js'
import { WebPerson } from '../support/web.js'
import { startWeb } from '../support/web-in-chromium.js'
import { Scene } from '../support/web-scene.js'

const ROOT = new URL('../../../', import.meta.url)
const NAME = 'docs/page.webp'
const FILE = fileURLToPath(new URL(NAME, ROOT))
const BYTES_MAX = 60 * 1_024

const WIDE = { width: 1_200, height: 760 }
const NARROW = { width: 340, height: 680 }
/** How far the phone stands in from the right and bottom of the picture, and over the wide page. */
const OVER = { right: 24, bottom: 24 }

/** Draws one picture over the other, as WebP in base64. */
const DRAW = `async ([wide, narrow]) => {
  const load = async data => createImageBitmap(await (await fetch('data:image/png;base64,' + data)).blob())
  const [under, above] = [await load(wide), await load(narrow)]
  const canvas = document.createElement('canvas')
  canvas.width = under.width
  canvas.height = under.height
  const pen = canvas.getContext('2d')
  pen.drawImage(under, 0, 0)
  const [x, y] = [under.width - above.width - ${OVER.right}, under.height - above.height - ${OVER.bottom}]
  pen.beginPath()
  pen.roundRect(x, y, above.width, above.height, 24)
  pen.shadowColor = 'rgba(0, 0, 0, .4)'
  pen.shadowBlur = 24
  pen.fill()
  pen.clip()
  pen.drawImage(above, x, y)
  return canvas.toDataURL('image/webp', 0.5).split(',')[1]
}`

/** What is said in the group at last, for a picture that reads well. */
const LINES = [
  ['jonas', 'The weather looks fine after noon.'],
  ['xiaoyu', '我查了，08:12 周六也开。'],
  ['sam', 'Perfect, then we take the train.'],
  ['lina', 'I bring tea for all of us.'],
  ['xiaoyu', '那我带水果和三明治。'],
  ['noor', 'The hut closes at five, so we turn around at three.'],
  ['sam', 'See you at the north gate, eight sharp.'],
  ['xiaoyu', '好的，明天见'],
  ['lina', 'See you tomorrow!'],
] as const

/** Says it, and lets both who are shown have read it. */
async function talk(scene: Scene): Promise<void> {
  const group = present(scene.client('sam').groups.list()[0], 'the group').conversation
  let number = 0
  for (const [account, text] of LINES) {
    const sent = scene.client(account).send(group, text)
    await eventually(() => sent.number > 0)
    number = sent.number
  }
  for (const account of ['sam', 'xiaoyu'] as const) {
    const client = scene.client(account)
    await eventually(async () => (await client.history(group, { limit: 1 })).messages[0]?.number === number)
    client.markRead(group, number)
    await client.conversations.set(group, { pinned: true })
  }
}

/** The page of somebody of the scene, with the group open. */
async function shot(
  browser: Browser,
  server: RunningServer,
  account: string,
  options: BrowserContextOptions,
): Promise<string> {
  const person = await WebPerson.open(browser, server, options)
  const { page } = person
  await page.locator('input').first().fill(account)
  await page.locator('input[type=password]').fill(PASSWORD)
  await page.locator('[type=submit]').click()
  await page.locator('.row').filter({ hasText: 'Autumn' }).click()
  await person.log.getByText('See you tomorrow!').waitFor()
  await page.locator('.chat .sub').filter({ hasText: '6' }).waitFor()
  const picture = await page.screenshot()
  await person.close()
  return picture.toString('base64')
}

t.test("README's picture is made, and is small", async t => {
  const { browser, server } = await startWeb(t)
  const scene = await Scene.set(server)
  t.teardown(() => scene.close())
  await talk(scene)
  const wide = await shot(browser, server, 'sam', { viewport: WIDE, colorScheme: 'light' })
  const narrow = await shot(browser, server, 'xiaoyu', { viewport: NARROW, colorScheme: 'dark', locale: 'zh-CN' })
  const blank = await browser.newPage()
  const drawn = await blank.evaluate<string>(`(${DRAW})(${JSON.stringify([wide, narrow])})`)
  const bytes = Buffer.from(drawn, 'base64')
  t.ok(bytes.length > 10_000 && bytes.length <= BYTES_MAX, `${bytes.length} bytes`)
  if (process.env.LONGWIRE_PICTURE !== undefined) writeFileSync(FILE, bytes)
})

t.test('README begins with the picture that is there', async t => {
  t.ok(readFileSync(FILE).length <= BYTES_MAX)
  t.match(
    readFileSync(fileURLToPath(new URL('README.md', ROOT)), 'utf8'),
    new RegExp(`^# Longwire\\n\\n!\\[.+\\]\\(${NAME}\\)`),
  )
})
