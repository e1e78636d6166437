/**
 * Every parser of what a peer writes, at its longest input: a millisecond, or time in proportion to the input. What a stranger
 * may send costs him as much as the server. A table of parsers, and one of regular expressions that a source may not outgrow.
 */

import { readdirSync, readFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { setTimeout } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import ts from 'typescript'
import { fromBase64 } from '../../protocol/base64.js'
import { FrameDecoder } from '../../protocol/frame-decoder.js'
import { jsonToBody } from '../../protocol/json-codec.js'
import { FRAME_TO_SERVER_BYTES_MAX, HTTP_BODY_BYTES_MAX, HTTP_JSON_BODY_BYTES_MAX } from '../../protocol/limits.js'
import { METHODS } from '../../protocol/methods.js'
import { DecodeError } from '../../protocol/wire-reader.js'
import type { ConnectionContext } from '../../src/connection/context.js'
import { ProxyHeader, V2_BODY_BYTES_MAX } from '../../src/door/proxy-header.js'
import { AddressList, networkOf, plainAddress } from '../../src/lib/network.js'
import { bearerToken } from '../../src/short/bearer.js'
import { readBody } from '../../src/short/body.js'
import { clientAddress } from '../../src/short/client-address.js'
import { routeOf } from '../../src/short/connect-route.js'
import { acceptsGzip, unpacked } from '../../src/short/gzip.js'
import { headerFault } from '../../src/short/header-check.js'
import { localMetricsPage } from '../../src/short/metrics-page.js'
import { Origins } from '../../src/short/origins.js'
import { pathOf } from '../../src/short/request-target.js'
import { WebSocketUpgrade } from '../../src/short/web-socket-upgrade.js'
import { shortestHeldMs } from '../support/stall.js'

/** How long all headers together may be, and so each. */
const HEADER_BYTES_MAX = 8_192
const ENOUGH_MS = 1
/** Four times the input may take so many times as long: in proportion it would be 4, with its square 16. */
const RATIO_MAX = 8
/** What grows too fast does so each time. */
const TRIES = 8
const PAUSE_MS = 20

const TRUSTED = new AddressList(['10.0.0.0/8', '2001:db8::/32'])
const ORIGINS = new Origins(['https://chat.example'])
const METRICS = localMetricsPage({ contentType: '', text: async () => '' })

const path = '/longwire.v1.MessageService/Sync'
const request = (headers: Record<string, string>) => ({ method: 'POST', path, address: '127.0.0.1', headers })

/** Parsers of text, with how such a text may begin. */
const TEXTS: Readonly<Record<string, readonly [bytesMax: number, parse: (text: string) => unknown, begins: string[]]>> =
  {
    'content type': [
      HEADER_BYTES_MAX,
      text => routeOf(request({ 'content-type': text })),
      ['application/json', 'application/proto;', 'application/json;charset=', 'application/json; charset=utf-8'],
    ],
    'Connect-Timeout-Ms': [
      HEADER_BYTES_MAX,
      text => routeOf(request({ 'content-type': 'application/json', 'connect-timeout-ms': text })),
      ['1'],
    ],
    'Accept-Encoding': [HEADER_BYTES_MAX, acceptsGzip, ['gzip;q=', '*', 'br, gzip;q=0.']],
    Authorization: [HEADER_BYTES_MAX, bearerToken, ['Bearer ', 'Bearer AAAA', 'Basic ']],
    'request target': [HEADER_BYTES_MAX, pathOf, ['/', 'http://', 'http://h', '/longwire.v1.MessageService/Sync?']],
    'path and query': [
      HEADER_BYTES_MAX,
      text => routeOf({ method: 'POST', path: pathOf(text), address: '', headers: {} }),
      [path, `${path}?`],
    ],
    Origin: [
      HEADER_BYTES_MAX,
      text => ORIGINS.allows({ origin: text, host: 'chat.example' }, false),
      ['https://chat.example', 'http://'],
    ],
    Host: [
      HEADER_BYTES_MAX,
      text => {
        ORIGINS.allows({ origin: 'http://chat.example', host: text }, false)
        METRICS({ ...request({ host: text }), method: 'GET' }, () => {})
      },
      ['localhost', '[::1]', '[', '127.0.0.1:'],
    ],
    'X-Forwarded-Proto and -Host': [
      HEADER_BYTES_MAX,
      text => {
        const forwarded = { 'x-forwarded-proto': text, 'x-forwarded-host': text }
        return ORIGINS.allows({ origin: 'https://a', ...forwarded }, true)
      },
      ['https', 'https, '],
    ],
    'X-Forwarded-For': [
      HEADER_BYTES_MAX,
      text => clientAddress('10.0.0.1', text, TRUSTED),
      ['10.0.0.2,', '[2001:db8::1]:', '[', '2001:db8:', '10.0.0.2:1'],
    ],
    'an address': [HEADER_BYTES_MAX, text => networkOf(plainAddress(text)), ['2001:db8::', '::ffff:', '10.0.0.1']],
    'PROXY, version 1': [
      HEADER_BYTES_MAX,
      text => new ProxyHeader().push(Buffer.from(text, 'latin1')),
      ['PROXY ', 'PROXY TCP4 ', 'PROXY TCP6 2001:db8:'],
    ],
    base64: [HTTP_JSON_BODY_BYTES_MAX, fromBase64, ['', 'AAAA']],
    'JSON of a Sync': [
      HTTP_JSON_BODY_BYTES_MAX / 4, // a square would show here, too, and the whole takes minutes
      text => refusing(() => jsonToBody(METHODS.sync, 'request', text)),
      ['', '{"since":', '{"since":"', '{"a":"', '{"a":[', '{"sends":[', '{"a":1', '{"', '{"ack":{"delivered":['],
    ],
    'JSON of a Login': [
      16_384,
      text => refusing(() => jsonToBody(METHODS.login, 'request', text)),
      ['{"account":"', '{"installationKey":"'],
    ],
    'Sec-WebSocket-Protocol and -Extensions': [
      HEADER_BYTES_MAX,
      handshake,
      ['a,', 'a;b=', 'a; b="', 'permessage-deflate; '],
    ],
  }

/** What a text goes on with, again and again. */
const PUMPS = [
  ...' \t;=,:[]"\\a0.-+/%?{}'.split(''),
  ...[
    '; ',
    ', ',
    'a,',
    'a b',
    '1:',
    ':1',
    '::',
    ';;',
    '=;',
    'q=0;',
    '10.0.0.1,',
    '10.0.0.1 ,',
    '[::1]:',
    '\\u0061',
    '\\"',
  ],
  ...[
    '{},',
    '[],',
    '"a":1,',
    '0,',
    '0.',
    'e+',
    '1e1',
    '""',
    '"",',
    '\u00e9',
    '//',
    '/?',
    '://',
    'http://',
    '[[',
    '{"a":',
  ],
]
const ENDS = ['', 'x', '"', '\n', '!']

/** Parsers of bytes, each with inputs of a size. */
const BYTES: Readonly<Record<string, readonly [bytesMax: number, parse: (bytes: Uint8Array) => unknown]>> = {
  'PROXY, version 2, byte by byte': [
    16 + V2_BODY_BYTES_MAX,
    bytes => {
      const header = new ProxyHeader()
      const begin = [0x0d, 0x0a, 0x0d, 0x0a, 0, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a, 0x21, 0x11]
      bytes.set([...begin, V2_BODY_BYTES_MAX >> 8, V2_BODY_BYTES_MAX & 255])
      for (let at = 0; at < bytes.length; at++) header.push(bytes.subarray(at, at + 1))
    },
  ],
  'a frame, byte by byte': [
    FRAME_TO_SERVER_BYTES_MAX,
    bytes => {
      const decoder = new FrameDecoder(FRAME_TO_SERVER_BYTES_MAX)
      decoder.push(Uint8Array.of(0x80, 0x80, 0x04))
      for (let at = 0; at < bytes.length; at++) {
        decoder.push(bytes.subarray(at, at + 1))
        decoder.next()
      }
    },
  ],
  'frames that wait, in pieces': [
    FRAME_TO_SERVER_BYTES_MAX,
    bytes => {
      const decoder = new FrameDecoder(FRAME_TO_SERVER_BYTES_MAX)
      for (let at = 0; at < bytes.length; at += 64) decoder.push(bytes.subarray(at, at + 64))
      for (let next = decoder.next(); next !== undefined && next.kind !== 'error'; next = decoder.next());
    },
  ],
  'the fields of a Sync': [HTTP_BODY_BYTES_MAX, bytes => refusing(() => METHODS.sync.decodeRequest(bytes))],
  'the fields of a Send': [HTTP_BODY_BYTES_MAX, bytes => refusing(() => METHODS.send.decodeRequest(bytes))],
  'a body in pieces': [
    HTTP_BODY_BYTES_MAX,
    bytes => {
      const body = new Duplex({ read() {}, write() {} })
      readBody(body as unknown as IncomingMessage, bytes.length, () => {})
      for (let at = 0; at < bytes.length; at++) body.emit('data', bytes.subarray(at, at + 1))
      body.destroy()
    },
  ],
  'a header of gzip': [
    HTTP_BODY_BYTES_MAX,
    bytes => {
      const file = gzipSync('x')
      bytes.fill(0x61)
      bytes.set(file.subarray(0, 10))
      bytes[3] = 0x08 // a name of the file follows, and never ends
      unpacked(bytes, HTTP_BODY_BYTES_MAX, () => {})
    },
  ],
  'names of headers': [
    HEADER_BYTES_MAX,
    bytes => {
      const rawHeaders = Array.from({ length: bytes.length / 4 }, (_, at) => [`x${at % 64}`, '']).flat()
      headerFault({ rawHeaders, headers: {}, httpVersionMajor: 1, httpVersionMinor: 1 } as unknown as IncomingMessage)
    },
  ],
}

const FILLS = [0x00, 0x01, 0x08, 0x0a, 0x0b, 0x22, 0x4b, 0x4c, 0x61, 0x80, 0xff]

function refusing(decode: () => unknown): void {
  try {
    decode()
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
  }
}

/** By ws, with the options that the door gives it. */
function handshake(text: string): void {
  const context = { gate: { release() {} } } as unknown as ConnectionContext
  const headers = {
    upgrade: 'websocket',
    connection: 'Upgrade',
    'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
    'sec-websocket-version': '13',
    'sec-websocket-protocol': `${text},@`, // refused in the end: what would be taken needs a whole server behind it
    'sec-websocket-extensions': text,
  }
  const socket = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() })
  socket.on('error', () => {})
  const incoming = { method: 'GET', url: '/ws', headers } as unknown as IncomingMessage
  new WebSocketUpgrade(context).accept(incoming, socket as Socket, Buffer.alloc(0), {
    address: '192.0.2.1',
    helloMs: undefined,
  })
  socket.destroy()
}

