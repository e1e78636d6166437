/**
 * The auditor: says whether the server kept its promise. It is told what clients sent, what they were told and what they showed.
 * It knows nothing of servers, sockets or time. So `simulate` (real processes), the deterministic simulation and tests ask the
 * same judge.
 *
 * The promise: a message that was accepted is shown once, in the order in which its device sent it. It is shown on every device
 * of its recipient and on every other device of its sender.
 *
 * It keeps numbers, no texts: about 40 bytes per message sent and 8 per message shown.
 */

export type Fault =
  /** A message shown twice on one device. */
  | 'duplicated'
  /** A message shown after a later one of the same sender's device. */
  | 'reordered'
  /** A message that may not be shown here at all: never sent, sent to somebody else, or finally refused. */
  | 'invented'
  /** A message shown with another text than it was sent with; it does not count as shown. */
  | 'altered'

export interface Verdict {
  readonly sent: number
  readonly accepted: number
  /** Sent, and neither accepted nor refused nor failed: its sender does not know yet. */
  readonly unanswered: number
  /** Refused before it was accepted: it was not to be shown. */
  readonly refused: number
  /** Failed after it was accepted, or with an outcome that nobody knows: it may be shown or not. */
  readonly failed: number
  /** The messages shown on every device of their recipient. */
  readonly delivered: number
  /** The messages accepted, not failed, and missing on at least one device that must show them. */
  readonly lost: number
  readonly duplicated: number
  readonly reordered: number
  readonly invented: number
  readonly altered: number
  /** Some of the faults, as sentences. */
  readonly examples: readonly string[]
}

const SENT = 0
const ACCEPTED = 1
const REFUSED = 2
const FAILED = 3
type State = typeof SENT | typeof ACCEPTED | typeof REFUSED | typeof FAILED

/** The messages that one device sent, in order of their numbers. The arrays are columns of one table. */
interface Stream {
  readonly sender: User
  readonly device: number
  readonly sendSeqs: number[]
  readonly recipients: User[]
  readonly digests: number[]
  readonly states: State[]
  /** The number of the recipient's devices on which it was shown. */
  readonly shownCounts: number[]
}

/** The messages that one device showed: per stream, their numbers in rising order. */
type Device = Map<Stream, number[]>

interface User {
  readonly uid: number
  readonly devices: Map<number, Device>
  readonly streams: Map<number, Stream>
}

const EXAMPLES_MAX = 20

/** Who was shown a message, and on which device. */
export interface Viewer {
  readonly uid: number
  readonly device: number
}

/** A number that is known as far as outcomes are: between these, both included. */
export interface Bounds {
  readonly least: number
  readonly most: number
}

/** What names a message: its sender, the sender's device and the number there. */
export interface Shown {
  readonly sender: number
  readonly device: number
  readonly sendSeq: number
}

export class Auditor {
  readonly #users = new Map<number, User>()
  readonly #examples: string[] = []
  #sent = 0
  #accepted = 0
  #delivered = 0
  #owed = 0
  #duplicated = 0
  #reordered = 0
  #invented = 0
  #altered = 0

  /** A short number for a text, to tell altered ones by. */
  static digest(text: string): number {
    let hash = 0x811c9dc5
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
    return hash >>> 2 // fits a small integer
  }

  get sentCount(): number {
    return this.#sent
  }

  get acceptedCount(): number {
    return this.#accepted
  }

  /** Messages shown on every device of their recipient. */
  get deliveredCount(): number {
    return this.#delivered
  }

  /** The showings still missing, of messages sent and not refused or failed. 0 when everybody has everything. */
  get owed(): number {
    return this.#owed
  }

  /** The faults seen so far, without lost messages: those are known by verdict(). */
  get faultCount(): number {
    return this.#duplicated + this.#reordered + this.#invented + this.#altered
  }

