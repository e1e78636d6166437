/** Two nodes on one store: which of them hears of a commit, with no comparison of heads to help. */
import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import type { EventBatch } from '../../src/cluster/node-exchange.js'
import { Connection } from '../../src/connection/connection.js'
import { systemClock } from '../../src/lib/clock.js'
import { seededRandom } from '../../src/lib/random.js'
import type { Node } from '../../src/node/node.js'
import type { ShortAnswer } from '../../src/short/types.js'
import { MemoryDisk } from '../../src/store/memory/disk.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { FakePipe, helloFrame, joined, LEADING_ZERO } from '../support/connection-rig.js'
import { eventually } from '../support/eventually.js'
import { testNode } from '../support/test-node.js'

/** Nodes by name, and the batches with events that went between them: `from>to`. */
async function nodes(shared: boolean, names: readonly string[]) {
  const disk = new MemoryDisk(seededRandom('disk'))
  const sent: { way: string; batch: EventBatch }[] = []
  const asked: string[] = []
  const all = new Map<string, Node>()
  for (const name of names) {
    const random = seededRandom(name)
    const store = new MemoryStore({ disk, shared })
    const { setRoute } = store
    store.setRoute = (actor, ...rest) => {
      asked.push(`${name} ${actor}`)
      return setRoute.call(store, actor, ...rest)
    }
    const node = testNode({
      name,
      store,
      clock: systemClock,
      random,
      onFatal: error => t.fail(String(error)),
      network: {
        others: () => names.filter(other => other !== name),
        send(to, batch) {
          if (batch.events.length > 0) sent.push({ way: `${name}>${to}`, batch })
          all.get(to)?.receive(batch)
        },
      },
    })
    all.set(name, node)
    await node.start()
    node.serve()
  }
  const ask = (at: string, path: string, body: object, token?: string): Promise<ShortAnswer> => {
    const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) }
    const bytes = new TextEncoder().encode(JSON.stringify(body))
    return new Promise(resolve => {
      const request = { method: 'POST', path: `/longwire.v1.${path}`, address: '192.0.2.1', headers }
      all.get(at)?.access.connect.handle(request, bytes, resolve)
    })
  }
  const appended = (way: string) =>
    sent.filter(each => each.way === way && each.batch.events.some(({ kind }) => kind === 'appended')).length
  return { all, ask, asked, appended, close: () => Promise.all([...all.values()].map(node => node.close())) }
}

function json({ status, body }: ShortAnswer) {
  const text = new TextDecoder().decode(body)
  if (status !== 200) throw new Error(`${status} ${text}`)
  return JSON.parse(text)
}

async function register(ask: Awaited<ReturnType<typeof nodes>>['ask'], at: string) {
  const key = Buffer.alloc(16, 7).toString('base64')
  const account = { account: 'anna', password: 'a long password', installationKey: key, nickname: 'Anna' }
  const { session } = json(await ask(at, 'AccountService/Register', account))
  return Buffer.from(session.token, 'base64').toString('base64url')
}

t.test('a poll at one node is answered by what another commits, and nobody else is told', async t => {
  const { all, ask, appended, close } = await nodes(true, ['a', 'b', 'c'])
  const token = await register(ask, 'a')
  const { to: since } = json(await ask('a', 'MessageService/Sync', {}, token))
  const rename = (nickname: string, sendSeq: number) =>
    ask('b', 'AccountService/UpdateProfile', { sendSeq, nickname }, token)
  json(await rename('Anne', 1))
  t.same([appended('b>a'), appended('b>c')], [0, 0], 'nobody is there')
  const { to } = json(await ask('a', 'MessageService/Sync', { since }, token))
  const poll = ask('a', 'MessageService/Sync', { since: to, waitMs: 25_000 }, token)
  await eventually(() => all.get('a')?.access.hub.polls.all()[0]?.state === 'waiting')
  const startMs = performance.now()
  json(await rename('Anna', 2))
  t.equal(json(await poll).items.length, 1)
  t.ok(performance.now() - startMs < 10_000, 'long before the end of its time')
  await turn()
  t.same([appended('b>a'), appended('b>c')], [1, 0])
  await close()
})

t.test('the unit of a Hello sets the route, so that nothing is asked before its page is read', async t => {
  const { all, ask, asked, appended, close } = await nodes(true, ['a', 'b', 'c'])
  const token = await register(ask, 'a')
  for (const how of ['connection', 'http'] as const) {
    const at = how === 'connection' ? 'b' : 'c'
    const context = all.get(at)?.access.context
    if (context === undefined) throw new Error('no such node')
    if (how === 'connection') {
      const connection = new Connection(context, new FakePipe(), '192.0.2.1', { leadingZero: true })
      connection.receive(joined(LEADING_ZERO, helloFrame(1, { token: Buffer.from(token, 'base64url'), attempt: 1 })))
    } else {
      json(
        await ask(at, 'ConnectionService/Hello', {
          token: Buffer.from(token, 'base64url').toString('base64'),
          attempt: 2,
        }),
      )
      ask(at, 'MessageService/Sync', { since: 2, waitMs: 25_000 }, token)
    }
    await eventually(() => context.hub.users + context.hub.polls.size === 1)
    const before = appended(`a>${at}`)
    json(
      await ask('a', 'AccountService/UpdateProfile', { sendSeq: how === 'connection' ? 1 : 2, nickname: how }, token),
    )
    await eventually(() => appended(`a>${at}`) === before + 1)
  }
  t.same(asked, [])
  await close()
})

t.test('on a store of one process nothing is asked', async t => {
  const { all, ask, asked, close } = await nodes(false, ['a'])
  const token = await register(ask, 'a')
  const { to: since } = json(await ask('a', 'MessageService/Sync', {}, token))
  const poll = ask('a', 'MessageService/Sync', { since, waitMs: 25_000 }, token)
  await eventually(() => all.get('a')?.access.hub.polls.all()[0]?.state === 'waiting')
  json(await ask('a', 'AccountService/UpdateProfile', { sendSeq: 1, nickname: 'Anne' }, token))
  t.equal(json(await poll).items.length, 1)
  t.same([asked, all.get('a')?.access.context.routes], [[], undefined])
  await close()
})
