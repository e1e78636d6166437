/**
 * Memory of the checkpoint thread that is used again for each file. Made anew each time it would be garbage of some MiB outside of the
 * heap, which nothing collects in time.
 */

import fs from 'node:fs'

const CHUNK_BYTES = 2 ** 18

/** The chunks that are kept between two files: as much as a usual file holds. */
const CHUNKS_KEPT_MAX = 2 ** 23 / CHUNK_BYTES

/** The longest file whose memory is kept: one of 8 MiB, with its header and the last write, which goes beyond. */
const FILE_BYTES_KEPT_MAX = 2 ** 23 + 2 ** 20

export class Arena {
  #file: Buffer | undefined
  #chunks: Buffer[] = []
  #chunk = 0
  #position = 0

  /** Gives back all that was taken. */
  restart(): void {
    this.#chunks.length = Math.min(this.#chunks.length, CHUNKS_KEPT_MAX)
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
    const file = length > FILE_BYTES_KEPT_MAX ? Buffer.allocUnsafeSlow(length) : this.#kept()
    let read = 0
    for (let more = -1; more !== 0 && read < length; read += more) {
      more = fs.readSync(descriptor, file, read, length - read, read)
    }
    return file.subarray(0, read)
  }

  #kept(): Buffer {
    this.#file ??= Buffer.allocUnsafeSlow(FILE_BYTES_KEPT_MAX)
    return this.#file
  }
}
