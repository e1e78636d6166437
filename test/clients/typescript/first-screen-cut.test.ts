/** The first screen, cut off after each of its steps: whatever was stored by then, the device comes to the same as one that was not. */
import t from 'tap'
import {
  type Changes,
  type Client,
  createClient,
  MemoryStorage,
  type Message,
  tcpTransport,
} from '../../../clients/typescript/index.js'
import { eventually } from '../../support/eventually.js'
import { PASSWORD, startTestServer } from '../../support/server.js'

/** Groups with announcements: more than a page of keyed state has. */
const GROUPS = 140
const ANNOUNCEMENT = 'x'.repeat(2_000)

/** A storage that takes so many commits and then no more, as if its program had been killed. */
class CutStorage extends MemoryStorage {
  left = Number.POSITIVE_INFINITY
  /** The commit that never ends. */
  #cut: ((error: Error) => void) | undefined
  /** A planted bug: it is not noted that keyed state is missing. */
  readonly #forgetsState: boolean

  constructor(forgetsState = false) {
    super()
    this.#forgetsState = forgetsState
  }

  get isCut(): boolean {
    return this.#cut !== undefined
  }

  /** Ends the client whose program was killed. */
  bury(): void {
    this.#cut?.(new Error('killed'))
  }

  override commit(changes: Changes, done: (error?: Error) => void): void {
    if (this.left === 0) {
      this.#cut = done
      return
    }
    this.left -= 1
    const values = new Map(changes.values)
    if (this.#forgetsState) values.delete('state')
    super.commit({ ...changes, values }, done)
  }
}

/** What all devices of a user must agree on. */
async function seen(client: Client): Promise<object> {
  const texts: Record<string, string[]> = {}
  for (const { conversation } of client.chats.list()) {
    const messages: Message[] = []
    let page = await client.history(conversation, { limit: 100 })
    messages.unshift(...page.messages)
    while (page.before !== undefined) {
      page = await client.history(conversation, { before: page.before })
      messages.unshift(...page.messages)
    }
    texts[conversation] = messages.map(each => each.change?.act ?? each.text)
  }
  const byName = (x: { readonly conversation: string }, y: { readonly conversation: string }): number =>
    x.conversation < y.conversation ? -1 : 1
  return {
    contacts: client.contacts.list().sort((x, y) => x.uid - y.uid),
    groups: client.groups.list().sort(byName),
    conversations: client.conversations.list().sort(byName),
    preferences: client.conversations.preferences,
    profile: client.account.profile,
    chats: client.chats.list().map(({ conversation, unread, mentions, name, last }) => ({
      conversation,
      unread,
      mentions,
      name,
      last: last?.change?.act ?? last?.text,
    })),
    texts,
  }
}

t.test('whatever was stored by then, it goes on from there', async t => {
  const server = await startTestServer()
  t.teardown(() => server.drain())
  const transport = tcpTransport({ host: '127.0.0.1', port: server.port })
  const make = (storage: MemoryStorage): Promise<Client> =>
    createClient({ transport, storage, firstScreen: true, reconnectBaseMs: 20 })
  const [ann, bob] = [await make(new MemoryStorage()), await make(new MemoryStorage())]
  await ann.account.register({ account: 'ann', password: PASSWORD })
  await bob.account.register({ account: 'bob', password: PASSWORD })
  await ann.contacts.request(bob.account.uid, 'hello')
  await eventually(() => bob.contacts.get(ann.account.uid)?.state === 'invited')
  await bob.contacts.accept(ann.account.uid)
  for (let i = 0; i < GROUPS; i++) {
    const group = await ann.groups.create(`Group ${i}`, [bob.account.uid])
    void ann.groups.announce(group, ANNOUNCEMENT)
    if (i === 3) await ann.conversations.set(group, { pinned: true })
    if (i % 10 > 0) continue
    const hello = bob.send(group, `hello ${i}`)
    await eventually(() => hello.number > 0)
  }
  await ann.conversations.setPreferences({ askBeforeGroups: true })
  const last = bob.send(ann.account.uid, 'you there?')
  await eventually(() => last.state === 'delivered' && ann.groups.list().every(each => each.announcement !== ''))
  await eventually(() => ann.chats.list().length === GROUPS + 1 && ann.chats.get(bob.account.uid).unread === 1)
  const whole = await seen(ann)
  t.teardown(() => Promise.all([ann.close(), bob.close()]))

  /** A new device that is killed when it has stored so much. @returns what it comes to, and whether it was killed before it had all */
  const draw = async (cutAfter: number, forgetsState = false): Promise<{ comesTo: object; isCut: boolean }> => {
    const storage = new CutStorage(forgetsState)
    storage.left = cutAfter
    const isDrawn = (client: Client): boolean => client.chats.list().length > 0 && client.state().whole
    const first = await make(storage)
    first.account.login({ account: 'ann', password: PASSWORD }).catch(() => {})
    await eventually(() => storage.isCut || isDrawn(first))
    const { isCut } = storage
    storage.left = Number.POSITIVE_INFINITY
    let client = first
    if (isCut) {
      // Of the first one nothing is stored any more: its commit never ends.
      client = await make(storage)
      if (client.account.signedIn) client.connect()
      else await client.account.login({ account: 'ann', password: PASSWORD })
      await eventually(() => isDrawn(client))
    }
    while (await client.chats.more());
    const comesTo = await seen(client)
    storage.bury()
    await client.close()
    return { comesTo, isCut }
  }

  let cuts = 0
  for (let cutAfter = 0; ; cutAfter++) {
    const { comesTo, isCut } = await draw(cutAfter)
    t.same(comesTo, whole, `cut after ${cutAfter} commits`)
    if (!isCut) break
    cuts += 1
  }
  t.ok(cuts > 5, `${cuts} steps`)

  // Planted: the head counts as its since before all is stored.
  let isFound = false
  for (let cutAfter = cuts - 1; cutAfter >= 0 && !isFound; cutAfter--) {
    isFound = JSON.stringify((await draw(cutAfter, true)).comesTo) !== JSON.stringify(whole)
  }
  t.ok(isFound, 'the planted bug is found')
})
