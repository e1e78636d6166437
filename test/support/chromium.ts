/** A real browser without a window, and pages for it from a server of the test's own. */
import { accessSync, constants } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Browser, chromium } from 'playwright-core'

const USUAL_PATHS = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/snap/bin/chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

/** @throws naming what to do, if there is none */
export function startChromium(): Promise<Browser> {
  // Without a sandbox of its own: it opens what the test serves, and within containers it has none.
  return chromium.launch({ executablePath: chromiumPath(), args: ['--no-sandbox'] })
}

function chromiumPath(): string {
  const named = process.env.CHROMIUM
  const found = (named === undefined ? USUAL_PATHS : [named]).find(isExecutable)
  if (found !== undefined) return found
  throw new Error(
    `chromium is needed (apt-get install chromium): not found at ${named ?? USUAL_PATHS.join(', ')}; CHROMIUM=<path> names it`,
  )
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

export interface PageServer {
  /** As browsers write it. */
  readonly origin: string
  stop(): void
}

/** Serves an empty page at / and scripts by their names. */
export async function servePages(scripts: Readonly<Record<string, string>>): Promise<PageServer> {
  const server: Server = createServer((request, response) => {
    const script = scripts[request.url?.slice(1) ?? '']
    if (request.url === '/')
      response.setHeader('content-type', 'text/html; charset=utf-8').end('<!doctype html><title>page</title>')
    else if (script !== undefined) response.setHeader('content-type', 'text/javascript; charset=utf-8').end(script)
    else response.writeHead(404).end()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const stop = (): void => {
    server.close()
    server.closeAllConnections()
  }
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, stop }
}
