/**
 * Checks once more a device that has just been bound here. Between the commit of its Hello and now nobody knew of this connection. So if
 * its session ended in between, or it was bound elsewhere, no event reached it.
 */
import { CODES } from '../../protocol/codes.js'
import type { Services } from '../services/types.js'
import type { Member } from './hub.js'

/** @param token the token that it was bound with */
export function checkStillBound(member: Member, services: Services, token: Uint8Array): void {
  const { uid, device, attempt } = member
  services.boundAttempt(uid, device, token).then(
    bound => {
      if (bound === undefined) member.close(CODES.SESSION_REVOKED.code)
      else if (bound > attempt) member.close(CODES.REPLACED.code, undefined, bound)
    },
    () => member.close(CODES.UNAVAILABLE.code),
  )
}
