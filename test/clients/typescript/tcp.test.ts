import { createServer, type Server, type Socket } from 'node:net'
import t from 'tap'
import { createClient, FileStorage, tcpTransport } from '../../../clients/typescript/index.js'
import { encodeResponse, PING } from '../../../protocol/frame-codec.js'
import { FrameDecoder } from '../../../protocol/frame-decoder.js'
import { FRAME_TO_SERVER_BYTES_MAX } from '../../../protocol/limits.js'
import { METHODS } from '../../../protocol/methods.js'
import { answer, pushFrame, STORE_ID, sessionOf, UID } from '../../support/client-harness.js'
import { eventually } from '../../support/eventually.js'

/** Answers Hello, sign-ins and sends, and remembers the last number. */
class TinyServer {
  readonly texts: string[] = []
  silent = false
  connections = 0
  leadingZeros = 0
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #last = 0

  constructor() {
    this.#server = createServer(socket => this.#serve(socket))
  }

  start(): Promise<number> {
    return new Promise(resolve => {
      this.#server.listen(0, '127.0.0.1', () => {
        const address = this.#server.address()
        resolve(typeof address === 'object' && address !== null ? address.port : 0)
      })
    })
  }

  stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    return new Promise(resolve => {
      this.#server.close(() => resolve())
    })
  }

  #serve(socket: Socket): void {
    this.connections++
    this.#sockets.add(socket)
    socket.on('close', () => this.#sockets.delete(socket))
    socket.on('error', () => {})
    const decoder = new FrameDecoder(FRAME_TO_SERVER_BYTES_MAX)
    let first = true
    socket.on('data', chunk => {
      decoder.push(chunk)
      for (let decoded = decoder.next(); decoded !== undefined; decoded = decoder.next()) {
        if (decoded.kind === 'ping') {
          if (first) this.leadingZeros++
          else socket.write(PING)
        } else if (decoded.kind === 'frame' && decoded.frame.id !== 0) {
          this.#answer(socket, decoded.frame.id, decoded.frame.method, decoded.frame.body)
        }
        first = false
      }
    })
  }

  #answer(socket: Socket, id: number, method: number, body: Uint8Array): void {
    if (method === METHODS.hello.number) {
      const named = METHODS.hello.decodeRequest(body).token.length > 0
      const response = { uid: UID, device: 1, storeId: STORE_ID, lastSendSeq: this.#last }
      socket.write(answer('hello', id, named ? response : {}))
      if (named) socket.write(pushFrame(0, 0))
    } else if (method === METHODS.register.number || method === METHODS.login.number) {
      socket.write(answer('login', id, { session: sessionOf() }))
    } else if (method === METHODS.send.number) {
      const { sendSeq, text } = METHODS.send.decodeRequest(body)
      if (sendSeq === this.#last + 1) {
        this.#last = sendSeq
        this.texts.push(text)
      }
      if (!this.silent) socket.write(answer('send', id, { version: 0 }))
    } else {
      socket.write(encodeResponse(id, new Uint8Array(0)))
    }
  }
}

t.test('over real TCP and a real disk: the leading 00, one write, and a restart that goes on', async t => {
  const server = new TinyServer()
  t.teardown(() => server.stop())
  const port = await server.start()
  const folder = t.testdir()
  const transport = tcpTransport({ host: '127.0.0.1', port })

  const first = await createClient({ transport, storage: new FileStorage(folder) })
  await first.account.register({ account: 'ann', password: 'correct horse' })
  const message = first.send(300, 'héllo')
  await eventually(() => message.state === 'accepted')
  await first.close()
  t.same(server.texts, ['héllo'])

  server.silent = true
  const second = await createClient({ transport, storage: new FileStorage(folder) })
  t.equal(second.account.signedIn, true)
  second.connect()
  const unanswered = second.send(300, 'again')
  await eventually(() => unanswered.state === 'sending')
  await second.close()

  server.silent = false
  const third = await createClient({ transport, storage: new FileStorage(folder) })
  const states: string[] = []
  third.on('messageState', event => {
    states.push(`${event.sendSeq} ${event.state}`)
  })
  third.connect()
  await eventually(() => states.includes('2 accepted'))
  t.match(await third.history(300), { messages: [{ text: 'héllo' }, { text: 'again', state: 'accepted' }] })
  // The server had it the first time already: both times under the same number.
  t.same(server.texts, ['héllo', 'again'])
  t.equal(server.leadingZeros, server.connections)
  await third.close()
})

t.test('a port where nobody listens is tried again', async t => {
  const server = new TinyServer()
  const port = await server.start()
  await server.stop()
  const client = await createClient({
    transport: tcpTransport({ host: '127.0.0.1', port }),
    storage: new FileStorage(t.testdir()),
    reconnectBaseMs: 1,
    reconnectCapMs: 5,
  })
  const reasons: string[] = []
  client.on('connection', status => {
    if (status.state === 'waiting') reasons.push(status.reason)
  })
  const refused = t.rejects(client.account.login({ account: 'ann', password: 'correct horse' }), { message: /closed/ })
  await eventually(() => reasons.length > 2)
  t.match(reasons[0], /ECONNREFUSED/)
  await client.close()
  await refused
})
