import t from 'tap'
import { AddressList, isAddressOrNetwork } from '../../src/lib/network.js'
import { clientAddress } from '../../src/short/client-address.js'

const TRUSTED = new AddressList(['10.0.0.0/8', '192.0.2.7', '2001:db8:aa::/48'])

t.test('a list holds addresses and networks of both kinds', async t => {
  for (const address of ['10.1.2.3', '::ffff:10.1.2.3', '192.0.2.7', '2001:db8:aa:1::5'])
    t.ok(TRUSTED.has(address), address)
  for (const address of ['11.0.0.1', '192.0.2.8', '2001:db8:ab::1', '', 'unknown', '10.0.0.1.evil.example'])
    t.notOk(TRUSTED.has(address), address)
  t.ok(new AddressList([]).empty)
  t.notOk(new AddressList([]).has('10.0.0.1'))
  for (const entry of ['1.2.3.4', '1.2.3.4/0', '1.2.3.4/32', '::1', '::/0', 'fe80::/128'])
    t.ok(isAddressOrNetwork(entry), entry)
  const wrong = [
    '',
    'localhost',
    '1.2.3',
    '1.2.3.4/33',
    '1.2.3.4/',
    '1.2.3.4/-1',
    '1.2.3.4/8/8',
    '::/129',
    'fe80::1%eth0',
    '1.2.3.4/1e1',
  ]
  for (const entry of wrong) {
    t.notOk(isAddressOrNetwork(entry), entry)
    t.throws(() => new AddressList([entry]), RangeError)
  }
})

t.test('the rightmost address that is no trusted proxy is the client', async t => {
  const of = (peer: string, header: string | undefined) => clientAddress(peer, header, TRUSTED)
  t.equal(of('198.51.100.9', '203.0.113.5'), '198.51.100.9', 'who is not trusted may claim nothing')
  t.equal(of('10.0.0.1', undefined), '10.0.0.1')
  t.equal(of('10.0.0.1', '203.0.113.5'), '203.0.113.5')
  t.equal(of('10.0.0.1', '203.0.113.5, 10.0.0.2'), '203.0.113.5', 'through two proxies')
  t.equal(of('10.0.0.1', '1.1.1.1, 203.0.113.5'), '203.0.113.5', 'what the client wrote himself stands on the left')
  t.equal(of('10.0.0.1', '10.9.9.9, 203.0.113.5, 10.0.0.2'), '203.0.113.5', 'also when he claims to be a proxy')
  t.equal(of('10.0.0.1', '10.0.0.3, 10.0.0.2'), '10.0.0.3', 'all of them proxies: the farthest')
  t.equal(of('10.0.0.1', '203.0.113.5:4711'), '203.0.113.5')
  t.equal(of('10.0.0.1', '[2001:db8::5]:4711'), '2001:db8::5')
  t.equal(of('10.0.0.1', ' 2001:db8::5 '), '2001:db8::5')
  t.equal(of('10.0.0.1', '::ffff:203.0.113.5'), '203.0.113.5')
  t.equal(of('2001:db8:aa::1', '203.0.113.5'), '203.0.113.5')
  for (const nonsense of [
    '',
    'unknown',
    '203.0.113.5, nonsense',
    '203.0.113.5,',
    'a'.repeat(8_000),
    'fe80::1%x',
    '999.1.1.1',
  ])
    t.equal(of('10.0.0.1', nonsense), '10.0.0.1', 'nonsense stops it')
  t.equal(of('10.0.0.1', 'nonsense, 10.0.0.2'), '10.0.0.2', 'at the proxy that handed it on')
})
