import t from 'tap'
import { isAccountName, isShowable } from '../../protocol/names.js'

t.test('names that show something, and nothing else than what they show', async t => {
  for (const name of ['Ann', 'Zoë', '李小龍', 'محمد', '👩‍👩‍👧', 'می‌خواهم', "O'Neil 2", '❤️', '1️⃣', '👍🏽', '-'])
    t.ok(isShowable(name), name)
})

t.test('names that are blank, or hold what nobody sees', async t => {
  const bad = [
    '',
    ' ',
    '\u3000\u00a0',
    '\u200d',
    'a\u0000b',
    'a\nb',
    'a\u202eb',
    'a\u2066b',
    'a\u200bb',
    '\ufeffa',
    'a\u00adb',
  ]
  const more = [
    'a\u2028b',
    'a\u200d',
    '\u200ca',
    'a \u200db',
    'a\u200d\u200db',
    '\u3164',
    '\u2800',
    'a\u{e0041}',
    '\u0301',
    '\ud800a',
    'alice\u034f',
    'a\u17b4',
    'a\ufe0f',
    '1\ufe0f',
    '\ufffea',
  ]
  for (const name of [...bad, ...more])
    t.notOk(isShowable(name), [...name].map(c => c.codePointAt(0)?.toString(16)).join(' '))
})

t.test('an account name begins with a letter and has 3 to 32 characters of those that are allowed', async t => {
  for (const name of ['ann', 'a.b-c_9', `a${'n'.repeat(31)}`]) t.ok(isAccountName(name), name)
  for (const name of ['an', '1ann', '_ann', 'Ann', 'a b', 'ann\n', `a${'n'.repeat(32)}`, ''])
    t.notOk(isAccountName(name), name)
})
