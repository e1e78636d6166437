/** A limit on how long an answer is waited for. What comes later is heard by nobody. */

import type { Clock } from '../../lib/clock.js'
import { LostError } from './link.js'

/** @throws LostError if there is no answer in this time; it may come later */
export function within<T>(clock: Pick<Clock, 'after'>, ms: number, answer: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const limit = clock.after(ms, () => reject(new LostError(`Redis did not answer within ${ms} ms`)))
    answer.then(resolve, reject).finally(() => limit.cancel())
  })
}
