/** Nothing that others write reaches the terminal as an order, and no row is wider than the screen. */
import fc from 'fast-check'
import t from 'tap'
import { cellsOf, rowsOf } from '../../../clients/terminal/rows.js'
import { visible, visibleName } from '../../../clients/terminal/visible.js'

t.test('what a terminal would obey, and what turns or hides letters, is made visible', async t => {
  for (const [given, shown] of [
    ['\x1b[2Jgone', '␛[2Jgone'],
    ['\x1b]0;title\x07', '␛]0;title␇'],
    ['a\rb', 'a␍b'],
    ['a\x08b\x00\x7f', 'a␈b␀␡'],
    ['\x9b31mred', '‹U+009B›31mred'],
    ['user\u202Etxt.exe', 'user‹U+202E›txt.exe'],
    ['\u2066a\u2069\u200e\u061c', '‹U+2066›a‹U+2069›‹U+200E›‹U+061C›'],
    ['zero\u200bwidth\ufeff\u00ad', 'zero‹U+200B›width‹U+FEFF›‹U+00AD›'],
    ['tag\u{e0041}', 'tag‹U+E0041›'],
    ['half\ud800', 'half‹U+D800›'],
    ['para\u2029line\u2028\u0085', 'para‹U+2029›line‹U+2028›‹U+0085›'],
  ] as const) {
    t.equal(visible(given), shown)
  }
})

t.test('what people write stays as it is', async t => {
  for (const text of ['Grüße, звезда, 你好, שלום, नमस्ते', '👩‍👩‍👧 👍🏽 ❤️', 'می‌خواهم', 'two\nlines'])
    t.equal(visible(text), text)
  t.equal(visible('a\tb\r\nc'), 'a b\nc')
  t.equal(visibleName('two\nlines'), 'two␊lines')
})

t.test('whatever a text holds: no row has a control in it, and none is wider than asked', async t => {
  const letters = [
    '\x1b',
    '[',
    '2',
    'J',
    '\r',
    '\n',
    '\t',
    ' ',
    'a',
    'b',
    '\x9b',
    '\u202e',
    '\u2066',
    '你',
    '👍',
    '\u0301',
  ]
  const anything = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.array(fc.constantFrom(...letters), { maxLength: 200 }).map(all => all.join('')),
  )
  fc.assert(
    fc.property(anything, fc.integer({ min: 24, max: 100 }), (text, width) => {
      const rows = rowsOf({ kind: 'message', text, time: '12:00', mark: '✓   ' }, width)
      for (const row of rows) if (/[\p{Cc}\p{Cs}\u202e\u2066]/u.test(row) || cellsOf(row) > width) return false
      return true
    }),
  )
  t.pass('a thousand texts')
})

t.test('long lines break between words, and further rows cannot pass for lines of their own', async t => {
  const line = { kind: 'message', time: '12:00', mark: '✓✓  ', text: 'bob: one two three four five' } as const
  t.same(rowsOf(line, 26), ['12:00 ✓✓   bob: one two', '   │ three four five'])
  t.same(rowsOf({ kind: 'notice', text: 'a'.repeat(30) }, 24), [`-- ${'a'.repeat(21)}`, `   │ ${'a'.repeat(9)}`])
  t.same(rowsOf({ kind: 'wrong', text: 'no\n12:00      alice: yes' }, 80), ['!! no', '   │ 12:00      alice: yes'])
  t.same(rowsOf({ kind: 'notice', text: '你'.repeat(12) }, 24), [`-- ${'你'.repeat(10)}`, `   │ ${'你'.repeat(2)}`])
  t.same(rowsOf({ kind: 'notice', text: 'x'.repeat(500) }, Number.POSITIVE_INFINITY).length, 1)
})

t.test('a line of any length is laid out in time that grows with it alone', async t => {
  for (const width of [80, Number.POSITIVE_INFINITY]) {
    for (const text of ['漢'.repeat(20_000), 'word '.repeat(4_000)]) {
      const began = process.cpuUsage()
      const rows = rowsOf({ kind: 'message', text }, width)
      const { user } = process.cpuUsage(began)
      t.ok(user < 500_000, `${user} us for ${rows.length} rows`)
    }
  }
})
