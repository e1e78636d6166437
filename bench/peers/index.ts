/** The servers that (b) compares: each is opened with pairs of connected users, on the one core that servers run on. */

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Arena } from '../arena.js'
import { type ServerProcess, startBaseline, startSocketIo } from '../children.js'
import { inParallel } from '../fleet.js'
import { RelayPair, Tally } from '../pairs.js'
import { typicalSizes } from '../sizes.js'
import { type PeerConnection, PeerPair } from './connection.js'
import { openLongwire } from './longwire.js'
import { MqttConnection, startMosquitto } from './mqtt.js'
import { NatsConnection, startNats } from './nats.js'
import { SocketIoConnection } from './socket-io.js'

export const PEER_NAMES = ['lmdb', 'against', 'memory', 'relay', 'socket.io', 'mosquitto', 'nats'] as const
export type PeerName = (typeof PEER_NAMES)[number]

/** As people read them; each says how durable an acknowledged message is there. */
export const PEER_LABELS: Readonly<Record<PeerName, string>> = {
  lmdb: 'Longwire, lmdb, synced',
  against: 'the other checkout, lmdb, synced',
  memory: 'Longwire, memory',
  relay: 'bare relay, nothing stored',
  'socket.io': 'socket.io, nothing stored',
  mosquitto: 'mosquitto, QoS 1, saved each second',
  nats: 'NATS JetStream, written, not synced',
}

export interface PeerContext {
  /** A folder on a real disk. */
  readonly folder: string
  readonly pairs: number
  readonly text: string
  /** The core of all servers; undefined: any. */
  readonly core: number | undefined
  /** The root of the checkout that is compared; undefined: none is. */
  readonly against: string | undefined
}

/** @returns undefined where there is no such server; `say` is told why */
export async function openPeer(
  name: PeerName,
  context: PeerContext,
  say: (line: string) => void,
): Promise<Arena<PeerName> | undefined> {
  const { folder, pairs, text, core, against } = context
  const own = { pairs, text, core, probed: true }
  if (name === 'lmdb') return openLongwire(name, { ...own, folder: join(folder, name) })
  if (name === 'memory') return openLongwire(name, own)
  if (name === 'against')
    return against === undefined ? undefined : openLongwire(name, { ...own, folder: join(folder, name), root: against })
  if (name === 'relay') return openRelay(context)
  if (name === 'socket.io') {
    const server = await startSocketIo({ core, probed: true })
    return connected(name, server, context, (...user) => SocketIoConnection.connect(server.port, ...user))
  }
  const { program, package: source } = PROGRAMS[name]
  const path = programPath(program)
  if (path === undefined) {
    say(`(b) without ${name}: ${program} is not in PATH or /usr/sbin (Debian: apt-get install ${source})`)
    return undefined
  }
  const data = join(folder, name)
  mkdirSync(data)
  return name === 'mosquitto'
    ? openMosquitto(await startMosquitto(path, data, { core }), context)
    : openNats(await startNats(path, data, { core }), context)
}

const PROGRAMS = {
  mosquitto: { program: 'mosquitto', package: 'mosquitto' },
  nats: { program: 'nats-server', package: 'nats-server' },
} as const

/** The path of an installed program. Debian keeps servers where a person's PATH does not look. */
function programPath(program: string): string | undefined {
  const inSbin = `/usr/sbin/${program}`
  const found = spawnSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).stdout.trim()
  if (found !== '') return found
  return existsSync(inSbin) ? inSbin : undefined
}

async function openRelay({ pairs, text, core }: PeerContext): Promise<Arena<PeerName>> {
  const sizes = typicalSizes(text)
  const bytes = { in: sizes.up, out: sizes.accepted, on: sizes.down }
  const server = await startBaseline('relay', bytes, { core, probed: true })
  const tally = new Tally()
  const relayed = await inParallel(pairs, index => RelayPair.connect(server.port, index, tally, sizes))
  return new Arena('relay', { server, tally, pairs: relayed })
}

function openMosquitto(server: ServerProcess, context: PeerContext): Promise<Arena<PeerName>> {
  return connected('mosquitto', server, context, (...user) => MqttConnection.connect(server.port, ...user))
}

async function openNats(server: ServerProcess, context: PeerContext): Promise<Arena<PeerName>> {
  const first = await NatsConnection.connect(server.port, 'nobody', 'nobody', context.text)
  await first.makeStream()
  first.client.destroy()
  return connected('nats', server, context, (...user) => NatsConnection.connect(server.port, ...user))
}

type Connect = (user: string, peer: string, text: string) => Promise<PeerConnection>

/** Two users of each pair, who send to one another. */
async function connected(
  name: PeerName,
  server: ServerProcess,
  { pairs, text }: PeerContext,
  connect: Connect,
): Promise<Arena<PeerName>> {
  const tally = new Tally()
  const peers = await inParallel(pairs, async index => {
    const [left, right] = [`user${2 * index}`, `user${2 * index + 1}`]
    return new PeerPair(tally, await connect(left, right, text), await connect(right, left, text))
  })
  return new Arena(name, { server, tally, pairs: peers })
}
