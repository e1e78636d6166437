/** The memory of a page is used again when the kernel has all of it, and not before. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { pageMemory } from '../../src/lib/page-memory.js'
import { SocketPipe } from '../../src/long/socket-pipe.js'
import { eventually } from '../support/eventually.js'

const PAGE = 262_144

/** A pipe, and the socket of its peer, which reads nothing yet. */
async function pipeTo(t: Test) {
  const server = createServer({ pauseOnConnect: true })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const accepted = once(server, 'connection')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const [[peer]] = (await Promise.all([accepted, once(socket, 'connect')])) as [[Socket], unknown]
  for (const each of [peer, socket]) each.on('error', () => {})
  t.teardown(() => {
    peer.destroy()
    socket.destroy()
    server.close()
  })
  return { pipe: new SocketPipe(socket), socket, peer }
}

/** Writes pages until the kernel does not take all of one. @returns that one */
function fill(pipe: SocketPipe): Uint8Array<ArrayBuffer> {
  for (;;) {
    const page = new Uint8Array(PAGE)
    pageMemory.lend(page)
    pipe.write(page)
    if (pipe.queuedBytes > 0) return page
  }
}

t.beforeEach(() => {
  pageMemory.take(1_000)
})

t.test('a page that the kernel takes at once is given back at once', async t => {
  const { pipe } = await pipeTo(t)
  const page = new Uint8Array(20_000)
  pageMemory.lend(page)
  pipe.write(page)
  t.equal(pipe.queuedBytes, 0)
  t.same(pageMemory.take(9), [page.buffer])
})

t.test('one that waits is given back when the peer has read', async t => {
  const { pipe, peer } = await pipeTo(t)
  const page = fill(pipe)
  t.notOk(pageMemory.take(1_000).includes(page.buffer))
  peer.resume()
  await eventually(() => pageMemory.take(1_000).includes(page.buffer))
})

t.test('one whose socket is destroyed never is: who knows what still reads it', async t => {
  const { pipe, socket } = await pipeTo(t)
  const page = fill(pipe)
  pageMemory.take(1_000)
  pipe.destroy()
  await once(socket, 'close')
  t.same(pageMemory.take(1_000), [])
  t.equal(page.length, PAGE)
})
