/** A base of what somebody waits for. Its signal is made when it is first asked for: most requests never ask. */
export class Abandonable {
  #gone: AbortController | undefined

  get signal(): AbortSignal {
    this.#gone ??= new AbortController()
    return this.#gone.signal
  }

  /** Notes that nobody waits for the answer any more. */
  abandoned(): void {
    this.#gone ??= new AbortController()
    this.#gone.abort()
  }
}