/** Undefined if it holds; else what was measured. */
function fault(bytesMax: number, parse: (bytes: number) => () => unknown): string | undefined {
  const wholeMs = shortestHeldMs(parse(bytesMax))
  if (wholeMs <= ENOUGH_MS) return undefined
  // A short input is over before the clock moves: one that long is run several times.
  const quarterMs = Math.max(0.05, shortestHeldMs(parse(Math.floor(bytesMax / 4))))
  if (wholeMs <= RATIO_MAX * quarterMs) return undefined
  return `${bytesMax} bytes take ${wholeMs.toFixed(1)} ms, a quarter of them ${quarterMs.toFixed(1)}`
}

/** Throws unless it holds. Measured again before it is believed: a busy machine may hold up every run for some milliseconds, and does so for a while. */
async function holds(name: string, bytesMax: number, parse: (bytes: number) => () => unknown): Promise<void> {
  let found = fault(bytesMax, parse)
  for (let again = 1; found !== undefined && again < TRIES; again++) {
    await setTimeout(again * PAUSE_MS)
    found = fault(bytesMax, parse)
  }
  if (found !== undefined) throw new Error(`${name}: ${found}`)
}

for (const [name, [bytesMax, parse, begins]] of Object.entries(TEXTS)) {
  t.test(name, async t => {
    for (const begin of begins) {
      for (const pump of PUMPS) {
        for (const end of bytesMax > HEADER_BYTES_MAX ? ENDS.slice(0, 2) : ENDS) {
          await holds(`${name}: ${begin}, ${JSON.stringify(pump)} …, ${JSON.stringify(end)}`, bytesMax, bytes => {
            const times = Math.max(0, Math.floor((bytes - begin.length - end.length) / pump.length))
            const text = begin + pump.repeat(times) + end
            return () => parse(text)
          })
        }
      }
    }
    t.pass('none grows faster than its input')
  })
}

