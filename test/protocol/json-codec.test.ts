import t from 'tap'
import { fromBase64, toBase64, toBase64Url } from '../../protocol/base64.js'
import { CODES } from '../../protocol/codes.js'
import { loadRoot } from '../../protocol/generate/load-schema.js'
import * as d from '../../protocol/generated/descriptors.js'
import * as m from '../../protocol/generated/messages.js'
import { bodyToJson, fromJson, jsonToBody, toJson } from '../../protocol/json-codec.js'
import { integerOf } from '../../protocol/json-reader.js'
import { HTTP_JSON_BODY_BYTES_MAX, JSON_DEPTH_MAX } from '../../protocol/limits.js'
import { METHODS } from '../../protocol/methods.js'
import { shortestHeldMs } from '../support/stall.js'

/** How a text is refused: `CODE path: why`. */
function refusal(read: () => unknown): string {
  try {
    read()
  } catch (error) {
    if (!(error instanceof m.DecodeError)) throw error
    return `${error.code === CODES.BAD_BODY.code ? 'BAD_BODY' : 'INVALID_ARGUMENT'} ${error.message}`
  }
  return 'taken'
}

const sync = (text: string) => refusal(() => jsonToBody(METHODS.sync, 'request', text))
const send = (text: string) => refusal(() => jsonToBody(METHODS.send, 'request', text))

t.test('a body of a request and of an answer, both ways', async t => {
  const request = { sendSeq: 7, to: 300, text: 'héllo 😀' }
  const body = m.encodeSendRequest(request)
  t.same(jsonToBody(METHODS.send, 'request', '{"sendSeq":"7","to":300,"text":"héllo 😀"}'), body)
  t.same(jsonToBody(METHODS.send, 'request', Buffer.from('{"send_seq":7.0,"to":"3e2","text":"h\\u00e9llo 😀"}')), body)
  t.equal(bodyToJson(METHODS.send, 'request', body), '{"sendSeq":"7","to":"300","text":"héllo 😀"}')
  const page = m.createSyncResponse({
    to: 9,
    more: true,
    items: [
      { skip: 0, content: { case: 'contact', value: m.createContact({ uid: 5, state: m.ContactState.FRIEND }) } },
      { skip: 2, content: undefined },
    ],
  })
  const json = '{"to":"9","more":true,"items":[{"contact":{"uid":"5","state":"CONTACT_STATE_FRIEND"}},{"skip":"2"}]}'
  t.equal(bodyToJson(METHODS.sync, 'response', m.encodeSyncResponse(page)), json)
  t.same(jsonToBody(METHODS.sync, 'response', json), m.encodeSyncResponse(page))
  t.throws(() => bodyToJson(METHODS.send, 'request', Uint8Array.of(8)), m.DecodeError)
})

t.test('every rpc of the method table has its messages', async t => {
  for (const method of Object.values(METHODS)) {
    if (method.kind === 'notice') continue
    t.equal(bodyToJson(method, 'response', jsonToBody(method, 'response', '{}')), '{}', method.rpc)
  }
  const unknown = { ...METHODS.send, rpc: 'Nothing' }
  t.throws(() => jsonToBody(unknown, 'request', '{}'), /no rpc is called MessageService.Nothing/)
})

