/**
 * The short side's door. So far it has one room: `GET /healthz` says 200 `ok` while the server serves and 503 when it does
 * not (it drains); everything else is 404.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { present } from '../lib/assert.js'
import type { Log } from '../ops/log.js'

/** From the first byte to the end of the headers, and to the end of the request: no one may hold a socket by being slow. */
const HEADERS_TIMEOUT_MS = 10_000
const REQUEST_TIMEOUT_MS = 15_000

/** Between two requests of a connection: longer than most load balancers' probes are apart. */
const KEEP_ALIVE_MS = 30_000

/** Probes come from a handful of machines; these connections must not take the long side's descriptors. */
const CONNECTIONS_MAX = 128

const HEADERS_BYTES_MAX = 8_192

export class HealthListener {
  readonly #server: Server
  readonly #serving: () => boolean
  readonly #log: Log

  /** @param serving whether the server takes connections and answers them, asked on each request */
  constructor(serving: () => boolean, log: Log) {
    this.#serving = serving
    this.#log = log
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
    this.#server.maxConnections = CONNECTIONS_MAX
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
        this.#server.on('error', error => this.#log.error({ error: error.message }, 'could not accept'))
        resolve(present(this.#server.address(), 'the address of a listening server') as AddressInfo)
      })
    })
  }

  /** Ends everything: nobody waits long for a health check. */
  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    request.resume() // a body, if anybody sends one, is not read
    const path = (request.url ?? '').split('?', 1)[0]
    if (path !== '/healthz') {
      reply(response, 404, 'not found')
    } else if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD')
      reply(response, 405, 'method not allowed')
    } else if (this.#serving()) {
      reply(response, 200, 'ok')
    } else {
      reply(response, 503, 'draining')
    }
  }
}

function reply(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': text.length,
    'Cache-Control': 'no-store',
  })
  response.end(text)
}
