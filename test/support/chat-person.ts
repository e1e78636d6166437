/** Chats in the terminal at a real server, with what each shows taken down. */
import type { Test } from 'tap'
import { Chat } from '../../clients/terminal/chat.js'
import { type Line, rowsOf } from '../../clients/terminal/rows.js'
import type { Dialogue } from '../../clients/terminal/screen.js'
import { type Client, createClient, MemoryStorage, systemClock, tcpTransport } from '../../clients/typescript/index.js'
import type { RunningServer } from '../../src/cli/server.js'
import { eventually } from './eventually.js'
import { PASSWORD, startTestServer, testConfig } from './server.js'

export class ChatPerson {
  readonly shown: string[] = []
  readonly remarked: string[] = []
  status = ''
  quits = 0
  signedOut: string | undefined
  readonly chat: Chat

  constructor(
    readonly client: Client,
    dialogue: Dialogue | undefined,
  ) {
    const rows = (line: Line): string =>
      rowsOf(line, 1000)
        .join('\n')
        .replace(/^(\d\d:\d\d) /, '')
    this.chat = new Chat({
      client,
      clock: systemClock,
      dialogue,
      screen: {
        show: line => this.shown.push(rows(line)),
        remark: line => this.remarked.push(rows(line)),
        status: text => {
          this.status = text
        },
      },
      quit: () => this.quits++,
      signedOut: why => {
        this.signedOut = why
      },
    })
  }

  /** Everything shown so far is as good as forgotten; what comes next is waited for. */
  async see(...wanted: (string | RegExp)[]): Promise<void> {
    const isThere = (want: string | RegExp): boolean =>
      this.shown.some(row => (typeof want === 'string' ? row === want : want.test(row)))
    await eventually(() => wanted.every(isThere)).catch(() => {
      throw new Error(`not shown: ${wanted.filter(want => !isThere(want))}\nbut:\n${this.shown.join('\n')}`)
    })
    this.shown.length = 0
  }
}

/** A server and chats at it. @param argv options of the server */
export async function servedChats(t: Test, ...argv: string[]) {
  const server: RunningServer = await startTestServer({ config: testConfig(...argv) })
  const clients: Client[] = []
  t.teardown(async () => {
    for (const client of clients) await client.close()
    await server.drain()
  })
  const transport = tcpTransport({ host: '127.0.0.1', port: server.port })
  const enter = async (
    account: string,
    how: 'register' | 'login',
    storage = new MemoryStorage(),
    dialogue?: Dialogue,
  ) => {
    const client = await createClient({ transport, storage, deviceName: `${account}'s`, reconnectBaseMs: 20 })
    clients.push(client)
    const person = new ChatPerson(client, dialogue)
    t.teardown(() => person.chat.close())
    const returns = client.account.signedIn
    if (!returns) await client.account[how]({ account, password: PASSWORD })
    await person.chat.open(undefined)
    if (returns) client.connect()
    await eventually(() => person.status.startsWith('[online'))
    if (!returns) person.shown.length = 0
    return person
  }
  return { server, enter }
}

/** Two friends at it. */
export async function befriendedChats(t: Test) {
  const { server, enter } = await servedChats(t)
  const alice = await enter('alice', 'register')
  const bob = await enter('bob', 'register')
  await alice.chat.enter('/add bob')
  await bob.see(/asks to become a contact/)
  await bob.chat.enter('/accept')
  await alice.see('-- bob is a contact now')
  await bob.see('-- alice is a contact now')
  return { server, enter, alice, bob }
}
