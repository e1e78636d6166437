import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { ALL_WORDS, Speech, said } from '../../../clients/web/words.js'

const WEB = fileURLToPath(new URL('../../../../clients/web/', import.meta.url))

t.test('both languages of a text have the same names, and neither is empty', async t => {
  const names = (text: string): string[] =>
    [...new Set(Array.from(text.matchAll(/\{(\w+)\}/g), ([, name = '']) => name))].sort()
  for (const [key, [en, zh]] of Object.entries(ALL_WORDS)) {
    t.ok(en !== '' && zh !== '', key)
    t.same(names(zh), names(en), key)
    t.notMatch(zh, /\|/, `${key}: Chinese has one form`)
    t.notMatch(en, /!|please|oops/i, `${key} is calm`)
  }
})

t.test('every text is used', async t => {
  const code = ['ui', 'model']
    .flatMap(folder => readdirSync(join(WEB, folder)).map(name => readFileSync(join(WEB, folder, name), 'utf8')))
    .join('\n')
  for (const key of Object.keys(ALL_WORDS)) t.ok(code.includes(`'${key}'`), key)
})

t.test('names are put in, texts within texts too, and the form for one is used for one', async t => {
  const en = new Speech('en')
  const zh = new Speech('zh')
  t.equal(en.say('nMembers', { n: 1 }), '1 member')
  t.equal(en.say('nMembers', { n: 8 }), '8 members')
  t.equal(zh.say('nMembers', { n: 1 }), '1 位成员')
  t.equal(en.say('groupOf', { members: said('nMembers', { n: 2 }) }), 'Group · 2 members')
  t.equal(
    en.say('nothingFound', { text: '{n} <b>$&' }),
    'Nothing found for “{n} <b>$&”.',
    'what is put in is not looked at',
  )
  t.same(zh.parts('groupAdded'), ['', { name: 'by' }, ' 邀请 ', { name: 'who' }, ' 加入了群聊'])
})
