// What was shown, so that each message is shown once under whatever version it comes. It is remembered per conversation.
//
// A group gives all its messages and changes one order, by numbers that rise. They reach every timeline in this order, so the highest
// number says all.
//
// Any other conversation goes by the message ids. The numbers of a device reach one timeline in rising order, with gaps (it also
// writes to others). Two of its numbers that are under way at the same time lie within the window of 64. So nothing may come late by
// more than that, and the highest number and one bit for each of the 64 up to it say all. It is the replay window of IPsec and DTLS:
// 4 numbers per device of a contact, however many messages came.
import type { ConversationId } from '../../../protocol/conversation-id.js'
import { SEND_WINDOW } from '../../../protocol/limits.js'
import type { Json } from '../storage/storage.js'

/** The messages shown of one device of one user, in direct conversations or in one other. */
export class Seen {
  readonly sender: number
  readonly device: number
  readonly key: string
  /** The highest number shown. */
  highest = 0
  /** The highest version under which anything of this device came, since the last resync. */
  version = 0
  /** The same as `highest` and `version`, of what is durable: an ack may name these. */
  storedHighest = 0
  storedVersion = 0
  /** Bit d of low (d < 32) and bit d - 32 of high: highest - d was shown. */
  #low = 0
  #high = 0

  constructor(sender: number, device: number, conversation?: ConversationId) {
    this.sender = sender
    this.device = device
    this.key = conversation === undefined ? `shown/${sender}/${device}` : `shown-in/${conversation}/${sender}/${device}`
  }

  has(sendSeq: number): boolean {
    const distance = this.highest - sendSeq
    if (distance < 0) return false
    if (distance >= SEND_WINDOW) return true
    return ((distance < 32 ? this.#low >>> distance : this.#high >>> (distance - 32)) & 1) === 1
  }

  /** Counts the number as shown. @returns whether it had not been */
  add(sendSeq: number): boolean {
    if (this.has(sendSeq)) return false
    const ahead = sendSeq - this.highest
    if (ahead > 0) {
      this.#shift(ahead)
      this.highest = sendSeq
    }
    const distance = this.highest - sendSeq
    if (distance < 32) this.#low |= 1 << distance
    else this.#high |= 1 << (distance - 32)
    return true
  }

  toJson(): Json {
    return [this.highest, this.#low, this.#high, this.version]
  }

  load(json: Json): void {
    const [highest, low, high, version] = json as readonly number[]
    this.highest = this.storedHighest = highest ?? 0
    this.version = this.storedVersion = version ?? 0
    this.#low = low ?? 0
    this.#high = high ?? 0
  }

  #shift(by: number): void {
    if (by >= SEND_WINDOW) {
      this.#low = 0
      this.#high = 0
    } else if (by >= 32) {
      this.#high = by === 32 ? this.#low : this.#low << (by - 32)
      this.#low = 0
    } else {
      this.#high = (this.#high << by) | (this.#low >>> (32 - by))
      this.#low <<= by
    }
  }
}

/** The shown messages of all devices. Bounded by contacts times their devices, a few tens of bytes each. */
export class Shown {
  readonly #bySender = new Map<number, Seen[]>()
  /** The windows of conversations that are not direct, by key. Their messages may come later than direct ones of the same device. */
  readonly #named = new Map<string, Seen>()
  /** The highest number shown of each group. */
  readonly #groups = new Map<ConversationId, number>()
  /** The same, of what is durable: a user can have read that. */
  readonly #storedGroups = new Map<ConversationId, number>()

  of(sender: number, device: number): Seen {
    let devices = this.#bySender.get(sender)
    if (devices === undefined) {
      devices = []
      this.#bySender.set(sender, devices)
    }
    for (const seen of devices) if (seen.device === device) return seen
    const seen = new Seen(sender, device)
    devices.push(seen)
    return seen
  }

  /** The window of a device in a conversation that is not direct. */
  ofNamed(conversation: ConversationId, sender: number, device: number): Seen {
    const seen = new Seen(sender, device, conversation)
    const known = this.#named.get(seen.key)
    if (known !== undefined) return known
    this.#named.set(seen.key, seen)
    return seen
  }

  /** Whether a version that did not know groups showed the message: it remembered those of a group in windows, too. */
  wasInWindow(conversation: ConversationId, sender: number, device: number, sendSeq: number): boolean {
    return this.#named.get(new Seen(sender, device, conversation).key)?.has(sendSeq) ?? false
  }

  /** Counts a number of a group, and all below it, as shown. @returns whether it had not been */
  raise(group: ConversationId, number: number): boolean {
    if (this.hasNumber(group, number)) return false
    this.#groups.set(group, number)
    return true
  }

  hasNumber(group: ConversationId, number: number): boolean {
    return number <= this.highestNumber(group)
  }

  /** The highest number shown of a group; 0: none. */
  highestNumber(group: ConversationId): number {
    return this.#groups.get(group) ?? 0
  }

  /** Notes that everything of a group up to a number is stored. */
  stored(group: ConversationId, number: number): void {
    this.#storedGroups.set(group, number)
  }

  storedNumber(group: ConversationId): number {
    return this.#storedGroups.get(group) ?? 0
  }

  devicesOf(sender: number): readonly Seen[] {
    return this.#bySender.get(sender) ?? []
  }

  /** The windows of direct conversations. */
  *all(): IterableIterator<Seen> {
    for (const devices of this.#bySender.values()) yield* devices
  }

  clear(): void {
    this.#bySender.clear()
    this.#named.clear()
    this.#groups.clear()
    this.#storedGroups.clear()
  }
}