for (const [name, [bytesMax, parse]] of Object.entries(BYTES)) {
  t.test(name, async t => {
    for (const fill of FILLS)
      await holds(`${name}: ${fill}`, bytesMax, bytes => () => parse(new Uint8Array(bytes).fill(fill)))
    t.pass('none grows faster than its input')
  })
}

/** What reads a peer's text stands in these folders. */
const FOLDERS = [
  'src/door',
  'src/short',
  'src/long',
  'src/connection',
  'src/services',
  'src/sync/rules',
  'src/lib',
  'protocol',
]

/** Every regular expression of theirs, as it is written: none but these, and each is run on all that is above. */
const EXPRESSIONS: Readonly<Record<string, string>> = {
  '/^\\d{1,10}$/': 'Connect-Timeout-Ms: bounded',
  '/^:\\d{1,5}$/': 'the port of a Host: bounded',
  '/^Bearer +((?:[A-Za-z0-9_-]+|[A-Za-z0-9+/]+)={0,2})$/i':
    'Authorization: each of two ways is tried once, and it is short',
  '/^(?:\\[([^\\]]+)\\](?::\\d{1,5})?|([^:]+):\\d{1,5})$/':
    'a hop of X-Forwarded-For: what comes next tells the parts apart',
  '/^(?:0|[1-9]\\d{0,4})$/': "a port of PROXY's line: bounded",
  '/^[a-z][a-z0-9_.-]{2,31}$/': 'account names: bounded',
  '/^\\d{1,3}$/': 'bits of a network, as an operator gives them: bounded',
  '/^\\d+$/': 'keys of our own records',
  '/-?(?:0|[1-9][0-9]*)(?:\\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y':
    'a JSON number, from one place on: the parts begin with different characters',
  '/^(-?)(0|[1-9][0-9]*)(?:\\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$/': 'the same, of a whole text',
  '/^[0-9a-fA-F]{4}$/': 'an escape of JSON: bounded',
  '/[\\p{Cc}\\p{Cs}\\p{Zl}\\p{Zp}\\p{Noncharacter_Code_Point}\\u2800]|(?!\\u200c|\\u200d|\\ufe0e|\\ufe0f)[\\p{Cf}\\p{Default_Ignorable_Code_Point}]|(?<!\\p{Extended_Pictographic})(?:\\ufe0e|\\ufe0f)(?!\\u20e3)/u':
    'nicknames: one character and its neighbours',
  '/[\\p{L}\\p{N}\\p{P}\\p{S}]/u': 'nicknames: one character',
  '/^[\\u200c\\u200d]|[\\u200c\\u200d](?:[\\s\\u200c\\u200d]|$)|\\s[\\u200c\\u200d]/u': 'nicknames: two characters',
  '/\\p{Surrogate}/u': 'one character',
  '/\\p{Cc}/u': 'the kind of a reaction: one character',
  '/^direct:[1-9][0-9]{0,15}$/': 'the id of a direct conversation: bounded',
  '/^[0-9a-z]+\\.[0-9a-z]+\\.[0-9a-z]+$/': 'the name of a group: the dots tell the parts apart',
  '/^[a-z]+:[A-Za-z0-9._-]+$/': 'the id of any conversation: the colon tells the parts apart',
}

