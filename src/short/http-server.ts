/**
 * HTTP/1.1 by node:http on the sockets that the door hands on: the methods, WebSocket, pages for operators, the web client. Each request passes
 * the same checks in the same order, the cheap ones first; what a client without a session may make the server hold or compute is bounded
 * by each check:
 *
 *   connection   counted in by the door, or refused: 503, but for the pages
 *   headers      10 s, 8 KiB, 64 of them, each with one meaning
 *   route        path, verb, content type … before a byte of the body
 *   body         15 s with the headers; a large or packed one only from somebody whose token is right
 *   answer       behind one that may be large, or while a page waits, no further request is begun; 60 s without taking a
 *                piece of it ends the connection
 */

import { createServer, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { CODES } from '../../protocol/codes.js'
import { HELLO_BYTES_MAX } from '../../protocol/limits.js'
import { type Arrived, type Protocol, type Refusal, refusalRetryMs } from '../connection/arrived.js'
import type { CallerId } from '../connection/backlog.js'
import { LARGE_ANSWERS } from '../connection/bounded-services.js'
import type { ConnectionContext } from '../connection/context.js'
import { disown, ignoreError } from '../connection/socket-owner.js'
import { STALL_MS_MAX } from '../connection/writer.js'
import type { Clock } from '../lib/clock.js'
import type { AddressList } from '../lib/network.js'
import type { Wheel } from '../lib/wheel.js'
import type { AnswerForms } from './answer-forms.js'
import { readBody } from './body.js'
import { clientAddress } from './client-address.js'
import { type ConnectHandler, tooLarge } from './connect.js'
import { errorAnswer } from './connect-answer.js'
import type { Call } from './connect-route.js'
import { Exchange } from './exchange.js'
import { unpacked } from './gzip.js'
import { HEADERS_MAX, headerFault } from './header-check.js'
import { Incoming } from './incoming.js'
import { isPreflight, type Origins } from './origins.js'
import { HttpPeer, type HttpSocket, PEER, type PeerServer } from './peer.js'
import { refuseSocket } from './raw-answer.js'
import { authorityOf, pathOf } from './request-target.js'
import { type Page, type Reply, type ShortRequest, textAnswer } from './types.js'
import { WEB_SOCKET_PATH, type WebSocketUpgrade } from './web-socket-upgrade.js'

export interface ShortTimeouts {
  /** The time to the end of the headers: from when it was accepted, or from the first byte of a later request. */
  readonly headersMs: number
  /** The time to the end of the request; what a poll waits is not counted. */
  readonly requestMs: number
  /** The time between two requests of a connection: longer than proxies keep theirs, or one would send into a closed one. */
  readonly idleMs: number
  /** The interval at which headers and requests are checked. */
  readonly checkMs: number
  /** The time after which the connection ends if no byte of an answer was taken. */
  readonly stallMs: number
}

const TIMEOUTS: ShortTimeouts = {
  headersMs: 10_000,
  requestMs: 15_000,
  idleMs: 75_000,
  checkMs: 1_000,
  stallMs: STALL_MS_MAX,
}

export interface ShortOptions {
  readonly context: Pick<ConnectionContext, 'gate' | 'wheel' | 'faults' | 'backlog' | 'random' | 'log'>
  readonly clock: Clock
  readonly connect: ConnectHandler
  readonly forms: AnswerForms
  readonly webSockets: WebSocketUpgrade
  readonly origins: Origins
  /** Proxies whose X-Forwarded-For is believed. */
  readonly trusted: AddressList
  /** The operators' pages, by path. */
  readonly pages: ReadonlyMap<string, Page>
  /** The files of the web client, by path. Unlike the pages they are not for a connection that was refused. */
  readonly files: ReadonlyMap<string, Page>
  readonly timeouts?: Partial<ShortTimeouts>
}

const HEADERS_BYTES_MAX = 8_192

/** The largest body that is taken from anybody, as a first frame is. A larger one is not read before its token was checked. */
const UNAUTHENTICATED_BYTES_MAX = HELLO_BYTES_MAX

const BASE_HEADERS = Object.entries({
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  Vary: 'Accept-Encoding, Origin',
}).flat()

export class HttpServer implements Protocol, PeerServer {
  readonly firstRequestMs: number
  readonly wheel: Wheel
  readonly #options: ShortOptions
  readonly #server: Server<typeof Incoming>
  readonly #stallMs: number
  #inWork = 0
  #draining = false

  constructor(options: ShortOptions) {
    this.#options = options
    this.wheel = options.context.wheel
    const { headersMs, requestMs, idleMs, checkMs, stallMs } = { ...TIMEOUTS, ...options.timeouts }
    this.firstRequestMs = headersMs
    this.#stallMs = stallMs
    this.#server = createServer({
      IncomingMessage: Incoming,
      headersTimeout: headersMs,
      requestTimeout: requestMs,
      keepAliveTimeout: idleMs,
      connectionsCheckingInterval: checkMs,
      maxHeaderSize: HEADERS_BYTES_MAX,
      insecureHTTPParser: false,
      requireHostHeader: true,
      noDelay: true,
    })
    this.#server.maxHeadersCount = HEADERS_MAX + 1
    this.#server.on('request', (request, response) => this.#request(request, response))
    this.#server.on('checkContinue', (request, response) => this.#request(request, response))
    this.#server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head))
    this.#server.on('clientError', (error, socket) => this.#clientError(error, socket as HttpSocket))
    // The door listens in its place. By this node:http begins to watch its time limits; close() ends that.
    this.#server.emit('listening')
  }

  /** Requests that are not answered yet. */
  get inWork(): number {
    return this.#inWork + Number(this.#options.connect.awaitsPollers)
  }

  /** Answers say that their connections end, for the client's next request is for another node. Until drain() all are served. */
  leave(withinMs: number): void {
    this.#draining = true
    this.#options.connect.leave(withinMs)
  }

  /** Methods are refused from now on, waiting polls answered; pages stay open, for probes must see that it drains. */
  drain(withinMs: number): void {
    this.#draining = true
    this.#options.connect.drain(withinMs)
    this.#server.closeIdleConnections()
  }

  /** Ends everything that is left. */
  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }

  // The door's side ------------------------------------------------------------------------------------------------------

  serve(arrived: Arrived): void {
    this.#take(arrived, 0)
  }

  silent(arrived: Arrived): void {
    this.serve(arrived)
    this.#clientError(Object.assign(new Error('no request'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' }), arrived.socket)
  }

  /** Each request but for a page is answered with 503. */
  refuse(arrived: Arrived, { retryAfterMs }: Refusal): void {
    if (arrived.first.length > 0) this.#take(arrived, retryAfterMs)
    else refuseSilent(arrived.socket, retryAfterMs)
  }

  /** @param retryAfterMs 0: the gate has admitted it */
  #take({ socket, address, proxied, first, leftMs }: Arrived, retryAfterMs: number): void {
    disown(socket)
    const firstDueMs = this.#options.clock.monotonic() + leftMs
    const peer = new HttpPeer(socket, { address, proxied, retryAfterMs, firstDueMs, server: this })
    // node:http counts from now on. For most connections that is the time when they were accepted.
    if (leftMs < this.firstRequestMs) peer.mustSpeakIn(leftMs)
    this.#server.emit('connection', socket)
    // node:http listens by now, and reads the rest by itself.
    if (first.length > 0) socket.emit('data', first)
  }

  /** Ends a peer that has used up its time in parts; the wheel's call. */
  late({ socket }: HttpPeer): void {
    this.#clientError(Object.assign(new Error('no request'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' }), socket)
  }

  /** Keeps its place at the gate: sockets without a session do not throw it out. */
  authenticated({ address, socket }: HttpPeer): void {
    this.#options.context.gate.removeUnauthenticated(address, socket)
  }

  /** Releases an HTTP connection at the gate; one that became a WebSocket is released by that. */
  closed({ address, admitted, socket }: HttpPeer): void {
    if (admitted) this.#options.context.gate.release(address, socket)
  }

  /** Ends a connection whose bytes are no request, or whose request took too long. */
  #clientError(error: NodeJS.ErrnoException, socket: HttpSocket): void {
    const { faults, wheel } = this.#options.context
    const { code = 'unknown' } = error
    const peer = socket[PEER]
    if (code !== 'ECONNRESET') {
      // The code only: the bytes may hold a token.
      faults.info(wheel.tick, { address: peer?.address ?? '', error: code }, 'not a request')
    }
    if (code === 'ECONNRESET' || !socket.writable) socket.destroy()
    else if (peer?.speaks === false) socket.destroySoon()
    else refuseSocket(socket, CLIENT_ERRORS[code] ?? 400)
  }

  // Requests -------------------------------------------------------------------------------------------------------------

  #request(incoming: Incoming, response: ServerResponse): void {
    const socket: HttpSocket = incoming.socket
    const peer = socket[PEER]
    if (peer === undefined || peer.isFull) {
      socket.destroy()
      return
    }
    this.#inWork++
    const { clock, origins, forms } = this.#options
    const { origin } = incoming.headers
    const isListed = origin !== undefined && origins.lists(origin)
    const { wheel, faults, backlog } = this.#options.context
    const address = this.#addressOf(incoming, peer)
    let waitingBytes = 0
    let waitsFor: CallerId = { uid: 0, device: 0, address }
    const exchange = new Exchange(incoming, response, {
      clock,
      wheel,
      headers: isListed ? [...BASE_HEADERS, ...Object.entries(origins.headersFor(origin)).flat()] : BASE_HEADERS,
      stallMs: this.#stallMs,
      forms,
      last: () => this.#draining || !peer.admitted || incoming.ignoresUpgrade,
      onAnswer: (bytes, callerId = waitsFor) => {
        waitingBytes += bytes
        waitsFor = callerId
        backlog.change(callerId, bytes)
        peer.answered(exchange, bytes)
      },
      onStall: () => faults.info(wheel.tick, { address }, 'connection closed: it does not read its answers'),
      onEnd: () => {
        this.#inWork--
        backlog.change(waitsFor, -waitingBytes)
        peer.ended(exchange, waitingBytes)
      },
    })
    peer.asked(exchange)
    peer.beginWithSpace(() => this.#receive(shortRequest(incoming, address, peer), incoming, response, exchange, peer))
  }

  /** The client's, which a trusted proxy names. */
  #addressOf({ headers }: Incoming, peer: HttpPeer): string {
    const { trusted } = this.#options
    const forwarded = headers['x-forwarded-for']
    if (forwarded === undefined) return peer.address
    return clientAddress(peer.address, String(forwarded), trusted)
  }

  #allowsOrigin(headers: ShortRequest['headers'], { address }: HttpPeer): boolean {
    const { origins, trusted } = this.#options
    return origins.allows(headers, trusted.has(address))
  }

  #receive(
    request: ShortRequest,
    incoming: Incoming,
    response: ServerResponse,
    exchange: Exchange,
    peer: HttpPeer,
  ): void {
    const { connect, origins, pages, files } = this.#options
    const reply: Reply = (answer, callerId) => exchange.answer(answer, callerId)
    const fault = headerFault(incoming)
    const page = pages.get(request.path)
    const file = files.get(request.path)
    if (fault !== undefined) reply(textAnswer(fault[0], fault[1], { Connection: 'close' }))
    else if (page !== undefined) show(page, request, reply)
    else if (!peer.admitted) reply(errorAnswer(CODES.TOO_MANY_CONNECTIONS.code, { retryAfterMs: peer.retryAfterMs }))
    else if (file !== undefined) show(file, request, reply)
    else if (!this.#allowsOrigin(request.headers, peer)) reply(WRONG_ORIGIN)
    else if (isPreflight(request)) reply(origins.preflight())
    else if (request.path === WEB_SOCKET_PATH) reply(NO_UPGRADE)
    else {
      const route = connect.route(request)
      if (route.kind === 'refused') reply(route.answer)
      else {
        if (LARGE_ANSWERS.has(route.method.number)) peer.expectsLarge(exchange)
        this.#body(request, route, incoming, response, exchange)
      }
    }
  }

  #body(request: ShortRequest, route: Call, incoming: Incoming, response: ServerResponse, exchange: Exchange): void {
    const { connect } = this.#options
    const { bodyBytesMax, method } = route
    const { headers } = request
    const coding = headers['content-encoding'] ?? 'identity'
    const isPacked = coding.toLowerCase() === 'gzip'
    // Absent and not chunked: there is none.
    const declared = headers['transfer-encoding'] === undefined ? Number(headers['content-length'] ?? 0) : undefined
    const reply: Reply = (answer, callerId) => exchange.answer(answer, callerId)
    const read = (packedBy?: CallerId): void => {
      if (headers.expect !== undefined) response.writeContinue()
      readBody(incoming, bodyBytesMax, body => {
        if (body === undefined) exchange.answer(tooLarge(bodyBytesMax))
        else if (packedBy !== undefined) this.#unpack(request, packedBy, body, bodyBytesMax, exchange)
        else exchange.worksOn(connect.handle(request, body, reply, route))
      })
    }
    if ((isPacked && method.nameless) || (!isPacked && coding.toLowerCase() !== 'identity')) {
      exchange.answer(method.nameless ? NO_PACKING_HERE : NO_SUCH_CODING)
    } else if (declared !== undefined && declared > bodyBytesMax) {
      exchange.answer(tooLarge(bodyBytesMax))
    } else if (!method.nameless && (isPacked || declared === undefined || declared > UNAUTHENTICATED_BYTES_MAX)) {
      connect.vouch(request, isPacked, vouched => {
        if (vouched.kind === 'refused') exchange.answer(vouched.answer)
        else read(isPacked ? vouched.callerId : undefined)
      })
    } else {
      read()
    }
  }

  #unpack(request: ShortRequest, callerId: CallerId, body: Uint8Array, bytesMax: number, exchange: Exchange): void {
    const { connect } = this.#options
    const reply: Reply = (answer, callerId) => exchange.answer(answer, callerId)
    unpacked(body, bytesMax, result => {
      connect.unpacked(callerId)
      if (result.kind === 'bytes') exchange.worksOn(connect.handle(request, result.bytes, reply))
      else if (result.kind === 'too-large') reply(tooLarge(bytesMax))
      else reply(errorAnswer(CODES.BAD_BODY.code, { message: 'the body is not gzip' }))
    })
  }

  // WebSocket ------------------------------------------------------------------------------------------------------------

  #upgrade(incoming: Incoming, duplex: Duplex, head: Buffer): void {
    const socket = duplex as HttpSocket // of node:http it is one
    const peer = socket[PEER]
    socket.on('error', ignoreError)
    const status = this.#upgradeStatus(incoming, peer)
    if (peer === undefined || status !== 101) {
      const retryAfterMs = status === 503 ? peer?.retryAfterMs || this.#options.connect.retryAfterMs : 0
      refuseSocket(socket, status, retryAfterMs)
      return
    }
    const address = this.#addressOf(incoming, peer)
    if (address !== peer.address && !this.#readmit(socket, peer.address, address)) {
      refuseSocket(socket, 503, refusalRetryMs(this.#options.context.random))
      return
    }
    const helloMs = peer.helloMs(this.#options.clock.monotonic())
    // The admission is the connection's from here on.
    peer.leave()
    socket.off('error', ignoreError)
    socket.setTimeout(0) // the connection has its own
    this.#options.webSockets.accept(incoming, socket, head, { address, helloMs })
  }

  /**
   * Counts a WebSocket for its client and not for the proxy. False if the client has too many: the proxy's connection stays counted as it
   * was.
   */
  #readmit(socket: Socket, proxy: string, address: string): boolean {
    const { gate, wheel, faults } = this.#options.context
    gate.release(proxy, socket)
    const admission = gate.admit(address)
    if (admission === 'admitted') {
      gate.addUnauthenticated(address, socket)
      return true
    }
    gate.admit(proxy)
    faults.info(wheel.tick, { address, limit: admission }, 'connection refused: too many connections')
    return false
  }

  #upgradeStatus(incoming: Incoming, peer: HttpPeer | undefined): number {
    const { url = '', headers } = incoming
    if (headerFault(incoming) !== undefined) return 400
    if (headers.upgrade?.toLowerCase() !== 'websocket') return 426
    if (pathOf(url) !== WEB_SOCKET_PATH) return 404
    // In version 8 the origin was in another header; nobody speaks it any more.
    if (headers['sec-websocket-version'] !== '13') return 426
    if (peer === undefined || !this.#allowsOrigin(headers as ShortRequest['headers'], peer)) return 403
    if (!peer.admitted || this.#draining) return 503
    return peer.inWork > 0 ? 400 : 101
  }
}

function refuseSilent(socket: Socket, retryAfterMs: number): void {
  disown(socket)
  socket.on('error', ignoreError)
  refuseSocket(socket, 503, retryAfterMs)
}

const CLIENT_ERRORS: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
}

