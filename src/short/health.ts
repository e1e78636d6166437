/** The room for load balancers that ask whether the process takes requests: 200 `ok`, or 503 `draining`. */

import { type Room, textAnswer } from './types.js'

export const HEALTH_PATH = '/healthz'

/** @param serving whether the server takes connections and answers them, asked on each request */
export function healthRoom(serving: () => boolean): Room {
  return (_request, reply) => reply(serving() ? textAnswer(200, 'ok') : textAnswer(503, 'draining'))
}
