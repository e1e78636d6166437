/**
 * A client whose whole world is in the test's hands: clock, chance, deferral, storage, and a transport of which the test plays
 * the server, frame by frame.
 */
import {
  type Client,
  type ClientEvents,
  type ClientOptions,
  createClient,
  LongwireError,
  MemoryStorage,
  type Storage,
  type Transport,
  type TransportConnection,
  type TransportHandlers,
} from '../../clients/typescript/index.js'
import { CODES, type CodeName } from '../../protocol/codes.js'
import { encodeFrame, encodeNotice, encodeRefusal, encodeResponse } from '../../protocol/frame-codec.js'
import { FrameDecoder } from '../../protocol/frame-decoder.js'
import {
  createChanged,
  createContact,
  createConversationMessage,
  createConversationState,
  createFailed,
  createGroup,
  createGroupChange,
  createHelloResponse,
  createItem,
  createMessage,
  createMessageState,
  createPushNotice,
  createRefusal,
  createRoom,
  createSession,
  createSyncResponse,
  type Endpoints,
  type Frame,
  type HelloRequest,
  type HelloResponse,
  type Item,
  type MessageContent,
  type MessageState,
  type Refusal,
  type Session,
} from '../../protocol/generated/messages.js'
import { FRAME_TO_SERVER_BYTES_MAX } from '../../protocol/limits.js'
import { METHODS, type MethodName, methodName, type RequestOf, type ResponseOf } from '../../protocol/methods.js'
import { seededRandom } from '../../src/lib/random.js'
import { ManualClock } from './manual-clock.js'

export const STORE_ID = Uint8Array.of(1, 2, 3, 4)
export const TOKEN = Uint8Array.of(9, 9, 9)
export const UID = 556

/** One connection as the server sees it. */
export class ServerPipe implements TransportConnection {
  readonly #handlers: TransportHandlers
  readonly #decoder = new FrameDecoder(FRAME_TO_SERVER_BYTES_MAX)
  readonly #settle: () => void
  #frames: (Frame | 'ping')[] = []
  /** Each write as it came. */
  readonly writes: Uint8Array[] = []
  closedByClient = false
  /** The name of the transport. */
  readonly transport: string

  constructor(transport: string, handlers: TransportHandlers, settle: () => void) {
    this.transport = transport
    this.#handlers = handlers
    this.#settle = settle
  }

  write(bytes: Uint8Array): void {
    this.writes.push(bytes)
    this.#decoder.push(bytes)
    for (let decoded = this.#decoder.next(); decoded !== undefined; decoded = this.#decoder.next()) {
      if (decoded.kind === 'error') throw new Error(`the client wrote no frame: ${decoded.message}`)
      this.#frames.push(decoded.kind === 'ping' ? 'ping' : { ...decoded.frame, body: decoded.frame.body.slice() })
    }
  }

  close(): void {
    this.closedByClient = true
  }

  /** What the client sent and nobody looked at yet, by name: 'ping', or of the methods. */
  peek(): string[] {
    return this.#frames.map(frame => (frame === 'ping' ? 'ping' : (methodName(frame.method) ?? String(frame.method))))
  }

  /** Takes the next frame, which must be of this method. */
  take<N extends MethodName>(name: N): { readonly id: number; readonly request: RequestOf<N> } {
    const frame = this.#frames.shift()
    if (frame === undefined) throw new Error(`no ${name}: the client sent nothing more`)
    if (frame === 'ping' || frame.method !== METHODS[name].number) {
      throw new Error(`no ${name} but ${frame === 'ping' ? 'a ping' : methodName(frame.method)}`)
    }
    const method = METHODS[name]
    const decode = method.kind === 'request' ? method.decodeRequest : method.decode
    return { id: frame.id, request: decode(frame.body) as RequestOf<N> }
  }

  /** Takes the next request of a method, and passes over what came before it. */
  takeNext<N extends MethodName>(name: N): { readonly id: number; readonly request: RequestOf<N> } {
    const at = this.peek().indexOf(name)
    if (at > 0) this.#frames.splice(0, at)
    return this.take(name)
  }

  takePing(): void {
    const frame = this.#frames.shift()
    if (frame !== 'ping') throw new Error(`no ping but ${frame === undefined ? 'nothing' : methodName(frame.method)}`)
  }

  /** Takes an Ack notice. */
  takeAck(): ReturnType<typeof METHODS.ack.decode> {
    const frame = this.#frames.shift()
    if (frame === undefined || frame === 'ping' || frame.method !== METHODS.ack.number) throw new Error('no ack')
    return METHODS.ack.decode(frame.body)
  }

