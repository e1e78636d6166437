/** A host with several addresses, of which some lead nowhere: the connection goes to one that answers, however slowly. */
import { createServer, type Server, Socket } from 'node:net'
import t from 'tap'
import { tcpTransport, wsTransport } from '../../../clients/typescript/index.js'
import { type Address, raceConnect } from '../../../clients/typescript/transports/tcp-race.js'
import { ManualClock } from '../../support/manual-clock.js'

const DEAD: Address = { address: '2001:db8::1', family: 6 }
const GOOD: Address = { address: '192.0.2.1', family: 4 }

class Rig {
  readonly clock = new ManualClock()
  readonly opened: string[] = []
  readonly told: string[] = []
  readonly sockets = new Map<string, Socket>()
  readonly race: { abandon(): void }

  constructor(addresses: readonly Address[]) {
    this.race = raceConnect(
      {
        host: 'chat.example',
        port: 1,
        clock: this.clock,
        resolve: (_host, done) => done(null, addresses),
        open: ({ address }) => {
          const socket = new Socket()
          this.opened.push(address)
          this.sockets.set(address, socket)
          return socket
        },
      },
      (error, socket) => {
        const [winner] = [...this.sockets].find(each => each[1] === socket) ?? []
        this.told.push(winner ?? error?.message ?? 'nothing')
      },
    )
  }

  connect(address: Address): void {
    this.sockets.get(address.address)?.emit('connect')
  }

  fail(address: Address, message: string): void {
    this.sockets.get(address.address)?.emit('error', new Error(message))
  }

  isDestroyed(address: Address): boolean {
    return this.sockets.get(address.address)?.destroyed ?? false
  }
}

t.test('an address that needs 700 ms is not given up for one that never answers, whichever is first', async t => {
  for (const addresses of [
    [DEAD, GOOD],
    [GOOD, DEAD],
  ]) {
    const rig = new Rig(addresses)
    t.same(rig.opened, [addresses[0]?.address])
    rig.clock.advance(250)
    t.same(
      rig.opened,
      addresses.map(each => each.address),
    )
    rig.clock.advance(700)
    t.notOk(rig.isDestroyed(GOOD), 'it is still under way')
    rig.connect(GOOD)
    t.same(rig.told, [GOOD.address])
    t.ok(rig.isDestroyed(DEAD))
    t.notOk(rig.isDestroyed(GOOD))
    t.equal(rig.clock.pending, 0)
  }
})

t.test('one that is refused makes way for the next at once; when all are, the first error is told', async t => {
  const rig = new Rig([DEAD, GOOD])
  rig.fail(DEAD, 'unreachable')
  t.same(rig.opened, [DEAD.address, GOOD.address])
  t.same(rig.told, [])
  rig.fail(GOOD, 'refused')
  t.same(rig.told, ['unreachable'])
  t.equal(rig.clock.pending, 0)
})

t.test('the families take turns', async t => {
  const six = [1, 2, 3].map(n => ({ address: `2001:db8::${n}`, family: 6 }))
  const rig = new Rig([...six, GOOD])
  rig.clock.advance(1_000)
  t.same(rig.opened, ['2001:db8::1', GOOD.address, '2001:db8::2', '2001:db8::3'])
})

t.test('who gives up hears nothing more', async t => {
  const rig = new Rig([DEAD, GOOD])
  rig.race.abandon()
  rig.clock.advance(10_000)
  rig.connect(DEAD)
  t.same([rig.told, rig.opened], [[], [DEAD.address]])
  t.ok(rig.isDestroyed(DEAD))
  t.equal(rig.clock.pending, 0)
})

t.test('TCP and WebSocket connect so: a name whose first address refuses, and a name that has none', async t => {
  const server = createServer(socket =>
    socket
      .on('error', () => {})
      .resume()
      .end('HTTP/1.1 200 OK\r\n\r\n'),
  )
  t.teardown(() => server.close())
  const port = await listening(server)
  const resolve = (_host: string, done: (error: null, addresses: readonly Address[]) => void): void =>
    done(null, [
      // An address of the loopback network, too, where nobody listens.
      { address: '127.0.0.9', family: 4 },
      { address: '127.0.0.1', family: 4 },
    ])
  for (const transport of [
    tcpTransport({ host: 'chat.example', port, resolve }),
    wsTransport({ url: `ws://chat.example:${port}/ws`, resolve }),
  ]) {
    const said = await new Promise<string>(resolved => {
      const connection = transport.connect({
        opened: () => resolved('opened'),
        received: () => {},
        closed: error => resolved(String(error?.message)),
      })
      t.teardown(() => connection.close())
    })
    t.match(said, transport.name === 'tcp' ? 'opened' : /Unexpected server response: 200/)
  }
  const nowhere = tcpTransport({ host: 'chat.example', port, resolve: (_host, done) => done(null, []) })
  const said = await new Promise(resolved => {
    nowhere.connect({ opened: () => {}, received: () => {}, closed: resolved })
  })
  t.match(said, { message: 'chat.example has no address' })
})

function listening(server: Server): Promise<number> {
  return new Promise(resolve => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : 0)
    })
  })
}
