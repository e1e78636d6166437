import fc from 'fast-check'
import t from 'tap'
import { type Contact, ContactState, createContact, decodeItem } from '../../protocol/generated/messages.js'
import type { Actor } from '../../src/store/types.js'
import { recordName } from '../../src/sync/record-kinds.js'
import {
  acceptContact,
  blockContact,
  cancelContact,
  contactValue,
  declineContact,
  forgetContact,
  removeContact,
  requestContact,
  tellNames,
  unblockContact,
} from '../../src/sync/rules/contact.js'
import { deviceWindow, EMPTY_WINDOW, NO_HASH } from '../../src/sync/rules/device-window.js'
import {
  type ContactRecord,
  contact,
  contactIndex,
  NOBODY,
  type Profile,
  profile,
  userActor,
} from '../../src/sync/rules/records.js'
import type { EffectKind, RecordKind, Tx } from '../../src/sync/types.js'

const UIDS = [257, 514] as const

/** Two users' records, and the effects between them on their way. */
class World {
  readonly #records = new Map<string, unknown>()
  readonly #ways: { kind: EffectKind<unknown>; input: unknown }[][] = [[], []]
  /** What is fanned out goes another way. */
  readonly #wide: { kind: EffectKind<unknown>; input: unknown }[][] = [[], []]
  readonly #seqs = [0, 0]
  #renames = 0
  /** What each was last shown of the other. */
  readonly shown: (Contact | undefined)[] = [undefined, undefined]

  constructor() {
    for (const uid of UIDS) {
      this.#records.set(`${userActor(uid)}/${recordName(deviceWindow, 1)}`, EMPTY_WINDOW)
      this.#records.set(`${userActor(uid)}/${profile.prefix}`, {
        account: `u${uid}`,
        nickname: '',
        deleted: false,
        names: 0,
      })
    }
  }

  contactOf(who: 0 | 1): ContactRecord | undefined {
    const other = UIDS[who === 0 ? 1 : 0]
    return this.#records.get(`${userActor(UIDS[who])}/${contact.prefix}/${other}`) as ContactRecord | undefined
  }

  nicknameOf(who: 0 | 1): string {
    return (this.#records.get(`${userActor(UIDS[who])}/${profile.prefix}`) as Profile).nickname
  }

  /** False if there was nothing to hear. */
  step(who: 0 | 1, what: string): boolean {
    const tx = this.#tx(who)
    if (what === 'leave') {
      forgetContact(tx, UIDS[who === 0 ? 1 : 0])
      return true
    }
    if (what === 'rename') return this.#rename(tx, UIDS[who === 0 ? 1 : 0])
    if (what === 'hear' || what === 'hear-names') {
      const heard = (what === 'hear' ? this.#ways : this.#wide)[who]?.shift()
      if (heard !== undefined) heard.kind.run(tx, heard.input, userActor(UIDS[who === 0 ? 1 : 0]))
      return heard !== undefined
    }
    const acts = {
      request: requestContact,
      accept: acceptContact,
      decline: declineContact,
      cancel: cancelContact,
      remove: removeContact,
      block: blockContact,
      unblock: unblockContact,
    }
    const known = this.contactOf(who)
    const request = what === 'cancel' ? (known?.own ?? 0) : (known?.theirs ?? 0)
    this.#seqs[who] = (this.#seqs[who] ?? 0) + 1
    const numbered = { device: 1, sendSeq: this.#seqs[who] ?? 0, hash: NO_HASH }
    const other = UIDS[who === 0 ? 1 : 0]
    acts[what as keyof typeof acts].run(tx, {
      ...numbered,
      uid: UIDS[who],
      other,
      request,
      limited: false,
      blind: false,
      greeting: '',
    })
    return true
  }

  #rename(tx: Tx, other: number): boolean {
    const known = tx.get(profile)
    if (known === undefined) return false
    this.#renames += 1
    tx.put(profile, { ...known, nickname: `name ${this.#renames % 3}`, names: this.#renames })
    if (tx.get(contactIndex)?.includes(other)) tellNames(tx, [other])
    return true
  }

  #tx(who: 0 | 1): Tx {
    const actor: Actor = userActor(UIDS[who])
    const records = this.#records
    const at = <T>(of: Actor, kind: RecordKind<T>, id?: string | number) =>
      records.get(`${of}/${recordName(kind, id)}`) as T | undefined
    const way = this.#ways[who === 0 ? 1 : 0]
    return {
      actor,
      nowMs: 0,
      ago: ms => -ms,
      epoch: 1,
      settings: { retentionMs: Number.POSITIVE_INFINITY },
      get: (kind, id) => at(actor, kind, id),
      peek: (kind, id) => at(actor, kind, id),
      glance: at,
      at() {
        throw new Error('no other actor has a part in it')
      },
      appendTo() {},
      appendAt: () => true,
      share() {},
      entry: () => undefined,
      newest: () => 0,
      chain: () => [],
      replace() {},
      fetch() {},
      fetchOf() {},
      put: (kind, value, id) => records.set(`${actor}/${recordName(kind, id)}`, value),
      remove: (kind, id) => records.delete(`${actor}/${recordName(kind, id)}`),
      append: bytes => {
        const { content } = decodeItem(bytes)
        if (content?.case === 'contact') this.shown[who] = content.value
      },
      trim() {},
      drop() {},
      effect: (kind, _target, input) => way?.push({ kind: kind as EffectKind<unknown>, input }),
      fanOut: (kind, _targets, input) =>
        this.#wide[who === 0 ? 1 : 0]?.push({ kind: kind as EffectKind<unknown>, input }),
      outboxHasSpace: () => true,
      route() {},
      event() {},
    }
  }
}

t.test('however the acts of two users cross, both come to the same end', async t => {
  // One world of two users; effects wait in one queue per direction until a step delivers them, in order.
  const step = fc.record({
    who: fc.constantFrom(0, 1),
    what: fc.constantFrom('request', 'accept', 'decline', 'cancel', 'remove', 'hear', 'hear', 'hear'),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), steps => {
      const world = new World()
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
function isUnseen(world: World, who: 0 | 1, what: string): boolean {
  const [shown, wasBlocked] = [world.shown[who], world.contactOf(who)?.blocked]
  world.step(who, what)
  if (wasBlocked === true && what === 'hear' && world.shown[who] !== shown) return false
  const { blocked = false, state = 0 } = world.contactOf(who) ?? {}
  return !blocked || state === ContactState.FRIEND || state === ContactState.UNSPECIFIED
}

t.test('a request that would wait again behind a block is taken back', async t => {
  const world = new World()
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
      const world = new World()
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
      const world = new World()
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
  const world = new World()
  for (const act of ['0 request', '1 hear', '1 accept', '0 hear', '0 rename', '0 leave', '1 hear', '1 hear-names']) {
    const [who, what = ''] = act.split(' ')
    t.ok(world.step(Number(who) as 0 | 1, what), act)
  }
  t.match(world.contactOf(1), { account: '', nickname: '' })
})
