// What has happened in a group, in words.
import type { GroupChange } from '../../typescript/browser.js'
import type { Speech, WordKey } from '../words.js'

/** Who did it, with whom it was done, and the title or announcement. */
export type ChangeName = 'by' | 'who' | 'text'

/** A part of the sentence for a change: words, or whoever or whatever is named. */
export type ChangePart = string | { readonly name: ChangeName }

/** The sentence for a change, in parts. The user is "you" in it, with a capital at its beginning alone; in Chinese no blank is beside it. */
export function changeParts(change: GroupChange, uid: number, speech: Speech): readonly ChangePart[] {
  const parts = speech.parts(changeWords(change)) as readonly ChangePart[]
  if (speech.language !== 'zh') return parts
  const isOwn = (part: ChangePart | undefined): boolean => typeof part === 'object' && isOf(change, part.name, uid)
  return parts.map((part, i) => {
    if (typeof part !== 'string') return part
    const begun = isOwn(parts[i - 1]) ? part.trimStart() : part
    return isOwn(parts[i + 1]) ? begun.trimEnd() : begun
  })
}

/** What a part of the sentence names: a user's name comes from `nameOf`, unless it is the one who reads. */
export function namedIn(
  change: GroupChange,
  name: ChangeName,
  uid: number,
  speech: Speech,
  nameOf: (uid: number) => string,
): string {
  if (name === 'text') return change.text
  if (isOf(change, name, uid)) return speech.say(name === 'by' ? 'you' : 'youWithin')
  return nameOf(name === 'by' ? change.by : change.uid)
}

function isOf(change: GroupChange, name: ChangeName, uid: number): boolean {
  return (name === 'by' && change.by === uid) || (name === 'who' && change.uid === uid)
}

/** The text for a change. Its names: `by` and `who` are users, `text` is a title or announcement. */
function changeWords({ act, by, uid, role }: GroupChange): WordKey {
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
