import t from 'tap'
import { CODES, type Code } from '../../protocol/codes.js'
import type { Hint } from '../../src/connection/feed.js'
import { Hub, type Member } from '../../src/connection/hub.js'

class FakeMember implements Member {
  readonly hints: number[] = []
  readonly closed: [code: Code, boundAttempt: number][] = []
  constructor(
    readonly uid: number,
    readonly device: number,
    readonly attempt: number,
  ) {}
  hint(hint: Hint): void {
    this.hints.push(hint.version)
  }
  close(code: Code, _message?: string, boundAttempt = 0): void {
    this.closed.push([code, boundAttempt])
  }
}

const HINT: Hint = { uid: 1, from: 4, version: 5, bytes: Uint8Array.of(0x12, 0) }

t.test('hints reach every device of the user and nobody else', async t => {
  const hub = new Hub()
  const members = [new FakeMember(1, 1, 1), new FakeMember(1, 2, 1), new FakeMember(1, 3, 1), new FakeMember(2, 1, 1)]
  for (const member of members) t.equal(hub.bind(member), 0)
  t.same([hub.users, hub.bound], [2, 4])
  t.same([hub.devices(1), hub.devices(2), hub.devices(3)], [[1, 2, 3], [1], []])
  hub.hint(HINT)
  hub.hint({ ...HINT, uid: 3 })
  t.same(
    members.map(({ hints }) => hints),
    [[5], [5], [5], []],
  )
  for (const member of members) {
    hub.unbind(member)
    hub.unbind(member)
  }
  t.same([hub.users, hub.bound], [0, 0])
  hub.hint(HINT)
  t.same(members[0]?.hints, [5])
})

t.test('of two connections of a device the higher attempt stays, the same one again replaces', async t => {
  const hub = new Hub()
  const first = new FakeMember(1, 1, 5)
  hub.bind(first)
  hub.bind(new FakeMember(1, 2, 1))
  const lower = new FakeMember(1, 1, 4)
  t.equal(hub.bind(lower), 5)
  t.same(first.closed, [])
  const higher = new FakeMember(1, 1, 6)
  t.equal(hub.bind(higher), 0)
  t.same(first.closed, [[CODES.REPLACED.code, 6]])
  hub.unbind(first) // its socket closes later
  hub.hint(HINT)
  t.same([first.hints, higher.hints, hub.bound], [[], [5], 2])
})

t.test('a push is encoded once for a user at one version', async t => {
  const hub = new Hub()
  const items = [{ version: 5, bytes: Uint8Array.of(0x12, 0) }]
  const frame = hub.encode(1, 4, 5, items)
  t.equal(hub.encode(1, 4, 5, items), frame)
  t.not(hub.encode(1, 3, 5, items), frame)
  t.not(hub.encode(2, 3, 5, items), hub.encode(1, 3, 5, items))
})
