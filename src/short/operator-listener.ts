/**
 * The port for operators alone (--metrics-port): the pages without the methods. It takes few connections. When all are taken, the one that
 * has been idle for the longest makes way for a new one, which may be an operator's. So silent connections keep nobody out.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { present } from '../lib/assert.js'
import { pathOf } from './request-target.js'
import { type Page, type ShortRequest, textAnswer } from './types.js'

/** The time to the end of the headers, and of the request; then between two requests: longer than most readers' intervals. */
const HEADERS_TIMEOUT_MS = 10_000
const REQUEST_TIMEOUT_MS = 15_000
const KEEP_ALIVE_MS = 65_000

const HEADERS_BYTES_MAX = 8_192

export class OperatorListener {
  readonly #pages: ReadonlyMap<string, Page>
  readonly #server: Server
  readonly #connectionsMax: number
  /** Connections without a request in work, the longest idle first. */
  readonly #idle = new Set<Socket>()
  #connections = 0

  /**
   * @param pages by path
   * @param connectionsMax readers are a handful; they must not take the clients' descriptors
   */
  constructor(pages: ReadonlyMap<string, Page>, connectionsMax: number) {
    this.#pages = pages
    this.#server = createServer(
      {
        headersTimeout: HEADERS_TIMEOUT_MS,
        requestTimeout: REQUEST_TIMEOUT_MS,
        keepAliveTimeout: KEEP_ALIVE_MS,
        connectionsCheckingInterval: 5_000,
        maxHeaderSize: HEADERS_BYTES_MAX,
      },
      (request, response) => this.#answer(request, response),
    )
    this.#connectionsMax = connectionsMax
    this.#server.on('connection', socket => this.#count(socket))
  }

  /**
   * @param port 0 for any free one
   * @throws Error with `code` EADDRINUSE, EACCES …
   */
  listen(host: string, port: number): Promise<AddressInfo> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen({ host, port }, () => {
        this.#server.off('error', reject)
        this.#server.on('error', () => {}) // a reader that could not be accepted: it comes again
        resolve(present(this.#server.address(), 'the address of a listening server') as AddressInfo)
      })
    })
  }

  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }

  /** Counts a connection in, if need be for the longest idle one; if none is idle, it is closed itself. */
  #count(socket: Socket): void {
    if (this.#connections >= this.#connectionsMax) {
      const [leaving = socket] = this.#idle
      this.#idle.delete(leaving)
      leaving.resetAndDestroy()
      if (leaving === socket) return
    }
    this.#connections += 1
    this.#idle.add(socket)
    socket.on('close', () => {
      this.#connections -= 1
      this.#idle.delete(socket)
    })
  }

  #answer(incoming: IncomingMessage, response: ServerResponse): void {
    incoming.resume() // a body, if anybody sends one, is not read
    const { method = '', url = '', headers, socket } = incoming
    this.#idle.delete(socket)
    response.on('close', () => {
      if (!socket.destroyed) this.#idle.add(socket)
    })
    const path = pathOf(url)
    const page = this.#pages.get(path)
    const isLook = method === 'GET' || method === 'HEAD'
    const reply: Parameters<Page>[1] = ({ status, headers: own, body }) => {
      response.writeHead(status, { ...own, 'Content-Length': body.length, 'Cache-Control': 'no-store' })
      response.end(method === 'HEAD' ? undefined : body)
    }
    if (page === undefined) reply(textAnswer(404, 'not found'))
    else if (!isLook) reply(textAnswer(405, 'method not allowed', { Allow: 'GET, HEAD' }))
    else page({ method, path, headers: headers as ShortRequest['headers'], address: socket.remoteAddress ?? '' }, reply)
  }
}
