import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { errorWords, reasonWords } from '../../../clients/web/model/error-words.js'
import { WORDS, type Words } from '../../../clients/web/word-table.js'
import { Speech, said } from '../../../clients/web/words.js'
import { CODES } from '../../../protocol/codes.js'

const ALL_WORDS: Readonly<Record<string, Words>> = WORDS

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

/** Codes that no user of the page meets. */
const UNMET: ReadonlySet<string> = new Set([
  // The page is at fault: then the name of the code is what helps.
  'INVALID_ARGUMENT',
  'BAD_BODY',
  'UNKNOWN_METHOD',
  'SEQ_REUSED',
  'VOIDED',
  'BAD_MENTIONS',
  'BAD_CONTENT',
  'GAP',
])

t.test('whatever the server refuses, or asks to wait for, is told in words', async t => {
  const refusals = Object.entries(CODES).filter(([, { action }]) => action === 'refused' || action === 'retry')
  t.ok(refusals.length > 40)
  for (const [name] of refusals) t.equal(reasonWords(name).key === 'otherFault', UNMET.has(name), name)
  for (const reason of ['SERVER_ERROR', 'REVISION_UNSUPPORTED', 'TIMEOUT', 'QUEUE_FULL', 'STORAGE_FAILED'])
    t.not(reasonWords(reason).key, 'otherFault', reason)
  t.same(reasonWords('CODE_199'), said('otherFault', { reason: 'CODE_199' }), 'a code of tomorrow is named')
  t.equal(errorWords(new TypeError('x')).key, 'otherFault')
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
