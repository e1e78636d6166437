/** What was said, as the chat shows it: the last messages, those before, also from the server, and those with a text. */
import t, { type Test } from 'tap'
import { createGroupServiceEarlierResponse } from '../../../protocol/generated/messages.js'
import { changeItem, GROUP, groupMessage, messageItem } from '../../support/client-harness.js'
import { MEMBER, type Talk, talk } from '../../support/talk.js'

/** Messages of bob, numbered. */
const said = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => messageItem(`300/2/${from + i}`, `text ${from + i}`))

/** Bob and what he wrote lately are here: BOB is version 1. What he wrote before is at the server only. */
async function withBob(test: Test, first: number, last: number): Promise<Talk> {
  const it = await talk(test)
  it.skip(100)
  it.push(...said(first, last))
  await it.chat.enter('/talk bob')
  it.shown.length = 0
  return it
}

const texts = (it: Talk): string[] => it.shown.flatMap(row => /text \d+$/.exec(row) ?? [])

t.test('as many messages as are asked for: those that are not here come from the server', async t => {
  const it = await withBob(t, 10, 12)
  await it.chat.enter('/history 2')
  t.same(texts(it), ['text 11', 'text 12'], 'nothing is asked for that is here')
  it.shown.length = 0
  const done = it.chat.enter('/history 8')
  const asked = await it.answer('history', { from: 90, to: 101, items: said(7, 9) })
  t.match(asked, { conversation: 'direct:300', before: 102, limit: 5 })
  t.match(await it.answer('history', { from: 0, to: 90, items: said(5, 6) }), { before: 91, limit: 2 })
  await it.harness.until(done)
  t.equal(it.shown[0], '-- with bob, the last 8:')
  t.same(texts(it), ['text 5', 'text 6', 'text 7', 'text 8', 'text 9', 'text 10', 'text 11', 'text 12'])
})

t.test('/older goes on before what was shown last, to the beginning', async t => {
  const it = await withBob(t, 10, 12)
  await it.chat.enter('/history 2')
  it.shown.length = 0
  const done = it.chat.enter('/older 3')
  await it.answer('history', { from: 90, to: 101, items: said(8, 9) })
  await it.harness.until(done)
  t.equal(it.shown[0], '-- with bob, 3 before:')
  t.same(texts(it), ['text 8', 'text 9', 'text 10'])
  it.shown.length = 0
  const last = it.chat.enter('/older')
  await it.answer('history', { from: 0, to: 90, items: said(7, 7) })
  await it.harness.until(last)
  t.same(texts(it), ['text 7'])
  await it.chat.enter('/older')
  await it.see('-- with bob, nothing before that')
  await it.chat.enter('/talk bob')
  await it.chat.enter('/older 0')
  await it.see('!! /older takes a count from 1 to 500')
})

t.test('pages with nothing in them are read up to a limit; the next command goes on', async t => {
  const it = await withBob(t, 10, 12)
  await it.chat.enter('/history 3')
  const done = it.chat.enter('/older')
  for (let to = 101; to > 81; to--) await it.answer('history', { from: to - 1, to })
  await it.harness.until(done)
  await it.see('-- with bob, nothing so far: /older goes on')
  const next = it.chat.enter('/older 1')
  t.match(await it.answer('history', { from: 0, to: 81, items: said(9, 9) }), { before: 82 })
  await it.harness.until(next)
  t.same(texts(it), ['text 9'])
})

t.test('what the server refuses, and no connection: what is here is shown all the same', async t => {
  const it = await withBob(t, 10, 12)
  const refused = it.chat.enter('/history')
  await it.answer('history', 'NOT_FRIEND')
  await it.harness.until(refused)
  t.match(it.shown[0], /^!! /)
  t.same(texts(it), ['text 10', 'text 11', 'text 12'])
  it.shown.length = 0
  it.harness.pipe.end()
  it.harness.settle()
  await it.chat.enter('/history')
  t.same(texts(it), ['text 10', 'text 11', 'text 12'])
  await it.see('-- what is not on this device needs a connection')
})

t.test('in a group /older leads to what was said before the joining', async t => {
  const it = await talk(t, MEMBER, groupMessage(5, '300/2/1', 'text 5'))
  await it.chat.enter('/talk Friends')
  it.shown.length = 0
  const done = it.chat.enter('/older')
  await it.answer('history')
  const page = createGroupServiceEarlierResponse({ items: [groupMessage(4, '300/2/1', 'text 4')] })
  t.match(await it.answer('groupEarlier', page), { conversation: GROUP, before: 0 })
  await it.harness.until(done)
  t.same(texts(it), ['text 4'])
})

t.test('messages are found by what they hold, in all conversations; each can be named by its number', async t => {
  const it = await talk(t, MEMBER, ...said(1, 3), groupMessage(5, '300/2/9', 'TEXT 5'), changeItem(6, { by: 300 }))
  await it.chat.enter('/find text')
  await it.see('-- 4 on this device with “text”', '     bob: text 1', '     bob: text 3', '     bob in Friends: TEXT 5')
  t.match(await it.enter('/react 2 +1', 'react'), { conversation: 'direct:300', message: { sender: 300 } })
  await it.chat.enter('/find nowhere')
  await it.see('-- 0 on this device with “nowhere”')
  await it.chat.enter('/find')
  await it.see('!! usage: /find TEXT')
})
