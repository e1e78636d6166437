/**
 * The auditor of groups: says whether the server kept its promise for them. It is told what clients sent, what they were told and what
 * they showed, and knows nothing of servers or time.
 *
 * The promise: a group's messages and changes have one order, by their numbers, the same for all. Each device of a member shows exactly
 * the items from each joining of this user to each leaving, both included, in this order and once. A message that was accepted is in the
 * group, or its sender is told that it failed.
 *
 * Who was a member when is known from the changes that the devices showed, whoever showed them.
 */

import type { Bounds, Shown, Viewer } from './auditor.js'

export interface GroupVerdict {
  readonly sent: number
  readonly accepted: number
  /** Sent, and neither accepted nor refused: its sender does not know yet. */
  readonly unanswered: number
  /** The messages that every device has which must have them. */
  readonly delivered: number
  /** The items that a device must have and has not, and the accepted messages that are nowhere and did not fail. */
  readonly lost: number
  /** The showings of a number that was there before on the device, and of a message that has two numbers. */
  readonly duplicated: number
  /** The showings out of order, the numbers that stand for two things, and a device's messages in another order than they were sent. */
  readonly orderViolations: number
  /** The showings of items from before a joining or after a leaving. */
  readonly unentitled: number
  /** The messages in a group that were never sent to it, are altered, or failed. */
  readonly invented: number
  /** Some of the faults, as sentences. */
  readonly examples: readonly string[]
}

/** A change of a group, as far as it says who is a member. */
export interface Membership {
  readonly act: string
  readonly by: number
  readonly uid: number
}

type State = 'sent' | 'accepted' | 'failed' | 'unsure'

interface Sent {
  readonly message: Shown
  readonly digest: number
  /** The uids that it mentions; 0: all members. */
  readonly mentions: readonly number[]
  state: State
  /** Whether its author may have taken it back: then it may be shown without its text. */
  recalling: boolean
}

interface Item {
  /** What the number stands for. */
  readonly name: string
  readonly message: Shown | undefined
  readonly digest: number
  readonly change: Membership | undefined
}

/** The part of a group that a device has. */
interface View {
  readonly viewer: Viewer
  readonly numbers: Set<number>
  highest: number
}

interface Group {
  readonly name: string
  readonly items: Map<number, Item>
  readonly views: Map<string, View>
  readonly sent: Map<string, Sent>
}

/** A membership from its joining to its leaving, both included. */
interface Period {
  readonly since: number
  until: number
}

/** A group's numbers in order, and who was a member when. */
interface Order {
  readonly numbers: readonly number[]
  readonly periods: ReadonlyMap<number, readonly Period[]>
}

/** What a member has not read. */
export interface GroupUnread {
  /** The number that the mark is not below: that of the joining. */
  readonly from: number
  readonly unread: Bounds
  readonly mentions: Bounds
  /** The numbers of the messages that may mention the member, the newest first. */
  readonly mentioning: readonly number[]
}

/** Whether a message was taken back; unsure: nobody knows. */
export type Standing = 'live' | 'gone' | 'unsure'

interface Tally {
  delivered: number
  lost: number
  duplicated: number
  orderViolations: number
  unentitled: number
  invented: number
  readonly examples: string[]
}

const EXAMPLES_MAX = 20

/** The uid of a mention of all members. */
export const EVERYBODY = 0

/** The digest that no text has. */
const NO_DIGEST = -1

export class GroupAuditor {
  readonly #membersOf: (group: string) => readonly number[]
  readonly #devices = new Map<number, Set<number>>()
  readonly #groups = new Map<string, Group>()
  /** The order of each group, made once for each number of items: those only become more. */
  readonly #orders = new WeakMap<Group, Order>()
  readonly #seen = tally()
  #sent = 0
  #accepted = 0
  #unanswered = 0

  /** @param membersOf the uids that belong to a group from its beginning to its end, whatever its changes say */
  constructor(membersOf: (group: string) => readonly number[] = () => []) {
    this.#membersOf = membersOf
  }

