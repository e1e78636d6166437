/** The page of an older build in front of a real server, until the newer one is put in its place. */
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { type Served, WEB_FOLDER, webFiles } from './web.js'

/** What the older page says where the newer one says "Longwire needs". */
export const OLDER_TEXT = 'Older needs'

export interface OlderPage extends Served {
  /** Serves the newer build from now on. */
  replace(): void
  stop(): void
}

/**
 * Serves the files of the page itself, as an older version: another worker, and another text in the page. WebSockets go on to the server.
 * @param server the one that the page talks to
 */
export async function serveOlderPage(server: Served): Promise<OlderPage> {
  const { version } = JSON.parse(readFileSync(join(WEB_FOLDER, 'files.json'), 'utf8')) as { readonly version: string }
  let isOlder = true
  const front = createServer((request, response) => {
    const file = webFiles().find(({ path }) => path === request.url)
    if (file === undefined) {
      response.writeHead(404).end()
      return
    }
    let text = readFileSync(join(WEB_FOLDER, file.file), 'utf8')
    if (isOlder && file.path === '/') text = text.replace('Longwire needs', OLDER_TEXT)
    if (isOlder && file.path === '/service-worker.js') text = text.replaceAll(version, 'older')
    response.writeHead(200, { 'Content-Type': file.type, 'Cache-Control': 'no-cache' }).end(text)
  })
  front.on('upgrade', (request, near, head) => relay(request, near, head, server))
  await new Promise<void>(resolve => front.listen(0, '127.0.0.1', resolve))
  return {
    httpPort: (front.address() as AddressInfo).port,
    replace: () => {
      isOlder = false
    },
    stop: () => {
      front.close()
      front.closeAllConnections()
    },
  }
}

function relay({ url, rawHeaders }: IncomingMessage, near: Duplex, head: Buffer, { httpPort }: Served): void {
  const far = net.connect(httpPort, '127.0.0.1')
  const lines = rawHeaders.flatMap((each, i) => (i % 2 === 0 ? [`${each}: ${rawHeaders[i + 1]}`] : []))
  far.write(`GET ${url} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
  far.write(head)
  for (const [one, other] of [
    [near, far],
    [far, near],
  ] as const) {
    one.pipe(other)
    one.on('error', () => other.destroy())
    one.on('close', () => other.destroy())
  }
}
