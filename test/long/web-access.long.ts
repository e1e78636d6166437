/**
 * The web client by keyboard alone, with an input method, and as those who see or hear badly meet it. With WEB_SCREENSHOTS=<folder> it also
 * leaves a picture of each state at each width, for somebody to look at beside the design.
 */
import { join } from 'node:path'
import type { Browser, Locator } from 'playwright-core'
import t from 'tap'
import type { RunningServer } from '../../src/cli/server.js'
import { seriousFaults } from '../support/axe.js'
import { PASSWORD, startTestServer } from '../support/server.js'
import { befriend, WebPerson } from '../support/web.js'
import { startWeb } from '../support/web-in-chromium.js'
import { Scene } from '../support/web-scene.js'

const SCREENSHOTS = process.env.WEB_SCREENSHOTS

let browser: Browser
let server: RunningServer

t.before(async () => {
  ;({ browser, server } = await startWeb(t))
})

/** More presses of Tab than any pane has stops. */
const STOPS_MAX = 60

/** Goes to an element as a keyboard does. */
async function tabTo(person: WebPerson, target: Locator): Promise<void> {
  await target.waitFor()
  for (let stops = 0; stops < STOPS_MAX; stops++) {
    if (await person.hasFocus(target)) return
    await person.page.keyboard.press('Tab')
  }
  throw new Error(`Tab does not come to ${target}`)
}

async function press(person: WebPerson, target: Locator, key = 'Enter'): Promise<void> {
  await tabTo(person, target)
  await person.page.keyboard.press(key)
}

t.test('by keyboard alone from the first screen to a group', async t => {
  const bob = await WebPerson.open(browser, server)
  await bob.register('key-bob')
  const ann = await WebPerson.open(browser, server)
  t.teardown(() => Promise.all([ann.close(), bob.close()]))
  const { page } = ann
  const { keyboard } = page
  await press(ann, page.getByRole('button', { name: 'Create an account' }))
  await page.keyboard.press('Shift+Tab')
  for (const [label, text] of [
    ['Account name', 'key-ann'],
    ['Shown name', 'Ann'],
    ['Password', PASSWORD],
  ] as const) {
    const field = page.getByLabel(label, { exact: true })
    await field.waitFor()
    for (let i = 0; i < STOPS_MAX && !(await ann.hasFocus(field)); i++)
      await keyboard.press(label === 'Account name' ? 'Shift+Tab' : 'Tab')
    await keyboard.type(text)
  }
  await keyboard.press('Enter')
  await ann.isIn()

  await press(ann, page.getByRole('button', { name: 'New chat' }).first())
  const field = page.getByLabel('Account name of a friend')
  await field.waitFor()
  t.ok(await ann.hasFocus(field), 'what was opened has the focus')
  await keyboard.type('key-bob')
  await keyboard.press('Enter')
  await press(ann, page.getByRole('button', { name: 'Add contact' }))
  await page.getByText('Waits for an answer').waitFor()
  t.equal(await page.evaluate('document.activeElement.className'), 'found', 'the focus stays in the pane')
  await keyboard.press('Escape')
  await page.getByRole('navigation', { name: 'Chats' }).waitFor()
  await bob.accept()

  await press(ann, page.getByRole('button', { name: 'New chat' }).first())
  await press(ann, page.getByRole('link', { name: 'New group' }))
  await page.getByLabel('Group name').waitFor()
  await keyboard.type('By keys')
  await press(ann, page.getByRole('checkbox', { name: 'key-bob' }), 'Space')
  await press(ann, page.getByRole('button', { name: 'Create group' }))
  await ann.box.waitFor()
  await tabTo(ann, ann.box)
  await keyboard.type('hello from the keys')
  await keyboard.press('Enter')
  await bob.openChat('By keys')
  await bob.message('hello from the keys').waitFor()

  // From the composer into the log, to the message, its menu, and back.
  await keyboard.press('Shift+Tab')
  for (let i = 0; i < STOPS_MAX && !(await ann.hasFocus(ann.log)); i++) await keyboard.press('Shift+Tab')
  await keyboard.press('ArrowUp')
  t.ok(await ann.hasFocus(ann.message('hello from the keys')), 'arrows go from message to message')
  await keyboard.press('Enter')
  await page.getByRole('menu', { name: 'Message actions' }).waitFor()
  await keyboard.press('Escape')
  t.ok(await ann.hasFocus(ann.message('hello from the keys')), 'the focus comes back')
  await keyboard.press('r')
  t.ok(await ann.hasFocus(ann.box))
  await keyboard.type('an answer')
  await keyboard.press('Enter')
  await bob.message('an answer').locator('.quote').waitFor()

  await keyboard.press('Control+k')
  await page.getByRole('combobox').waitFor()
  await keyboard.type('key-b')
  await page.getByRole('option', { name: /key-bob/ }).waitFor()
  await keyboard.press('Enter')
  await page.getByRole('heading', { name: 'key-bob' }).waitFor()
  await ann.box.waitFor()
  await ann.write('明天九点在南站见')
  await keyboard.press('Alt+ArrowDown')
  await page.getByRole('heading', { name: 'By keys' }).waitFor()

  // Messages are found by a part of their text, in any script, and are gone to.
  for (const [part, whole, chat] of [
    ['南站', '明天九点在南站见', 'key-bob'],
    ['FROM the ke', 'hello from the keys', 'By keys'],
  ] as const) {
    await keyboard.press('Control+k')
    await page.getByRole('combobox').fill(part)
    await page.getByRole('option', { name: whole }).waitFor()
    await keyboard.press('Enter')
    await page.getByRole('heading', { name: chat }).waitFor()
    await ann.log.locator('.pick').getByText(whole).waitFor()
  }
  t.same(ann.complaints, [])
})

