/**
 * Units as the commit script takes them (commit-script.ts describes the form), and its answers as the contract gives them. One call has
 * the keys of all its units, each once.
 */

import { assert, present } from '../../lib/assert.js'
import { partitionOf } from '../partition.js'
import type { Actor, Append, Appended, CommitResult, NodeId, Put, Unit } from '../types.js'
import { NO_ROUTES } from '../types.js'
import { isIndexed, type KeyKind, keyOf, logsKey, metaKey, NEWEST_FIELD } from './keys.js'
import { type Packed, PackWriter } from './message-pack.js'

/** The most units in one call of the script, and the bytes at which it is full: Redis does nothing else meanwhile. */
const CALL_UNITS_MAX = 64
const CALL_BYTES_MAX = 262_144

export interface CommitCall {
  /** The meta key, then the keys of the units. */
  readonly keys: readonly string[]
  readonly packed: Buffer
  readonly units: readonly Unit[]
}

const WHOLE = 1
const PATCH = 2
const REMOVED = 0

const COMMITTED = 0
const CONFLICT = 1
const ENTRY_CONFLICT = 2
const EPOCH_CONFLICT = 3

const APPEND_PLAIN = 0
const APPEND_CONVERSATION = 1
const APPEND_KEYED = 2

/** The begin of an entry that is in no conversation (layout.ts). */
const NO_CONVERSATION = Buffer.alloc(2)
const NO_NODES: readonly NodeId[] = Object.freeze([])

/** Packs units into calls, in their order. */
export function packUnits(scope: number, units: readonly Unit[]): CommitCall[] {
  const calls: CommitCall[] = []
  let from = 0
  while (from < units.length) {
    const packer = new Packer(scope)
    const first = from
    while (from < units.length && from - first < CALL_UNITS_MAX && packer.bytes < CALL_BYTES_MAX) {
      packer.unit(present(units[from], 'the unit'))
      from += 1
    }
    calls.push(packer.call(units.slice(first, from)))
  }
  return calls
}

/** A call without units: it finds out whether the history is another one. */
export function packNothing(scope: number): CommitCall {
  return new Packer(scope).call([])
}

/** The numbers of an actor's keys among KEYS; 0: it has none yet. */
type Numbers = Record<KeyKind | 'logs', number>

class Packer {
  readonly #keys: string[]
  readonly #numbers = new Map<Actor, Numbers>()
  readonly #logs = new Map<number, number>()
  readonly #body = new PackWriter()
  #values = 0

  constructor(scope: number) {
    this.#keys = [metaKey(scope)]
  }

  get bytes(): number {
    return this.#body.length
  }

  call(units: readonly Unit[]): CommitCall {
    return { keys: this.#keys, packed: this.#body.take(units.length, this.#values), units }
  }

  unit(unit: Unit): void {
    const body = this.#body
    const { expect, puts, appends } = unit
    body.integer(expect.length)
    for (const { actor, name, stamp } of expect) {
      this.#key('r', actor)
      body.text(name)
      body.stamp(stamp)
    }
    body.integer(puts.length)
    for (const put of puts) this.#put(put)
    body.integer(appends.length)
    for (const each of appends) this.#append(each)
    const rest = this.#rest(unit)
    this.#values += 4 + 3 * expect.length + 5 * puts.length + 7 * appends.length + rest
  }

  /** Packs what few units have. @returns the number of its values, which stands before it */
  #rest({ appends, trims, drops = [], replaces = [], routes = [], epoch }: Unit): number {
    const body = this.#body
    const given = appends.filter(({ at }) => at !== undefined).length
    const count = trims.length + drops.length + replaces.length + routes.length + given
    if (count === 0 && epoch === undefined) {
      body.integer(0)
      return 0
    }
    const values = 6 + 8 * replaces.length + 6 * trims.length + 3 * drops.length + 2 * given + 3 * routes.length
    body.integer(values)
    body.integer(replaces.length)
    for (const { actor, version, expected, stamp, bytes } of replaces) {
      this.#keysOf(actor, 'r', 's', 'k', 'v')
      body.integer(version)
      body.stamp(expected)
      body.stamp(stamp)
      body.bytes(bytes)
    }
    body.integer(trims.length)
    for (const { actor, upTo, entriesMax } of trims) {
      this.#keysOf(actor, 'r', 's', 'k', 'v')
      body.integer(upTo)
      body.integer(entriesMax ?? 0)
    }
    body.integer(drops.length)
    for (const { actor, key } of drops) {
      this.#keysOf(actor, 'k', 'v')
      body.text(key)
    }
    body.integer(given)
    appends.forEach(({ at }, i) => {
      if (at === undefined) return
      body.integer(i)
      body.integer(at)
    })
    body.integer(epoch === undefined ? 0 : epoch.epoch + 1)
    body.integer(routes.length)
    for (const { actor, node, ttlMs } of routes) {
      this.#key('r', actor)
      body.text(node)
      body.integer(ttlMs)
    }
    return values
  }

