/** Reads all entries of a log in Redis: those of its stream, and those that stand apart, merged in the order of their versions. */

import { StoreDamagedError } from '../errors.js'
import type { EntryPortion } from '../transfer.js'
import type { Actor, Version } from '../types.js'
import { keyOf } from './keys.js'
import { entryOf } from './layout.js'
import type { Command } from './link.js'

/** The entries of each kind that are asked for at once. */
const PAGE = 32

type Ask = (commands: readonly Command[]) => Promise<readonly unknown[]>

/** The entries of one kind that were read and not taken. */
interface Page {
  entries: EntryPortion[]
  /** The last version that was read. */
  last: Version
  ended: boolean
}

export class LogReader {
  readonly actor: Actor
  /** The number of entries so far that were replaced and have no key. */
  replaced = 0
  readonly #ask: Ask
  readonly #stream: Page = { entries: [], last: 0, ended: false }
  readonly #apart: Page = { entries: [], last: 0, ended: false }
  #countApart = 0

  constructor(actor: Actor, ask: Ask) {
    this.actor = actor
    this.#ask = ask
  }

  /** Reads the next page of each kind of which nothing is left. */
  async fill(): Promise<void> {
    await Promise.all([this.#fillStream(), this.#fillApart()])
  }

  /** Gives all entries in slices. Rejects with StoreDamagedError. */
  async *entries(): AsyncGenerator<readonly EntryPortion[]> {
    let last: Version = 0
    for (;;) {
      await this.fill()
      const slice = this.#merged()
      if (slice.length === 0) break
      for (const { version } of slice) {
        if (!(version > last)) throw logDamaged(this.actor, `entry ${version} stands behind ${last}`)
        last = version
      }
      yield slice
    }
    const [fields] = await this.#ask([['HLEN', keyOf('k', this.actor)]])
    if (Number(fields) !== this.#countApart) {
      throw logDamaged(this.actor, `${fields} entries stand apart, and the order has ${this.#countApart}`)
    }
  }

  /** Takes entries in order until the next of one kind has to be read. */
  #merged(): EntryPortion[] {
    const [stream, apart] = [this.#stream, this.#apart]
    const slice: EntryPortion[] = []
    let [i, k] = [0, 0]
    for (;;) {
      const [one, other] = [stream.entries[i], apart.entries[k]]
      if ((one === undefined && !stream.ended) || (other === undefined && !apart.ended)) break
      if (one !== undefined && (other === undefined || one.version < other.version)) {
        slice.push(one)
        i++
      } else if (other !== undefined) {
        slice.push(other)
        k++
      } else break
    }
    stream.entries.splice(0, i)
    apart.entries.splice(0, k)
    return slice
  }

  async #fillStream(): Promise<void> {
    const page = this.#stream
    if (page.entries.length > 0 || page.ended) return
    const from = `${(page.last + 1).toFixed(0)}-0`
    const [found] = await this.#ask([['XRANGE', keyOf('s', this.actor), from, '+', 'COUNT', PAGE]])
    const entries = (found as [Buffer, [Buffer, Buffer]][]).map(([id, [, value]]): EntryPortion => {
      const version = Number(/^(\d+)-0$/.exec(String(id))?.[1])
      if (!(value?.length >= 2)) throw logDamaged(this.actor, `entry ${id} is in pieces`)
      return { kind: 'entry', actor: this.actor, key: undefined, ...entryOf(version, 0, value) }
    })
    this.#read(page, entries)
  }

  async #fillApart(): Promise<void> {
    const page = this.#apart
    if (page.entries.length > 0 || page.ended) return
    const [order, values] = [keyOf('v', this.actor), keyOf('k', this.actor)]
    const from = `(${page.last.toFixed(0)}`
    const [found] = await this.#ask([['ZRANGE', order, from, '+inf', 'BYSCORE', 'LIMIT', 0, PAGE, 'WITHSCORES']])
    const scored = (found as Buffer[]).map(String)
    const names = scored.filter((_, i) => i % 2 === 0)
    const [fields] = names.length === 0 ? [[]] : await this.#ask([['HMGET', values, ...names]])
    const entries = names.map((name, i) =>
      this.#apartEntry(name, Number(scored[2 * i + 1]), (fields as (Buffer | null)[])[i]),
    )
    this.#countApart += entries.length
    this.#read(page, entries)
  }

  #apartEntry(name: string, version: Version, value: Buffer | null | undefined): EntryPortion {
    if (!Buffer.isBuffer(value) || value.length < 18)
      throw logDamaged(this.actor, `entry ${version} (${name}) is not there`)
    const [stamp, own] = [value.readDoubleLE(0), value.readDoubleLE(8)]
    if (own !== version) throw logDamaged(this.actor, `entry ${version} (${name}) says that it is ${own}`)
    const key = name.startsWith('k') ? name.slice(1) : undefined
    if (key === undefined) {
      if (name !== `v${version.toFixed(0)}`) throw logDamaged(this.actor, `entry ${version} is called ${name}`)
      this.replaced++
    }
    return { kind: 'entry', actor: this.actor, key, ...entryOf(version, stamp, value.subarray(16)) }
  }

  #read(page: Page, entries: EntryPortion[]): void {
    page.entries = entries
    page.ended = entries.length < PAGE
    page.last = entries.at(-1)?.version ?? page.last
  }
}

function logDamaged(actor: Actor, what: string): StoreDamagedError {
  return new StoreDamagedError(`the log of ${actor} in Redis is damaged: ${what}`)
}
