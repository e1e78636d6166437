/**
 * Memory of the checkpoint thread that is used again for each file. Made anew each time it would be garbage of some MiB outside of the
 * heap, which nothing collects in time.
 */

import fs from 'node:fs'

const CHUNK_BYTES = 2 ** 18

/** The most bytes that are kept between two files: a usual one. What a larger one needs is made for it alone. */
const KEPT_BYTES_MAX = 2 ** 23

export class Arena {
  #file = Buffer.alloc(0)
  #chunks: Buffer[] = []
  #chunk = 0
  #position = 0

  /** Gives back all that was taken. */
  restart(): void {
    this.#chunks.length = Math.min(this.#chunks.length, KEPT_BYTES_MAX / CHUNK_BYTES)
    this.#chunk = 0
    this.#position = 0
  }

  /** Takes memory of this length, at most CHUNK_BYTES; it holds anything. */
  take(length: number): Buffer {
    if (this.#position + length > CHUNK_BYTES) {
      this.#chunk++
      this.#position = 0
    }
    const chunk = this.#chunks[this.#chunk] ?? Buffer.allocUnsafeSlow(CHUNK_BYTES)
    this.#chunks[this.#chunk] = chunk
    this.#position += length
    return chunk.subarray(this.#position - length, this.#position)
  }

  /**
   * Reads a file from its beginning up to `length`, or to its end. It is read by its descriptor: there may be none left to open it with.
   * The bytes are those of the last call.
   */
  read(descriptor: number, length: number): Buffer {
    const file = this.#file.length < length ? Buffer.allocUnsafeSlow(length) : this.#file
    this.#file = length <= KEPT_BYTES_MAX ? file : Buffer.alloc(0)
    let read = 0
    for (let more = -1; more !== 0 && read < length; read += more) {
      more = fs.readSync(descriptor, file, read, length - read, read)
    }
    return file.subarray(0, read)
  }
}
