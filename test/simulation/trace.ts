/** A fingerprint of everything that happened, in order: two runs of one seed must have the same. */

export class Trace {
  #a = 0x811c9dc5
  #b = 0x9e3779b9
  readonly #float = new Float64Array(1)
  readonly #words = new Uint32Array(this.#float.buffer)

  event(what: string, atMs: number): void {
    this.#float[0] = atMs
    this.#mix(this.#words[0] ?? 0)
    this.#mix(this.#words[1] ?? 0)
    for (let i = 0; i < what.length; i += 1) this.#mix(what.charCodeAt(i))
  }

  bytes(bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; i += 1) this.#mix(bytes[i] ?? 0)
  }

  digest(): string {
    return [this.#a, this.#b].map(word => (word >>> 0).toString(16).padStart(8, '0')).join('')
  }

  #mix(value: number): void {
    this.#a = Math.imul(this.#a ^ value, 0x01000193)
    this.#b = Math.imul(this.#b ^ value, 0x85ebca6b) + (this.#a >>> 15)
  }
}
