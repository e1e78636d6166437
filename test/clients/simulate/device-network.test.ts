import t from 'tap'
import { DeviceNetwork } from '../../../clients/simulate/device-network.js'
import type { Transport, TransportHandlers } from '../../../clients/typescript/index.js'
import { seededRandom } from '../../../src/lib/random.js'
import { ManualClock } from '../../support/manual-clock.js'

class Wire implements Transport {
  readonly preamble = false
  handlers: TransportHandlers | undefined
  constructor(readonly name: string) {}
  connect(handlers: TransportHandlers) {
    this.handlers = handlers
    return { write: () => {}, close: () => {} }
  }
}

function setUp(names: readonly string[], seed: number) {
  const wires = names.map(name => new Wire(name))
  const network = new DeviceNetwork(wires, new ManualClock(), seededRandom(seed))
  const open = (): string[] => network.transports.filter(each => each.isOpen).map(each => each.name)
  return { wires, network, open }
}

const TELLS_NOBODY: TransportHandlers = { opened() {}, received() {}, closed() {} }

t.test('what is worse than the best that works, works too; every move is to another best', async t => {
  const bests = new Set<string>()
  for (let seed = 0; seed < 20; seed++) {
    const { network, open } = setUp(['tcp', 'ws', 'http'], seed)
    for (let moves = 0; moves < 10; moves++) {
      const before = open()
      t.ok(['tcp ws http', 'ws http', 'http'].includes(before.join(' ')))
      bests.add(before[0] ?? '')
      network.move('told')
      t.not(open()[0], before[0])
    }
  }
  t.equal(bests.size, 3)
})

t.test('a move cuts what is connected by a transport that works no more, and nothing else', async t => {
  const { wires, network, open } = setUp(['tcp', 'ws', 'http'], 1)
  for (let moves = 0; moves < 20; moves++) {
    const best = network.transports.find(each => each.isOpen)
    const told: string[] = []
    best?.connect({ ...TELLS_NOBODY, closed: error => told.push(String(error)) })
    wires.find(({ name }) => name === best?.name)?.handlers?.opened()
    const isCut = network.move('told')
    t.equal(isCut, !open().includes(best?.name ?? ''))
    t.equal(told.length, isCut ? 1 : 0)
    network.cut('told')
  }
})

t.test('one transport alone is never blocked', async t => {
  const { network, open } = setUp(['http'], 1)
  t.same(open(), ['http'])
  t.notOk(network.cut('told'), 'nothing is connected')
})
