/** Tells what a unit did, when it is durable: its appends, its events, and the effects that were set aside. */
import type { Clock } from '../lib/clock.js'
import { type Actor, type Committed, NO_ROUTES, type NodeId, type Store } from '../store/types.js'
import { type Delivery, headEvent, type NodeEvent, type WorkEvent } from './events.js'
import type { Plan } from './plan.js'
import type { EngineMonitor, TimelineHead } from './types.js'

/** The pause before a head that could not be read is read again. */
const TELL_AGAIN_MS = 500

/** The result of a unit whose write was done and whose answer was lost: nothing is known of it. */
export const UNSEEN: Pick<Committed, 'appended' | 'routes'> = { appended: [], routes: NO_ROUTES }
const NOWHERE: readonly NodeId[] = []

export interface AnnouncerOptions {
  readonly store: Pick<Store, 'shared'>
  readonly clock: Pick<Clock, 'after'>
  readonly delivery: Delivery
  readonly onWork?: ((event: WorkEvent) => void) | undefined
  readonly monitor: Pick<EngineMonitor, 'setAside'>
  readonly head: (actor: Actor) => Promise<TimelineHead>
}

export class Announcer {
  readonly #options: AnnouncerOptions
  #closed = false

  constructor(options: AnnouncerOptions) {
    this.#options = options
  }

  close(): void {
    this.#closed = true
  }

  tell(plan: Plan, { appended, routes }: Pick<Committed, 'appended' | 'routes'>): void {
    const { store, delivery, monitor, onWork } = this.#options
    for (let i = 0; i < plan.appends.length; i += 1) {
      const append = plan.appends[i]
      const range = appended[i]
      if (append?.shown === undefined) continue
      if (range === undefined) this.#tellHead(append.actor)
      else {
        const { from, version } = range
        const event: NodeEvent = { kind: 'appended', to: append.actor, from, version, bytes: append.shown }
        if (store.shared) delivery.send(event, routes[i] ?? NOWHERE)
        else delivery.send(event)
      }
    }
    for (const event of plan.events) {
      if (event.kind === 'work') onWork?.(event)
      else delivery.send(event)
    }
    if (plan.asides.length > 0) {
      for (const { source, target, kind, error } of plan.asides) monitor.setAside(source, target, kind, error)
    }
  }

  /**
   * Tells the log's head after a unit whose write got no answer. Its versions are unknown here; all that is known is that something
   * is new.
   */
  #tellHead(actor: Actor): void {
    if (this.#closed) return
    const { head, delivery, clock } = this.#options
    head(actor).then(
      found => delivery.send(headEvent(actor, found.head)),
      () => clock.after(TELL_AGAIN_MS, () => this.#tellHead(actor)),
    )
  }
}