t.test('a refusal names the place, not the value', async t => {
  const third = '{"sendSeq":1,"to":2,"text":"a"}'
  t.equal(
    sync(`{"sends":[${third},${third},${third},{"sendSeq":-1}]}`),
    'BAD_BODY sends[3].sendSeq: it must be an integer of 0 to 9007199254740991',
  )
  t.equal(
    sync('{"ack":{"delivered":[{"peer":"x"}]}}'),
    'BAD_BODY ack.delivered[0].peer: it must be an integer, and this string is none',
  )
  t.equal(sync('{"waitMs":4294967296}'), 'BAD_BODY waitMs: it must be an integer of 0 to 4294967295')
  t.equal(sync('{"since":true}'), 'BAD_BODY since: it must be an integer, not boolean')
  t.equal(sync('{"sends":{}}'), 'BAD_BODY sends: it must be an array, not object')
  t.equal(sync('{"sends":[null]}'), 'BAD_BODY sends[0]: it must be an object, not null')
  t.equal(sync('[]'), 'BAD_BODY it must be an object, not array')
  t.equal(send('{"sendSeq":1,"to":2}'), 'BAD_BODY text: it is missing')
  t.equal(send('{"sendSeq":1,"to":2,"text":""}'), 'BAD_BODY text: it is missing')
  t.equal(send('{"sendSeq":1,"send_seq":1}'), 'BAD_BODY sendSeq: it is given twice')
  t.equal(send('{"text":"a\\ud800"}'), 'BAD_BODY text: it holds half a surrogate pair')
  t.equal(send('{"text":{}}'), 'BAD_BODY text: it must be a string, not object')
  t.equal(send('{"text":"a"'), 'BAD_BODY not JSON at character 11, where "," or "}" should stand')
  t.equal(send('{"text":"'), 'BAD_BODY text: not JSON at character 9, where a string should stand')
  t.equal(
    refusal(() => jsonToBody(METHODS.send, 'request', Uint8Array.of(0x7b, 0xff, 0x7d))),
    'BAD_BODY the JSON is not valid UTF-8',
  )
  t.equal(
    refusal(() => fromJson(d.ItemType, '{"message":{},"contact":{}}')),
    'BAD_BODY contact: message is given too, and only one of content may be',
  )
  const register = (text: string) => refusal(() => jsonToBody(METHODS.register, 'request', text))
  t.equal(register('{"installationKey":"AAAA"}'), 'INVALID_ARGUMENT installationKey: it must have 16 bytes')
  t.equal(register('{"installationKey":"?"}'), 'BAD_BODY installationKey: it is not base64')
  t.equal(register(`{"nickname":"${'é'.repeat(33)}"}`), 'INVALID_ARGUMENT nickname: it is longer than 64 bytes')
  t.equal(register(`{"nickname":"${'é'.repeat(32)}"}`), 'BAD_BODY account: it is missing')
  const token = toBase64(new Uint8Array(129))
  t.equal(
    refusal(() => jsonToBody(METHODS.hello, 'request', `{"token":"${token}"}`)),
    'INVALID_ARGUMENT token: it is longer than 128 bytes',
  )
  const secret = register('{"account":"ann","password":["hunter2"],"installationKey":"AAAA"}')
  t.equal(secret, 'BAD_BODY password: it must be a string, not array')
  t.notMatch(register('{"password":"hunter2" "x"}'), /hunter2/)
})

t.test('what fromObject of protobufjs makes of wrong values is refused here', async t => {
  const theirs = loadRoot().lookupType('longwire.v1.SyncRequest')
  const read = (value: object) => theirs.toObject(theirs.fromObject(value), { longs: Number })
  t.same(read({ waitMs: -1 }), { waitMs: 4294967295 })
  t.same(read({ since: 'abc' }), { since: 0 })
  t.same(loadRoot().lookupType('longwire.v1.SendRequest').fromObject({ text: {} }), { text: '[object Object]' })
  t.equal(sync('{"waitMs":-1}'), 'BAD_BODY waitMs: it must be an integer of 0 to 4294967295')
  t.equal(sync('{"since":"abc"}'), 'BAD_BODY since: it must be an integer, and this string is none')
  t.equal(send('{"text":{}}'), 'BAD_BODY text: it must be a string, not object')
})

t.test('a message with every field absent has the shape that the binary decoder gives', async t => {
  t.same(fromJson(d.SyncRequestType, '{}'), m.decodeSyncRequest(new Uint8Array(0)))
  t.same(fromJson(d.ItemType, '{"message":null}'), m.createItem())
  t.same(toJson(d.ItemType, m.createItem()), {})
  t.same(toJson(d.ItemType, m.createItem({ content: { case: 'read', value: m.createRead() } })), { read: {} })
})

t.test('an enum value without a name is written as its number', async t => {
  const state = 9 as m.ContactState
  t.same(toJson(d.ContactType, m.createContact({ state })), { state: 9 })
})

t.test('keys that belong to every object mean nothing', async t => {
  const text = '{"__proto__":{"sendSeq":1},"constructor":{"prototype":{"to":2}},"toString":1,"hasOwnProperty":1}'
  t.equal(send(text), 'BAD_BODY sendSeq: it is missing')
  t.equal(({} as Record<string, unknown>).sendSeq, undefined)
})

