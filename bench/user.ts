/**
 * A user with one device, connected. It follows its timeline by the push rule (PROTOCOL.md, clause 7), and checks that what it
 * gets is complete and in order. It acknowledges as the reference client does.
 */

import { randomBytes } from 'node:crypto'
import { CODES, codeName } from '../protocol/codes.js'
import { encodeNotice, encodeRequest, PING } from '../protocol/frame-codec.js'
import {
  createAckNotice,
  createContactServiceRequestRequest,
  createHelloRequest,
  createPostRequest,
  createRegisterRequest,
  createSyncRequest,
  decodeNotifyNotice,
  decodePushNotice,
  decodeSendResponse,
  decodeSyncResponse,
  type Frame,
  type Item,
  type Session,
} from '../protocol/generated/messages.js'
import { encodeSendFrame, itemVersions } from '../protocol/item-codec.js'
import { HEARTBEAT_MS_MAX } from '../protocol/limits.js'
import { METHODS } from '../protocol/methods.js'
import { type BenchTransport, RawClient } from './raw-client.js'

/** Beside the ids of RawClient.request(). */
const SYNC_ID = 127
/** Sends have the ids 1 to 64. */
const SEND_IDS = 64

export class BenchUser {
  client: RawClient
  readonly session: Session
  /** The sender's message with this number has come, for the first time. */
  onMessage: (sendSeq: number, sender: number) => void = () => {}
  /** Each item that is no message of a friend has come, for the first time. */
  onItem: (content: NonNullable<Item['content']>) => void = () => {}
  /** A signal has come of what it looks at. */
  onSignal: () => void = () => {}
  /** The Send or Post with this number is accepted. */
  onAccepted: (sendSeq: number) => void = () => {}
  /** A Send or Post is refused. */
  onRefused: (why: string) => void = why => {
    throw new Error(`a Send is refused with ${why}`)
  }
  sent = 0
  accepted = 0
  applied = 0
  /** The time of the first item that is not acknowledged; 0 for none. */
  ackDueSince = 0
  /** The numbers of the last messages that came, by sender. */
  readonly #received = new Map<number, number>()
  #attempt: number
  #pulling = false
  /** The version behind which it pulls. */
  #since = 0
  #known = 0
  #marked = 0
  /** The number of the peer's last message that was acknowledged with a mark. */
  #markedOfPeer = 0
  #firstPage: () => void = () => {}

  private constructor(client: RawClient, session: Session) {
    this.client = client
    this.session = session
    this.#attempt = session.boundAttempt
    this.sent = session.lastSendSeq
    this.accepted = session.lastSendSeq
  }

  get uid(): number {
    return this.session.uid
  }

  /** The attempt of its last Hello. */
  get attempt(): number {
    return this.#attempt
  }

  /** Registers and connects, on one connection, in two round trips after TCP. */
  static async register(port: number, account: string, transport?: BenchTransport): Promise<BenchUser> {
    const client = await RawClient.connect(port, transport)
    const hello = client.expect(METHODS.hello)
    const register = client.expect(METHODS.register)
    const request = createRegisterRequest({ account, password: 'bench password', installationKey: randomBytes(16) })
    client.write(
      Buffer.concat([
        ...(client.leadingZero ? [PING] : []),
        encodeRequest(hello.id, METHODS.hello.number, METHODS.hello.encodeRequest(createHelloRequest({}))),
        encodeRequest(register.id, METHODS.register.number, METHODS.register.encodeRequest(request)),
      ]),
    )
    await hello.answer
    const { session } = await register.answer
    if (session === undefined) throw new Error('Register gave no session')
    const user = new BenchUser(client, session)
    await user.#hello(false)
    return user
  }

  /** A new connection, in the place of one that is gone; settles when the first page has come. */
  async reconnect(port: number, transport?: BenchTransport): Promise<void> {
    this.client = await RawClient.connect(port, transport)
    this.#pulling = false
    await this.#hello(this.client.leadingZero)
  }

  /** Sends 00 and Hello in one piece. */
  async #hello(leadingZero: boolean): Promise<void> {
    const { client } = this
    client.onFrame = frame => this.#frame(frame)
    const { token, storeId } = this.session
    this.#attempt++
    const since = this.applied
    const hello = createHelloRequest({
      token,
      attempt: this.#attempt,
      since,
      heartbeatMs: HEARTBEAT_MS_MAX,
      storeId: since === 0 ? new Uint8Array(0) : storeId,
    })
    const { id, answer } = client.expect(METHODS.hello)
    const frame = encodeRequest(id, METHODS.hello.number, METHODS.hello.encodeRequest(hello))
    const firstPage = new Promise<void>(resolve => {
      this.#firstPage = resolve
    })
    client.write(leadingZero ? Buffer.concat([PING, frame]) : frame)
    const { ack } = await answer
    if (ack > this.#marked) this.#marked = ack
    await firstPage
  }

