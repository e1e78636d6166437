/** The rounds of one connection, against a server that answers as the test says. */

import { once } from 'node:events'
import net from 'node:net'
import t, { type Test } from 'tap'
import { systemClock } from '../../../src/lib/clock.js'
import { endOfTurn } from '../../../src/lib/turn.js'
import { Link, type LinkOptions, LostError, NotSentError } from '../../../src/store/redis/link.js'
import { eventually } from '../../support/eventually.js'
import { ManualClock } from '../../support/manual-clock.js'

/** What the server answers, as Redis writes it; undefined: nothing. */
type Answer = (command: readonly string[]) => string | undefined

class FakeRedis {
  readonly asked: string[] = []
  history = 'aaaa'
  /** What it answers to INFO replication; undefined: its history. */
  info: () => string | undefined = () => undefined
  answer: Answer = () => '+OK\r\n'
  readonly #server: net.Server
  readonly #sockets = new Set<net.Socket>()

  private constructor(server: net.Server) {
    this.#server = server
    server.on('connection', socket => {
      this.#sockets.add(socket)
      let text = ''
      socket.on('error', () => {})
      socket.on('data', chunk => {
        text += chunk.toString('latin1')
        for (let found = commandIn(text); found !== undefined; found = commandIn(text)) {
          text = text.slice(found.length)
          this.#answerTo(socket, found.command)
        }
      })
    })
  }

  static async start(t: Test): Promise<FakeRedis> {
    const server = net.createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const redis = new FakeRedis(server)
    t.teardown(() => {
      redis.drop()
      server.close()
    })
    return redis
  }

  get port(): number {
    const address = this.#server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  drop(): void {
    for (const socket of this.#sockets) socket.destroy()
    this.#sockets.clear()
  }

  #answerTo(socket: net.Socket, command: readonly string[]): void {
    const [name = '', what] = command
    if (name.toUpperCase() === 'INFO') {
      const info = what === 'replication' ? `master_replid:${this.history}\r\n` : 'loading:0\r\n'
      const other = what === 'replication' ? this.info() : undefined
      if (other !== undefined) {
        socket.write(other)
        return
      }
      if (what === 'replication') this.asked.push('INFO')
      socket.write(`$${info.length}\r\n${info}\r\n`)
      return
    }
    if (/^(client|select|hello)$/i.test(name)) {
      socket.write('+OK\r\n')
      return
    }
    this.asked.push(command.join(' '))
    const answer = this.answer(command)
    if (answer !== undefined) socket.write(answer)
  }
}

/** The first whole command of a text, and its length; undefined: there is none yet. */
function commandIn(text: string): { readonly command: string[]; readonly length: number } | undefined {
  const head = /^\*(\d+)\r\n/.exec(text)
  if (head === null) return undefined
  let at = head[0].length
  const command: string[] = []
  for (let i = 0; i < Number(head[1]); i++) {
    const bulk = /^\$(\d+)\r\n/.exec(text.slice(at))
    if (bulk === null) return undefined
    const begin = at + bulk[0].length
    const end = begin + Number(bulk[1])
    if (text.length < end + 2) return undefined
    command.push(text.slice(begin, end))
    at = end + 2
  }
  return { command, length: at }
}

const LINK_OPTIONS = {
  clock: systemClock,
  defer: endOfTurn,
  commandsMax: 4,
  replicas: 1,
  onError() {},
  onSilence() {},
}

async function linked(t: Test, redis: FakeRedis, options: Partial<LinkOptions> = {}): Promise<Link> {
  const link = new Link({ connection: { host: '127.0.0.1', port: redis.port }, ...LINK_OPTIONS, ...options })
  t.teardown(() => {
    redis.drop()
    return link.close()
  })
  await eventually(() => link.up)
  redis.asked.length = 0
  return link
}

t.test('what is asked in one turn goes in one round, with one WAIT behind it', async t => {
  const redis = await FakeRedis.start(t)
  redis.answer = ([name]) => (name === 'WAIT' ? ':1\r\n' : '+OK\r\n')
  const link = await linked(t, redis)
  await Promise.all([link.ask([['A'], ['B']]), link.ask([['C']])])
  t.same(redis.asked, ['A', 'B', 'C', 'WAIT 1 500', 'INFO'])
})

t.test('one round is in flight: what comes meanwhile gathers, and a round has its bound', async t => {
  const redis = await FakeRedis.start(t)
  let held = true
  redis.answer = ([name]) => (name === 'WAIT' ? (held ? undefined : ':1\r\n') : '+OK\r\n')
  const link = await linked(t, redis)
  const first = link.ask([['A']])
  await eventually(() => redis.asked.length === 3)
  const rest = [['B'], ['C'], ['D'], ['E'], ['F']].map(([name = '']) => link.ask([[name]]))
  held = false
  redis.drop()
  await t.rejects(first, LostError, 'a round whose connection ends has an unknown outcome')
  for (const one of rest) await t.rejects(one, NotSentError, 'and what waited behind it was certainly not sent')
  await t.rejects(link.ask([['G']]), NotSentError)
  await eventually(() => link.up)
  redis.asked.length = 0
  await Promise.all(['B', 'C', 'D', 'E', 'F'].map(name => link.ask([[name]])))
  t.same(redis.asked, ['B', 'C', 'D', 'E', 'WAIT 1 500', 'INFO', 'F', 'WAIT 1 500', 'INFO'])
})

