import t from 'tap'
import { type Action, actionOf, CODES, codeName, codeText } from '../../protocol/codes.js'
import { clause, table } from '../support/protocol-document.js'

t.test('the table of clause 9.3 is the table of the code, both ways', async t => {
  const documented = table(clause('9'), 'code', 'name', 'means').map(([code, name, means]) => ({ code, name, means }))
  const coded = Object.entries(CODES).map(([name, { code, text }]) => ({ code: String(code), name, means: text }))
  t.same(documented, coded)
})

t.test('each number stands once, in rising order', async t => {
  const numbers = Object.values(CODES).map(({ code }) => code)
  t.same(
    numbers,
    [...new Set(numbers)].sort((a, b) => a - b),
  )
})

t.test('the class of a code is given by its hundreds, as clause 9.1 says', async t => {
  for (const [name, { code, action }] of Object.entries(CODES)) t.equal(actionOf(code), action, name)
  for (const [range = '', action = ''] of table(clause('9'), 'codes', 'class')) {
    const [first = 0, last = first] = range.split('–').map(Number)
    for (const code of [first, last]) t.equal(actionOf(code), action as Action, String(code))
  }
})

t.test('a code that nobody knows has a class and a name', async t => {
  t.equal(actionOf(199), 'refused')
  t.equal(actionOf(250), 'retry')
  t.equal(actionOf(1), 'stop')
  t.equal(actionOf(700), 'stop')
  t.equal(actionOf(0xffff_ffff), 'stop')
  t.equal(codeName(199), 'CODE_199')
  t.equal(codeText(199), 'CODE_199')
  t.equal(codeName(CODES.GAP.code), 'GAP')
  t.equal(codeText(CODES.GAP.code), CODES.GAP.text)
})
