/**
 * Virtual time. Events run one at a time, in order of their time and then of their making; between two events every promise
 * that can go on does so, in the order in which JavaScript keeps it. So a run depends on nothing but what it was given.
 *
 *   at / after ──► heap ──► run one ──► promises drained ──► next …
 */

/** Owns events: those of a process that was killed are never run, those of one that stands still when it goes on. */
export interface Owner {
  readonly alive: boolean
  /** Keeps an event for later. @returns false if it is to run now */
  holds(event: Event): boolean
}

export interface Event {
  readonly atMs: number
  readonly order: number
  /** For the trace. */
  readonly what: string
  readonly owner: Owner | undefined
  run: (() => void) | undefined
}

/** Events handed to the platform at a time: it drains promises between any two of them. */
const BATCH = 32

export class Scheduler {
  #nowMs = 0
  #orders = 0
  #ran = 0
  readonly #heap: Event[] = []
  #failure: { readonly error: unknown } | undefined
  /** Told of each event before it runs. */
  onEvent: (event: Event) => void = () => {}
  /** Time that went by while nothing happened, in milliseconds: wall clocks show it, timers do not. */
  calendarMs = 0

  /** Milliseconds since the start, with fractions. */
  get nowMs(): number {
    return this.#nowMs
  }

  /** Events that have run. */
  get ran(): number {
    return this.#ran
  }

  /** Runs `run` once, `ms` from now, unless its owner is dead by then. */
  after(ms: number, what: string, run: () => void, owner?: Owner): Event {
    const event: Event = { atMs: this.#nowMs + Math.max(0, ms), order: ++this.#orders, what, owner, run }
    push(this.#heap, event)
    return event
  }

  cancel(event: Event): void {
    event.run = undefined
  }

  /** Ends the run that is under way: it rejects with this. */
  fail(error: unknown): void {
    this.#failure ??= { error }
  }

  /**
   * Runs events until there is none, or the time is over.
   * @throws what an event threw, or what fail() was told
   */
  run(untilMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      let left = 0
      let over = false
      const end = (): void => {
        if (over) return
        over = true
        if (this.#failure === undefined) resolve()
        else reject(this.#failure.error)
      }
      // The platform runs these one by one and drains microtasks in between.
      const step = (): void => {
        left -= 1
        if (over) return
        if (this.#failure !== undefined || !this.#step(untilMs)) end()
        else if (left === 0) more()
      }
      const more = (): void => {
        for (left = 0; left < BATCH; left += 1) setImmediate(step)
      }
      more()
    })
  }

  /** False if nothing is left to be run by then; the time is that then. */
  #step(untilMs: number): boolean {
    for (;;) {
      const event = this.#heap[0]
      if (event === undefined || event.atMs > untilMs) {
        this.#nowMs = Math.max(this.#nowMs, untilMs)
        return false
      }
      pop(this.#heap)
      const { run } = event
      if (run === undefined || event.owner?.alive === false || event.owner?.holds(event) === true) continue
      event.run = undefined
      this.#nowMs = event.atMs
      this.#ran += 1
      this.onEvent(event)
      try {
        run()
      } catch (error) {
        this.fail(error)
      }
      return true
    }
  }
}

function before(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
}

function push(heap: Event[], event: Event): void {
  let at = heap.length
  heap.push(event)
  while (at > 0) {
    const parent = (at - 1) >> 1
    const above = heap[parent] as Event
    if (before(above, event)) break
    heap[at] = above
    at = parent
  }
  heap[at] = event
}

function pop(heap: Event[]): void {
  const last = heap.pop()
  if (last === undefined || heap.length === 0) return
  let at = 0
  for (;;) {
    let child = 2 * at + 1
    if (child >= heap.length) break
    if (child + 1 < heap.length && before(heap[child + 1] as Event, heap[child] as Event)) child += 1
    if (!before(heap[child] as Event, last)) break
    heap[at] = heap[child] as Event
    at = child
  }
  heap[at] = last
}
