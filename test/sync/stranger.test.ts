/** Conversations without friendship: however the acts of both cross, under either policy of the store, and where it changes. */
import fc from 'fast-check'
import t from 'tap'
import { ContactState, Stranger } from '../../protocol/generated/messages.js'
import { contactValue } from '../../src/sync/rules/contact-records.js'
import { NOBODY } from '../../src/sync/rules/records.js'
import { ContactWorld, UIDS } from '../support/contact-world.js'

const ACTS = [
  ...['write', 'write', 'write', 'ack', 'ack', 'request', 'accept', 'accept', 'decline', 'cancel', 'remove'],
  ...['hear', 'hear', 'hear', 'hear', 'hear'],
]

function hearAll(world: ContactWorld): void {
  while (world.step(0, 'hear') || world.step(1, 'hear')) {}
}

interface Seen {
  arrived: number
  marks: number
  open: number
  friends: number
}

/** Checks that both sides agree in the end, that they are shown it, and that no mark was told of a request that was not answered. */
function holds(acts: readonly string[], seen: Seen, isOpen: boolean): void {
  const step = fc.record({ who: fc.constantFrom(0, 1), what: fc.constantFrom(...acts) })
  const property = fc.property(fc.array(step, { maxLength: 60, size: 'max' }), steps => {
    const world = new ContactWorld(isOpen)
    for (const { who, what } of steps) world.step(who as 0 | 1, what)
    hearAll(world)
    const [a, b] = [world.contactOf(0) ?? NOBODY, world.contactOf(1) ?? NOBODY]
    const friends = [a, b].filter(({ state }) => state === ContactState.FRIEND).length
    seen.arrived += world.arrived
    seen.marks += world.marks
    seen.open += a.wrote > 0 && b.wrote > 0 ? 1 : 0
    seen.friends += friends === 2 ? 1 : 0
    const isShown = [a, b].every((record, who) => {
      const { state, stranger, request } = contactValue(UIDS[1 - who] ?? 0, record)
      const shown = world.shown[who]
      const isSame = shown?.state === state && shown.stranger === stranger && shown.request === request
      return record.blocked || isSame || (shown === undefined && state === 0 && stranger === Stranger.UNSPECIFIED)
    })
    return world.leaks === 0 && friends !== 1 && a.wrote === b.met && b.wrote === a.met && isShown
  })
  fc.assert(property, { numRuns: 1_000 })
}

for (const [name, more] of [
  ['without blocks', []],
  ['with blocks', ['block', 'unblock']],
  ['while the policy changes', ['block', 'unblock', 'policy']],
] as const) {
  t.test(`where strangers may write, ${name}`, async t => {
    const seen = { arrived: 0, marks: 0, open: 0, friends: 0 }
    holds([...ACTS, ...more], seen, true)
    for (const [what, count] of Object.entries(seen)) t.ok(count > 20, `${what}: ${count}`)
  })
}

t.test('where friends alone may write, no such conversation begins', async t => {
  const seen = { arrived: 0, marks: 0, open: 0, friends: 0 }
  holds([...ACTS, 'block', 'unblock'], seen, false)
  t.equal(seen.open, 0)
  t.ok(seen.arrived > 50, `${seen.arrived} messages of friends`)
})

function play(world: ContactWorld, ...acts: readonly string[]): void {
  for (const act of acts) {
    const [who, what = ''] = act.split(' ')
    world.step(Number(who) as 0 | 1, what)
    hearAll(world)
  }
}

t.test(
  'who accepts a stranger is a friend in one step; who declines is not written to again, until they write',
  async t => {
    const accepted = new ContactWorld(true)
    play(accepted, '0 write')
    t.match(accepted.shown[0], { state: 0, stranger: Stranger.WAITS })
    t.match(accepted.shown[1], { state: 0, stranger: Stranger.ASKS, account: 'u257' })
    play(accepted, '1 accept')
    for (const shown of accepted.shown) t.match(shown, { state: ContactState.FRIEND, stranger: Stranger.UNSPECIFIED })

    const declined = new ContactWorld(true)
    play(declined, '0 write', '1 decline', '0 write')
    t.equal(declined.arrived, 1)
    for (const shown of declined.shown) t.match(shown, { state: 0, stranger: Stranger.UNSPECIFIED })
    play(declined, '1 write', '0 write')
    t.equal(declined.arrived, 3)
    for (const shown of declined.shown) t.match(shown, { stranger: Stranger.OPEN })
  },
)

t.test('an answer tells the stranger what was read until then', async t => {
  const world = new ContactWorld(true)
  play(world, '0 write', '1 ack')
  t.equal(world.marks, 0)
  play(world, '1 write')
  t.equal(world.marks, 1)
})
