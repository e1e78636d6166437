/** The web client in a real browser, in short: two people, one chat, and nothing that others write becomes more than text. */
import type { Browser } from 'playwright-core'
import t from 'tap'
import { directConversation } from '../../../clients/typescript/index.js'
import { GROUP_TITLE_BYTES_MAX, LOCATION_NAME_BYTES_MAX, NICKNAME_BYTES_MAX } from '../../../protocol/limits.js'
import type { RunningServer } from '../../../src/cli/server.js'
import { seriousFaults } from '../../support/axe.js'
import { eventually } from '../../support/eventually.js'
import { befriend, WebPerson } from '../../support/web.js'
import { startWeb } from '../../support/web-in-chromium.js'
import { enter, MOVED_PX_MAX, ROWS_MAX, watchScrolling, writeLong } from '../../support/web-log.js'

let browser: Browser
let server: RunningServer

t.before(async () => {
  ;({ browser, server } = await startWeb(t))
})

const HOSTILE = [
  '<img src=x onerror="window.broken=1">',
  '<script>window.broken=1</script>',
  'javascript:window.broken=1',
  '{{constructor.constructor("window.broken=1")()}}',
  '\u202Egnp.exe',
] as const

t.test(
  'two people talk over WebSocket; hostile names and texts stay text; the browser has nothing to complain of',
  async t => {
    const ann = await WebPerson.open(browser, server)
    const bob = await WebPerson.open(browser, server)
    await ann.register('ann', '<b onclick=x>Ann</b>')
    await bob.register('bob', '"><img src=x>')
    await befriend(ann, bob, 'bob', '"><img src=x>')
    await ann.page.getByText('Connected · WebSocket').waitFor()

    await bob.page.getByRole('main').locator('header').getByText('Online').waitFor()
    await ann.box.pressSequentially('hello')
    await bob.page.getByRole('main').locator('header').getByText('typing').waitFor()
    await ann.write('hello bob')
    await bob.message('hello bob').waitFor()
    t.equal(await bob.page.locator('.row .name').first().textContent(), '<b onclick=x>Ann</b>')
    await ann.message('hello bob').getByRole('img', { name: 'Read' }).waitFor()
    for (const text of HOSTILE) {
      await bob.write(text)
      await ann.message(text).waitFor()
      t.equal(
        await ann
          .message(text)
          .locator('.text')
          .evaluate(node => node.firstChild?.textContent),
        text,
      )
    }
    await bob.write('see https://example.org/a?b=c. and javascript:alert(1)')
    const link = ann.log.getByRole('link')
    await link.waitFor()
    t.same(
      [await link.count(), await link.getAttribute('href'), await link.getAttribute('rel')],
      [1, 'https://example.org/a?b=c', 'noopener noreferrer'],
    )
    await bob.write('\u202ehttps://a.example/moc.elpmaxe.knab//:sptth')
    const turned = ann.log.getByRole('link', { name: /^https:\/\/a\.example/ })
    await turned.waitFor()
    const [first, last] = await turned.evaluate(node => {
      const range = node.ownerDocument.createRange()
      const length = node.textContent?.length ?? 0
      return [0, length - 1].map(at => {
        range.setStart(node.childNodes[0] ?? node, at)
        range.setEnd(node.childNodes[0] ?? node, at + 1)
        return range.getBoundingClientRect().left
      })
    })
    t.ok(Number(first) < Number(last), 'a sign that turns a text around does not turn a link around')
    for (const person of [ann, bob]) {
      t.same(await seriousFaults(person.page), [])
      t.equal(await person.page.evaluate(() => (globalThis as { broken?: number }).broken), undefined)
      t.same(person.complaints, [])
    }
  },
)

t.test(
  'a long chat has few rows in the document, and what is read stays in its place while older messages come',
  async t => {
    const reader = await enter(server, 'reader')
    const writer = await enter(server, 'writer')
    t.teardown(() => Promise.all([reader.close(), writer.close()]))
    await writeLong(writer, reader, 400)
    const person = await WebPerson.open(browser, server)
    await person.signIn('reader')
    await person.openChat('writer')
    await person.message(/message 400,/).waitFor()
    const { rows, moved, top } = await watchScrolling(person, [-40, -120, -700, 300, -3_000, -3_000, -3_000])
    t.ok(rows <= ROWS_MAX, `${rows} rows`)
    t.ok(moved <= MOVED_PX_MAX, `moved by ${moved} px`)
    t.ok(top < 300, `older pages have come: up to message ${top}`)
  },
)

t.test('the longest names stay in their place: in a chat, in a group and on a board', async t => {
  const reader = await enter(server, 'lena')
  const writer = await enter(server, 'wim')
  t.teardown(() => Promise.all([reader.close(), writer.close()]))
  const nickname = 'W'.repeat(NICKNAME_BYTES_MAX)
  await writer.account.updateProfile({ nickname })
  await writeLong(writer, reader, 1)
  const place = { kind: 'location', latitude: 1, longitude: 2, name: 'W'.repeat(LOCATION_NAME_BYTES_MAX) } as const
  writer.send(reader.account.uid, 'here', { content: place })
  const title = 'G'.repeat(GROUP_TITLE_BYTES_MAX)
  const group = await writer.groups.create(title, [reader.account.uid])
  await eventually(() => reader.groups.group(group)?.state === 'member')
  const wide = 'wide '.repeat(40)
  writer.send(group, wide)
  const board = await writer.rooms.create(title)
  await reader.rooms.subscribe(board)
  await eventually(() => writer.rooms.room(board)?.state === 'listening')
  await writer.rooms.post(board, 'a post')
  const person = await WebPerson.open(browser, server)
  await person.signIn('lena')
  await person.isIn()
  for (const [conversation, text] of [
    [directConversation(writer.account.uid), place.name],
    [group, nickname],
    [board, nickname],
  ] as const) {
    await person.page.goto(`${person.page.url().split('#')[0]}#${conversation}`)
    const log = person.page.locator('.log')
    await log.getByText(text).first().waitFor()
    if (conversation === group) await person.message(wide.trim()).hover()
    t.ok(await log.evaluate(node => node.scrollWidth <= node.clientWidth), conversation)
  }
})
