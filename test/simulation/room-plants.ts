/** Bugs of boards for plants.ts: what a unit would be under them. */

import { withNumber } from '../../protocol/item-codec.js'
import type { Put, Store, Unit } from '../../src/store/types.js'
import { isRoomActor } from '../../src/sync/references.js'
import { lastNumber } from '../../src/sync/rules/group-records.js'
import { listening } from '../../src/sync/rules/room-records.js'

/** Of so many posts one comes to its board again. */
const AGAIN_OF = 5

/** A delivery that is repeated is not known again: the board has its post under the next number, too. */
export function postingTwice(store: Store): Pick<Store, 'commit'> {
  return {
    async commit(scope, units) {
      const results = await store.commit(scope, units)
      const again = units.filter((_, i) => results[i]?.kind === 'committed').flatMap(postedAgain)
      if (again.length > 0) await store.commit(scope, again)
      return results
    },
  }
}

function postedAgain({ appends, puts }: Unit): Unit[] {
  const post = appends.find(({ actor, at = 0 }) => isRoomActor(actor) && at % AGAIN_OF === 0)
  const last = puts.find(({ actor, name }) => actor === post?.actor && name === lastNumber.prefix)
  if (post?.at === undefined || last === undefined || last.bytes === null) return []
  const at = post.at + 1
  const bytes = lastNumber.encode({ ...lastNumber.decode(last.bytes), n: at })
  // Another stamp, as of another node: who knows the record from before reads it anew. Of two numbers in an item the last one counts.
  const renumbered = { ...last, bytes, stamp: last.stamp + 1 }
  return [{ expect: [], puts: [renumbered], trims: [], appends: [{ ...post, at, bytes: withNumber(post.bytes, at) }] }]
}

/** What a user has confirmed of a board is less than was asked for. */
export function confirmedLess(put: Put): Put {
  if (!put.name.startsWith(`${listening.prefix}/`) || put.bytes === null || put.patch !== undefined) return put
  const own = listening.decode(put.bytes)
  return { ...put, bytes: listening.encode({ ...own, confirmed: Math.max(0, own.confirmed - 1) }) }
}
