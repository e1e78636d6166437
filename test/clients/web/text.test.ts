import t from 'tap'
import { completed, mentionQuery, movedMentions, trimmed } from '../../../clients/web/model/mentions.js'
import { firstSign, isJumbo, textParts } from '../../../clients/web/model/text-parts.js'

t.test('only http and https become links, without what ends the sentence', async t => {
  const links = (text: string): string[] =>
    textParts(text, []).flatMap(part => (part.kind === 'link' ? [part.url] : []))
  t.same(links('see https://a.example/x?y=1&z=2#q, and (http://b.example/c).'), [
    'https://a.example/x?y=1&z=2#q',
    'http://b.example/c',
  ])
  t.same(links('https://en.example/wiki/Wire_(cable)'), ['https://en.example/wiki/Wire_(cable)'])
  t.same(links('看 https://a.example/路，谢谢'), ['https://a.example/%E8%B7%AF'])
  for (const none of [
    'javascript:alert(1)',
    'data:text/html,x',
    'ftp://a.example',
    'https://',
    'www.a.example',
    'file:///etc',
    'xhttps//a',
  ]) {
    t.same(links(none), [], none)
  }
  for (const sign of ['\u202e', '\u2066', '\u200f', '\u200b', '\ufeff'])
    t.same(links(`https://a.example/x${sign}gpj.exe`), ['https://a.example/x'], 'ends before what is not seen')
  t.same(links('https://bank.example@a.example/'), [], 'no user that looks like a host')
  t.same(links('https://bank.example:443@a.example/ https://:x@a.example/'), [])
  const text = 'a https://a.example b'
  t.equal(
    textParts(text, [])
      .map(part => part.text)
      .join(''),
    text,
    'nothing is lost',
  )
})

t.test('the longest text is taken apart at once, whatever stands in it', async t => {
  for (const pump of ['.', 'https://', 'https://a.', '(', ')', 'a', '@', 'https://a.example/(', ' ', '\u200d', '👍']) {
    const text = `https://a.example/${pump.repeat(16_384 / pump.length)}x`
    const begun = performance.now()
    const parts = textParts(text, [])
    isJumbo(text)
    mentionQuery(text, text.length)
    t.equal(parts.map(part => part.text).join(''), text)
    t.ok(performance.now() - begun < 200, `${pump}: ${performance.now() - begun} ms`)
  }
})

t.test('mentions are parts of the text; those outside of it are none', async t => {
  t.same(textParts('@Bo hi', [{ start: 0, length: 3, uid: 7 }]), [
    { kind: 'mention', text: '@Bo', uid: 7 },
    { kind: 'text', text: ' hi' },
  ])
  t.same(textParts('hi', [{ start: 1, length: 9, uid: 7 }]), [{ kind: 'text', text: 'hi' }])
  const overlapping = [
    { start: 0, length: 2, uid: 7 },
    { start: 1, length: 1, uid: 8 },
  ]
  t.same(textParts('@@', overlapping), [{ kind: 'mention', text: '@@', uid: 7 }])
})

t.test('one to three emoji are large', async t => {
  for (const text of ['👍', '🥾🌧️', '❤️ 👨‍👩‍👧 🇳🇱', '👋🏽']) t.ok(isJumbo(text), text)
  for (const text of ['', 'a', '👍👍👍👍', '👍 ok', '12', '你好', `${'👍'.repeat(100_000)}`])
    t.notOk(isJumbo(text), text.slice(0, 9))
})

t.test('what is typed behind an @ is looked for', async t => {
  t.same(mentionQuery('hi @an', 6), { start: 3, word: 'an' })
  t.same(mentionQuery('你好@an', 5), { start: 2, word: 'an' }, 'no space is needed before it where there are none')
  t.same(mentionQuery('@', 1), { start: 0, word: '' })
  for (const [text, caret] of [
    ['mail@example', 12],
    ['@an na', 6],
    ['none', 4],
    [`@${'x'.repeat(40)}`, 41],
  ] as const) {
    t.equal(mentionQuery(text, caret), undefined, text)
  }
})

t.test('a mention moves with what is typed before it, and ends when it is changed', async t => {
  const mentions = [{ start: 3, length: 4, uid: 7 }]
  t.same(movedMentions(mentions, 'hi @Ann', 'hello @Ann'), [{ start: 6, length: 4, uid: 7 }])
  t.same(movedMentions(mentions, 'hi @Ann', 'hi @Ann!'), mentions)
  t.same(movedMentions(mentions, 'hi @Ann', 'hi @An'), [])
  t.same(movedMentions(mentions, 'hi @Ann', 'hi @Anna'), mentions)
  t.same(movedMentions(mentions, 'hi @Ann', ''), [])
})

t.test('a completed mention takes the place of what was typed, with one space behind it', async t => {
  const before = { text: 'hi @an there', mentions: [] }
  t.same(completed(before, { start: 3, word: 'an' }, { uid: 7, name: 'Ann Lee' }), {
    text: 'hi @Ann Lee there',
    mentions: [{ start: 3, length: 8, uid: 7 }],
    caret: 12,
  })
  t.equal(completed({ text: '@', mentions: [] }, { start: 0, word: '' }, { uid: 7, name: 'B' }).text, '@B ')
})

t.test('spaces at the ends are not sent', async t => {
  t.same(trimmed('  @Ann hi \n', [{ start: 2, length: 4, uid: 7 }]), {
    text: '@Ann hi',
    mentions: [{ start: 0, length: 4, uid: 7 }],
  })
  t.same(trimmed(' \n ', []), { text: '', mentions: [] })
})

t.test('the picture of a name has its first sign, with no more than two accents', async t => {
  for (const [name, sign] of [
    ['ann', 'A'],
    [' 李', '李'],
    ['👩‍👩‍👧 us', '👩‍👩‍👧'],
    ['é', 'É'],
    [`z${'\u0301\u0316'.repeat(20)}algo`, 'Z\u0301\u0316'],
    ['', '?'],
  ] as const)
    t.equal(firstSign(name), sign, name)
})
