import t from 'tap'
import { CODES, type Code } from '../../protocol/codes.js'
import { Hub, type Member } from '../../src/connection/hub.js'
import type { WaitingPoll } from '../../src/connection/waiting-polls.js'
import type { AppendedEvent, EndedEvent } from '../../src/sync/events.js'
import { appended, ended } from '../support/events.js'

class FakeMember implements Member {
  readonly told: number[] = []
  readonly closed: [code: Code, boundAttempt: number][] = []
  constructor(
    readonly uid: number,
    readonly device: number,
    readonly attempt: number,
  ) {}
  appended({ version }: AppendedEvent): void {
    this.told.push(version)
  }
  offer(): boolean {
    return false
  }
  close(code: Code, _message?: string, boundAttempt = 0): void {
    this.closed.push([code, boundAttempt])
  }
}

class FakePoll implements WaitingPoll {
  readonly transport = 'poll'
  readonly state = 'waiting'
  readonly device = 1
  readonly attempt = 0
  constructor(
    readonly hub: Hub,
    readonly uid: number,
  ) {}
  appended(): void {}
  release(): void {
    this.hub.polls.leave(this)
  }
  end(): void {
    this.hub.polls.leave(this)
  }
}

const ITEM = { from: 4, version: 5, bytes: Uint8Array.of(0x12, 0) }

t.test('items are told to every device of the user and nobody else', async t => {
  const hub = new Hub()
  const members = [new FakeMember(1, 1, 1), new FakeMember(1, 2, 1), new FakeMember(1, 3, 1), new FakeMember(2, 1, 1)]
  for (const member of members) t.equal(hub.bind(member), 0)
  t.same([hub.users, hub.bound], [2, 4])
  t.same([hub.devices(1), hub.devices(2), hub.devices(3)], [[1, 2, 3], [1], []])
  hub.take(appended(1, ITEM))
  hub.take(appended(3, ITEM))
  t.same(
    members.map(({ told }) => told),
    [[5], [5], [5], []],
  )
  for (const member of members) {
    hub.unbind(member)
    hub.unbind(member)
  }
  t.same([hub.users, hub.bound], [0, 0])
  hub.take(appended(1, ITEM))
  t.same(members[0]?.told, [5])
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
  hub.take(appended(1, ITEM))
  t.same([first.told, higher.told, hub.bound], [[], [5], 2])
})

t.test('a push is encoded once for a user at one version', async t => {
  const hub = new Hub()
  const items = [{ version: 5, bytes: Uint8Array.of(0x12, 0) }]
  const frame = hub.encode(1, 4, 5, items)
  t.equal(hub.encode(1, 4, 5, items), frame)
  t.not(hub.encode(1, 3, 5, items), frame)
  t.not(hub.encode(2, 3, 5, items), hub.encode(1, 3, 5, items))
})

t.test('what is ended names attempts: it closes what is not newer, however late it comes', async t => {
  const closedBy = (event: EndedEvent, attempt: number): number => {
    const hub = new Hub()
    const member = new FakeMember(1, 1, attempt)
    hub.bind(member)
    hub.bind(new FakeMember(1, 2, 1))
    hub.take(event)
    return member.closed[0]?.[0] ?? 0
  }
  t.equal(closedBy(ended(1, 1, 'session', 5), 5), CODES.SESSION_REVOKED.code)
  t.equal(closedBy(ended(1, 1, 'session', 5), 6), 0, 'the device has a new session')
  t.equal(closedBy(ended(1, 1, 'attempt', 5), 4), CODES.REPLACED.code)
  t.equal(closedBy(ended(1, 1, 'attempt', 5), 5), 0)
  t.equal(closedBy(ended(1, 1, 'token', 5, 4), 5), CODES.SESSION_REVOKED.code)
  t.equal(closedBy(ended(1, 1, 'token', 5, 5), 5), 0, 'the one that asked for the new token')
  t.equal(closedBy(ended(1, 1, 'token', 5), 6), 0, 'it came with the new token')
  t.equal(closedBy(ended(1, 3, 'session', 5), 5), 0)
})

t.test('who wants to know hears of the first connection or poll of a user, and when the last one has gone', async t => {
  const hub = new Hub()
  const heard: string[] = []
  hub.presences = {
    came: uid => heard.push(`came ${uid}`),
    left: uid => heard.push(`left ${uid}`),
    gone: ({ device, attempt }) => heard.push(`gone ${device}.${attempt}`),
  }
  const told = (): string[] => heard.splice(0)
  const [phone, again, tablet] = [new FakeMember(1, 1, 1), new FakeMember(1, 1, 2), new FakeMember(1, 2, 1)]
  hub.bind(phone)
  hub.bind(tablet)
  t.same(told(), ['came 1'])
  hub.bind(again)
  t.same(told(), ['gone 1.1'])
  hub.unbind(again)
  hub.unbind(again)
  t.same(told(), ['gone 1.2'])
  hub.enterPoll(new FakePoll(hub, 1))
  hub.unbind(tablet)
  t.same(told(), ['gone 2.1'])
  for (const poll of hub.polls.all()) poll.release()
  t.same(told(), ['left 1'])
  hub.enterPoll(new FakePoll(hub, 2))
  hub.enterPoll(new FakePoll(hub, 2))
  t.same(told(), ['came 2', 'left 2', 'came 2'], 'the later one takes the place of the first')
})
