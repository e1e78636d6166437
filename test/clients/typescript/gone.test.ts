/** A text that was taken back, deleted or cleared is in no file of the client once it has stored the version that says so. */
import t from 'tap'
import { FileStorage, type HistoryOptions } from '../../../clients/typescript/index.js'
import {
  changedItem,
  conversationState,
  GROUP,
  groupMessage,
  Harness,
  inState,
  messageItem,
  sessionOf,
  UID,
} from '../../support/client-harness.js'
import { bytesIn, HURRIED } from '../../support/client-storage.js'

/** A client that is online, on files, where nothing happens at once. */
class OnFiles {
  readonly harness: Harness

  private constructor(harness: Harness) {
    this.harness = harness
  }

  static async online(folder: string, options: HistoryOptions = {}): Promise<OnFiles> {
    const online = new OnFiles(await Harness.start(new FileStorage(folder, { ...options, clock: HURRIED })))
    const { harness } = online
    void harness.client.account.login({ account: 'ann', password: 'correct horse' })
    await online.until(() => harness.pipes.length > 0)
    const { pipe } = harness
    pipe.open()
    await online.until(() => pipe.peek().includes('login'))
    pipe.respond('hello', pipe.take('hello').id)
    pipe.respond('login', pipe.take('login').id, { session: sessionOf() })
    await online.until(() => pipe.peek().includes('hello'))
    harness.greet()
    return online
  }

  async until(holds: () => boolean): Promise<void> {
    for (let rounds = 0; !holds(); rounds++) {
      if (rounds > 100_000) throw new Error('the storage stores nothing more')
      await new Promise(done => setImmediate(done))
      this.harness.settle()
    }
  }

  async stored(version: number): Promise<void> {
    await this.until(() => this.harness.client.state().durable >= version)
  }

  /** Takes a request of this method, when it has come. */
  async taken(method: 'send' | 'post'): Promise<number> {
    const { pipe } = this.harness
    await this.until(() => pipe.peek().includes(method))
    while (pipe.peek()[0] !== method) pipe.takeAck()
    return pipe.take(method).id
  }
}

t.test('what was taken back', async t => {
  const folder = t.testdir()
  const online = await OnFiles.online(folder)
  const { client, pipe } = online.harness
  client.send(300, 'secret of mine')
  pipe.push(0, 2, [messageItem('300/2/7', 'secret of 300'), groupMessage(5, '300/2/8', 'secret of all')])
  await online.stored(2)
  pipe.respond('send', await online.taken('send'), { version: 3, from: 2 })
  await online.stored(3)
  t.match(bytesIn(folder), /secret of mine.*secret of 300/s)
  pipe.push(3, 6, [
    changedItem(inState(messageItem('300/2/7', ''), { recalledBy: 300 })),
    changedItem(inState(groupMessage(5, '300/2/8', ''), { recalledBy: 9 })),
    changedItem(inState(messageItem(`${UID}/1/1`, '', { recipient: 300 }), { recalledBy: UID })),
  ])
  await online.stored(6)
  t.notMatch(bytesIn(folder), /secret/)
  t.match(bytesIn(folder), /"applied\/\d+",6/)
  await client.close()
})

for (const historyPerConversation of [500, 0]) {
  t.test(`an own message that waited here, and came back changed; history of ${historyPerConversation}`, async t => {
    const folder = t.testdir()
    const online = await OnFiles.online(folder, { historyPerConversation })
    const { client, pipe } = online.harness
    const own = (number: number): ReturnType<typeof groupMessage> => groupMessage(number, `${UID}/1/${number}`, '')
    for (const what of ['taken back', 'deleted', 'cleared']) client.send(GROUP, `secret ${what}`)
    client.send(300, 'secret to one')
    for (let i = 0; i < 3; i++) pipe.respond('post', await online.taken('post'))
    await online.taken('send')
    t.match(bytesIn(folder), /secret to one/)
    await online.until(() => /posted.*secret cleared/s.test(bytesIn(folder)))
    pipe.push(0, 1, [inState(own(1), { recalledBy: 9 })])
    await online.stored(1)
    t.notMatch(bytesIn(folder), /secret taken back/)
    pipe.push(1, 2, [inState(own(2), { deleted: true })])
    await online.stored(2)
    t.notMatch(bytesIn(folder), /secret deleted/)
    const inPlace = (await client.history(GROUP)).messages.filter(each => each.number > 0)
    const shown = inPlace.map(each => [each.number, each.text, each.changed.recalledBy])
    t.same(shown, historyPerConversation > 0 ? [[1, '', 9]] : [])
    pipe.push(2, 4, [conversationState({ conversation: GROUP, cleared: 4 }), own(3)])
    await online.stored(4)
    t.notMatch(bytesIn(folder), /secret cleared/)
    pipe.push(4, 5, [inState(messageItem(`${UID}/1/4`, '', { recipient: 300 }), { recalledBy: UID })])
    await online.stored(5)
    t.notMatch(bytesIn(folder), /secret/)
    await client.close()
  })
}
