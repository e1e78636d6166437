/**
 * (g) The effect of a storm of logins on those who talk. Pairs of friends send at a steady rate, alone and then while so many
 * logins are offered each second. Passwords cost what they cost; the limits on rates are off (as if each login came from
 * elsewhere). The two windows take turns. The cores bound how many logins get through; the others are told to come back.
 */

import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { CODES } from '../protocol/codes.js'
import { encodeRequest, PING } from '../protocol/frame-codec.js'
import {
  createHelloRequest,
  createLoginRequest,
  createRegisterRequest,
  type Frame,
} from '../protocol/generated/messages.js'
import { METHODS } from '../protocol/methods.js'
import { LIMIT_NAMES } from '../src/ops/rate-limits-table.js'
import { dataFolder, removeFolder, startLongwire } from './children.js'
import { befriend, registerUsers, type UserPair } from './fleet.js'
import type { Preset } from './presets.js'
import { RawClient } from './raw-client.js'
import { medians, rounded, Samples } from './statistics.js'

export interface LoginReport {
  readonly pairs: number
  readonly messages_per_second: number
  readonly logins_offered_per_second: number
  /** The logins while the load lasted: those that got a session, and those that were told to come back. */
  readonly logins_per_second: number
  readonly refused_per_second: number
  readonly quiet_p50_ms: number
  readonly quiet_p99_ms: number
  readonly storm_p50_ms: number
  readonly storm_p99_ms: number
  readonly p50_ratio: number
  readonly p99_ratio: number
}

/** The pause between two messages of a pair. */
const TALK_EVERY_MS = 100
/** Logins come evenly, some at a time. */
const STORM_TICK_MS = 20
/** Accounts that log in, one after the other. */
const ACCOUNTS_MAX = 20
const PASSWORD = 'bench password'
const ID = 1
/** The time until the queue of passwords is full, and until it is empty again. */
const SETTLE_MS = 2_000
const EMPTY_MS = 12_000

export async function measureLogin(preset: Preset, say: (line: string) => void): Promise<LoginReport> {
  const folder = dataFolder()
  const off = LIMIT_NAMES.map(name => `${name}=off`).join(',')
  const server = await startLongwire(folder, {
    limits: ['--set-limits', off, '--max-connections-per-address', '100000'],
  })
  say(`(g) making ${preset.talkers} pairs of friends, with real passwords`)
  const talk = new Talk(await befriend(await registerUsers(server.port, 'talk', 2 * preset.talkers)))
  const storm = new Storm(server.port, preset.loginsPerSecond, Math.min(ACCOUNTS_MAX, preset.talkers))
  await storm.prepare()
  const settleMs = Math.min(SETTLE_MS, preset.windowMs)
  const rounds: Record<string, number>[] = []
  talk.start()
  for (let round = 1; round <= preset.rounds; round++) {
    say(`(g) round ${round} of ${preset.rounds}`)
    await sleep(preset.warmMs)
    const quiet = await talk.window(sleep(preset.windowMs))
    storm.start()
    await sleep(settleMs)
    storm.sessions = 0
    storm.refused = 0
    const loud = await talk.window(sleep(preset.windowMs))
    rounds.push({
      logins_per_second: (storm.sessions * 1_000) / preset.windowMs,
      refused_per_second: (storm.refused * 1_000) / preset.windowMs,
      quiet_p50_ms: quiet.p50,
      quiet_p99_ms: quiet.p99,
      storm_p50_ms: loud.p50,
      storm_p99_ms: loud.p99,
      p50_ratio: loud.p50 / quiet.p50,
      p99_ratio: loud.p99 / quiet.p99,
    })
    storm.stop()
    await storm.over(EMPTY_MS)
  }
  talk.stop()
  await server.stop()
  removeFolder(folder)
  const figures = Object.entries(medians(rounds)).map(([name, value]) => [name, rounded(value, 2)])
  return {
    pairs: preset.talkers,
    messages_per_second: (preset.talkers * 1_000) / TALK_EVERY_MS,
    logins_offered_per_second: preset.loginsPerSecond,
    ...(Object.fromEntries(figures) as unknown as Omit<
      LoginReport,
      'pairs' | 'messages_per_second' | 'logins_offered_per_second'
    >),
  }
}

/** Friends who send one message after the other, each at its time, however long the last one takes. */
export class Talk {
  readonly #pairs: readonly UserPair[]
  readonly #delivered = new Samples()
  readonly #timers: NodeJS.Timeout[] = []