  /** Forgets what the client sent. */
  skip(): void {
    this.#frames = []
  }

  open(): void {
    this.#handlers.opened()
    this.#settle()
  }

  receive(...pieces: Uint8Array[]): void {
    this.#handlers.received(new Uint8Array(Buffer.concat(pieces)))
    this.#settle()
  }

  end(error?: Error, retryAfterMs?: number): void {
    this.#handlers.closed(error, retryAfterMs)
    this.#settle()
  }

  respond<N extends MethodName>(name: N, id: number, response: Partial<ResponseOf<N>> = {}): void {
    this.receive(answer(name, id, response))
  }

  refuse(id: number, code: CodeName, retryAfterMs = 0, refusal?: Partial<Refusal>): void {
    this.receive(refused(id, code, retryAfterMs, refusal))
  }

  push(from: number, to: number, items: readonly Item[] = [], trimmed = false): void {
    this.receive(pushFrame(from, to, items, trimmed))
  }

  notify(version: number): void {
    this.receive(encodeNotice(METHODS.notify.number, METHODS.notify.encode({ version })))
  }

  closeNotice(code: CodeName, boundAttempt = 0, retryAfterMs = 0): void {
    const body = METHODS.close.encode({ boundAttempt })
    this.receive(encodeFrame({ method: METHODS.close.number, body, code: CODES[code].code, retryAfterMs }))
  }

  drain(retryAfterMs: number, endpoints?: Endpoints): void {
    const body = METHODS.drain.encode({ endpoints })
    this.receive(encodeFrame({ method: METHODS.drain.number, body, retryAfterMs }))
  }
}

export function answer<N extends MethodName>(name: N, id: number, response: Partial<ResponseOf<N>> = {}): Uint8Array {
  const method = METHODS[name]
  if (method.kind !== 'request') throw new Error(`${name} has no answer`)
  // What a partial answer leaves out is what an empty body decodes to.
  const whole = { ...(method.decodeResponse(new Uint8Array(0)) as object), ...response }
  return encodeResponse(id, (method.encodeResponse as (response: unknown) => Uint8Array)(whole))
}

export function refused(id: number, code: CodeName, retryAfterMs = 0, refusal?: Partial<Refusal>): Uint8Array {
  return encodeRefusal(id, CODES[code].code, '', retryAfterMs, refusal && createRefusal(refusal))
}

export function pushFrame(from: number, to: number, items: readonly Item[] = [], trimmed = false): Uint8Array {
  const notice = createPushNotice({ from, to, trimmed, items: [...items] })
  return encodeNotice(METHODS.push.number, METHODS.push.encode(notice))
}

/** A message of somebody else's device, or an own copy with a recipient. */
export function messageItem(id: string, text = id, extra: { skip?: number; recipient?: number } = {}): Item {
  const [sender = 0, device = 0, sendSeq = 0] = id.split('/').map(Number)
  const value = createMessage({ sender, device, sendSeq, atMs: 1000, text, recipient: extra.recipient ?? 0 })
  return createItem({ skip: extra.skip ?? 0, content: { case: 'message', value } })
}

/** A message of a conversation that is not direct. */
export function conversationItem(conversation: string, id: string, text = id, content?: MessageContent): Item {
  const [sender = 0, device = 0, sendSeq = 0] = id.split('/').map(Number)
  const value = createConversationMessage({ sender, device, sendSeq, atMs: 1000, conversation, text, content })
  return createItem({ content: { case: 'conversationMessage', value } })
}

export const GROUP = 'group:9.1.1'
export const ROOM = 'room:300.1.1'

/** A message of the group, with its number in it. */
export function groupMessage(number: number, id: string, text = id): Item {
  const item = conversationItem(GROUP, id, text)
  if (item.content?.case === 'conversationMessage') item.content.value.number = number
  return item
}

export function groupItem(group: Parameters<typeof createGroup>[0]): Item {
  return createItem({ content: { case: 'group', value: createGroup({ conversation: GROUP, ...group }) } })
}

export function changeItem(number: number, change: Parameters<typeof createGroupChange>[0]): Item {
  const value = createGroupChange({ conversation: GROUP, number, atMs: 1000, ...change })
  return createItem({ content: { case: 'groupChange', value } })
}

