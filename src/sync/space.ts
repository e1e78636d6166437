/** Which transitions run while a store fills. */
import type { SpaceLevel } from '../store/types.js'
import type { Transition } from './types.js'

/**
 * Whether a store with so much space takes this transition. As it fills, new accounts are refused first, then all that is not small, at
 * last everything.
 */
export function hasSpaceFor(
  space: SpaceLevel,
  { small, makesAccount }: Pick<Transition<unknown, unknown>, 'small' | 'makesAccount'>,
): boolean {
  switch (space) {
    case 'ample':
      return true
    case 'filling':
      return makesAccount !== true
    case 'scarce':
      return small === true
    case 'none':
      return false
  }
}
