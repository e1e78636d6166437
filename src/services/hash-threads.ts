/**
 * scrypt in threads of its own, of a lower priority than the event loop's: while logins storm, who talks does not share a
 * processor with them on equal terms. libuv's pool could not be told apart from the store's writes, which run there too.
 */
import { Worker } from 'node:worker_threads'

export interface HashRequest {
  readonly password: string
  readonly salt: Uint8Array
  readonly keyBytes: number
  readonly N: number
  readonly r: number
  readonly p: number
}

interface Waiting {
  readonly resolve: (key: Uint8Array) => void
  readonly reject: (error: Error) => void
}

interface Thread {
  readonly worker: Worker
  waiting: Waiting | undefined
}

export class HashThreads {
  /** Started when they are needed, kept from then on: the caller bounds how many work at a time. */
  readonly #idle: Thread[] = []

  /** The key. @throws Error if the thread ends */
  hash(request: HashRequest): Promise<Uint8Array> {
    const thread = this.#idle.pop() ?? this.#start()
    return new Promise((resolve, reject) => {
      thread.waiting = { resolve, reject }
      thread.worker.postMessage(request)
    })
  }

  #start(): Thread {
    const worker = new Worker(new URL('./hash-thread.js', import.meta.url), { execArgv: [] })
    const thread: Thread = { worker, waiting: undefined }
    worker.on('message', (key: Uint8Array) => {
      const { waiting } = thread
      thread.waiting = undefined
      this.#idle.push(thread)
      waiting?.resolve(key)
    })
    const ended = (error: Error): void => {
      const at = this.#idle.indexOf(thread)
      if (at >= 0) this.#idle.splice(at, 1)
      thread.waiting?.reject(error)
      thread.waiting = undefined
    }
    worker.on('error', ended)
    worker.on('exit', code => ended(new Error(`a thread for passwords ended with ${code}`)))
    worker.unref() // behind the listener, which takes hold of the process again
    return thread
  }
}
