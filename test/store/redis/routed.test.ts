/** What is sent again when a server refused it, with primaries that answer as the test says. */

import t from 'tap'
import { systemClock } from '../../../src/lib/clock.js'
import { type Command, LostError, type Reply } from '../../../src/store/redis/link.js'
import { Script } from '../../../src/store/redis/script.js'
import { type Primary, routed, type Topology } from '../../../src/store/redis/topology.js'

const OK: Reply = { value: 'OK' }
const MOVED: Reply = { refusal: new Error('MOVED 1 b:1') }
const NOSCRIPT: Reply = { refusal: new Error('NOSCRIPT No matching script') }

/** One primary after the other gives these replies; `asked` is what each was asked. */
function answering(...replies: readonly (readonly Reply[])[]): {
  readonly topology: Topology
  readonly asked: string[]
} {
  const asked: string[] = []
  const ask = async (commands: readonly Command[]): Promise<readonly Reply[]> => {
    asked.push(commands.map(([name, ...args]) => (name === 'X' ? args.join() : name)).join(' '))
    return replies[asked.length - 1] ?? []
  }
  const primary = { writes: { ask } } as unknown as Primary
  const topology: Topology = {
    clock: systemClock,
    slotOf: () => undefined,
    primaries: [primary],
    primaryOf: () => primary,
    redirected: (_, { message }) => (message.startsWith('MOVED') ? { primary, asking: false } : undefined),
    refresh: async () => {},
    close: async () => {},
  }
  return { topology, asked }
}

const ONE_TWO: readonly Command[] = [
  ['X', 1],
  ['X', 2],
]

t.test('a slot that moved before all of it: all is asked at the new primary', async t => {
  const { topology, asked } = answering([MOVED, MOVED], [OK, OK])
  t.same(await routed(topology, 0, 'writes', ONE_TWO), [OK, OK])
  t.same(asked, ['1 2', '1 2'])
})

t.test('a slot that moved in the midst: what was carried out is not asked again', async t => {
  const { topology, asked } = answering([OK, MOVED], [OK])
  t.same(await routed(topology, 0, 'writes', ONE_TWO), [OK, OK])
  t.same(asked, ['1 2', '2'])
})

t.test('refused before something that was carried out: the outcome is not known', async t => {
  const { topology, asked } = answering([MOVED, OK])
  await t.rejects(routed(topology, 0, 'writes', ONE_TWO), LostError)
  t.same(asked, ['1 2'])
})

t.test('a script that a server does not have is given whole, once, and only for what was not carried out', async t => {
  const calls: readonly Command[] = [
    ['SCRIPT', 0],
    ['SCRIPT', 0],
    ['SCRIPT', 0],
  ]
  const { topology, asked } = answering([OK, NOSCRIPT, NOSCRIPT], [OK, OK])
  t.same(await new Script('return 1').ask(topology, 0, 'writes', calls), [OK, OK, OK])
  t.same(asked, ['EVALSHA EVALSHA EVALSHA', 'EVAL EVALSHA'])
  const mixed = answering([NOSCRIPT, OK, OK])
  await t.rejects(new Script('return 1').ask(mixed.topology, 0, 'writes', calls), LostError)
  const never = answering([NOSCRIPT], [NOSCRIPT])
  t.same(await new Script('return 1').ask(never.topology, 0, 'writes', [['SCRIPT', 0]]), [NOSCRIPT])
})