  constructor(pairs: readonly UserPair[]) {
    this.#pairs = pairs
  }

  start(): void {
    this.#pairs.forEach(({ sender, receiver }, index) => {
      const sentMs = new Map<number, number>()
      receiver.onMessage = sendSeq => {
        this.#delivered.add(performance.now() - (sentMs.get(sendSeq) ?? 0))
        sentMs.delete(sendSeq)
      }
      const send = (): void => {
        const frame = sender.nextSend(receiver.uid, 'a message of everyday length')
        sentMs.set(sender.sent, performance.now())
        sender.client.write(frame)
      }
      // Spread over the interval: people do not write in step.
      const firstMs = (TALK_EVERY_MS * index) / this.#pairs.length
      setTimeout(() => this.#timers.push(setInterval(send, TALK_EVERY_MS)), firstMs)
    })
  }

  /** The delays until something is over. */
  async window(over: Promise<unknown>): Promise<{ readonly p50: number; readonly p99: number }> {
    this.#delivered.clear()
    await over
    return { p50: this.#delivered.percentile(0.5), p99: this.#delivered.percentile(0.99) }
  }

  /** Sends no more, until it is started again. */
  pause(): void {
    for (const timer of this.#timers.splice(0)) clearInterval(timer)
  }

  stop(): void {
    this.pause()
    for (const { sender, receiver } of this.#pairs) for (const { client } of [sender, receiver]) client.destroy()
  }
}

/** Logins of accounts that are there, with their right passwords, each on a connection of its own. */
export class Storm {
  sessions = 0
  refused = 0
  /** The shortest time after which one was told to come back. */
  retryAfterMs = Number.POSITIVE_INFINITY
  readonly #port: number
  readonly #perSecond: number
  readonly #keys: readonly Uint8Array[]
  #timer: NodeJS.Timeout | undefined
  readonly #clients = new Set<RawClient>()
  #underWay = 0
  #count = 0

  constructor(port: number, perSecond: number, accounts: number) {
    this.#keys = Array.from({ length: accounts }, () => randomBytes(16))
    this.#port = port
    this.#perSecond = perSecond
  }

  async prepare(): Promise<void> {
    for (const [index, installationKey] of this.#keys.entries()) {
      const request = createRegisterRequest({ account: `stormer${index}`, password: PASSWORD, installationKey })
      await this.#nameless(METHODS.register.number, METHODS.register.encodeRequest(request))
    }
  }

  start(): void {
    const startMs = performance.now()
    let begun = 0
    this.#timer = setInterval(() => {
      const due = ((performance.now() - startMs) * this.#perSecond) / 1_000
      for (; begun < due; begun++) void this.#login()
    }, STORM_TICK_MS)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** Waits until each has its answer. */
  async over(limitMs: number): Promise<void> {
    const deadlineMs = performance.now() + limitMs
    while (this.#underWay > 0 && performance.now() < deadlineMs) await sleep(10)
  }

  /** Waits for none of them. */
  cut(): void {
    for (const client of this.#clients) client.destroy()
  }

  async #login(): Promise<void> {
    const index = this.#count++ % this.#keys.length
    const installationKey = this.#keys[index] as Uint8Array
    const request = createLoginRequest({ account: `stormer${index}`, password: PASSWORD, installationKey })
    const { code, retryAfterMs } = await this.#nameless(METHODS.login.number, METHODS.login.encodeRequest(request))
    if (code === CODES.OK.code) this.sessions++
    else if (code === CODES.OVERLOADED.code) {
      this.refused++
      this.retryAfterMs = Math.min(this.retryAfterMs, retryAfterMs)
    } else throw new Error(`a login is refused with ${code}`)
  }

  /** One request on a connection of its own, behind a Hello without a token. */
  async #nameless(method: number, body: Uint8Array): Promise<Frame> {
    this.#underWay++
    const client = await RawClient.connect(this.#port)
    this.#clients.add(client)
    const hello = METHODS.hello.encodeRequest(createHelloRequest({}))
    const answer = new Promise<Frame>(resolve => {
      client.onFrame = frame => {
        if (frame.id === ID + 1) resolve(frame)
      }
    })
    client.write(
      Buffer.concat([PING, encodeRequest(ID, METHODS.hello.number, hello), encodeRequest(ID + 1, method, body)]),
    )
    const frame = await answer
    client.destroy()
    this.#clients.delete(client)
    this.#underWay--
    return frame
  }
}
