import t from 'tap'
import { loadSchema } from '../../protocol/generate/load-schema.js'
import * as limits from '../../protocol/limits.js'
import { clause, numberOf, table } from '../support/protocol-document.js'

t.test('the table of clause 10 is the limits of the code, both ways', async t => {
  const documented = Object.fromEntries(
    table(clause('10'), 'name', 'value').map(([name = '', value = '']) => [name, numberOf(value)]),
  )
  const { PROTOCOL_REVISION, ...coded } = limits
  t.same(documented, { ...coded })
  t.match(clause('11'), `The revision is ${PROTOCOL_REVISION}.`)
})

t.test('the options of the .proto files are the limits of the code', async t => {
  const expected: Record<string, number> = {
    account: limits.ACCOUNT_BYTES_MAX,
    password: limits.PASSWORD_BYTES_MAX,
    old_password: limits.PASSWORD_BYTES_MAX,
    new_password: limits.PASSWORD_BYTES_MAX,
    installation_key: limits.INSTALLATION_KEY_BYTES,
    nickname: limits.NICKNAME_BYTES_MAX,
    device_name: limits.DEVICE_NAME_BYTES_MAX,
    token: limits.TOKEN_BYTES_MAX,
    store_id: limits.STORE_ID_BYTES_MAX,
    client: limits.CLIENT_NAME_BYTES_MAX,
    delivered: limits.MARKS_MAX,
    read: limits.MARKS_MAX,
    greeting: limits.GREETING_BYTES_MAX,
    sends: limits.SENDS_PER_SYNC_MAX,
    conversations: limits.WATCHED_MAX,
    conversation: limits.CONVERSATION_ID_BYTES_MAX,
    title: limits.GROUP_TITLE_BYTES_MAX,
    announcement: limits.GROUP_ANNOUNCEMENT_BYTES_MAX,
    invitees: limits.GROUP_INVITEES_MAX,
    code: limits.GROUP_CODE_BYTES_MAX,
    type: limits.CUSTOM_TYPE_BYTES_MAX,
    data: limits.CUSTOM_DATA_BYTES_MAX,
    name: limits.LOCATION_NAME_BYTES_MAX,
    mentions: limits.MENTIONS_MAX,
    metadata: limits.METADATA_BYTES_MAX,
    messages: limits.DELETIONS_MAX,
    kind: limits.REACTION_BYTES_MAX,
    source: limits.CONVERSATION_ID_BYTES_MAX,
    payload: limits.ROOM_PAYLOAD_BYTES_MAX,
    after: limits.CONVERSATION_ID_BYTES_MAX,
  }
  const limited = loadSchema().messages.flatMap(message => message.fields.filter(field => field.max || field.length))
  for (const field of limited) t.equal(field.max || field.length, expected[field.protoName], field.protoName)
})