/** The item that says what the message of another item is now. */
export function changedItem({ content }: Item): Item {
  if (content?.case !== 'message' && content?.case !== 'conversationMessage') throw new Error('no message')
  const message =
    content.case === 'message'
      ? ({ case: 'direct', value: content.value } as const)
      : ({ case: 'conversation', value: content.value } as const)
  return createItem({ content: { case: 'changed', value: createChanged({ message }) } })
}

/** An item with a message, in another state than it was sent in. */
export function inState(item: Item, state: Partial<MessageState>): Item {
  const { content } = item
  if (content?.case !== 'message' && content?.case !== 'conversationMessage') throw new Error('no message')
  content.value.state = createMessageState(state)
  return item
}

export function conversationState(state: Parameters<typeof createConversationState>[0]): Item {
  return createItem({ content: { case: 'conversationState', value: createConversationState(state) } })
}

/** What the group refused of a device of this user. */
export function groupFailure(device: number, sendSeq: number, code: CodeName): Item {
  const value = createFailed({ conversation: GROUP, device, sendSeq, code: CODES[code].code })
  return createItem({ content: { case: 'failed', value } })
}

export function roomItem(room: Parameters<typeof createRoom>[0], skip = 0): Item {
  return createItem({ skip, content: { case: 'room', value: createRoom({ conversation: ROOM, ...room }) } })
}

export function contactItem(contact: Parameters<typeof createContact>[0], skip = 0): Item {
  return createItem({ skip, content: { case: 'contact', value: createContact(contact) } })
}

export function syncBody(to: number, more: boolean, items: readonly Item[]): ReturnType<typeof createSyncResponse> {
  return createSyncResponse({ to, more, items: [...items] })
}

type Told = { [K in keyof ClientEvents]: { readonly name: K; readonly event: ClientEvents[K] } }[keyof ClientEvents]

const EVENTS = [
  'message',
  'messageChanged',
  'messageState',
  'delivered',
  'read',
  'contact',
  'group',
  'groupChange',
  'groupFailed',
  'conversation',
  'preferences',
  'presence',
  'typing',
  'chat',
  'chats',
  'room',
  'boards',
  'roomFailed',
  'roomSignal',
  'profile',
  'connection',
  'sessionEnded',
  'resync',
  'trimmed',
  'storageFailed',
] as const satisfies readonly (keyof ClientEvents)[]

export interface HarnessOptions extends Partial<ClientOptions> {
  /** The names of several transports, the best first. */
  readonly transports?: readonly string[]
  /** Whether they follow the endpoints that the server names. */
  readonly follows?: boolean
  /** What its chance is made of. */
  readonly seed?: string
  /** The heartbeat that each of them wants. */
  readonly transportHeartbeatMs?: number
}

export class Harness {
  readonly clock: ManualClock
  readonly storage: Storage
  readonly pipes: ServerPipe[] = []
  readonly told: Told[] = []
  readonly #options: HarnessOptions
  readonly #deferred: (() => void)[] = []
  #client: Client | undefined

  private constructor(storage: Storage, clock: ManualClock, options: HarnessOptions) {
    this.storage = storage
    this.clock = clock
    this.#options = options
  }

  /** A client on a storage, new or of an earlier client: then that one is as dead as its process. */
  static async start(
    storage: Storage = new MemoryStorage(),
    options: HarnessOptions = {},
    clock = new ManualClock(),
  ): Promise<Harness> {
    const harness = new Harness(storage, clock, options)
    await harness.#start()
    return harness
  }

  /** Signed in; the Hello with the session is not answered yet. */
  static async signedIn(storage: Storage, options: HarnessOptions, session: Partial<Session> = {}): Promise<Harness> {
    const harness = await Harness.start(storage, options)
    void harness.client.account.login({ account: 'ann', password: 'correct horse' })
    harness.settle()
    harness.pipe.open()
    const hello = harness.pipe.take('hello')
    const login = harness.pipe.take('login')
    harness.pipe.receive(answer('hello', hello.id), answer('login', login.id, { session: sessionOf(session) }))
    return harness
  }

  /** Signed in, Hello answered, nothing in the timeline, the ack of it told. */
  static async online(
    storage: Storage = new MemoryStorage(),
    options: HarnessOptions = {},
    session: Partial<Session> = {},
    greeting: Partial<HelloResponse> = {},
  ): Promise<Harness> {
    const harness = await Harness.signedIn(storage, options, session)
    harness.greet({ device: session.device ?? 1, lastSendSeq: session.lastSendSeq ?? 0, ...greeting })
    harness.pipe.skip()
    return harness
  }

