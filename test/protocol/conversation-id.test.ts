import fc from 'fast-check'
import t from 'tap'
import { directConversation, isConversationId, isNamedConversation, peerOf } from '../../protocol/conversation-id.js'
import { CONVERSATION_ID_BYTES_MAX, INTEGER_MAX } from '../../protocol/limits.js'

t.test('a direct conversation has one id for each uid, and gives the uid back', async t => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: INTEGER_MAX }), uid => {
      const id = directConversation(uid)
      return isConversationId(id) && !isNamedConversation(id) && peerOf(id) === uid
    }),
  )
  for (const other of ['direct:', 'direct:0', 'direct:017', 'direct:1e3', 'direct:-1', 'direct:ann', 'direct:1.0']) {
    t.notOk(isConversationId(other), other)
  }
  t.notOk(isConversationId(`direct:${2 ** 53}`), 'above every uid')
})

t.test('other ids are a word, a colon and what names it, 64 bytes at most', async t => {
  for (const id of ['group:9', 'g:A', 'board:2026-11.news_1', `group:${'x'.repeat(CONVERSATION_ID_BYTES_MAX - 6)}`]) {
    t.ok(isConversationId(id) && isNamedConversation(id), id)
    t.equal(peerOf(id as 'group:9'), undefined)
  }
  const wrong = [
    '',
    'ann',
    '17',
    ':9',
    'group:',
    'Group:9',
    'g1:9',
    'group:a/b',
    'group:a b',
    'group:é',
    'group:9\n',
    'a:b:c',
  ]
  for (const id of [...wrong, `group:${'x'.repeat(CONVERSATION_ID_BYTES_MAX - 5)}`]) t.notOk(isConversationId(id), id)
  for (const value of [17, undefined, null, {}, ['group:9']]) t.notOk(isConversationId(value))
})
