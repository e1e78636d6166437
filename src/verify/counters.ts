/** Pair counters and outboxes: what was sent was taken, or waits in the outbox. */

import type { Actor } from '../store/types.js'
import type { StoreView } from '../store/view.js'
import { OUTBOX, outboxEntry, outboxEntryId, outboxOf } from '../sync/outbox-entry.js'
import { countedBranches, pairIn, pairOut, setAside } from '../sync/record-kinds.js'
import { isBranchActor } from '../sync/references.js'
import type { Findings, NamedRecord } from './findings.js'
import { recordOf } from './reader.js'

export class CounterCheck {
  readonly #view: StoreView
  readonly #findings: Findings

  constructor(view: StoreView, findings: Findings) {
    this.#view = view
    this.#findings = findings
  }

  record({ actor, prefix, id, bytes }: NamedRecord): void {
    if (actor.startsWith(`${OUTBOX}/`)) this.#entry(actor, bytes)
    else if (prefix === pairOut.prefix) this.#out(actor, id, bytes)
    else if (prefix === pairIn.prefix) this.#in(actor, id, bytes)
    else if (prefix === setAside.prefix) this.#findings.counts.setAside += 1
  }

  #out(source: Actor, target: Actor, bytes: Uint8Array): void {
    const { sent, settled } = pairOut.decode(bytes)
    const { last } = recordOf(this.#view, target, pairIn, source) ?? { last: 0 }
    if (!(settled <= last && last <= sent)) {
      this.#findings.fault(`${source} has sent ${sent} to ${target}, settled ${settled}, and ${last} were taken`)
    }
    if (isBranchActor(target) && recordOf(this.#view, source, countedBranches) === undefined) {
      this.#findings.fault(`${source} does not know that it counts what it sends to ${target}`)
    }
    // Each entry names the one before it.
    for (let seq = sent; seq > settled; ) {
      const entry = recordOf(this.#view, outboxOf(source), outboxEntry, outboxEntryId(source, target, seq))
      if (entry === undefined || entry.before >= seq) {
        this.#findings.fault(`effect ${seq} of ${source} to ${target} is neither settled nor in the outbox`)
        return
      }
      seq = entry.before
    }
  }

  #in(target: Actor, source: Actor, bytes: Uint8Array): void {
    const { last } = pairIn.decode(bytes)
    const sent = recordOf(this.#view, source, pairOut, target)?.sent ?? 0
    if (last > sent) this.#findings.fault(`${target} has taken ${last} of ${source}, which has sent ${sent}`)
  }

  #entry(actor: Actor, bytes: Uint8Array): void {
    this.#findings.counts.outboxEntries += 1
    const { source, target, seq } = outboxEntry.decode(bytes)
    if (outboxOf(source) !== actor) this.#findings.fault(`effect ${seq} of ${source} to ${target} is in ${actor}`)
    const out = recordOf(this.#view, source, pairOut, target)
    // One that is settled already is removed by who found it in the outbox: another node had counted it.
    if (out === undefined || seq > out.sent) {
      this.#findings.fault(`effect ${seq} of ${source} to ${target} is in the outbox, and its pair does not count it`)
    }
  }
}
