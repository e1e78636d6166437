import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import t from 'tap'
import { type ZeroWindow, zeroWindows, zeroWindowsIn } from '../../src/ops/zero-windows.js'
import { eventually } from '../support/eventually.js'

const IPV4 = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   1: 0100007F:9C49 0502000A:B15E 01 00020C00:00000000 04:000000CE 00000000     0        3 565546 3 0 20 4 30 10 -1
   2: 0100007F:9C49 0602000A:B15E 01 00020C00:00000000 01:000000CE 00000000     0        3 565546 3 0 20 4 30 10 -1
12345: 0100007F:9C49 0702000A:0401 04 00020C00:00000000 04:000000CE 00000000     0        3 565546 3 0 20 4 30 10 -1
   4: 0100007F:9C49 0802000A:0404 01 00000000:00000000 02:00000404 04:00000000     0        3 565546 3 0 20 4 30 10 -1
`
const IPV6 = `   0: 00000000000000000000000001000000:1F91 B80D0120000000000000000007000000:C350 01 00000010:00000000 04:000000CE 00000000 0
   1: 0000000000000000FFFF00000100007F:1F91 0000000000000000FFFF00000502000A:C351 01 00000010:00000000 04:000000CE 00000000 0
`

t.test('connections that are there and whose window is closed, by address and ports', async t => {
  const found: ZeroWindow[] = []
  zeroWindowsIn(IPV4, found)
  zeroWindowsIn(IPV6, found)
  t.same(found, [
    { localPort: 0x9c49, remoteAddress: '10.0.2.5', remotePort: 0xb15e, bytes: 0x20c00 },
    { localPort: 0x1f91, remoteAddress: '2001:db8::7', remotePort: 0xc350, bytes: 16 },
    { localPort: 0x1f91, remoteAddress: '::ffff:10.0.2.5', remotePort: 0xc351, bytes: 16 },
  ])
})

t.test('this kernel says it of a peer that does not read, and no more when it does', async t => {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const accepted = once(server, 'connection')
  const client = connect(port, '127.0.0.1')
  client.pause()
  const [socket] = (await accepted) as [Socket]
  socket.write(new Uint8Array(1_000_000))
  const seen = async () => (await zeroWindows()).filter(({ localPort }) => localPort === port)
  await eventually(async () => (await seen()).length === 1)
  t.match((await seen())[0], { remoteAddress: '127.0.0.1', remotePort: client.localPort })
  client.resume()
  await eventually(async () => (await seen()).length === 0)
  client.destroy()
  socket.destroy()
  server.close()
})