/** How a text may begin that keeps one of them busy. */
const BEGINS = ['', '0', '1.', '1e', 'a', '=', '[', '[a]:', 'a:', ':1', 'Bearer ', 'Bearer A', '-']

t.test('no other regular expression reads what peers write, and these are linear', async t => {
  const found = new Set<string>()
  for (const folder of FOLDERS) {
    const url = new URL(`../../../${folder}/`, import.meta.url)
    for (const file of readdirSync(url).filter(name => name.endsWith('.ts'))) {
      const source = ts.createSourceFile(file, readFileSync(new URL(file, url), 'utf8'), ts.ScriptTarget.Latest)
      const visit = (node: ts.Node): void => {
        if (ts.isRegularExpressionLiteral(node)) found.add(node.text)
        if (ts.isNewExpression(node) && node.expression.getText(source) === 'RegExp') found.add(node.getText(source))
        ts.forEachChild(node, visit)
      }
      visit(source)
    }
  }
  t.same([...found].sort(), Object.keys(EXPRESSIONS).sort())
  for (const literal of Object.keys(EXPRESSIONS)) {
    const end = literal.lastIndexOf('/')
    const flags = literal.slice(end + 1)
    const expression = new RegExp(literal.slice(1, end), flags)
    for (const begin of BEGINS) {
      for (const pump of PUMPS) {
        for (const last of ENDS) {
          await holds(`${literal}: ${begin}, ${pump} …, ${last}`, HEADER_BYTES_MAX, bytes => {
            const text = begin + pump.repeat(Math.floor(bytes / pump.length)) + last
            return () => {
              expression.lastIndex = 0
              expression.test(text)
            }
          })
        }
      }
    }
  }
})
