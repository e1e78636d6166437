/**
 * Measures what planning costs: CPU and garbage of the engine per direct message, from submit to the answer, over a store that takes
 * everything and keeps nothing. 1 000 users, all in the cache, with 1 and 256 messages in flight.
 *
 *   node --expose-gc dist/bench/engine.js [messages in flight]…        one line of JSON for each
 *
 * To compare two builds, run each in turn, some rounds, and take medians: the machine's speed moves.
 */

import { CODES } from '../protocol/codes.js'
import { ContactState } from '../protocol/generated/messages.js'
import { print } from '../src/cli/command.js'
import { systemClock } from '../src/lib/clock.js'
import { CountedTime } from '../src/lib/counted-time.js'
import { systemRandom } from '../src/lib/random.js'
import { endOfTurn } from '../src/lib/turn.js'
import { MemoryStore } from '../src/store/memory/store.js'
import type { CommitResult, ScopeId, Unit } from '../src/store/types.js'
import { createEngine, type Engine, randomStamps } from '../src/sync/index.js'
import { deviceWindow, EMPTY_WINDOW } from '../src/sync/rules/device-window.js'
import { type SendInput, sendTransition } from '../src/sync/rules/message.js'
import { contact, NOBODY, profile, userActor } from '../src/sync/rules/records.js'
import type { Transition } from '../src/sync/types.js'

const USERS = 1_000
const UID = 256
const WARM_UP = 50_000
const MESSAGES = 200_000
/** The messages between two looks at the heap: few enough that no garbage is collected meanwhile. */
const MESSAGES_PER_LOOK = 1_000
const LOOKS = 101

/** A store that takes every unit and keeps nothing, once it is sealed. */
class TakingStore extends MemoryStore {
  isSealed = false
  #version = 0

  override commit(scope: ScopeId, units: readonly Unit[]): Promise<readonly CommitResult[]> {
    if (!this.isSealed) return super.commit(scope, units)
    return Promise.resolve(
      units.map(({ appends }) => {
        const appended = appends.map(() => {
          this.#version += 1
          return { from: this.#version - 1, version: this.#version }
        })
        return { kind: 'committed', appended, routes: NO_ROUTES }
      }),
    )
  }
}

const NO_ROUTES: readonly [] = []

const befriend: Transition<number, void> = {
  name: 'bench.befriend',
  run(tx, friend) {
    tx.put(profile, { account: 'somebody', nickname: 'Somebody', createdAtMs: tx.nowMs, deleted: false, names: 0 })
    tx.put(deviceWindow, EMPTY_WINDOW, 1)
    tx.put(contact, { ...NOBODY, state: ContactState.FRIEND, account: 'somebody', nickname: 'Somebody' }, friend)
  },
}

const send = sendTransition()
const TEXT = 'x'.repeat(100)
const HASH = 'somehash'
let sent = 0

function message(): SendInput {
  const user = sent % USERS
  const sendSeq = Math.floor(sent / USERS) + 1
  sent += 1
  const friend = user % 2 === 0 ? user + 1 : user - 1
  return { uid: UID + user, device: 1, sendSeq, hash: HASH, to: UID + friend, text: TEXT, fault: CODES.OK.code }
}

/** Sends so many, in groups that are in flight together. */
async function run(engine: Engine, messages: number, inFlight: number): Promise<void> {
  for (let done = 0; done < messages; done += inFlight) {
    await new Promise<void>((resolve, reject) => {
      let left = Math.min(inFlight, messages - done)
      for (let i = left; i > 0; i -= 1) {
        const input = message()
        engine.submit(userActor(input.uid), send, input, outcome => {
          left -= 1
          if (outcome.kind !== 'done') reject(new Error(outcome.kind))
          else if (left === 0) resolve()
        })
      }
    })
  }
}

async function measure(inFlight: number): Promise<void> {
  sent = 0
  const store = new TakingStore({ scopes: 'one' })
  const engine = createEngine({
    store,
    clock: systemClock,
    time: new CountedTime(systemClock),
    stamps: randomStamps(systemRandom),
    random: systemRandom,
    settings: { retentionMs: Number.POSITIVE_INFINITY, openContacts: false },
    defer: endOfTurn,
    rest: async () => {},
    delivery: { send() {} },
    monitor: {
      committed() {},
      unknown() {},
      gap() {},
      aboveBound() {},
      setAside(_source, _target, _kind, error) {
        throw error
      },
    },
    onFatal(error) {
      throw error
    },
  })
  for (let user = 0; user < USERS; user += 1) {
    await engine.run(userActor(UID + user), befriend, UID + (user % 2 === 0 ? user + 1 : user - 1))
  }
  store.isSealed = true
  await run(engine, WARM_UP, inFlight)
  const before = process.cpuUsage()
  await run(engine, MESSAGES, inFlight)
  const { user, system } = process.cpuUsage(before)
  const bytes: number[] = []
  for (let look = 0; look < LOOKS; look += 1) {
    gc?.()
    const heap = process.memoryUsage().heapUsed
    await run(engine, MESSAGES_PER_LOOK, inFlight)
    bytes.push((process.memoryUsage().heapUsed - heap) / MESSAGES_PER_LOOK)
  }
  bytes.sort((a, b) => a - b)
  const garbageBytes = Math.round(bytes[LOOKS >> 1] ?? 0)
  print(JSON.stringify({ inFlight, cpuMicros: Number(((user + system) / MESSAGES).toPrecision(3)), garbageBytes }))
  await engine.close()
}

const asked = process.argv.slice(2).map(Number)
for (const inFlight of asked.length > 0 ? asked : [1, 256]) await measure(inFlight)
