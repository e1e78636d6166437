/** The open board: each post is shown once, whatever else is under way when it comes. */
import t, { type Test } from 'tap'
import { type Client, createClient, MemoryStorage, tcpTransport } from '../../../clients/typescript/index.js'
import { OpenBoard } from '../../../clients/web/model/open-board.js'
import { eventually } from '../../support/eventually.js'
import { PASSWORD, startTestServer } from '../../support/server.js'
import { TcpRelay } from '../../support/tcp-relay.js'
import { enter } from '../../support/web-log.js'

interface Opened {
  readonly board: OpenBoard
  readonly author: Client
  readonly reader: Client
  readonly rooms: Client['rooms']
  readonly relay: TcpRelay
  /** Puts a post on the board, and waits until its reader knows of it. */
  post(text: string): Promise<void>
  texts(): string[]
}

/** A reader who has an empty board open. */
async function open(t: Test): Promise<Opened> {
  const server = await startTestServer()
  const relay = await TcpRelay.start(server.port)
  const author = await enter(server, 'author')
  const transport = tcpTransport({ host: '127.0.0.1', port: relay.port })
  const reader = await createClient({ transport, storage: new MemoryStorage(), reconnectBaseMs: 20 })
  t.teardown(async () => {
    await Promise.all([author.close(), reader.close()])
    await server.drain()
  })
  await reader.account.register({ account: 'reader', password: PASSWORD })
  const { rooms } = reader
  const room = await author.rooms.create('News')
  await rooms.subscribe(room)
  await eventually(() => rooms.room(room)?.title === 'News')
  const board = new OpenBoard(reader, room, { read: () => {} })
  t.teardown(() => board.close())
  await eventually(() => board.view.value.state === 'ready')
  let head = 0
  const post = async (text: string): Promise<void> => {
    head += 1
    await author.rooms.post(room, text)
    await eventually(() => rooms.room(room)?.head === head)
  }
  return { board, author, reader, rooms, relay, post, texts: () => board.view.value.posts.map(({ text }) => text) }
}

t.test('a post that comes while others are asked for is shown, too', async t => {
  const { rooms, post, texts } = await open(t)
  const posts = rooms.posts.bind(rooms)
  let reads = 0
  let pass = (): void => {}
  const passed = new Promise<void>(resolve => {
    pass = resolve
  })
  rooms.posts = async (...range) => {
    const page = await posts(...range)
    reads += 1
    await passed
    return page
  }
  await post('one')
  await eventually(() => reads === 1)
  await post('two')
  pass()
  await eventually(() => texts().length === 2)
  t.same(texts(), ['one', 'two'])
})

t.test('posts that could not be read are read with the next connection', async t => {
  const { rooms, relay, post, texts } = await open(t)
  const posts = rooms.posts.bind(rooms)
  let failures = 0
  rooms.posts = async () => {
    failures += 1
    throw new Error('no answer')
  }
  await post('one')
  await eventually(() => failures === 1)
  rooms.posts = posts
  relay.cut()
  relay.join()
  await eventually(() => texts().length === 1)
  t.same(texts(), ['one'])
})

t.test(
  'the details are what the server knows; what the owner sets is there at once, and not if it is refused',
  async t => {
    const { board, author, reader } = await open(t)
    await board.look()
    t.match(board.details.value, {
      failed: false,
      profile: { listeners: 2, publishers: [], owner: author.account.uid },
    })
    const own = new OpenBoard(author, board.conversation, { read: () => {} })
    t.teardown(() => own.close())
    await own.look()
    await own.set('Town news', { allPublish: false, codeNeeded: true })
    t.match(own.details.value.profile, { title: 'Town news', rules: { codeNeeded: true } })
    await eventually(() => author.rooms.room(board.conversation)?.title === 'Town news')
    await own.publish([reader.account.uid], true)
    t.same(own.details.value.profile?.publishers, [reader.account.uid])
    await eventually(() => board.mayPost)
    await own.publish([reader.account.uid], false)
    await eventually(() => !board.mayPost)
    await own.publish([1_000_000], true)
    await eventually(() => own.details.value.profile?.publishers.length === 0)
    await eventually(() => own.details.value.profile?.code !== '')
  },
)

t.test('details that could not be asked for are asked for with the next connection', async t => {
  const { board, rooms, relay } = await open(t)
  const get = rooms.get.bind(rooms)
  rooms.get = async () => {
    throw new Error('no answer')
  }
  await board.look()
  t.same(board.details.value, { profile: undefined, failed: true })
  rooms.get = get
  relay.cut()
  relay.join()
  await eventually(() => board.details.value.profile?.title === 'News')
  t.equal(board.details.value.failed, false)
})
