/**
 * Checks that a store is what the rules make of one. It reads everything, and compares each record with those that say the same
 * from the other side. Changes nothing; for people and tests.
 *
 * It takes one record at a time and looks up what that is compared with, so the store may have any size.
 */

import type { StoreView } from '../store/view.js'
import { uidOf } from '../sync/rules/records.js'
import { CounterCheck } from './counters.js'
import { type Counts, Findings } from './findings.js'
import { FriendCheck } from './friends.js'
import { GroupCheck } from './groups.js'
import { verifyLog } from './logs.js'
import { PeopleCheck } from './people.js'
import { RoomCheck } from './rooms.js'

/** @param tell called with each fault, one line */
export function verify(view: StoreView, tell: (fault: string) => void): Counts {
  const findings = new Findings(tell)
  const rooms = new RoomCheck(view, findings)
  const checks = [
    new PeopleCheck(view, findings),
    new FriendCheck(view, findings),
    new CounterCheck(view, findings),
    new GroupCheck(view, findings),
    rooms,
  ]
  for (const record of view.records()) {
    const { actor, name, bytes } = record
    const [prefix = ''] = name.split('/', 1)
    const id = name.slice(prefix.length + 1)
    findings.check(`${actor}/${name}`, () => {
      for (const check of checks) check.record({ actor, uid: uidOf(actor), prefix, id, bytes })
    })
  }
  rooms.end()
  for (const log of view.logs()) findings.check(`the log of ${log.actor}`, () => verifyLog(view, log, findings))
  return findings.counts
}
