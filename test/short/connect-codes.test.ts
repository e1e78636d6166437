/** The table of codes for HTTP and Connect, held against the protocol's text and against what a generic client knows. */

import { Code as StockCode } from '@connectrpc/connect'
import t from 'tap'
import { actionOf, CODES, type CodeName } from '../../protocol/codes.js'
import { CONNECT_CODES, CONNECT_STATUS, type ConnectCode, connectCodeOf } from '../../src/short/connect-codes.js'
import { clause, numberOf, table } from '../support/protocol-document.js'

t.test('the table of clause 13.3 is that of the code, both ways', async t => {
  const rows = table(clause('13'), 'Connect code', 'status', 'codes')
  const documented = new Map<string, string>()
  for (const [connect = '', status = '', names = ''] of rows) {
    t.equal(numberOf(status), CONNECT_STATUS[connect as ConnectCode], connect)
    for (const name of names.split(', ')) documented.set(name, connect)
  }
  t.same(Object.fromEntries(documented), CONNECT_CODES)
})

t.test('every code but OK has its Connect code, and nothing else has', async t => {
  const named = Object.keys(CODES).filter(name => name !== 'OK')
  t.same(Object.keys(CONNECT_CODES).sort(), named.sort())
  for (const name of named as Exclude<CodeName, 'OK'>[]) {
    t.equal(connectCodeOf(CODES[name].code), CONNECT_CODES[name])
  }
})

t.test('the Connect codes are those of the stock library', async t => {
  const stock = Object.keys(StockCode).filter(key => Number.isNaN(Number(key)))
  const inSnakeCase = stock.map(name => name.replace(/(?<=.)[A-Z]/g, letter => `_${letter}`).toLowerCase())
  t.same(Object.keys(CONNECT_STATUS).sort(), inSnakeCase.sort())
})

t.test('what asks to log in is 401, what is to be tried again as it is, is no final status', async t => {
  for (const [name, connect] of Object.entries(CONNECT_CODES)) {
    const status = CONNECT_STATUS[connect]
    const action = actionOf(CODES[name as CodeName].code)
    if (action === 'login') t.equal(status, 401, name)
    if (action === 'retry') t.ok([409, 429, 503].includes(status), name)
    t.ok(status >= 400, name)
  }
})
