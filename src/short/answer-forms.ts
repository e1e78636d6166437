/**
 * Gives the bodies of answers their last form, JSON and gzip: small ones here, large ones in a thread. libuv's pool, in which zlib would
 * pack otherwise, belongs to the store's writes.
 *
 * A large body that no thread can take is made here, and goes unpacked. If the thread is lost with it, JSON is refused with UNAVAILABLE,
 * for what ended one thread might end this one too; what was only to be packed goes as it is.
 */

import { CODES } from '../../protocol/codes.js'
import type { Clock } from '../lib/clock.js'
import type { Asker } from '../services/types.js'
import { type FormedBody, formed } from '../workers/form-answer.js'
import { LostThreads } from '../workers/lost-threads.js'
import type { OwnWorkers } from '../workers/tasks.js'
import { WorkerError } from '../workers/types.js'
import { errorAnswer, JSON_THERE_MIN } from './connect-answer.js'
import { acceptsGzip } from './gzip.js'
import type { ShortAnswer } from './types.js'

/**
 * The length from which a body is packed in a thread. That takes 33 to 64 µs of this one, and 24 to 34 with 8 at once; packed here it is 22
 * for 8 KB, 38 for 16 KB and 82 for 31 KB (`npm run bench -- workers`, 2 cores, busy). In libuv's pool zlib takes 40 to 140 µs of this thread,
 * the more the smaller the body.
 */
const PACK_THERE_MIN = 16_384

/** The most bytes of bodies that are with threads, or wait for one. */
export const BYTES_THERE_MAX = 16_777_216

/** The time after which to ask again for what a thread lost. */
const RETRY_MS = 1_000

export class AnswerForms {
  readonly #workers: OwnWorkers
  readonly #lost: LostThreads
  #bytesThere = 0

  constructor(workers: OwnWorkers, clock: Clock) {
    this.#workers = workers
    this.#lost = new LostThreads(clock)
  }

  /**
   * Gives an answer its form, if it has none yet; `done` is called at once or later, or never if the asker's signal says that it waits no more.
   * @param acceptEncoding the header of the request
   */
  finish(
    answer: ShortAnswer,
    acceptEncoding: string | undefined,
    asker: Asker,
    done: (answer: ShortAnswer, length: number) => void,
  ): void {
    const { body, json } = answer
    if (answer.headers['Content-Encoding'] !== undefined) {
      done(answer, body.length)
      return
    }
    const takesGzip = acceptEncoding !== undefined && acceptsGzip(acceptEncoding)
    const give = (made: FormedBody): void => done(withBody(answer, made), made.length)
    const here = (packs: boolean): void => give(formed({ bytes: body, json, takesGzip: packs }))
    if (body.length < (json === undefined ? PACK_THERE_MIN : JSON_THERE_MIN)) here(takesGzip)
    else if (json === undefined && !takesGzip) here(false)
    else if (this.#lost.lately || this.#bytesThere + body.length > BYTES_THERE_MAX) here(false)
    else {
      this.#bytesThere += body.length
      const input = { bytes: body, json, takesGzip }
      this.#workers.run('form-answer', input, { priority: 'short', signal: asker.signal, finishes: true }).then(
        made => {
          this.#bytesThere -= body.length
          give(made)
        },
        error => {
          this.#bytesThere -= body.length
          this.#lost.note(error)
          if (!(error instanceof WorkerError)) throw error
          if (error.code === 'ABORTED') return
          if (json === undefined || error.code === 'QUEUE_FULL' || error.code === 'CLOSED') here(false)
          else done(UNAVAILABLE, UNAVAILABLE.body.length)
        },
      )
    }
  }
}

const UNAVAILABLE = errorAnswer(CODES.UNAVAILABLE.code, { retryAfterMs: RETRY_MS })

function withBody({ status, headers }: ShortAnswer, { bytes, isPacked }: FormedBody): ShortAnswer {
  return { status, headers: isPacked ? { ...headers, 'Content-Encoding': 'gzip' } : headers, body: bytes }
}
