import t from 'tap'
import { AddressList, networkOf, plainAddress } from '../../src/lib/network.js'
import { ConnectionGate } from '../../src/ops/gate.js'

t.test('refuses above the limit of an address, and above the total', async t => {
  const gate = new ConnectionGate({ totalMax: 3, perAddressMax: 2 })
  t.equal(gate.admit('192.0.2.1'), 'admitted')
  t.equal(gate.admit('192.0.2.1'), 'admitted')
  t.equal(gate.admit('192.0.2.1'), 'address')
  t.equal(gate.admit('192.0.2.2'), 'admitted')
  t.equal(gate.admit('192.0.2.3'), 'total')
  t.same([gate.total, gate.addresses], [3, 2])
  gate.release('192.0.2.1')
  t.equal(gate.admit('192.0.2.1'), 'admitted')
  for (const address of ['192.0.2.1', '192.0.2.1', '192.0.2.2']) gate.release(address)
  t.same([gate.total, gate.addresses], [0, 0], 'nothing is kept')
})

t.test('proxies bring many people: they count in the total only', async t => {
  const gate = new ConnectionGate({ totalMax: 4, perAddressMax: 1, exempt: new AddressList(['10.0.0.0/8']) })
  for (let i = 0; i < 3; i++) t.equal(gate.admit('10.0.0.1'), 'admitted')
  t.equal(gate.admit('192.0.2.1'), 'admitted')
  t.equal(gate.admit('10.0.0.1'), 'total')
  gate.release('10.0.0.1')
  t.equal(gate.admit('192.0.2.1'), 'address')
  for (const address of ['10.0.0.1', '10.0.0.1', '192.0.2.1']) gate.release(address)
  t.same([gate.total, gate.addresses], [0, 0])
})

t.test('without a limit per address none is remembered', async t => {
  const gate = new ConnectionGate({ totalMax: 10, perAddressMax: Number.POSITIVE_INFINITY })
  for (let i = 0; i < 10; i++) t.equal(gate.admit('127.0.0.1'), 'admitted')
  t.equal(gate.addresses, 0)
  gate.release('127.0.0.1')
  t.equal(gate.total, 9)
})

t.test('an IPv6 host counts by its /64, an IPv4 address by itself in either form', async t => {
  for (const [address, network] of [
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::9', '2001:db8:1:2::/64'],
    ['2001:db8:0:0:1::', '2001:db8:0:0::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['64:ff9b::192.0.2.1', '64:ff9b:0:0::/64'],
    ['1::3:4:5:6:192.0.2.1', '1:0:3:4::/64'],
  ] as const) {
    t.equal(networkOf(address), network, address)
  }
  t.equal(plainAddress('::ffff:10.0.0.1'), '10.0.0.1')
  t.equal(plainAddress('2001:db8::1'), '2001:db8::1')
})

t.test(
  'connections without a session are closed for new ones: the oldest of a full address, and when all is full one of who has most',
  async t => {
    const gate = new ConnectionGate({ totalMax: 5, perAddressMax: 3, exempt: new AddressList(['10.0.0.1']) })
    const gone: string[] = []
    const come = (address: string, name: string) => {
      const admission = gate.admit(address)
      const connection = { destroy: () => gone.push(name) }
      if (admission === 'admitted') gate.addUnauthenticated(address, connection)
      return { admission, connection }
    }
    const first = come('192.0.2.1', 'a1')
    for (const name of ['a2', 'a3', 'a4']) t.equal(come('192.0.2.1', name).admission, 'admitted')
    t.same(gone, ['a1'])
    gate.removeUnauthenticated('192.0.2.1', first.connection) // its socket closes later
    gate.release('192.0.2.1')
    t.equal(gate.total, 3)
    come('192.0.2.2', 'b1')
    come('192.0.2.3', 'c1')
    t.equal(come('192.0.2.4', 'd1').admission, 'admitted')
    t.same(gone, ['a1', 'a2'])
    gate.release('192.0.2.1')
    t.equal(gate.hits.evicted, 2)

    const proxies = new ConnectionGate({ totalMax: 1, perAddressMax: 1, exempt: new AddressList(['10.0.0.1']) })
    t.equal(proxies.admit('10.0.0.1'), 'admitted')
    proxies.addUnauthenticated('10.0.0.1', { destroy: () => t.fail("a proxy's connection is many people's") })
    t.equal(proxies.admit('192.0.2.1'), 'total')
  },
)

t.test("a connection that its own address refuses takes nobody's place on a full server", async t => {
  const gate = new ConnectionGate({ totalMax: 3, perAddressMax: 2 })
  // Two with sessions from one address, and one without from another: the server is full.
  for (const address of ['192.0.2.1', '192.0.2.1', '192.0.2.2']) t.equal(gate.admit(address), 'admitted')
  let isGone = false
  gate.addUnauthenticated('192.0.2.2', { destroy: () => (isGone = true) })
  t.equal(gate.admit('192.0.2.1'), 'address')
  t.equal(isGone, false)
  t.equal(gate.admit('192.0.2.3'), 'admitted')
  t.equal(isGone, true)
})