t.test('Enter belongs to the input method while it composes', async t => {
  const ann = await WebPerson.open(browser, server)
  const bob = await WebPerson.open(browser, server)
  t.teardown(() => Promise.all([ann.close(), bob.close()]))
  await ann.register('ime-ann')
  await bob.register('ime-bob')
  await befriend(ann, bob, 'ime-bob', 'ime-bob')
  const keys = await ann.page.context().newCDPSession(ann.page)
  await ann.box.focus()
  await keys.send('Input.imeSetComposition', { text: 'ni hao', selectionStart: 6, selectionEnd: 6 })
  const enter = { key: 'Enter', code: 'Enter', windowsVirtualKeyCode: 229 }
  await keys.send('Input.dispatchKeyEvent', { type: 'rawKeyDown', ...enter })
  await keys.send('Input.dispatchKeyEvent', { type: 'keyUp', ...enter })
  await keys.send('Input.insertText', { text: '你好' })
  t.equal(await ann.box.inputValue(), '你好')
  t.equal(await ann.log.getByRole('article').count(), 0, 'nothing was sent')
  await ann.box.press('Shift+Enter')
  await ann.box.pressSequentially('second line')
  await ann.box.press('Enter')
  await bob.message('你好').waitFor()
  t.equal(
    await bob
      .message('你好')
      .locator('.text')
      .evaluate(node => node.firstChild?.textContent),
    '你好\nsecond line',
  )
})

const WORDS = {
  'en-US': { settings: 'Settings', chat: 'New chat' },
  'zh-CN': { settings: '设置', chat: '发起聊天' },
} as const

for (const locale of ['en-US', 'zh-CN'] as const) {
  for (const colorScheme of ['light', 'dark'] as const) {
    t.test(`nothing serious stands in anybody's way: ${locale}, ${colorScheme}, at each width`, async t => {
      const own = await startTestServer()
      t.teardown(() => own.abort())
      const scene = await Scene.set(own)
      t.teardown(() => scene.close())
      for (const [width, height] of [
        [1_440, 900],
        [1_024, 768],
        [640, 800],
        [360, 740],
      ] as const) {
        const person = await WebPerson.open(browser, own, { viewport: { width, height }, colorScheme, locale })
        const { page } = person
        const look = async (state: string): Promise<void> => {
          if (width === 1_440 || width === 360) t.same(await seriousFaults(page), [], `${state} at ${width}`)
          if (SCREENSHOTS !== undefined) {
            await page.screenshot({
              path: join(SCREENSHOTS, `${state}-${width}-${colorScheme}-${locale.slice(0, 2)}.png`),
            })
          }
        }
        const words = WORDS[locale]
        await page.locator('form').waitFor()
        await look('sign-in')
        await page.locator('input').first().fill('sam')
        await page.locator('input[type=password]').fill('wrong password')
        await page.locator('[type=submit]').click()
        await page.locator('.field.bad').waitFor()
        await look('sign-in-wrong')
        await page.locator('input[type=password]').fill(PASSWORD)
        await page.locator('[type=submit]').click()
        await page.locator('.row').filter({ hasText: 'Autumn' }).waitFor()
        await look('list')
        await page.locator('.row').filter({ hasText: 'Autumn' }).click()
        await person.log.getByText('Otherwise we take the bus.').waitFor()
        await look('chat')
        if (width < 1_200) {
          await page.locator('.chat .who').click()
          await page.locator('.details').waitFor()
          await look('details')
          await page.locator('.details .bar .ib').click()
        }
        await page.goto(`${page.url().split('#')[0]}#new-chat`)
        await page.getByRole('navigation', { name: words.chat }).waitFor()
        await look('new-chat')
        await page.goto(`${page.url().split('#')[0]}#settings`)
        await page.getByRole('navigation', { name: words.settings }).waitFor()
        await look('settings')
        await page.keyboard.press('Control+k')
        await page.getByRole('combobox').waitFor()
        await look('find')
        t.same(person.complaints, [])
        await person.close()
      }
    })
  }
}
