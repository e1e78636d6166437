// What has happened in a group, in words.
import type { GroupChange } from '../../typescript/browser.js'
import type { WordKey } from '../words.js'

/** The text for a change. Its names: `by` and `who` are users, `text` is a title or announcement. */
export function changeWords({ act, by, uid, role }: GroupChange): WordKey {
  switch (act) {
    case 'created':
      return 'groupCreated'
    case 'joined':
      return by === uid || uid === 0 ? 'groupJoined' : 'groupAdded'
    case 'left':
      return 'groupLeft'
    case 'removed':
      return 'groupRemoved'
    case 'renamed':
      return 'groupRenamed'
    case 'announced':
      return 'groupAnnounced'
    case 'rulesSet':
      return 'groupRulesSet'
    case 'roleSet':
      if (role === 'owner') return 'groupHandedOver'
      return role === 'admin' ? 'groupMadeAdmin' : 'groupMadeMember'
    case 'muted':
      return 'groupMuted'
    case 'unmuted':
      return 'groupUnmuted'
    case 'dissolved':
      return 'groupDissolved'
    case 'unknown':
      return 'groupUnknown'
  }
}