  #append({ actor, key, conversation, bytes }: Append): void {
    const body = this.#body
    const isKeyed = key !== undefined
    body.integer(isKeyed ? APPEND_KEYED : conversation === undefined ? APPEND_PLAIN : APPEND_CONVERSATION)
    this.#key('r', actor)
    body.integer(this.#logsOf(actor))
    this.#key(isKeyed ? 'k' : 's', actor)
    if (isKeyed) this.#key('v', actor)
    else if (conversation === undefined) body.integer(0)
    else body.sizedText(conversation)
    if (isKeyed) body.text(key)
    else if (conversation === undefined) body.text('')
    else body.text(NEWEST_FIELD, conversation)
    if (isKeyed || conversation === undefined) body.bytes(NO_CONVERSATION, bytes)
    else body.bytes(bytes)
  }

  #put({ actor, name, bytes, stamp, patch }: Put): void {
    const body = this.#body
    this.#key('r', actor)
    if (isIndexed(actor)) this.#key('x', actor)
    else body.integer(0)
    body.text(name)
    const form = bytes === null ? REMOVED : patch === undefined ? WHOLE : PATCH
    body.integer(form)
    if (bytes === null) body.text('')
    else if (patch === undefined) body.stamped(stamp, bytes)
    else body.patch(stamp, patch, bytes)
  }

  #keysOf(actor: Actor, ...kinds: readonly KeyKind[]): void {
    for (const kind of kinds) this.#key(kind, actor)
  }

  #key(kind: KeyKind, actor: Actor): void {
    const numbers = this.#numbersOf(actor)
    if (numbers[kind] === 0) numbers[kind] = this.#keys.push(keyOf(kind, actor))
    this.#body.integer(numbers[kind])
  }

  #logsOf(actor: Actor): number {
    const numbers = this.#numbersOf(actor)
    if (numbers.logs === 0) {
      const partition = partitionOf(actor)
      numbers.logs = this.#logs.get(partition) ?? this.#keys.push(logsKey(partition))
      this.#logs.set(partition, numbers.logs)
    }
    return numbers.logs
  }

  #numbersOf(actor: Actor): Numbers {
    const found = this.#numbers.get(actor)
    if (found !== undefined) return found
    const none: Numbers = { r: 0, s: 0, k: 0, v: 0, x: 0, logs: 0 }
    this.#numbers.set(actor, none)
    return none
  }
}

/** Gives a call's results from the reply of the script, in which status and epoch come first. */
export function resultsOf(units: readonly Unit[], packed: readonly Packed[], epoch: number): CommitResult[] {
  let at = 2
  const number = (): number => numberOf(packed[at++])
  return units.map((unit): CommitResult => {
    const result = number()
    if (result === COMMITTED) {
      const appended: Appended[] = []
      let routes: (readonly NodeId[])[] | undefined
      for (let i = 0; i < unit.appends.length; i++) {
        appended.push({ from: number(), version: number() })
        const nodes = packed[at++]
        if (nodes !== 0) {
          routes ??= unit.appends.map(() => NO_NODES)
          routes[i] = listOf(nodes).map(node => bytesOf(node).toString())
        }
      }
      return { kind: 'committed', appended, routes: routes ?? NO_ROUTES }
    }
    if (result === CONFLICT) {
      const { actor, name } = present(unit.expect[number()], 'the expectation')
      return { kind: 'conflict', actor, name, current: bytesOf(packed[at++]).readDoubleLE(0) }
    }
    if (result === ENTRY_CONFLICT) {
      const { actor, version } = present(unit.replaces?.[number()], 'the replacement')
      const stamp = bytesOf(packed[at++])
      return { kind: 'entry conflict', actor, version, current: stamp.length === 0 ? null : stamp.readDoubleLE(0) }
    }
    if (result === EPOCH_CONFLICT)
      return { kind: 'epoch conflict', partition: present(unit.epoch, 'the epoch').partition, current: epoch }
    const { actor } = present(unit.appends[number()], 'the append')
    return { kind: 'order conflict', actor, head: number() }
  })
}

export function listOf(value: Packed | undefined): readonly Packed[] {
  assert(Array.isArray(value), 'a script gives a list here')
  return value
}

export function numberOf(value: Packed | undefined): number {
  assert(typeof value === 'number', 'a script gives a number here')
  return value
}

export function bytesOf(value: unknown): Buffer {
  assert(Buffer.isBuffer(value), 'Redis gives bytes here')
  return value
}
