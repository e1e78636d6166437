/**
 * A store that has lost what it had acknowledged (Redis with N = 0), under a node and a client that live on. The client has applied items
 * that are no more. What they replaced is there again, so it must take its timeline anew.
 */
import t from 'tap'
import { encodeRequest } from '../../protocol/frame-codec.js'
import { encodeSendRequest } from '../../protocol/generated/messages.js'
import { METHODS } from '../../protocol/methods.js'
import { Connection } from '../../src/connection/connection.js'
import { seededRandom } from '../../src/lib/random.js'
import type { ShortAnswer } from '../../src/short/types.js'
import { MemoryDisk } from '../../src/store/memory/disk.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { FakePipe, helloFrame, joined, LEADING_ZERO, type Seen } from '../support/connection-rig.js'
import { eventually } from '../support/eventually.js'
import { JumpingClock } from '../support/jumping-clock.js'
import { testNode } from '../support/test-node.js'

const MINUTE_MS = 60_000

const awake = setInterval(() => {}, 1_000)
t.teardown(() => clearInterval(awake))

async function world() {
  const disk = new MemoryDisk(seededRandom('disk'))
  const random = seededRandom('node')
  const clock = new JumpingClock()
  const onFatal = (error: unknown): void => {
    t.fail(String(error))
  }
  const node = testNode({ name: 'a', store: new MemoryStore({ disk, shared: true }), clock, random, onFatal })
  await node.start()
  node.serve()
  t.teardown(() => node.close())
  const ask = async (path: string, body: object, token?: string) => {
    const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) }
    const bytes = new TextEncoder().encode(JSON.stringify(body))
    const answer = await new Promise<ShortAnswer>(resolve => {
      const request = { method: 'POST', path: `/longwire.v1.${path}`, address: '192.0.2.1', headers }
      node.access.connect.handle(request, bytes, resolve)
    })
    const text = new TextDecoder().decode(answer.body)
    if (answer.status !== 200) throw new Error(`${answer.status} ${text}`)
    return JSON.parse(text)
  }
  const register = async (account: string, key: number) => {
    const installationKey = Buffer.alloc(16, key).toString('base64')
    const given = { account, password: 'a long password', installationKey, nickname: account }
    const { session } = await ask('AccountService/Register', given)
    return { uid: Number(session.uid), token: Buffer.from(session.token, 'base64') }
  }
  const anna = await register('anna', 1)
  const ben = await register('ben', 2)
  const [annas, bens] = [anna, ben].map(({ token }) => token.toString('base64url')) as [string, string]
  await ask('ContactService/Request', { sendSeq: 1, uid: anna.uid }, bens)
  await ask('ContactService/Accept', { sendSeq: 1, uid: ben.uid, request: 1 }, annas)

  const unbound = disk.snapshot()
  const pipe = new FakePipe()
  const { context } = node.access
  const connection = new Connection(context, pipe, '192.0.2.1', { leadingZero: true })
  pipe.connection = connection
  const seen: Seen[] = []
  const sees = (what: string) =>
    eventually(() => seen.push(...pipe.seen()) >= 0 && seen.some(each => each.what === what))
  connection.receive(joined(LEADING_ZERO, helloFrame(1, { token: anna.token, attempt: 1 })))
  await sees('push')
  const rename = (nickname: string) => ask('AccountService/UpdateProfile', { sendSeq: 2, nickname }, annas)
  const logOut = () => ask('AccountService/Logout', {}, annas)
  const loseBinding = (): void => {
    disk.restore(unbound)
    disk.newEpoch()
  }
  /** Anna is renamed, her client hears of it, and then the store loses it. */
  const lost = async (): Promise<void> => {
    const snapshot = disk.snapshot()
    seen.length = 0
    await rename('Anne')
    await sees('push')
    seen.length = 0
    disk.restore(snapshot)
    disk.newEpoch()
  }
  return { ben, connection, seen, sees, lost, loseBinding, logOut, rename, clock }
}

t.test('the next item is not pushed over what was lost: the client is sent to 0', async t => {
  const { seen, sees, lost, rename } = await world()
  await lost()
  await rename('Annie')
  await sees('close')
  t.match(seen, [{ what: 'close', code: 'RESYNC' }])
})

t.test('nor is the own copy of a message that the client sends', async t => {
  const { ben, connection, seen, sees, lost } = await world()
  await lost()
  const body = encodeSendRequest({ sendSeq: 2, to: ben.uid, text: 'hello' })
  connection.receive(encodeRequest(2, METHODS.send.number, body))
  await sees('close')
  t.match(seen, [
    { what: 'answer', id: 2 },
    { what: 'close', code: 'RESYNC' },
  ])
})

t.test('where nothing more comes, the next look at the head finds it', async t => {
  const { seen, sees, lost, clock } = await world()
  await lost()
  clock.jump(2 * MINUTE_MS)
  await sees('close')
  t.match(seen, [{ what: 'close', code: 'RESYNC' }])
})

t.test('a connection whose binding was lost is closed when its session ends', async t => {
  const { seen, sees, loseBinding, logOut } = await world()
  seen.length = 0
  loseBinding()
  await logOut()
  await sees('close')
  t.match(seen.at(-1), { what: 'close', code: 'SESSION_REVOKED' })
})