t.test('integers are read exactly', async t => {
  for (const [text, value] of [
    ['9007199254740991', 9007199254740991],
    ['9007199254740990.0', 9007199254740990],
    ['900719925474099100000e-5', 9007199254740991],
    [`0.${'0'.repeat(300)}7e301`, 7],
    [`7${'0'.repeat(300)}e-300`, 7],
    [`${'0.'}${'0'.repeat(1000)}`, 0],
    ['-7', -7],
  ] as const) {
    t.equal(integerOf(text), value, text.slice(0, 40))
  }
  t.ok(Object.is(integerOf('-0'), 0))
  for (const text of ['9007199254740992', '9007199254740993', '1e16', '1e999999999999999999']) {
    t.equal(integerOf(text), Number.POSITIVE_INFINITY, text)
    t.equal(integerOf(`-${text}`), Number.NEGATIVE_INFINITY, text)
  }
  for (const text of ['', 'a', '1.5', '1e-1', '9007199254740991.4', '01', '+1', ' 1', '1\n', '1e', '0x1', 'Infinity']) {
    t.ok(Number.isNaN(integerOf(text)), text)
  }
})

t.test('base64 in both alphabets, with its padding or none', async t => {
  for (let length = 0; length < 70; length++) {
    const bytes = Uint8Array.from({ length }, (_, at) => at * 37 + length * 251)
    const standard = Buffer.from(bytes).toString('base64')
    t.equal(toBase64(bytes), standard)
    t.equal(toBase64Url(bytes), Buffer.from(bytes).toString('base64url'))
    for (const text of [standard, standard.replace(/=+$/, ''), toBase64Url(bytes)])
      t.same(fromBase64(text), bytes, text)
  }
  for (const text of [
    'A',
    'AAAAA',
    'AA=',
    'A===',
    '=',
    '====',
    'AAAA=',
    'A A=',
    'AA\n=',
    'é',
    'AA==AA==',
    'AAAA====',
  ]) {
    t.equal(fromBase64(text), undefined, text)
  }
})

// Each is as long as a body may be, and made to hold the process up.
t.test('bombs are read or refused within the time of a tick', async t => {
  const fill = (part: string, around: (parts: string) => string) => {
    return around(part.repeat(Math.floor((HTTP_JSON_BODY_BYTES_MAX - around('').length) / part.length)))
  }
  const nested = (open: string, close: string) => fill(open, parts => `{"a":${parts}`) + close
  const keys = Array.from({ length: 28_000 }, (_, place) => `"${(place * 131_072 + 7).toString(36)}":0`)
  const bombs: readonly (readonly [string, string, RegExp])[] = [
    ['arrays', nested('[', ''), /nests deeper than 64/],
    ['objects', nested('{"a":', ''), /nests deeper than 64/],
    ['messages', nested('{"ack":', ''), /nests deeper than 64/],
    ['keys', `{${keys.join(',')}}`, /missing/],
    ['zeros', fill('0', parts => `{"sendSeq":1${parts}1}`), /must be an integer of/],
    ['zeros behind the point', fill('0', parts => `{"sendSeq":1.${parts}1}`), /number is none/],
    ['zeros in a string', fill('0', parts => `{"sendSeq":"1.${parts}x"}`), /string is none/],
    ['an exponent', fill('9', parts => `{"sendSeq":1e${parts}}`), /must be an integer of/],
    ['escapes', fill('\\u0061', parts => `{"text":"${parts}"}`), /missing/],
    ['halves of surrogates', fill('\\ud800', parts => `{"text":"${parts}"}`), /half a surrogate/],
    ['spaces', fill(' ', parts => `{${parts}`), /not JSON/],
    ['empty elements', fill('{},', parts => `{"a":[${parts}{}]}`), /missing/],
    ['commas', fill(',', parts => `{"a":[${parts}]}`), /not JSON/],
    ['quotes', fill('\\"', parts => `{"${parts}":1}`), /missing/],
  ]
  for (const [name, text, expected] of bombs) {
    t.ok(text.length <= HTTP_JSON_BODY_BYTES_MAX)
    const stallMs = shortestHeldMs(() => t.match(send(text), expected, name))
    t.ok(stallMs < 50, `${name}: ${stallMs.toFixed(1)} ms`)
  }
})

t.test('nesting up to the bound is taken', async t => {
  const text = (depth: number) => `{"a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`
  t.same(jsonToBody(METHODS.sync, 'request', text(JSON_DEPTH_MAX)), new Uint8Array(0))
  t.equal(sync(text(JSON_DEPTH_MAX + 1)), `BAD_BODY it nests deeper than ${JSON_DEPTH_MAX}`)
})
