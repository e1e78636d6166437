/** What people do with their phones, and what happens to the phones. */

import type { Client } from '../../clients/typescript/api/client.js'
import { LongwireError } from '../../clients/typescript/base/errors.js'
import { directConversation } from '../../protocol/conversation-id.js'
import type { Random } from '../../src/lib/random.js'
import { clear, edit, react, readGroup, recall, remove } from './change-acts.js'
import { found, joinIn, manageGroup, writeInGroup } from './group-acts.js'
import { look, type } from './looking.js'
import type { Phone, User } from './phone.js'
import { changeRoom, confirm, listen, openRoom, post, removePost, setRole } from './room-acts.js'
import type { Stage } from './stage.js'
import { BAD_WAYS } from './ways.js'

/** A phone's clock is wrong by up to so much even where nobody touches it. */
const CLOCK_JUMP_MS_MIN = 1_800_000

export type Act = (stage: Stage, phone: Phone, client: Client) => void

const sendOne: Act = (stage, phone, client) => {
  const to = someFriend(stage, phone, client)
  if (to !== undefined) client.send(to, stage.nextText())
}

/** More at once than the window holds, now and then. */
const sendMany: Act = (stage, phone, client) => {
  const to = someFriend(stage, phone, client)
  if (to === undefined) return
  const count = stage.chance(0.3) ? 60 + stage.random.integer(60) : 2 + stage.random.integer(12)
  for (let i = 0; i < count; i += 1) client.send(to, stage.nextText())
}

const sendToAnybody: Act = (stage, phone, client) => {
  const to = somebody(stage, phone)
  if (to !== undefined) client.send(directConversation(to), stage.nextText())
}

const read: Act = (stage, phone, client) => {
  const peer = somebody(stage, phone)
  if (peer !== undefined) client.markRead(directConversation(peer))
}

/** What fits what this phone knows, which the other side may have changed meanwhile. */
const befriend: Act = (stage, phone, client) => {
  const peer = somebody(stage, phone)
  if (peer === undefined) return
  const { contacts } = client
  const contact = contacts.get(peer)
  const dice = stage.random.fraction()
  if (contact?.blocked === true && dice < 0.5) void contacts.unblock(peer)
  else if (contact?.state === 'requested' && dice < 0.3) {
    // It may have been accepted meanwhile, and a message may be on its way.
    stage.part(phone.user.uid, peer)
    void contacts.cancel(peer)
  } else if (contact?.state === 'requested') void contacts.request(peer, 'well?')
  else if (contact?.state === 'invited') void (dice < 0.75 ? contacts.accept(peer) : contacts.decline(peer))
  else if (contact?.state !== 'friend') void contacts.request(peer, `hello from ${phone.user.account}`)
  else if (dice < 0.3) {
    stage.part(phone.user.uid, peer)
    void contacts.remove(peer)
  } else if (dice < 0.45) {
    stage.block(phone.user.uid, peer)
    void contacts.block(peer)
  }
}

const rename: Act = (stage, _phone, client) => {
  void client.account.updateProfile({ nickname: `nick ${stage.nextText()}` })
}

const removeOther: Act = (stage, phone, client) => {
  const others = phone.user.phones.filter(other => other !== phone && other.client?.account.device)
  const device = stage.pick(others)?.client?.account.device
  if (device === undefined || device === 0) return
  stage.note(`${phone.name} removes device ${device}`)
  void client.account.removeDevice(device)
}

/** The client asks with the password that its owner takes for the right one; a change that nobody heard of may have happened. */
const changePassword: Act = (stage, phone, client) => {
  const { passwords } = phone.user
  if (passwords.length > 1) return
  const [before = ''] = passwords
  const after = `password ${stage.random.integer(1_000_000_000)}`
  stage.note(`${phone.name} changes the password`)
  const become = (...now: string[]): void => {
    passwords.splice(0, passwords.length, ...now)
    phone.user.passwordChanges += 1
  }
  become(before, after)
  const { passwordChanges } = phone.user
  // Unless it was put back meanwhile.
  const is = (password: string): void => {
    if (phone.user.passwordChanges === passwordChanges) become(password)
  }
  client.account.changePassword(before, after).then(
    () => is(after),
    (error: unknown) => {
      if (error instanceof LongwireError && error.code > 0 && error.reason !== 'VOIDED') is(before)
    },
  )
}

const leave: Act = (stage, phone) => {
  stage.note(`${phone.name} logs out`)
  void phone.leave()
}

/** What it had under way goes with the session. */
const leaveInTheMiddle: Act = (stage, phone, client) => {
  sendMany(stage, phone, client)
  leave(stage, phone, client)
}

const buy: Act = (stage, phone) => stage.cast.buy(phone.user)

const kill: Act = (stage, phone) => {
  const withMachine = stage.chance(0.3)
  stage.note(`${phone.name} is killed${withMachine ? ' with its machine' : ''}`)
  phone.kill(withMachine)
  stage.after(8_000 * stage.random.fraction() ** 2, 'phone starts', () => {
    // Its owner may have put it away meanwhile, or be done with it.
    if (phone.user.phones.includes(phone)) phone.start()
  })
}

const wander: Act = (stage, phone) => {
  if (phone.away) return
  stage.note(`${phone.name} is out of reach`)
  phone.setAway(true)
  stage.after(15_000 * stage.random.fraction() ** 2, 'phone is back', () => phone.setAway(false))
}

const reopen: Act = (_stage, phone) => void phone.reopen()

const nudge: Act = (_stage, _phone, client) => client.nudge()

