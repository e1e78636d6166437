/** What a test of the page in a real browser begins with. */
import type { Browser } from 'playwright-core'
import type { Test } from 'tap'
import type { RunningServer } from '../../src/cli/server.js'
import { startChromium } from './chromium.js'
import { startTestServer } from './server.js'

/** A browser, and a server that serves the page, for the time of a test. */
export async function startWeb(
  t: Test,
  options: Parameters<typeof startTestServer>[0] = {},
): Promise<{ readonly browser: Browser; readonly server: RunningServer }> {
  const server = await startTestServer(options)
  t.teardown(() => server.abort())
  const browser = await startChromium()
  t.teardown(() => browser.close())
  return { browser, server }
}
