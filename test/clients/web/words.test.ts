import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import type { GroupChange } from '../../../clients/typescript/index.js'
import { changeParts, namedIn } from '../../../clients/web/model/change-words.js'
import { errorWords, reasonWords } from '../../../clients/web/model/error-words.js'
import { placeOf } from '../../../clients/web/model/place.js'
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

t.test('who reads is "you" within a sentence, and in Chinese has no blank beside it', async t => {
  const sentence = (language: 'en' | 'zh', by: number, uid: number): string => {
    const change = { act: 'joined', by, uid, role: 'member', text: '' } as GroupChange
    const speech = new Speech(language)
    const parts = changeParts(change, 1, speech)
    return parts
      .map(part => (typeof part === 'string' ? part : namedIn(change, part.name, 1, speech, other => `P${other}`)))
      .join('')
  }
  t.equal(sentence('en', 2, 1), 'P2 added you')
  t.equal(sentence('en', 1, 2), 'You added P2')
  t.equal(sentence('zh', 2, 1), 'P2 邀请你加入了群聊')
  t.equal(sentence('zh', 1, 2), '你邀请 P2 加入了群聊')
  t.equal(sentence('zh', 1, 1), '你加入了群聊')
})

t.test('an address names a chat, a pane beside the list, or the account to begin a chat with', async t => {
  t.match(placeOf('#direct:7'), { side: 'chats', conversation: 'direct:7' })
  t.match(placeOf('#new-chat'), { side: 'new-chat', account: '' })
  t.match(placeOf('#new-chat/Kim_2'), { side: 'new-chat', account: 'Kim_2' })
  t.match(placeOf('#new-chat/<b>'), { side: 'chats', account: '' })
  for (const none of ['#direct:0', '#direct:1e3', '#direct:9007199254740993', '#direct:99999999999999999999'])
    t.equal(placeOf(none).conversation, undefined, none)
})