  /** The user has this device: all that the user sends elsewhere or is sent, ever, is to be shown on it. */
  join(uid: number, device: number): void {
    const user = this.#user(uid)
    if (user.devices.has(device)) return
    user.devices.set(device, new Map())
    if (this.#sent > 0) this.#recount()
  }

  /** The device was removed, or its storage was: nothing is owed to it any more. */
  leave(uid: number, device: number): void {
    if (this.#user(uid).devices.delete(device)) this.#recount()
  }

  /** A client took the message and gave it its number; of one device they rise. @param digest of Auditor.digest(), or always 0 */
  sent(uid: number, device: number, sendSeq: number, recipient: number, digest = 0): void {
    const sender = this.#user(uid)
    const stream = this.#stream(sender, device)
    const last = stream.sendSeqs.at(-1) ?? 0
    if (sendSeq <= last) throw new RangeError(`${name(uid, device, sendSeq)} comes after ${last}`)
    const to = this.#user(recipient)
    stream.sendSeqs.push(sendSeq)
    stream.recipients.push(to)
    stream.digests.push(digest)
    stream.states.push(SENT)
    stream.shownCounts.push(0)
    this.#sent++
    this.#owed += to.devices.size + others(sender, device)
  }

  /** The server answered that it has the message. */
  accepted(uid: number, device: number, sendSeq: number): void {
    this.#enter(uid, device, sendSeq, ACCEPTED)
  }

  /** Whether accepted() was told of it, and nothing since. */
  isAccepted(uid: number, device: number, sendSeq: number): boolean {
    const stream = this.#users.get(uid)?.streams.get(device)
    const index = stream === undefined ? -1 : indexOf(stream.sendSeqs, sendSeq)
    return stream?.states[index] === ACCEPTED
  }

  /** Notes a message that was refused for good before it was accepted. It must be shown nowhere. */
  refused(uid: number, device: number, sendSeq: number): void {
    this.#enter(uid, device, sendSeq, REFUSED)
  }

  /** Notes a message that failed after it was accepted, or whose outcome nobody knows. */
  failed(uid: number, device: number, sendSeq: number): void {
    this.#enter(uid, device, sendSeq, FAILED)
  }

  /** A device showed a message. @returns what is wrong with that */
  shown(viewer: Viewer, message: Shown, digest = 0): Fault | undefined {
    const fault = this.#show(viewer, message, digest)
    if (fault === undefined) return undefined
    if (fault === 'duplicated') this.#duplicated++
    else if (fault === 'reordered') this.#reordered++
    else if (fault === 'invented') this.#invented++
    else this.#altered++
    const { sender, device, sendSeq } = message
    this.#example(`${name(sender, device, sendSeq)} was ${fault} on device ${viewer.device} of ${viewer.uid}`)
    return fault
  }

  /** The highest numbers of a peer's messages that a device showed, by the peer's device. */
  shownOf({ uid, device }: Viewer, peer: number): Map<number, number> {
    const views = this.#users.get(uid)?.devices.get(device) ?? new Map<Stream, number[]>()
    const streams = this.#users.get(peer)?.streams.values() ?? []
    return new Map([...streams].flatMap(each => (views.has(each) ? [[each.device, views.get(each)?.at(-1) ?? 0]] : [])))
  }

  /** The messages of a peer to a user above the user's marks of the peer's devices. Of a failed one it may be there or not. */
  unread(uid: number, peer: number, marks: ReadonlyMap<number, number>): Bounds {
    const user = this.#users.get(uid)
    let [least, most] = [0, 0]
    for (const { device, sendSeqs, recipients, states } of this.#users.get(peer)?.streams.values() ?? []) {
      for (let index = lowerBound(sendSeqs, (marks.get(device) ?? 0) + 1); index < sendSeqs.length; index++) {
        if (recipients[index] !== user || states[index] === REFUSED) continue
        if (states[index] === ACCEPTED) least++
        most++
      }
    }
    return { least, most }
  }

  /** Judges all that was told so far. Call it when nothing more is to come: what is under way counts as lost. */
  verdict(): Verdict {
    const { lost, lostNames, counts } = this.#recount()
    return {
      sent: this.#sent,
      accepted: this.#accepted,
      unanswered: counts[SENT] ?? 0,
      refused: counts[REFUSED] ?? 0,
      failed: counts[FAILED] ?? 0,
      delivered: this.#delivered,
      lost,
      duplicated: this.#duplicated,
      reordered: this.#reordered,
      invented: this.#invented,
      altered: this.#altered,
      examples: [...lostNames.map(each => `${each} was accepted and is missing`), ...this.#examples],
    }
  }

  #show(on: Viewer, message: Shown, digest: number): Fault | undefined {
    const { sendSeq } = message
    const viewer = this.#users.get(on.uid)
    const views = viewer?.devices.get(on.device)
    const sender = this.#users.get(message.sender)
    const stream = sender?.streams.get(message.device)
    const index = stream === undefined ? -1 : indexOf(stream.sendSeqs, sendSeq)
    if (views === undefined || stream === undefined || index < 0) return 'invented'
    const toViewer = stream.recipients[index] === viewer
    if (!(toViewer || sender === viewer) || stream.states[index] === REFUSED) return 'invented'
    if (stream.digests[index] !== digest) return 'altered'
    let view = views.get(stream)
    if (view === undefined) {
      view = []
      views.set(stream, view)
    }
    const inOrder = sendSeq > (view.at(-1) ?? 0)
    if (inOrder) view.push(sendSeq)
    else if (indexOf(view, sendSeq) >= 0) return 'duplicated'
    else view.splice(lowerBound(view, sendSeq), 0, sendSeq)
    this.#count(stream, index, viewer as User, on.device, toViewer)
    return inOrder ? undefined : 'reordered'
  }

  /** Counts a message that a device showed for the first time. */
  #count(stream: Stream, index: number, viewer: User, onDevice: number, toViewer: boolean): void {
    const isOrigin = viewer === stream.sender && onDevice === stream.device
    if (isOwed(stream.states[index]) && !isOrigin) this.#owed--
    if (!toViewer) return
    const count = (stream.shownCounts[index] ?? 0) + 1
    stream.shownCounts[index] = count
    if (count === viewer.devices.size) this.#delivered++
  }

  #enter(uid: number, device: number, sendSeq: number, state: State): void {
    const stream = this.#users.get(uid)?.streams.get(device)
    const index = stream === undefined ? -1 : indexOf(stream.sendSeqs, sendSeq)
    if (stream === undefined || index < 0) throw new RangeError(`${name(uid, device, sendSeq)} was never sent`)
    const before = stream.states[index]
    if (before === SENT || (before === ACCEPTED && state === FAILED)) {
      if (state !== ACCEPTED) this.#owed -= missingAt(stream, index)
      stream.states[index] = state
    }
    if (state === ACCEPTED && before === SENT) this.#accepted++
    const refusedAfterAll = state === REFUSED && before === SENT && (stream.shownCounts[index] ?? 0) > 0
    const acceptedAfterAll = state === ACCEPTED && before === REFUSED
    if (refusedAfterAll || acceptedAfterAll) {
      this.#invented++
      this.#example(`${name(uid, device, sendSeq)} was refused, and ${refusedAfterAll ? 'shown' : 'accepted'}`)
    }
  }

