import fc from 'fast-check'
import t from 'tap'
import { ContactState, createContact } from '../../protocol/generated/messages.js'
import { contactValue } from '../../src/sync/rules/contact-records.js'
import { type ContactRecord, NOBODY } from '../../src/sync/rules/records.js'
import { ContactWorld } from '../support/contact-world.js'

t.test('however the acts of two users cross, both come to the same end', async t => {
  // One world of two users; effects wait in one queue per direction until a step delivers them, in order.
  const step = fc.record({
    who: fc.constantFrom(0, 1),
    what: fc.constantFrom('request', 'accept', 'decline', 'cancel', 'remove', 'hear', 'hear', 'hear'),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), steps => {
      const world = new ContactWorld()
      for (const { who, what } of steps) world.step(who as 0 | 1, what)
      while (world.step(0, 'hear') || world.step(1, 'hear')) {}
      const [a, b] = [world.contactOf(0), world.contactOf(1)]
      const opposite: Record<number, number> = {
        [ContactState.UNSPECIFIED]: ContactState.UNSPECIFIED,
        [ContactState.REQUESTED]: ContactState.INVITED,
        [ContactState.INVITED]: ContactState.REQUESTED,
        [ContactState.FRIEND]: ContactState.FRIEND,
      }
      return (b?.state ?? 0) === opposite[a?.state ?? 0]
    }),
    { numRuns: 3_000 },
  )
  t.pass('symmetric in 3 000 histories')
})

/** Takes the step. @returns false if one who blocks was shown something by it, or is more than a friend or nothing to the other */
function isUnseen(world: ContactWorld, who: 0 | 1, what: string): boolean {
  const [shown, wasBlocked] = [world.shown[who], world.contactOf(who)?.blocked]
  world.step(who, what)
  if (wasBlocked === true && what === 'hear' && world.shown[who] !== shown) return false
  const { blocked = false, state = 0 } = world.contactOf(who) ?? {}
  return !blocked || state === ContactState.FRIEND || state === ContactState.UNSPECIFIED
}

t.test('a request that would wait again behind a block is taken back', async t => {
  const world = new ContactWorld()
  const acts = [
    '0 request',
    '1 request',
    '0 hear',
    '1 cancel',
    '0 block',
    '0 hear',
    '1 hear',
    '1 hear',
    '1 hear',
    '1 hear',
  ]
  for (const act of acts) {
    const [who, what = ''] = act.split(' ')
    t.ok(isUnseen(world, Number(who) as 0 | 1, what), act)
  }
  t.same([world.contactOf(0)?.state, world.contactOf(1)?.state], [ContactState.UNSPECIFIED, ContactState.UNSPECIFIED])
})

t.test('with blocking they come to the same end, but that a request may wait unseen', async t => {
  const step = fc.record({
    who: fc.constantFrom(0, 1),
    what: fc.constantFrom(
      ...['request', 'accept', 'decline', 'cancel', 'remove', 'block', 'unblock'],
      ...['hear', 'hear', 'hear'],
    ),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), steps => {
      const world = new ContactWorld()
      if (!steps.every(({ who, what }) => isUnseen(world, who as 0 | 1, what))) return false
      const hearAll = () => {
        while (world.step(0, 'hear') || world.step(1, 'hear')) {}
      }
      hearAll()
      const sides = [world.contactOf(0), world.contactOf(1)]
      const friends = sides.filter(side => side?.state === ContactState.FRIEND).length
      if (friends === 1) return false
      for (const who of [0, 1] as const) if (world.contactOf(who)?.blocked) world.step(who, 'unblock')
      hearAll()
      for (const who of [0, 1] as const) {
        if ((world.contactOf(who)?.state ?? 0) !== (world.shown[who]?.state ?? 0)) return false
      }
      const agree = (a: ContactRecord | undefined, b: ContactRecord | undefined): boolean => {
        if (a?.state === ContactState.FRIEND) return b?.state === ContactState.FRIEND
        if (a?.state === ContactState.INVITED) return b?.state === ContactState.REQUESTED && b.own === a.theirs
        return (a?.blocked ?? false) === (b?.blockedBy ?? false)
      }
      return agree(sides[0], sides[1]) && agree(sides[1], sides[0])
    }),
    { numRuns: 3_000 },
  )
  t.pass('nothing is shown of one who is blocked, and Unblock shows what is so, in 3 000 histories')
})

t.test('a user sees of the record what its item has, and nothing else', async t => {
  t.same(Object.keys(contactValue(257, NOBODY)).sort(), Object.keys(createContact()).sort())
})

t.test('whatever overtakes what, in the end contacts show each other under the newest nickname', async t => {
  const step = fc.record({
    who: fc.constantFrom(0, 1),
    what: fc.constantFrom(
      ...['request', 'accept', 'decline', 'cancel', 'remove', 'block', 'unblock'],
      ...['rename', 'rename', 'hear', 'hear', 'hear', 'hear-names'],
    ),
  })
  let agreed = 0
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.boolean(), (steps, areNamesFirst) => {
      const world = new ContactWorld()
      for (const { who, what } of steps) world.step(who as 0 | 1, what)
      const ways = areNamesFirst ? ['hear-names', 'hear'] : ['hear', 'hear-names']
      for (let isMore = true; isMore; ) {
        isMore = false
        for (const what of ways) while (world.step(0, what) || world.step(1, what)) isMore = true
      }
      const sides = [world.contactOf(0), world.contactOf(1)]
      if (sides.some(side => (side?.state ?? 0) === ContactState.UNSPECIFIED || side?.blocked === true)) return true
      agreed += 1
      return ([0, 1] as const).every(who => {
        const nickname = world.nicknameOf(who === 0 ? 1 : 0)
        return world.contactOf(who)?.nickname === nickname && world.shown[who]?.nickname === nickname
      })
    }),
    { numRuns: 5_000 },
  )
  t.ok(agreed > 500, `in ${agreed} histories`)
})

t.test('a nickname that the end of its account overtakes does not come back', async t => {
  const world = new ContactWorld()
  for (const act of ['0 request', '1 hear', '1 accept', '0 hear', '0 rename', '0 leave', '1 hear', '1 hear-names']) {
    const [who, what = ''] = act.split(' ')
    t.ok(world.step(Number(who) as 0 | 1, what), act)
  }
  t.match(world.contactOf(1), { account: '', nickname: '' })
})
