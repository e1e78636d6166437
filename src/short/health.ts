/**
 * The pages for supervisors and load balancers. /healthz tells a supervisor whether the process takes requests, according to a flag.
 * /readyz tells a load balancer whether messages get through, by sending one (jobs/canary.ts).
 */

import type { Readiness } from '../jobs/canary-probe.js'
import { type Page, textAnswer } from './types.js'

export const HEALTH_PATH = '/healthz'
export const READY_PATH = '/readyz'

/** @param serving whether the server takes connections and answers them, asked on each request */
export function healthPage(serving: () => boolean): Page {
  return (_request, reply) => reply(serving() ? textAnswer(200, 'ok') : textAnswer(503, 'draining'))
}

/** @param ready never rejects */
export function readyPage(ready: () => Promise<Readiness>): Page {
  return (_request, reply) =>
    void ready().then(found => reply(found.ready ? textAnswer(200, 'ready') : textAnswer(503, found.reason)))
}