  get sentCount(): number {
    return this.#sent
  }

  get acceptedCount(): number {
    return this.#accepted
  }

  /** Messages whose sender does not know yet whether they are taken. */
  get unansweredCount(): number {
    return this.#unanswered
  }

  /** The user has this device, and had it before its first group. */
  join(uid: number, device: number): void {
    const devices = this.#devices.get(uid) ?? new Set()
    this.#devices.set(uid, devices.add(device))
  }

  /**
   * A client took the message and gave it its number.
   * @param digest of Auditor.digest()
   * @param mentions the uids that it mentions; 0: all members
   */
  sent(group: string, message: Shown, digest: number, mentions: readonly number[] = []): void {
    this.#group(group).sent.set(nameOf(message), { message, digest, mentions, state: 'sent', recalling: false })
    this.#sent++
    this.#unanswered++
  }

  /** The server answered that it has the message. */
  accepted(group: string, message: Shown): void {
    if (this.#enter(group, message, 'accepted') === 'sent') this.#accepted++
  }

  /** The message was refused, by the server or by the group, or `unsure`: nobody knows. */
  failed(group: string, message: Shown, how: 'failed' | 'unsure'): void {
    this.#enter(group, message, how)
  }

  /** The author is about to take the message back. */
  recalling(group: string, message: Shown): void {
    const sent = this.#group(group).sent.get(nameOf(message))
    if (sent !== undefined) sent.recalling = true
  }

  /** A device showed a message under a number. @param shown its digest; undefined: it was taken back, and came without its text */
  shown(viewer: Viewer, group: string, number: number, message: Shown, shown: number | undefined): void {
    const sent = this.#group(group).sent.get(nameOf(message))
    const digest = shown ?? (sent?.recalling ? sent.digest : NO_DIGEST)
    const view = this.#item(viewer, group, number, { name: nameOf(message), message, digest, change: undefined })
    this.#inOrder(view, group, number)
  }

  /** The device that sent a message knows its number. When it was told is not known, so the order is not judged. */
  placed(group: string, number: number, message: Shown, digest: number): void {
    const viewer = { uid: message.sender, device: message.device }
    this.#item(viewer, group, number, { name: nameOf(message), message, digest, change: undefined })
  }

  /** A device showed a change under a number. */
  changed(viewer: Viewer, group: string, number: number, change: Membership): void {
    const { act, by, uid } = change
    const name = `the change "${act}" of ${uid} by ${by}`
    this.#inOrder(this.#item(viewer, group, number, { name, message: undefined, digest: 0, change }), group, number)
  }

  /** The numbers from which the present members of a group belong to it, by uid. */
  members(of: string): Map<number, number> {
    const { periods } = this.#orderOf(this.#group(of))
    return new Map(
      [...periods].flatMap(([uid, those]) => {
        const last = those.at(-1)
        return last?.until === Number.MAX_SAFE_INTEGER ? [[uid, last.since] as const] : []
      }),
    )
  }

  /**
   * What a present member has not read, by PROTOCOL.md, clause 16: others' messages above the mark, which begins with the newest joining.
   * @param standing of the message with this number
   * @returns undefined if the user is no member
   */
  unread(uid: number, of: string, mark: number, standing: (number: number) => Standing): GroupUnread | undefined {
    const group = this.#group(of)
    const { numbers, periods } = this.#orderOf(group)
    const last = periods.get(uid)?.at(-1)
    if (last === undefined || last.until < Number.MAX_SAFE_INTEGER) return undefined
    const from = last.since
    const [unread, mentions] = [
      { least: 0, most: 0 },
      { least: 0, most: 0 },
    ]
    const mentioning: number[] = []
    for (let i = numbers.length - 1; i >= 0; i--) {
      const number = numbers[i] as number
      if (number <= Math.max(mark, from)) break
      const { name, message } = group.items.get(number) as Item
      const stands = standing(number)
      if (message === undefined || message.sender === uid || stands === 'gone') continue
      const isMeant = group.sent.get(name)?.mentions.some(each => each === uid || each === EVERYBODY) === true
      if (isMeant) mentioning.push(number)
      for (const bounds of isMeant ? [unread, mentions] : [unread]) {
        if (stands === 'live') bounds.least++
        bounds.most++
      }
    }
    return { from, unread, mentions, mentioning }
  }

  /** Judges all that was told so far. Call it when nothing more is to come: what is under way counts as lost. */
  verdict(): GroupVerdict {
    const all: Tally = { ...this.#seen, examples: [...this.#seen.examples] }
    for (const group of this.#groups.values()) this.#judge(group, all)
    return { sent: this.#sent, accepted: this.#accepted, unanswered: this.#unanswered, ...all }
  }

  #judge(group: Group, all: Tally): void {
    const { numbers, periods } = this.#orderOf(group)
    const missing = this.#missing(group, numbers, periods, all)
    for (const { viewer, numbers: had } of group.views.values()) {
      for (const number of had) {
        if (covers(periods.get(viewer.uid), number)) continue
        all.unentitled++
        example(all, `${itemOf(group, number)} was shown to ${viewer.uid}, who was no member`)
      }
    }
    this.#judgeMessages(group, numbers, missing, all)
  }

  /** Counts the items that some device must have and has not. @returns their numbers */
  #missing(group: Group, numbers: readonly number[], periods: Order['periods'], all: Tally): Set<number> {
    const missing = new Set<number>()
    for (const [uid, those] of periods) {
      for (const device of this.#devices.get(uid) ?? []) {
        const had = group.views.get(keyOf({ uid, device }))?.numbers
        for (const number of numbers) {
          if (had?.has(number) || !covers(those, number) || isUnsureHere(group, number, uid, device)) continue
          missing.add(number)
          example(all, `${itemOf(group, number)} is missing on device ${device} of ${uid}`)
        }
      }
    }
    all.lost += missing.size
    return missing
  }

  /** Judges the messages by what their senders were told, and their order by that of sending. */
  #judgeMessages(group: Group, numbers: readonly number[], missing: ReadonlySet<number>, all: Tally): void {
    const last = new Map<string, number>()
    const found = new Set<string>()
    for (const number of numbers) {
      const { name, message, digest } = group.items.get(number) as Item
      if (message === undefined) continue
      const sent = group.sent.get(name)
      if (sent === undefined || sent.digest !== digest || sent.state === 'failed') {
        all.invented++
        example(all, `${itemOf(group, number)} ${sent?.state === 'failed' ? 'had failed' : 'was not sent so'}`)
      } else if (found.has(name)) {
        all.duplicated++
        example(all, `${itemOf(group, number)} has another number too`)
      } else {
        const key = `${message.sender}/${message.device}`
        if (message.sendSeq < (last.get(key) ?? 0)) {
          all.orderViolations++
          example(all, `${itemOf(group, number)} stands behind a later one of its device`)
        }
        last.set(key, Math.max(message.sendSeq, last.get(key) ?? 0))
        if (!missing.has(number)) all.delivered++
      }
      found.add(name)
    }
    for (const [name, { state }] of group.sent) {
      if (state !== 'accepted' || found.has(name)) continue
      all.lost++
      example(all, `${name} was accepted by ${group.name}, and is nowhere`)
    }
  }

  /** Notes that a device has an item. @returns its view; undefined if it had the number before */
  #item(viewer: Viewer, of: string, number: number, item: Item): View | undefined {
    const group = this.#group(of)
    const key = keyOf(viewer)
    const view = group.views.get(key) ?? { viewer, numbers: new Set(), highest: 0 }
    group.views.set(key, view)
    const known = group.items.get(number)
    if (known === undefined) group.items.set(number, item)
    else if (known.name !== item.name || known.digest !== item.digest) {
      this.#seen.orderViolations++
      example(this.#seen, `number ${number} of ${of} is ${known.name}, and for ${viewer.uid} ${item.name}`)
    }
    if (view.numbers.has(number)) {
      this.#seen.duplicated++
      example(this.#seen, `${itemOf(group, number)} was shown again on device ${viewer.device} of ${viewer.uid}`)
      return undefined
    }
    view.numbers.add(number)
    return view
  }

  #inOrder(view: View | undefined, group: string, number: number): void {
    if (view === undefined) return
    const { viewer, highest } = view
    view.highest = Math.max(highest, number)
    if (number > highest) return
    this.#seen.orderViolations++
    const where = `device ${viewer.device} of ${viewer.uid}`
    example(this.#seen, `number ${number} of ${group} was shown after ${highest} on ${where}`)
  }

  /** @returns the state before */
  #enter(group: string, message: Shown, state: State): State {
    const sent = this.#group(group).sent.get(nameOf(message))
    if (sent === undefined) throw new RangeError(`${nameOf(message)} was never sent to ${group}`)
    const before = sent.state
    if (before === 'sent') this.#unanswered--
    if (before !== 'failed') sent.state = before === 'unsure' && state === 'accepted' ? 'unsure' : state
    return before
  }

  #orderOf(group: Group): Order {
    const known = this.#orders.get(group)
    if (known?.numbers.length === group.items.size) return known
    const numbers = [...group.items.keys()].sort((a, b) => a - b)
    const periods = periodsOf(group, numbers)
    for (const uid of this.#membersOf(group.name)) periods.set(uid, [{ since: 0, until: Number.MAX_SAFE_INTEGER }])
    const order = { numbers, periods }
    this.#orders.set(group, order)
    return order
  }

  #group(name: string): Group {
    const group = this.#groups.get(name) ?? { name, items: new Map(), views: new Map(), sent: new Map() }
    this.#groups.set(name, group)
    return group
  }
}

