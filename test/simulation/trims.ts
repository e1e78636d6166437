/** What retention took: each message must have been old, and beyond the newest so many. Whoever lacks one must have been told. */

import type { decodeItem, Message } from '../../protocol/generated/messages.js'
import type { Store, Trim } from '../../src/store/types.js'
import { uidOf } from '../../src/sync/rules/records.js'
import { changed } from './plants.js'
import { wallMs } from './process.js'
import type { Stage } from './stage.js'
import { nameOf } from './witness.js'

/** A node's clock and the true one stand so close where nobody makes them wrong. */
const CLOCKS_MS = 10

export class Trims {
  readonly #stage: Stage
  readonly #gone = new Set<string>()

  constructor(stage: Stage) {
    this.#stage = stage
  }

  /** Whether retention took this message out of the user's timeline, or tried to. */
  has(uid: number, name: string): boolean {
    return this.#gone.has(`${uid}<${name}`)
  }

  /** The store, with each trim looked at before it is asked for. */
  watch(store: Store): Store {
    return changed(store, {
      commit: (scope, units) => {
        for (const { trims } of units) for (const trim of trims) this.#look(trim)
        return store.commit(scope, units)
      },
    })
  }

  #look({ actor, upTo, entriesMax = Number.POSITIVE_INFINITY }: Trim): void {
    const { ledger, witness, scheduler, setup, fail } = this.#stage
    const { keepItems, keepMs } = setup.retention
    const uid = uidOf(actor)
    if (uid === 0 || ledger.isDeleted(uid)) return
    const unkeyed = ledger
      .items(uid)
      .filter(({ content, reference }) => reference !== undefined || UNKEYED.has(content?.case ?? ''))
    const kept = unkeyed.length - keepItems
    unkeyed.slice(0, entriesMax).forEach(({ version, content }, index) => {
      if (version > upTo || content?.case !== 'message') return
      const message: Message = content.value
      const name = nameOf(message)
      if (index >= kept) fail(`${name} was trimmed, and is of the newest ${keepItems} of ${uid}`)
      const ageMs = wallMs(scheduler) - message.atMs
      if (ageMs < keepMs - CLOCKS_MS) fail(`${name} was trimmed at ${uid} when it was ${ageMs} ms old`)
      this.#gone.add(`${uid}<${name}`)
      witness.trimmed(uid, version, message)
    })
  }
}

const UNKEYED: ReadonlySet<string> = new Set(['message', 'failed', 'conversationMessage'] satisfies NonNullable<
  ReturnType<typeof decodeItem>['content']
>['case'][])
