import { MemoryStore } from '../../src/store/memory/store.js'

/** A store of which one scope takes no write for a while. */
export class DeafStore extends MemoryStore {
  deaf: number | undefined
  #heard = new AbortController()

  override async commit(...[scope, units]: Parameters<MemoryStore['commit']>): ReturnType<MemoryStore['commit']> {
    const { signal } = this.#heard
    if (scope === this.deaf) await new Promise(resolve => signal.addEventListener('abort', resolve))
    return super.commit(scope, units)
  }

  hear(): void {
    this.deaf = undefined
    this.#heard.abort()
    this.#heard = new AbortController()
  }
}