  /** The number of the sender's last message that came; 0: none. */
  receivedFrom(sender: number): number {
    return this.#received.get(sender) ?? 0
  }

  /** Asks another user to become a friend. If both ask, they are friends. */
  async ask(uid: number): Promise<void> {
    const request = createContactServiceRequestRequest({ sendSeq: this.nextNumber(), uid })
    await this.client.request(METHODS.contactRequest, request)
  }

  /** The number of the next request that is not a message. No message may be under way. */
  nextNumber(): number {
    const sendSeq = ++this.sent
    this.accepted = sendSeq
    return sendSeq
  }

  /** The frame of the next message; the caller writes it. */
  nextSend(to: number, text: string): Uint8Array {
    const sendSeq = ++this.sent
    return encodeSendFrame(1 + (sendSeq % SEND_IDS), sendSeq, to, text)
  }

  /** The frame of the next message to a conversation; the caller writes it. */
  nextPost(conversation: string, text: string): Uint8Array {
    const sendSeq = ++this.sent
    const body = METHODS.post.encodeRequest(createPostRequest({ sendSeq, conversation, text }))
    return encodeRequest(1 + (sendSeq % SEND_IDS), METHODS.post.number, body)
  }

  /** Acknowledges what has come, as one notice; with the peer's mark, if the peer has sent more. */
  ack(peer: number): void {
    this.ackDueSince = 0
    if (this.applied <= this.#marked) return
    this.#marked = this.applied
    const sendSeq = this.receivedFrom(peer)
    const delivered = sendSeq === this.#markedOfPeer ? [] : [{ peer, device: 1, sendSeq }]
    this.#markedOfPeer = sendSeq
    const notice = createAckNotice({ version: this.applied, delivered })
    this.client.write(encodeNotice(METHODS.ack.number, METHODS.ack.encode(notice)))
  }

  #frame(frame: Frame): void {
    if (frame.id === SYNC_ID) this.#synced(frame)
    else if (frame.id !== 0) this.#accept(frame)
    else if (frame.method === METHODS.push.number) this.#push(frame)
    else if (frame.method === METHODS.notify.number) this.#notify(decodeNotifyNotice(frame.body).version)
    else if (frame.method === METHODS.signal.number) this.onSignal()
    else throw new Error(`a notice ${frame.method} with code ${codeName(frame.code)}: ${frame.message}`)
  }

  #accept({ code, message, body }: Frame): void {
    if (code !== CODES.OK.code) {
      this.accepted++
      this.onRefused(`${codeName(code)}: ${message}`)
      this.onAccepted(this.accepted)
      return
    }
    const { version, from } = decodeSendResponse(body)
    // Sends of one device are answered in their order.
    this.accepted++
    this.#range(from === 0 ? version - 1 : from, version, [])
    this.onAccepted(this.accepted)
  }

  #push(frame: Frame): void {
    const { from, to, items } = decodePushNotice(frame.body)
    this.#range(from, to === 0 ? (itemVersions(from, items).at(-1) ?? from) : to, items)
    this.#firstPage()
  }

  #synced(frame: Frame): void {
    if (frame.code === CODES.UNAVAILABLE.code) {
      setTimeout(() => this.#pull(), frame.retryAfterMs)
      return
    }
    if (frame.code !== CODES.OK.code) throw new Error(`a Sync is refused with ${codeName(frame.code)}`)
    const { to, more, items } = decodeSyncResponse(frame.body)
    this.#pulling = false
    this.#range(this.#since, to, items)
    if (more || this.#known > this.applied) this.#pull()
  }

  #notify(version: number): void {
    if (version > this.applied) this.#beyond(version)
  }

  #range(from: number, to: number, items: readonly Item[]): void {
    if (to <= this.applied) return
    if (from > this.applied) {
      this.#beyond(to)
      return
    }
    if (items.length > 0) {
      const versions = itemVersions(from, items)
      for (let i = 0; i < items.length; i++) {
        if ((versions[i] ?? 0) > this.applied) this.#item(items[i] as Item)
      }
    }
    this.applied = to
    if (this.ackDueSince === 0) this.ackDueSince = performance.now()
  }

  #item({ content }: Item): void {
    if (content === undefined) return
    if (content.case !== 'message') {
      this.onItem(content)
      return
    }
    const { sender, sendSeq } = content.value
    if (sender === this.uid) return
    const before = this.receivedFrom(sender)
    if (before !== 0 && sendSeq !== before + 1) throw new Error(`message ${sendSeq} came after ${before}`)
    this.#received.set(sender, sendSeq)
    this.onMessage(sendSeq, sender)
  }

  #beyond(version: number): void {
    this.#known = Math.max(this.#known, version)
    if (!this.#pulling) this.#pull()
  }

  #pull(): void {
    this.#pulling = true
    this.#since = this.applied
    const request = createSyncRequest({ since: this.#since })
    this.client.write(encodeRequest(SYNC_ID, METHODS.sync.number, METHODS.sync.encodeRequest(request)))
  }
}
