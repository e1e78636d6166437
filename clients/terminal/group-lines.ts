/** The words in which groups are shown. */

import type { Change, ConversationSettings, Group, GroupMember, GroupProfile, GroupRules } from '../typescript/index.js'
import { dayOf, nameOf, settingWords } from './lines.js'
import { visibleName } from './visible.js'

const ROLES = { none: '', member: 'a plain member', admin: 'an admin', owner: 'the owner' } as const

const STATES = {
  none: 'left',
  invited: 'invited',
  asked: 'asked to join, no answer yet',
  joining: 'joining',
  member: '',
  leaving: 'leaving',
} as const

/** What has happened. @param name the name of a user @param isGone whether who did it has just left, so that it came by itself */
export function changeText(change: Change, name: (uid: number) => string, isGone: boolean): string {
  const by = visibleName(name(change.by))
  const whom = visibleName(name(change.uid))
  const said = `“${visibleName(change.text)}”`
  switch (change.act) {
    case 'created':
      return `${by} made the group`
    case 'joined':
      return change.by === 0 || change.by === change.uid ? `${whom} joined` : `${whom} joined, let in by ${by}`
    case 'left':
      return `${whom} left`
    case 'removed':
      return `${by} removed ${whom}`
    case 'renamed':
      return `${by} called the group ${said}`
    case 'announced':
      return change.text === '' ? `${by} took the announcement away` : `${by} announced: ${said}`
    case 'rulesSet':
      return `${by} set the rules${change.rules === undefined ? '' : `: ${rulesText(change.rules)}`}`
    case 'roleSet':
      if (isGone || change.by === change.uid)
        return `${whom} ${whom === 'you' ? 'are' : 'is'} ${ROLES[change.role]} now`
      return `${by} made ${whom} ${ROLES[change.role]}`
    case 'muted':
      return `${by} muted ${whom}`
    case 'unmuted':
      return `${by} ${by === 'you' ? 'let' : 'lets'} ${whom} write again`
    case 'dissolved':
      return `${by} ended the group`
    case 'unknown':
      return 'something has changed that this version does not know'
  }
}

/** Rules as /group rules takes them. */
export function rulesText({ join, adminsWrite, adminsInvite, history }: GroupRules): string {
  const who = (admins: boolean): string => (admins ? 'admins' : 'all')
  return `join=${join} write=${who(adminsWrite)} invite=${who(adminsInvite)} history=${history}`
}

/** A group as it stands in a list. */
export function groupLine(
  { title, conversation, state, role, muted, asking }: Group,
  unread: number,
  settings: ConversationSettings,
): string {
  const words = [visibleName(title || conversation)]
  if (STATES[state] !== '') words.push(STATES[state])
  if (role === 'admin' || role === 'owner') words.push(ROLES[role].replace(/^the |^an /, ''))
  if (muted) words.push('may not write')
  if (asking > 0) words.push(`${asking} ${asking === 1 ? 'asks' : 'ask'} to join`)
  words.push(...settingWords(settings))
  if (unread > 0) words.push(`${unread} unread`)
  return `${words.join(', ')} (${conversation})`
}

/** A group as the server knows it, in several rows. @param owner the name of its owner */
export function profileText(profile: GroupProfile, conversation: string, owner: string): string {
  const { title, announcement, rules, members, code, createdAtMs } = profile
  const rows = [`${visibleName(title)} (${conversation})`]
  const count = members === 1 ? '1 member' : `${members} members`
  rows.push(`${count}, owner ${visibleName(owner)}, since ${dayOf(createdAtMs)}`, rulesText(rules))
  if (announcement !== '') rows.push(`announcement: ${announcement}`)
  if (code !== '') rows.push(`to join: /group join ${conversation} ${visibleName(code)}`)
  return rows.join('\n')
}

export function memberLine({ account, nickname, role, muted }: GroupMember): string {
  const words = [nameOf(account, nickname)]
  if (role === 'asks') words.push('asks to join')
  else if (role !== 'member') words.push(role)
  if (muted) words.push('muted')
  return words.join(', ')
}
