/** Bad input over TCP. */

import t from 'tap'
import { badInput, type Wire } from '../support/bad-input.js'
import { eventually } from '../support/eventually.js'
import { RawClient, rawHello } from '../support/raw-client.js'

const wire: Wire = {
  leadingZero: true,
  connect: ({ port }) => RawClient.connect(port),
  open: ({ port }, init) => RawClient.open(port, init),
}

badInput(wire, ({ clock, server, open, closedBy }) => {
  t.test('TLS, and what is nothing that is known', async t => {
    t.equal(await closedBy(Uint8Array.of(0x16, 3, 1, 2, 0)), 'PROTOCOL_ERROR')
    t.equal(await closedBy(new TextEncoder().encode('get / HTTP/1.1\r\nHost: x\r\n\r\n')), 'PROTOCOL_ERROR')
  })

  t.test('half a frame, and the end', async t => {
    const client = await open()
    client.send(Uint8Array.of(0x20, 0x08, 0x01))
    client.hangUp()
    t.equal(await client.end(), 'nothing')
  })

  t.test('slow-loris: a Hello that comes a byte at a time and never ends, and one that never begins', async t => {
    const silent = await RawClient.connect(server().port)
    const dribbling = await RawClient.connect(server().port)
    const bytes = Uint8Array.of(0, ...rawHello(1, { token: new Uint8Array(100), attempt: 1 }))
    for (let i = 0; i < 20; i++) {
      dribbling.send(bytes.subarray(i, i + 1))
      await eventually(() => dribbling.socket.bytesWritten === i + 1 && dribbling.socket.writableLength === 0)
      clock.jump(400)
    }
    t.equal(silent.ended || dribbling.ended, false)
    clock.jump(4_000)
    t.equal(await dribbling.end(), 'HELLO_TIMEOUT')
    t.equal(await silent.end(), 'HELLO_TIMEOUT')
  })
})
