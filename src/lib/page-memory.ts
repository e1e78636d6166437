/**
 * Uses the memory of pages again. A thread makes a page in a buffer and hands it over. When the page has left the process, its buffer goes
 * to a thread with the next task:
 *
 *   thread ── lend() ─► page ─► frame ─► kernel has it ── giveBack() ─► spare ── take() ─► thread
 *                         └─ anything else became of it: the garbage collector has it
 *
 * A buffer that goes to a thread is gone here. Whoever still had it would read nothing, and never another page.
 *
 * V8 collects all its garbage once for some 10 MB of buffers. While 200 devices did first syncs (the load of `npm run bench -- workers`),
 * that was 18 collections a second, with pauses of 2 to 9 ms.
 */

/** No smaller frame is a page of these: all others are spared a look. */
const BYTES_MIN = 8_192

/** The most bytes that are kept: 64 pages of 48 KiB, those of eight tasks. */
const SPARE_BYTES_MAX = 3_145_728

export class PageMemory {
  /** The end of the page in each buffer that is lent. */
  readonly #ends = new WeakMap<ArrayBufferLike, number>()
  readonly #spare: ArrayBuffer[] = []
  #spareBytes = 0

  /** Takes note of a page that has a buffer for itself. */
  lend({ buffer, byteOffset, length }: Uint8Array<ArrayBuffer>): void {
    if (length >= BYTES_MIN) this.#ends.set(buffer, byteOffset + length)
  }

  /** Takes bytes that have left the process. If they are the end of a page that was lent, nobody needs its buffer any more. */
  giveBack({ buffer, byteOffset, length }: Uint8Array): void {
    if (buffer.byteLength < BYTES_MIN || this.#ends.get(buffer) !== byteOffset + length) return
    this.#ends.delete(buffer)
    if (this.#spareBytes + buffer.byteLength > SPARE_BYTES_MAX) return
    this.#spare.push(buffer as ArrayBuffer)
    this.#spareBytes += buffer.byteLength
  }

  /** Takes at most so many buffers, for pages to come. They are to be handed over. */
  take(count: number): ArrayBuffer[] {
    const taken = this.#spare.splice(-count, count)
    for (const { byteLength } of taken) this.#spareBytes -= byteLength
    return taken
  }
}

/** The one of the process: the sockets give back what its services lent. */
export const pageMemory = new PageMemory()