  get client(): Client {
    if (this.#client === undefined) throw new Error('not started')
    return this.#client
  }

  /** The newest connection. */
  get pipe(): ServerPipe {
    const pipe = this.pipes.at(-1)
    if (pipe === undefined) throw new Error('the client has not connected')
    return pipe
  }

  /** Runs what the client deferred, and what that deferred. */
  settle(): void {
    let rounds = 0
    for (let run = this.#deferred.shift(); run !== undefined; run = this.#deferred.shift()) {
      if (++rounds > 10_000) throw new Error('the client defers for ever')
      run()
    }
  }

  /** Runs what the client deferred, and what its promises go on with. */
  async steps(): Promise<void> {
    for (let i = 0; i < 100; i++) {
      this.settle()
      await Promise.resolve()
    }
  }

  /** Runs the client until a promise of it is settled. */
  async until<T>(promise: Promise<T>): Promise<T> {
    let isOver = false
    const over = (): void => {
      isOver = true
    }
    promise.then(over, over)
    for (let i = 0; i < 20 && !isOver; i++) await this.steps()
    if (!isOver) throw new Error(`it waits; the client has sent ${this.pipe.peek().join(', ')}`)
    return promise
  }

  advance(ms: number): void {
    this.clock.advance(ms)
    this.settle()
  }

  /** Answers the named Hello and pushes an empty first page. */
  greet(response: Partial<HelloResponse> = {}): HelloRequest {
    const { id, request } = this.pipe.take('hello')
    const { head = request.since, resync = false } = response
    const from = resync ? 0 : request.since
    this.pipe.receive(
      answer(
        'hello',
        id,
        createHelloResponse({ uid: UID, device: 1, storeId: STORE_ID, ack: from, ...response, head }),
      ),
      pushFrame(from, resync ? 0 : head),
    )
    return request
  }

  /** Opens the connection that waits or comes next, and answers its Hello. */
  reconnect(response: Partial<HelloResponse> = {}): HelloRequest {
    for (let waited = 0; this.client.state().phase === 'waiting' && waited < 600_000; waited += 100) this.advance(100)
    if (this.client.state().phase !== 'connecting') throw new Error('no new connection')
    this.pipe.open()
    return this.greet(response)
  }

  /** What was told of one kind, in order. */
  of<K extends keyof ClientEvents>(name: K): ClientEvents[K][] {
    return this.told.filter(each => each.name === name).map(each => each.event as ClientEvents[K])
  }

  /** The states of a message, in the order in which they were told. */
  statesOf(sendSeq: number): string[] {
    return this.of('messageState')
      .filter(each => each.sendSeq === sendSeq)
      .map(each => each.state)
  }

  async #start(): Promise<void> {
    const { transports = ['test'], transportHeartbeatMs, follows = false, seed = 'client', ...options } = this.#options
    const transportTo = (name: string, elsewhere?: string): Transport => ({
      name,
      preamble: false,
      ...(transportHeartbeatMs === undefined ? {} : { heartbeatMs: transportHeartbeatMs }),
      ...(follows
        ? { address: elsewhere ?? `${name} own`, at: ({ host, port }) => transportTo(name, `${host}:${port}`) }
        : {}),
      connect: handlers => {
        const pipe = new ServerPipe(elsewhere === undefined ? name : `${name} ${elsewhere}`, handlers, () =>
          this.settle(),
        )
        this.pipes.push(pipe)
        return pipe
      },
    })
    const transport = transports.map(name => transportTo(name))
    this.#client = await createClient({
      transport,
      storage: this.storage,
      clock: this.clock,
      random: seededRandom(seed),
      defer: run => this.#deferred.push(run),
      ...options,
    })
    for (const name of EVENTS) this.#client.on(name, event => this.told.push({ name, event } as Told))
    this.settle()
  }
}

/** Why a call of the library throws. */
export function reasonOf(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    if (error instanceof LongwireError) return error.reason
    throw error
  }
  return 'nothing was thrown'
}

/** Why a promise of the library rejects. */
export async function rejectionOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
  } catch (error) {
    if (error instanceof LongwireError) return error.reason
    throw error
  }
  return 'it resolves'
}

export function sessionOf(session: Partial<Session> = {}): Session {
  return createSession({ uid: UID, device: 1, token: TOKEN, storeId: STORE_ID, expiresAtMs: 1, ...session })
}
