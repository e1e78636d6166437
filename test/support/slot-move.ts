/** A slot of a Redis Cluster that moves from one primary to another, key by key, as `redis-cli --cluster reshard` does it. */

import type { Redis } from 'ioredis'

type Client = Redis<'legacy'>

export class SlotMove {
  readonly #slot: number
  readonly #source: Client
  readonly #target: Client

  private constructor(slot: number, source: Client, target: Client) {
    this.#slot = slot
    this.#source = source
    this.#target = target
  }

  /** Begins a move of the slot that a key is in. */
  static async begin(key: string, source: Client, target: Client): Promise<SlotMove> {
    const slot = Number(await source.call('CLUSTER', 'KEYSLOT', key))
    const move = new SlotMove(slot, source, target)
    await target.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', await idOf(source))
    await source.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', await idOf(target))
    return move
  }

  /** A whole move. */
  static async whole(key: string, source: Client, target: Client): Promise<void> {
    await (await SlotMove.begin(key, source, target)).end()
  }

  /** Moves some keys. @returns whether there were as many */
  async keys(count: number): Promise<boolean> {
    for (let moved = 0; moved < count; moved++) {
      const [key] = (await this.#source.call('CLUSTER', 'GETKEYSINSLOT', this.#slot, 1)) as string[]
      if (key === undefined) return false
      await this.key(key)
    }
    return true
  }

  async key(key: string): Promise<void> {
    await this.#source.call('MIGRATE', '127.0.0.1', String(this.#target.options.port), key, 0, 5_000)
  }

  /** Moves the other keys, and gives the slot to the target. */
  async end(): Promise<void> {
    while (await this.keys(100));
    const id = await idOf(this.#target)
    for (const client of [this.#target, this.#source]) await client.call('CLUSTER', 'SETSLOT', this.#slot, 'NODE', id)
  }
}

async function idOf(client: Client): Promise<string> {
  return String(await client.call('CLUSTER', 'MYID'))
}
