/** Ends a page of a log: it has so many entries, of so many bytes. The first is given whatever its size. */
export class PageCut {
  readonly #entriesMax: number
  readonly #bytesMax: number
  #entries = 0
  /** The bytes of all entries that were offered. */
  bytes = 0
  /** Whether there was one that the page has no space for. */
  isFull = false

  constructor(entriesMax: number, bytesMax: number) {
    this.#entriesMax = entriesMax
    this.#bytesMax = bytesMax
  }

  /** Whether the next entry, of this length, belongs to the page. */
  takes(length: number): boolean {
    this.bytes += length
    this.isFull = this.#entries === this.#entriesMax || (this.bytes > this.#bytesMax && this.#entries > 0)
    if (!this.isFull) this.#entries++
    return !this.isFull
  }
}