/** The memberships of each user, from the changes in order of their numbers. */
function periodsOf(group: Group, numbers: readonly number[]): Map<number, Period[]> {
  const periods = new Map<number, Period[]>()
  const begin = (uid: number, since: number): void => {
    periods.set(uid, [...(periods.get(uid) ?? []), { since, until: Number.MAX_SAFE_INTEGER }])
  }
  const end = (those: readonly Period[] | undefined, until: number): void => {
    const last = those?.at(-1)
    if (last !== undefined) last.until = Math.min(last.until, until)
  }
  for (const number of numbers) {
    const change = group.items.get(number)?.change
    if (change?.act === 'created') begin(change.by, number)
    else if (change?.act === 'joined') begin(change.uid, number)
    else if (change?.act === 'left' || change?.act === 'removed') end(periods.get(change.uid), number)
    else if (change?.act === 'dissolved') for (const those of periods.values()) end(those, number)
  }
  return periods
}

function covers(periods: readonly Period[] | undefined, number: number): boolean {
  return periods?.some(({ since, until }) => since <= number && number <= until) ?? false
}

/** Whether it is a message that this very device sent and gave up, for nobody knew how it ended: it has no place there. */
function isUnsureHere(group: Group, number: number, uid: number, device: number): boolean {
  const item = group.items.get(number)
  const message = item?.message
  return message?.sender === uid && message.device === device && group.sent.get(nameOf(message))?.state === 'unsure'
}

function itemOf(group: Group, number: number): string {
  return `number ${number} of ${group.name} (${group.items.get(number)?.name})`
}

function nameOf({ sender, device, sendSeq }: Shown): string {
  return `message ${sendSeq} of device ${device} of ${sender}`
}

function keyOf({ uid, device }: Viewer): string {
  return `${uid}/${device}`
}

function tally(): Tally {
  return { delivered: 0, lost: 0, duplicated: 0, orderViolations: 0, unentitled: 0, invented: 0, examples: [] }
}

function example(all: Tally, sentence: string): void {
  if (all.examples.length < EXAMPLES_MAX) all.examples.push(sentence)
}