const jump: Act = (stage, phone) => {
  phone.jump((2 * stage.random.fraction() - 1) * Math.max(CLOCK_JUMP_MS_MIN, stage.setup.clockJumpMs))
}

const LIFE: readonly (readonly [weight: number, act: Act])[] = [
  [50, sendOne],
  [5, sendMany],
  [3, sendToAnybody],
  [15, read],
  [12, befriend],
  [1, rename],
  [2, nudge],
]

const IN_GROUPS: readonly (readonly [weight: number, act: Act])[] = [
  [20, writeInGroup],
  [6, joinIn],
  [5, manageGroup],
  [6, edit],
  [2, recall],
  [12, react],
  [2, remove],
  [1, clear],
  [2, readGroup],
]

const IN_ROOMS: readonly (readonly [weight: number, act: Act])[] = [
  [5, listen],
  [20, post],
  [4, removePost],
  [8, confirm],
  [3, setRole],
  [1, changeRoom],
]

const LOOKING: readonly (readonly [weight: number, act: Act])[] = [
  [1, look],
  [3, type],
]

/** Some name themselves anew all the time. */
const VANITY: readonly (readonly [weight: number, act: Act])[] = [
  [1, sendOne],
  [1, rename],
]

const UNREST: readonly (readonly [weight: number, act: Act])[] = [
  [4, removeOther],
  [3, leave],
  [1, leaveInTheMiddle],
  [2, changePassword],
  [3, buy],
]

/** How likely an act is one of unrest, in a world that is not restless. */
const UNREST_LIKELY = 0.014

const MISFORTUNE: readonly (readonly [weight: number, act: Act])[] = [
  [4, kill],
  [3, wander],
  [1, jump],
  [1, reopen],
]

/** One act of one phone. */
export function act(stage: Stage, phone: Phone): void {
  const { misfortune, restless, vain } = stage.setup
  const { client } = phone
  if (client === undefined) return
  const dice = stage.random.fraction()
  const isUnrest = dice < misfortune + UNREST_LIKELY * restless
  const acts = dice < misfortune ? MISFORTUNE : isUnrest ? UNREST : vain ? VANITY : inGroups(stage) ? IN_GROUPS : LIFE
  if (acts !== MISFORTUNE && !client.account.signedIn) return
  const { looking, rooms } = stage.setup
  const others = [
    [looking, LOOKING],
    [stage.rooms.length > 0 ? rooms : 0, IN_ROOMS],
  ] as const
  for (const [likely, more] of others) {
    if (likely === 0 || acts === MISFORTUNE || !stage.chance(likely)) continue
    attempt(() => draw(stage.random, more)(stage, phone, client))
    return
  }
  attempt(() => {
    if (acts !== LIFE || !(found(stage, phone, client) || openRoom(stage, phone, client)))
      draw(stage.random, acts)(stage, phone, client)
  })
}

function inGroups({ chance, setup, groups }: Stage): boolean {
  return groups.length > 0 && chance(setup.groups)
}

function attempt(what: () => unknown): void {
  try {
    what()
  } catch (error) {
    // What this phone knew a moment ago is no more so, or its program has just ended.
    if (!(error instanceof LongwireError)) throw error
  }
}

/** One of a phone's ways becomes better or worse. */
export function changeWeather(stage: Stage, phone: Phone): void {
  const name = stage.pick(phone.ladder)
  if (name === undefined) return
  const state = stage.chance(0.45) ? 'open' : (stage.pick(BAD_WAYS) ?? 'open')
  stage.note(`${phone.name}: ${name} is ${state}`)
  phone.setWay(name, state)
}

/** A user deletes the account, with whatever is under way; tried again until the answer is known. */
export function depart(stage: Stage, user: User): void {
  const again = (): void => stage.after(2_000 * stage.random.fraction(), 'depart', () => depart(stage, user))
  const phone = user.phones.find(({ client }) => client?.account.signedIn)
  if (phone?.client === undefined || user.passwords.length > 1) {
    if (!user.gone) again()
    return
  }
  stage.note(`${phone.name} deletes the account`)
  user.gone = true
  phone.client.account.deleteAccount(user.passwords[0] ?? '').catch((error: unknown) => {
    stage.note(`${phone.name} deletes the account: ${error}`)
  })
}

/** Everybody asks everybody to begin with, some of them at once. */
export function introduce(stage: Stage): void {
  const { random, users } = stage
  users.forEach((user, index) => {
    for (const other of users.slice(index + 1)) {
      const [asker, asked] = random.fraction() < 0.5 ? [user, other] : [other, user]
      const ask = (by: User, whom: User): void => {
        const client = by.phones[0]?.client
        if (client === undefined || whom.uid === 0 || !client.account.signedIn) again(() => ask(by, whom))
        else attempt(() => client.contacts.request(whom.uid, 'hello'))
      }
      const again = (run: () => void): void => stage.after(500 * (1 + random.fraction()), 'introduce', run)
      again(() => ask(asker, asked))
      if (random.fraction() < 0.7) again(() => ask(asked, asker))
    }
  })
}

function draw(random: Random, from: readonly (readonly [number, Act])[]): Act {
  let left = random.fraction() * from.reduce((sum, [weight]) => sum + weight, 0)
  for (const [weight, act] of from) {
    left -= weight
    if (left < 0) return act
  }
  return nudge
}

function somebody(stage: Stage, phone: Phone): number | undefined {
  return stage.pick(stage.users.filter(user => user !== phone.user && user.uid !== 0))?.uid
}

function someFriend(stage: Stage, phone: Phone, client: Client): number | undefined {
  const friends = client.contacts.list().filter(contact => contact.state === 'friend')
  return stage.pick(friends)?.uid ?? somebody(stage, phone)
}
