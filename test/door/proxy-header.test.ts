import t from 'tap'
import { ProxyHeader, type ProxyHeaderResult, V2_BODY_BYTES_MAX } from '../../src/door/proxy-header.js'

const encoder = new TextEncoder()
const SIGNATURE = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]

function version1(line: string): Uint8Array {
  return encoder.encode(line)
}

function version2(command: number, family: number, body: readonly number[], length = body.length): Uint8Array {
  return Uint8Array.from([...SIGNATURE, command, family, length >> 8, length & 0xff, ...body])
}

const V4 = [203, 0, 113, 5, 10, 0, 0, 1, 0x12, 0x67, 0x1f, 0x91]
const V6 = [0x20, 0x01, 0x0d, 0xb8, ...new Array<number>(11).fill(0), 5, ...new Array<number>(16).fill(1), 0, 1, 0, 2]
const MAPPED = [
  ...new Array<number>(10).fill(0),
  0xff,
  0xff,
  203,
  0,
  113,
  5,
  ...new Array<number>(16).fill(1),
  0,
  1,
  0,
  2,
]
const EXTENSION = [0x04, 0x00, 0x03, 1, 2, 3]

const GOOD: readonly (readonly [name: string, bytes: Uint8Array, address: string | undefined])[] = [
  ['TCP4', version1('PROXY TCP4 203.0.113.5 10.0.0.1 4711 8081\r\n'), '203.0.113.5'],
  ['TCP6', version1('PROXY TCP6 2001:db8::5 2001:db8::1 0 65535\r\n'), '2001:db8::5'],
  ['TCP6 of an IPv4 client', version1('PROXY TCP6 ::ffff:203.0.113.5 ::1 1 2\r\n'), '203.0.113.5'],
  ['UNKNOWN', version1('PROXY UNKNOWN\r\n'), undefined],
  ['UNKNOWN with more', version1(`PROXY UNKNOWN ${'f'.repeat(80)} x\r\n`), undefined],
  ['v2 TCP4', version2(0x21, 0x11, V4), '203.0.113.5'],
  ['v2 TCP4 with extensions', version2(0x21, 0x11, [...V4, ...EXTENSION]), '203.0.113.5'],
  ['v2 TCP6', version2(0x21, 0x21, V6), '2001:db8::5'],
  ['v2 TCP6 of an IPv4 client', version2(0x21, 0x21, MAPPED), '203.0.113.5'],
  ['v2 unspecified', version2(0x21, 0x00, []), undefined],
  ['v2 unspecified with extensions', version2(0x21, 0x00, EXTENSION), undefined],
  ['v2 unix', version2(0x21, 0x31, new Array<number>(216).fill(0)), undefined],
  ['v2 LOCAL', version2(0x20, 0x00, []), undefined],
  ['v2 LOCAL with an address, which means nothing', version2(0x20, 0x11, V4), undefined],
  ['v2 LOCAL of a family that is none', version2(0x20, 0xff, [1, 2, 3]), undefined],
  [
    'v2 as long as allowed',
    version2(0x21, 0x11, [...V4, ...new Array<number>(V2_BODY_BYTES_MAX - 12).fill(0)]),
    '203.0.113.5',
  ],
]

const BEHIND = Uint8Array.of(0, 5, 0x50, 0x52, 0x4f, 0x58, 0x59)

t.test('a header in one piece, byte by byte, and cut at every place, with what follows it', async t => {
  for (const [name, header, address] of GOOD) {
    const bytes = Buffer.concat([header, BEHIND])
    t.same(new ProxyHeader().push(bytes), { kind: 'header', address, rest: BEHIND }, name)
    const alone = new ProxyHeader()
    for (const [at, byte] of header.entries()) {
      const result = alone.push(Uint8Array.of(byte))
      if (at < header.length - 1) t.equal(result.kind, 'more') || t.comment(`${name} at ${at}`)
      else t.same(result, { kind: 'header', address, rest: new Uint8Array(0) }, `${name}, byte by byte`)
    }
    for (let cut = 1; cut < header.length; cut += header.length > 300 ? 97 : 1) {
      const halves = new ProxyHeader()
      t.equal(halves.push(bytes.subarray(0, cut)).kind, 'more')
      t.same(halves.push(bytes.subarray(cut)), { kind: 'header', address, rest: BEHIND })
    }
  }
})

const MALFORMED: readonly (readonly [name: string, bytes: Uint8Array])[] = [
  ['Longwire itself', Uint8Array.of(0)],
  ['HTTP', version1('GET / HTTP/1.1\r\n')],
  ['TLS', Uint8Array.of(0x16, 3, 1)],
  ['another word', version1('PROXYTCP4 ')],
  ['small letters', version1('proxy TCP4 ')],
  ['UDP4', version1('PROXY UDP4 203.0.113.5 10.0.0.1 1 2\r\n')],
  ['no protocol', version1('PROXY \r\n')],
  ['an IPv6 address under TCP4', version1('PROXY TCP4 2001:db8::5 10.0.0.1 1 2\r\n')],
  ['an IPv4 address under TCP6', version1('PROXY TCP6 203.0.113.5 ::1 1 2\r\n')],
  ['a zone', version1('PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n')],
  ['a name', version1('PROXY TCP4 localhost 10.0.0.1 1 2\r\n')],
  ['a port too high', version1('PROXY TCP4 203.0.113.5 10.0.0.1 65536 2\r\n')],
  ['a port with a leading zero', version1('PROXY TCP4 203.0.113.5 10.0.0.1 01 2\r\n')],
  ['a port too few', version1('PROXY TCP4 203.0.113.5 10.0.0.1 1\r\n')],
  ['a word too many', version1('PROXY TCP4 203.0.113.5 10.0.0.1 1 2 3\r\n')],
  ['two spaces', version1('PROXY TCP4  203.0.113.5 10.0.0.1 1 2\r\n')],
  ['a tab', version1('PROXY TCP4\t203.0.113.5 10.0.0.1 1 2\r\n')],
  ['LF alone', version1('PROXY TCP4 203.0.113.5 10.0.0.1 1 2\n')],
  ['LF alone, behind what would do without its last letter', version1('PROXY TCP4 203.0.113.5 10.0.0.1 1 22\n')],
  ['no end', version1(`PROXY TCP4 ${'1'.repeat(200)}`)],
  ['an end after 108 bytes', version1(`PROXY UNKNOWN ${'f'.repeat(92)}\r\n`)],
  ['version 1 in binary', version2(0x11, 0x11, V4)],
  ['an unknown command', version2(0x22, 0x11, V4)],
  ['UDP', version2(0x21, 0x12, V4)],
  ['a family that is none', version2(0x21, 0x41, V4)],
  ['too short for IPv4', version2(0x21, 0x11, V4.slice(1))],
  ['too short for IPv6', version2(0x21, 0x21, V4)],
  ['too long', version2(0x21, 0x11, V4, V2_BODY_BYTES_MAX + 1)],
  ['as long as can be said', version2(0x21, 0x11, V4, 0xffff)],
]

t.test('whatever is not exactly a header is refused, in any cut, as soon as that is known', async t => {
  for (const [name, bytes] of MALFORMED) {
    t.equal(new ProxyHeader().push(bytes).kind, 'malformed', name)
    const header = new ProxyHeader()
    let result: ProxyHeaderResult = { kind: 'more' }
    for (let at = 0; at < bytes.length && result.kind === 'more'; at++) result = header.push(bytes.subarray(at, at + 1))
    t.equal(result.kind, 'malformed', `${name}, byte by byte`)
  }
})
