// The connection as the page tells it: one line always, and a banner when it has been away for two seconds.
import type { Client, Clock, ConnectionStatus, TimerHandle } from '../../typescript/browser.js'
import { Signal } from './signal.js'

export interface ConnectionView {
  readonly state: 'connecting' | 'online' | 'waiting' | 'stopped'
  /** The name of the transport in use, or being tried: ws, http. */
  readonly transport: string
  /** The moment of the next try by the steady clock, while it waits. */
  readonly retryAtMs: number
  /** Tries in a row that did not succeed. */
  readonly tries: number
  /** It has been away for so long that the user should know. */
  readonly isAway: boolean
  /** Messages that wait to be sent. */
  readonly waiting: number
}

/** A shorter break is no news. */
const AWAY_MS = 2_000

export class Connection {
  readonly view = new Signal<ConnectionView>({
    state: 'connecting',
    transport: '',
    retryAtMs: 0,
    tries: 0,
    isAway: false,
    waiting: 0,
  })
  readonly #client: Client
  readonly #clock: Clock
  #away: TimerHandle | undefined

  /** @param on listens to the client for as long as the session lasts */
  constructor(client: Client, clock: Clock, on: Client['on']) {
    this.#client = client
    this.#clock = clock
    const heard = (status: ConnectionStatus): void => {
      const { tries, transport } = this.view.value
      if (status.state === 'online') this.#online(status.transport)
      else if (status.state === 'connecting') this.#change({ state: 'connecting', transport: status.transport })
      else if (status.state === 'waiting') {
        this.#change({ state: 'waiting', retryAtMs: clock.monotonic() + status.retryInMs, tries: tries + 1 })
      } else if (status.state === 'stopped') this.#change({ state: 'stopped', transport })
      if (status.state === 'connecting' || status.state === 'waiting') this.#watch()
    }
    on('connection', heard)
    on('messageState', () => this.count())
    heard(client.state().status)
  }

  /** Tries at once. */
  tryNow(): void {
    this.#client.nudge()
  }

  /** Counts again what waits to be sent. @returns the number of messages */
  count(): number {
    const { sendQueue } = this.#client.state()
    const waiting = sendQueue.filter(({ what }) => what === 'message').length
    this.#change({ waiting })
    return waiting
  }

  close(): void {
    this.#away?.cancel()
  }

  #online(transport: string): void {
    this.#away?.cancel()
    this.#away = undefined
    this.#change({ state: 'online', transport, tries: 0, isAway: false })
    this.count()
  }

  #watch(): void {
    this.#away ??= this.#clock.after(AWAY_MS, () => {
      this.count()
      this.#change({ isAway: true })
    })
  }

  #change(change: Partial<ConnectionView>): void {
    this.view.set({ ...this.view.value, ...change })
  }
}
