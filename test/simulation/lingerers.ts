/**
 * Somebody keeps the tokens of a few phones and goes on asking every node with them, also when their sessions have ended: each
 * node must refuse them 3.5 s later at the latest, whether it heard of the end or not.
 */

import { METHODS } from '../../protocol/methods.js'
import { readToken } from '../../src/services/tokens.js'
import { pathOf } from '../../src/short/connect-route.js'
import type { SimulatedNode } from './node.js'
import type { Stage } from './stage.js'

const ASK_MS = 700
/** PROTOCOL.md: so long a node may not have heard of the end of a session. */
const REFUSED_WITHIN_MS = 3_500
/** After its end a token is asked with for so long. */
const WATCHED_MS = 8_000
const TOKENS_MAX = 4

interface Kept {
  readonly token: Uint8Array
  readonly header: string
  /** Since when the store has said that it is no session's; undefined while it is one's. */
  endedAtMs: number | undefined
}

export class Lingerers {
  readonly #stage: Stage
  #kept: Kept[] = []

  constructor(stage: Stage) {
    this.#stage = stage
  }

  /** Goes on as long as there is chaos. */
  linger(): void {
    this.#stage.after(ASK_MS, 'lingerers', () => {
      if (!this.#stage.chaos) return
      this.#keep()
      for (const kept of this.#kept)
        for (const node of this.#stage.nodes) {
          if (node.alive) node.process.whenAwake('lingerer', () => this.#ask(kept, node))
        }
      this.linger()
    })
  }

  /** Takes up the token of a phone, and lets go of those that ended a while ago. */
  #keep(): void {
    const { scheduler, phones } = this.#stage
    for (const kept of this.#kept) this.#look(kept)
    this.#kept = this.#kept.filter(
      ({ endedAtMs }) => endedAtMs === undefined || scheduler.nowMs - endedAtMs < WATCHED_MS,
    )
    if (this.#kept.length >= TOKENS_MAX) return
    const [text] = (this.#stage.pick(phones)?.disk.model.values.get('session') ?? ['']) as string[]
    const token = new Uint8Array(Buffer.from(text ?? '', 'hex'))
    const header = `Bearer ${Buffer.from(token).toString('base64url')}`
    if (token.length === 0 || this.#kept.some(kept => kept.header === header)) return
    this.#kept.push({ token, header, endedAtMs: undefined })
  }

  #look(kept: Kept): void {
    const owner = readToken(kept.token)
    const isAlive = owner !== undefined && this.#stage.ledger.isTokenOf(owner.uid, owner.device, owner.hash)
    kept.endedAtMs = isAlive ? undefined : (kept.endedAtMs ?? this.#stage.scheduler.nowMs)
  }

  #ask(kept: Kept, node: SimulatedNode): void {
    const { scheduler, fail } = this.#stage
    const { header } = kept
    const request = {
      method: 'POST',
      path: pathOf(METHODS.listDevices),
      headers: { 'content-type': 'application/proto', authorization: header },
      address: '203.0.113.77',
    }
    this.#look(kept)
    const endedAtMs = kept.endedAtMs ?? scheduler.nowMs
    const isLate = scheduler.nowMs - endedAtMs > REFUSED_WITHIN_MS
    node.handle(request, new Uint8Array(0), ({ status }) => {
      this.#look(kept)
      if (!isLate || status !== 200 || kept.endedAtMs !== endedAtMs) return
      fail(`${node.name} lets a session in that ended ${Math.round(scheduler.nowMs - endedAtMs)} ms ago`)
    })
  }
}