const WRONG_ORIGIN = errorAnswer(CODES.NOT_ALLOWED.code, { message: 'the origin is not on the list of this server' })

const NO_UPGRADE = textAnswer(426, 'this is for WebSocket', { Upgrade: 'websocket' })

const NO_SUCH_CODING = errorAnswer(CODES.BAD_BODY.code, {
  status: 415,
  connectCode: 'unimplemented',
  message: 'the content encoding must be gzip or identity',
  headers: { 'Accept-Encoding': 'gzip, identity' },
})

const NO_PACKING_HERE = errorAnswer(CODES.BAD_BODY.code, {
  status: 415,
  connectCode: 'unimplemented',
  message: 'the content encoding must be identity for those who are not logged in',
  headers: { 'Accept-Encoding': 'identity' },
})

function shortRequest(incoming: Incoming, address: string, connection: HttpPeer): ShortRequest {
  const { method = '', url = '', headers } = incoming
  // No request has one of the headers that node:http gives as arrays (set-cookie).
  return {
    method,
    path: pathOf(url),
    authority: authorityOf(url),
    headers: headers as ShortRequest['headers'],
    address,
    proxied: connection.proxied,
    connection,
  }
}

function show(page: Page, request: ShortRequest, reply: Reply): void {
  if (request.method === 'GET' || request.method === 'HEAD') page(request, reply)
  else reply(textAnswer(405, 'method not allowed', { Allow: 'GET, HEAD' }))
}
