/** A chat too long to be drawn at once, and what a reader sees of it while it is scrolled. */
import {
  type Client,
  createClient,
  MemoryStorage,
  type SentMessage,
  tcpTransport,
} from '../../clients/typescript/index.js'
import type { RunningServer } from '../../src/cli/server.js'
import { eventually } from './eventually.js'
import { PASSWORD } from './server.js'
import type { WebPerson } from './web.js'

/** What the page is held to. */
export const ROWS_MAX = 100
export const MOVED_PX_MAX = 1

/** The messages of the writer that are under way at once. */
const UNDER_WAY = 2_000
const LINES_MAX = 40

/** A client of the library with a new account. */
export async function enter(server: RunningServer, account: string): Promise<Client> {
  const transport = tcpTransport({ host: '127.0.0.1', port: server.port })
  const client = await createClient({ transport, storage: new MemoryStorage() })
  await client.account.register({ account, password: PASSWORD })
  return client
}

/** Makes two friends, the first of whom has written so many messages, which the other has read. @returns the first and the last of them */
export async function writeLong(
  writer: Client,
  reader: Client,
  count: number,
  text: (n: number) => string = textOf,
): Promise<readonly [SentMessage, SentMessage]> {
  const { uid } = reader.account
  await writer.contacts.request(uid)
  await eventually(() => reader.contacts.get(writer.account.uid)?.state === 'invited')
  await reader.contacts.accept(writer.account.uid)
  await eventually(() => writer.contacts.get(uid)?.state === 'friend')
  let first: SentMessage | undefined
  let last: SentMessage | undefined
  for (let n = 1; n <= count; n++) {
    last = writer.send(uid, text(n))
    first ??= last
    if (n % UNDER_WAY === 0 || n === count)
      await eventually(() => last?.state !== 'queued' && last?.state !== 'sending')
  }
  if (first === undefined || last === undefined) throw new Error('nothing was written')
  await eventually(() => last?.state === 'delivered')
  reader.markRead(writer.account.uid)
  await eventually(() => last?.state === 'read')
  return [first, last]
}

/** Most have a line; every seventh has more, and no two after each other the same number. */
export function textOf(n: number): string {
  const lines = n % 7 === 0 ? 1 + ((n * 11) % LINES_MAX) : 1
  return Array.from({ length: lines }, (_, line) => `message ${n}, line ${line + 1}`).join('\n')
}

/** What was seen while the log was scrolled. */
export interface Watched {
  /** The most rows that were in the document. */
  readonly rows: number
  /** The most that a row in sight was away from where the scrolling alone had put it, in pixels. */
  readonly moved: number
  /** The number of the topmost message in the end. */
  readonly top: number
}

/**
 * Scrolls the log, and looks at each frame that is painted after it: all rows that were in sight must be where the scrolling alone put them,
 * whatever is drawn, measured or loaded above.
 * @param steps pixels, negative ones towards older messages
 */
export function watchScrolling({ page }: WebPerson, steps: readonly number[]): Promise<Watched> {
  return page.evaluate(`(async steps => {
    const log = document.querySelector('[role=log]')
    const painted = () => new Promise(done => requestAnimationFrame(() => setTimeout(done)))
    const inSight = () => {
      const view = log.getBoundingClientRect()
      const rows = [...log.querySelectorAll('[data-key]')].map(row => [row, row.getBoundingClientRect()])
      return rows.filter(([, { top, bottom }]) => bottom > view.top && top < view.bottom)
    }
    let rows = 0
    let moved = 0
    for (const step of steps) {
      const seen = new Map(inSight().map(([row, { top }]) => [row.dataset.key, top]))
      const from = log.scrollTop
      log.scrollTop = from + step
      const by = log.scrollTop - from
      for (let frame = 0; frame < 3; frame++) {
        await painted()
        rows = Math.max(rows, log.querySelectorAll('[data-index]').length)
        for (const [row, { top }] of inSight()) {
          const was = seen.get(row.dataset.key)
          if (was !== undefined) moved = Math.max(moved, Math.abs(top - (was - by)))
        }
      }
    }
    const top = Number(/message (\\d+)/.exec(inSight()[0][0].textContent)[1])
    return { rows, moved, top }
  })(${JSON.stringify(steps)})`)
}
