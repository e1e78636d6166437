/**
 * (link) Packets and bytes that a message costs on a slow link, counted at the link, with the headers of IP and TCP. Two phones
 * behind it send a message of 100 bytes every 2 s, one to the other and in turns. MQTT with QoS 1 is measured beside it, at the
 * same time on a link of its own. On a phone a packet costs more than its bytes: each one keeps the radio awake.
 */

import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { dataFolder, removeFolder, type ServerProcess, startLongwire } from './children.js'
import {
  CONGESTION_CONTROL,
  type Counts,
  isInstalled,
  type LinkProfile,
  missingForLink,
  SERVER_ADDRESS,
  SlowLink,
  spawnWithin,
  type Traffic,
} from './link/namespaces.js'
import type { Talk, Talked } from './link/talk.js'
import { mosquittoArguments } from './mqtt.js'
import type { Preset } from './presets.js'
import { median, medians, rounded } from './statistics.js'

/** `longwire-silent`: without receipts and the acks that bring them. */
const PROTOCOLS = ['longwire', 'longwire-silent', 'mqtt'] as const
type Protocol = (typeof PROTOCOLS)[number]

export interface LinkRow extends LinkFigures {
  readonly protocol: Protocol
  readonly takes_turns: boolean
}

/** Per message. */
interface LinkFigures {
  readonly packets_up: number
  readonly packets_down: number
  readonly bytes_up: number
  readonly bytes_down: number
  readonly arrived_p50_ms: number
  /** NaN without receipts. */
  readonly receipt_p50_ms: number
}

export interface LinkReport {
  readonly profile: LinkProfile
  readonly congestion_control: string
  readonly seconds: number
  readonly rows: readonly LinkRow[]
}

/** An average 3G network. */
const PROFILE: LinkProfile = { rtt: 200, jitter: 50, loss: 0.01, kbps_up: 330, kbps_down: 780 }

const LENGTHS: Readonly<Record<Preset['name'], Pick<Talk, 'messages' | 'intervalMs'>>> = {
  full: { messages: 40, intervalMs: 2_000 },
  quick: { messages: 30, intervalMs: 2_000 },
  tiny: { messages: 2, intervalMs: 500 },
}

/** Messages before the first round: TCP learns of the way, and what the logins owe is paid. */
const WARM_MESSAGES = 4

const MQTT_PORT = 1883
const PHONES = fileURLToPath(new URL('./link/phones.js', import.meta.url))

/** @returns undefined if this machine cannot */
export async function measureLink(preset: Preset, say: (line: string) => void): Promise<LinkReport | undefined> {
  const missing = missingForLink()
  if (missing !== undefined) {
    say(`(link) is left out: it needs ${missing}`)
    return undefined
  }
  const withMqtt = isInstalled('mosquitto', '-h')
  if (!withMqtt) say('(link) mosquitto is not installed: no figures of MQTT')
  const protocols = PROTOCOLS.filter(protocol => protocol !== 'mqtt' || withMqtt)
  const arenas = await Promise.all(
    protocols.flatMap(protocol => [false, true].map(takesTurns => Arena.open(protocol, takesTurns))),
  )
  const { messages, intervalMs } = LENGTHS[preset.name]
  await Promise.all(arenas.map(arena => arena.talk({ messages: WARM_MESSAGES, intervalMs })))
  const rounds: LinkFigures[][] = arenas.map(() => [])
  for (let round = 1; round <= preset.rounds; round++) {
    say(`(link) round ${round} of ${preset.rounds}: ${(messages * intervalMs) / 1_000} s`)
    const figures = await Promise.all(arenas.map(arena => arena.talk({ messages, intervalMs })))
    for (const [i, each] of figures.entries()) rounds[i]?.push(each)
  }
  const rows = arenas.map(({ protocol, takesTurns }, i) => {
    return { protocol, takes_turns: takesTurns, ...medians(rounds[i] ?? []) }
  })
  await Promise.all(arenas.map(arena => arena.close()))
  const seconds = (messages * intervalMs) / 1_000
  return { profile: PROFILE, congestion_control: CONGESTION_CONTROL, seconds, rows }
}

/** A link with its server and its phones. */
class Arena {
  readonly protocol: Protocol
  readonly takesTurns: boolean
  readonly #link: SlowLink
  readonly #folder: string
  readonly #server: Pick<ServerProcess, 'port' | 'stop'>
  readonly #phones: ReturnType<typeof spawnWithin>

  private constructor(
    protocol: Protocol,
    takesTurns: boolean,
    parts: { readonly link: SlowLink; readonly folder: string; readonly server: Pick<ServerProcess, 'port' | 'stop'> },
  ) {
    this.protocol = protocol
    this.takesTurns = takesTurns
    this.#link = parts.link
    this.#folder = parts.folder
    this.#server = parts.server
    const command = [process.execPath, PHONES, protocol, String(this.#server.port), join(this.#folder, 'phones')]
    this.#phones = spawnWithin(this.#link.phones, command, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  }

  static async open(protocol: Protocol, takesTurns: boolean): Promise<Arena> {
    const link = await SlowLink.open(PROFILE)
    const folder = dataFolder()
    const server =
      protocol === 'mqtt'
        ? startMosquitto(link, folder)
        : await startLongwire(join(folder, 'data'), { within: link.server, limits: ['--host', SERVER_ADDRESS] })
    const arena = new Arena(protocol, takesTurns, { link, folder, server })
    await arena.#answer()
    return arena
  }

  async talk({ messages, intervalMs }: Pick<Talk, 'messages' | 'intervalMs'>): Promise<LinkFigures> {
    const before = await this.#link.count()
    const talk: Talk = { messages, intervalMs, takesTurns: this.takesTurns }
    this.#phones.send(talk)
    const { arrivals, receipts } = (await this.#answer()) as Talked
    if (arrivals.length !== messages)
      throw new Error(`${this.protocol}: ${arrivals.length} of ${messages} messages came`)
    return figuresOf(before, await this.#link.count(), { arrivals, receipts })
  }

  async close(): Promise<void> {
    this.#phones.disconnect()
    await this.#server.stop()
    this.#link.close()
    removeFolder(this.#folder)
  }

  /** The next word of the phones. */
  #answer(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const ended = (): void => reject(new Error(`the phones of ${this.protocol} ended: see above`))
      this.#phones.once('exit', ended)
      this.#phones.once('message', answer => {
        this.#phones.off('exit', ended)
        resolve(answer)
      })
    })
  }
}

function startMosquitto(link: SlowLink, folder: string): Pick<ServerProcess, 'port' | 'stop'> {
  const command = ['mosquitto', ...mosquittoArguments(folder, SERVER_ADDRESS, MQTT_PORT)]
  const child = spawnWithin(link.server, command, { stdio: ['ignore', 'ignore', 'inherit'] })
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM')
    while (child.exitCode === null && child.signalCode === null) await sleep(20)
  }
  return { port: MQTT_PORT, stop }
}

function figuresOf(before: Counts, after: Counts, { arrivals, receipts }: Talked): LinkFigures {
  const per = (way: keyof Counts, what: keyof Traffic, digits: number): number =>
    rounded((after[way][what] - before[way][what]) / arrivals.length, digits)
  return {
    packets_up: per('up', 'packets', 2),
    packets_down: per('down', 'packets', 2),
    bytes_up: per('up', 'bytes', 0),
    bytes_down: per('down', 'bytes', 0),
    arrived_p50_ms: rounded(median(arrivals), 0),
    receipt_p50_ms: rounded(median(receipts), 0),
  }
}