t.test('with too few replicas it waits again, and answers nothing', async t => {
  const redis = await FakeRedis.start(t)
  let linkedReplicas = 0
  redis.answer = ([name]) => (name === 'WAIT' ? `:${linkedReplicas}\r\n` : '+OK\r\n')
  const link = await linked(t, redis)
  let answered = false
  const asked = link.ask([['A']]).finally(() => {
    answered = true
  })
  await eventually(() => redis.asked.filter(text => text.startsWith('WAIT')).length >= 3)
  t.notOk(answered)
  linkedReplicas = 1
  t.same(await asked, [{ value: Buffer.from('OK') }])
})

t.test('the server has another history when it has waited: the outcome is unknown', async t => {
  const redis = await FakeRedis.start(t)
  redis.answer = ([name]) => {
    // Demoted, given other data, and promoted again, within one round: WAIT does not notice.
    if (name === 'A') redis.history = 'bbbb'
    return name === 'WAIT' ? ':1\r\n' : '+OK\r\n'
  }
  const link = await linked(t, redis)
  await t.rejects(link.ask([['A']]), LostError)
  t.same(await link.ask([['B']]), [{ value: Buffer.from('OK') }], 'the next round begins in that history')
})

t.test('a refusal is a reply; the others of its round are answered', async t => {
  const redis = await FakeRedis.start(t)
  redis.answer = ([name]) => (name === 'WAIT' ? ':1\r\n' : name === 'A' ? '-OOM no memory\r\n' : '+OK\r\n')
  const link = await linked(t, redis)
  const [refused, taken] = await Promise.all([link.ask([['A']]), link.ask([['B']])])
  t.match(refused, [{ refusal: { message: 'OOM no memory' } }])
  t.match(taken, [{ value: Buffer.from('OK') }])
})

t.test('a server that is silent for 10 s is given up', async t => {
  const redis = await FakeRedis.start(t)
  const clock = new ManualClock()
  const link = await linked(t, redis, { clock, replicas: 0 })
  redis.answer = () => undefined
  const asked = link.ask([['A']])
  await eventually(() => redis.asked.includes('A'))
  clock.advance(9_999)
  t.ok(link.up)
  clock.advance(1)
  await t.rejects(asked, LostError)
})

t.test('a server that is silent: somebody is told once a second', async t => {
  const redis = await FakeRedis.start(t)
  const clock = new ManualClock()
  let told = 0
  const link = await linked(t, redis, { clock, replicas: 0, onSilence: () => told++ })
  redis.answer = () => undefined
  const asked = link.ask([['A']])
  await eventually(() => redis.asked.includes('A'))
  for (let second = 1; second < 10; second++) {
    clock.advance(999)
    t.equal(told, second - 1)
    clock.advance(1)
    t.equal(told, second)
  }
  link.drop()
  await t.rejects(asked, LostError)
  t.notOk(link.up)
  clock.advance(60_000)
  t.equal(told, 9)
})

t.test('a server that does not say its history is reported, and asked again', async t => {
  const redis = await FakeRedis.start(t)
  let isRefused = true
  redis.info = () => (isRefused ? '-NOPERM no permissions\r\n' : undefined)
  const errors: string[] = []
  const onError = ({ message }: Error): void => void errors.push(message)
  const connection = { host: '127.0.0.1', port: redis.port }
  const link = new Link({ ...LINK_OPTIONS, connection, onError })
  t.teardown(() => {
    redis.drop()
    return link.close()
  })
  await eventually(() => errors.length > 1)
  t.match(errors[0], /NOPERM/)
  t.notOk(link.up)
  isRefused = false
  await eventually(() => link.up)
})

t.test('closing waits for what is in flight, but not for ever', async t => {
  const redis = await FakeRedis.start(t)
  const clock = new ManualClock()
  const link = await linked(t, redis, { clock, replicas: 0 })
  redis.answer = () => undefined
  const asked = link.ask([['A']])
  await eventually(() => redis.asked.includes('A'))
  const closed = link.close()
  await t.rejects(link.ask([['B']]), NotSentError)
  clock.advance(2_000)
  await closed
  await t.rejects(asked, LostError)
})

t.test('what waits has a bound: the rest is refused', async t => {
  const redis = await FakeRedis.start(t)
  const link = await linked(t, redis, { replicas: 0, commandsMax: 256 })
  redis.answer = () => undefined
  const asked = link.ask([['A']]).catch(() => {})
  await eventually(() => redis.asked.includes('A'))
  const rest = Array.from({ length: 4_096 }, () => link.ask([['B']]).catch(() => {}))
  await t.rejects(link.ask([['C']]), { name: 'NotSentError', message: /too much waits/ })
  redis.drop()
  await Promise.all([asked, ...rest])
})
