/** The advice of a run that is stopped by the limits of a server that others run. */

import { CODES, codeName } from '../../protocol/codes.js'

/** Refusals that mean: too much at once. */
const LIMITS: ReadonlySet<string> = new Set(
  [CODES.RATE_LIMITED, CODES.REQUEST_LIMIT, CODES.RECIPIENT_LIMIT, CODES.TOO_MANY_CONNECTIONS].map(({ code }) =>
    codeName(code),
  ),
)

export function isLimit(code: string): boolean {
  return LIMITS.has(code)
}

/** The advice against it; ends a sentence. */
export const WIDER_LIMITS =
  'give the server wider limits for the run: longwire serve --limits open (on loopback), or --set-limits registrations=off,logins=off,contact-requests=off (docs/limits.md)'