  /** Counts what is delivered, owed and lost from what was shown. */
  #recount(): { readonly lost: number; readonly lostNames: readonly string[]; readonly counts: readonly number[] } {
    const counts: [number, number, number, number] = [0, 0, 0, 0]
    let lost = 0
    const lostNames: string[] = []
    this.#delivered = 0
    this.#owed = 0
    for (const stream of this.#streams()) {
      for (let index = 0; index < stream.sendSeqs.length; index++) {
        const state = stream.states[index] ?? SENT
        counts[state]++
        const missing = missingAt(stream, index)
        const devices = (stream.recipients[index] as User).devices.size
        if (devices > 0 && stream.shownCounts[index] === devices) this.#delivered++
        if (isOwed(state)) this.#owed += missing
        if (state === ACCEPTED && missing > 0) {
          lost++
          if (lost <= EXAMPLES_MAX)
            lostNames.push(name(stream.sender.uid, stream.device, stream.sendSeqs[index] as number))
        }
      }
    }
    return { lost, lostNames, counts }
  }

  *#streams(): IterableIterator<Stream> {
    for (const user of this.#users.values()) yield* user.streams.values()
  }

  #user(uid: number): User {
    let user = this.#users.get(uid)
    if (user === undefined) {
      user = { uid, devices: new Map(), streams: new Map() }
      this.#users.set(uid, user)
    }
    return user
  }

  #stream(sender: User, device: number): Stream {
    let stream = sender.streams.get(device)
    if (stream === undefined) {
      stream = { sender, device, sendSeqs: [], recipients: [], digests: [], states: [], shownCounts: [] }
      sender.streams.set(device, stream)
    }
    return stream
  }

  #example(sentence: string): void {
    if (this.#examples.length < EXAMPLES_MAX) this.#examples.push(sentence)
  }
}

/** The number of devices that miss the message. Counts its showings on the way. */
function missingAt(stream: Stream, index: number): number {
  const sendSeq = stream.sendSeqs[index] as number
  const recipient = stream.recipients[index] as User
  const has = (device: Device): boolean => indexOf(device.get(stream) ?? [], sendSeq) >= 0
  let missing = 0
  for (const device of recipient.devices.values()) if (!has(device)) missing++
  stream.shownCounts[index] = recipient.devices.size - missing
  for (const [number, device] of stream.sender.devices) if (number !== stream.device && !has(device)) missing++
  return missing
}

/** The other devices of a sender. */
function others(sender: User, device: number): number {
  return sender.devices.size - (sender.devices.has(device) ? 1 : 0)
}

function isOwed(state: State | undefined): boolean {
  return state === SENT || state === ACCEPTED
}

/**
 * The index of a number in a rising list, or -1. Numbers of one device follow each other closely, so its distance from the first is tried
 * first.
 */
function indexOf(list: readonly number[], value: number): number {
  const guess = value - (list[0] ?? 0)
  if (list[guess] === value) return guess
  const index = lowerBound(list, value)
  return list[index] === value ? index : -1
}

/** The index of the first number that is not below the value. */
function lowerBound(list: readonly number[], value: number): number {
  let low = 0
  let high = list.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((list[middle] as number) < value) low = middle + 1
    else high = middle
  }
  return low
}

function name(uid: number, device: number, sendSeq: number): string {
  return `message ${sendSeq} of device ${device} of ${uid}`
}
