/**
 * Units as the commit script takes them (commit-script.ts describes the form), and its answers as the contract gives them. One call has
 * the keys of all its units, each once.
 */

import { assert, present } from '../../lib/assert.js'
import { partitionOf } from '../partition.js'
import type { Actor, Append, Appended, CommitResult, NodeId, Put, Unit } from '../types.js'
import { NO_ROUTES } from '../types.js'
import { isIndexed, type KeyKind, keyOf, logsKey, metaKey } from './keys.js'
import { type Packed, PackWriter } from './message-pack.js'

/** The most units in one call of the script, and the bytes at which it is full: Redis does nothing else meanwhile. */
export const CALL_UNITS_MAX = 64
export const CALL_BYTES_MAX = 262_144

export interface CommitCall {
  /** The meta key, then the keys of the units. */
  readonly keys: readonly string[]
  readonly packed: Buffer
  readonly units: readonly Unit[]
}

const WHOLE = 1
const PATCH = 2
const REMOVED = 0

const APPEND_PLAIN = 0
const APPEND_CONVERSATION = 1
const APPEND_KEYED = 2

/** The begin of an entry that is in no conversation (layout.ts). */
const NO_CONVERSATION = Buffer.alloc(2)

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

class Packer {
  readonly #keys: string[]
  readonly #numbers = new Map<string, number>()
  readonly #body = new PackWriter()

  constructor(scope: number) {
    this.#keys = [metaKey(scope)]
  }

  get bytes(): number {
    return this.#body.length
  }

  call(units: readonly Unit[]): CommitCall {
    const head = new PackWriter()
    head.array(units.length)
    return { keys: this.#keys, packed: Buffer.concat([head.take(), this.#body.take()]), units }
  }

  unit(unit: Unit): void {
    const body = this.#body
    const { expect, puts, appends, trims, drops = [], replaces = [], routes = [], epoch } = unit
    const hasRest = trims.length + drops.length + replaces.length + routes.length > 0 || epoch !== undefined
    body.array(hasRest ? 4 : 3)
    body.array(3 * expect.length)
    for (const { actor, name, stamp } of expect) {
      this.#key('r', actor)
      body.text(name)
      body.stamp(stamp)
    }
    body.array(5 * puts.length)
    for (const put of puts) this.#put(put)
    body.array(7 * appends.length)
    for (const each of appends) this.#append(each)
    if (!hasRest) return
    body.array(5)
    body.array(8 * replaces.length)
    for (const { actor, version, expected, stamp, bytes } of replaces) {
      this.#keysOf(actor, 'r', 's', 'k', 'v')
      body.integer(version)
      body.stamp(expected)
      body.stamp(stamp)
      body.bytes(bytes)
    }
    body.array(6 * trims.length)
    for (const { actor, upTo, entriesMax } of trims) {
      this.#keysOf(actor, 'r', 's', 'k', 'v')
      body.integer(upTo)
      body.integer(entriesMax ?? 0)
    }
    body.array(3 * drops.length)
    for (const { actor, key } of drops) {
      this.#keysOf(actor, 'k', 'v')
      body.text(key)
    }
    body.integer(epoch === undefined ? 0 : epoch.epoch + 1)
    body.array(3 * routes.length)
    for (const { actor, node, ttlMs } of routes) {
      this.#key('r', actor)
      body.text(node)
      body.integer(ttlMs)
    }
  }

  #append({ actor, key, conversation, bytes }: Append): void {
    const body = this.#body
    const isKeyed = key !== undefined
    const form = isKeyed ? APPEND_KEYED : conversation === undefined ? APPEND_PLAIN : APPEND_CONVERSATION
    body.integer(form)
    this.#key('r', actor)
    body.integer(this.#number(logsKey(partitionOf(actor))))
    this.#key(isKeyed ? 'k' : 's', actor)
    if (isKeyed) this.#key('v', actor)
    else body.integer(0)
    body.text(key ?? conversation ?? '')
    if (form === APPEND_CONVERSATION) body.bytes(bytes)
    else body.bytes(NO_CONVERSATION, bytes)
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
    else {
      const shape = Buffer.allocUnsafe(8 + 4 * patch.ranges.length)
      shape.writeUInt32LE(patch.length, 0)
      shape.writeUInt32LE(patch.ranges.length / 2, 4)
      patch.ranges.forEach((number, i) => {
        shape.writeUInt32LE(number, 8 + 4 * i)
      })
      body.stamped(stamp, shape, bytes)
    }
  }

  #keysOf(actor: Actor, ...kinds: readonly KeyKind[]): void {
    for (const kind of kinds) this.#key(kind, actor)
  }

  #key(kind: KeyKind, actor: Actor): void {
    this.#body.integer(this.#number(keyOf(kind, actor)))
  }

  /** The number of a key among KEYS, from 1. */
  #number(key: string): number {
    let number = this.#numbers.get(key)
    if (number === undefined) {
      number = this.#keys.push(key)
      this.#numbers.set(key, number)
    }
    return number
  }
}

/** Gives a call's results from what the script gave for each unit. */
export function resultsOf(units: readonly Unit[], packed: readonly Packed[], epoch: number): CommitResult[] {
  return units.map((unit, i) => resultOf(unit, listOf(packed[i]), epoch))
}

function resultOf(unit: Unit, result: readonly Packed[], epoch: number): CommitResult {
  switch (result[0]) {
    case 0:
      return { kind: 'committed', appended: appendedOf(listOf(result[1])), routes: routesOf(unit, result[2]) }
    case 1: {
      const { actor, name } = present(unit.expect[numberOf(result[1])], 'the expectation')
      return { kind: 'conflict', actor, name, current: bytesOf(result[2]).readDoubleLE(0) }
    }
    case 2: {
      const { actor, version } = present(unit.replaces?.[numberOf(result[1])], 'the replacement')
      const stamp = bytesOf(result[2])
      return { kind: 'entry conflict', actor, version, current: stamp.length === 0 ? null : stamp.readDoubleLE(0) }
    }
    default:
      return { kind: 'epoch conflict', partition: present(unit.epoch, 'the epoch').partition, current: epoch }
  }
}

function appendedOf(ranges: readonly Packed[]): Appended[] {
  const appended: Appended[] = []
  for (let i = 0; i < ranges.length; i += 2) {
    appended.push({ from: numberOf(ranges[i]), version: numberOf(ranges[i + 1]) })
  }
  return appended
}

function routesOf(unit: Unit, packed: Packed | undefined): readonly (readonly NodeId[])[] {
  if (packed === undefined) return NO_ROUTES
  const routes: (readonly NodeId[])[] = unit.appends.map(() => [])
  const list = listOf(packed)
  for (let i = 0; i < list.length; i += 2) {
    routes[numberOf(list[i])] = listOf(list[i + 1]).map(node => bytesOf(node).toString())
  }
  return routes
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
