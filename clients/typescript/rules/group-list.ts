// The groups as the timeline's items say. groups.ts has what a user can do about them.
import { type ConversationId, isConversationId, isGroupConversation } from '../../../protocol/conversation-id.js'
import { createGroup, type Group as GroupItem, GroupState } from '../../../protocol/generated/messages.js'
import { type GroupRole, type GroupRules, ROLES, rulesOf } from '../base/group-words.js'
import type { Commits } from '../storage/commits.js'
import type { Standing } from './beginnings.js'
import { KeyedList } from './keyed-list.js'

/** A group as this user is in it: what its item says, with words. */
export interface Group extends Readonly<Omit<GroupItem, 'conversation' | 'state' | 'role' | 'rules'>> {
  readonly conversation: ConversationId
  /**
   * none: nothing (any more). invited: somebody invites this user. asked: this user asks to join. joining, leaving: this user has
   * said so, and the group does not know it yet.
   */
  readonly state: 'none' | 'invited' | 'asked' | 'joining' | 'member' | 'leaving'
  readonly role: GroupRole
  readonly rules: GroupRules
}

const STATES = {
  [GroupState.UNSPECIFIED]: 'none',
  [GroupState.INVITED]: 'invited',
  [GroupState.ASKED]: 'asked',
  [GroupState.JOINING]: 'joining',
  [GroupState.MEMBER]: 'member',
  [GroupState.LEAVING]: 'leaving',
} as const

export class GroupList extends KeyedList<ConversationId, Group> {
  /** @param emit a group is as this from now on; called when that is stored */
  constructor(commits: Commits, emit: (group: Group) => void) {
    super(commits, {
      kind: 'group',
      defaults: groupOf('group:0', createGroup()),
      emit,
      ended: group => ({ ...group, state: 'none', number: 0, inviter: 0, role: 'none', muted: false, asking: 0 }),
    })
  }

  /** The groups that the user is in, joins, leaves, asks to join or is invited to, from local state. */
  list(): Group[] {
    return this.all().filter(each => each.state !== 'none')
  }

  /** How far the membership is. */
  standing(conversation: ConversationId): Standing {
    const state = this.get(conversation)?.state
    if (state === 'member') return 'stands'
    return state === 'none' || state === 'leaving' ? 'ended' : 'between'
  }

  /** An item came. */
  onItem(item: GroupItem): void {
    const { conversation } = item
    if (!isConversationId(conversation) || !isGroupConversation(conversation)) return
    this.set(conversation, groupOf(conversation, item))
  }
}

function groupOf(conversation: ConversationId, item: GroupItem): Group {
  return {
    ...item,
    conversation,
    state: STATES[item.state] ?? 'none',
    role: ROLES[item.role] ?? 'none',
    rules: rulesOf(item.rules),
  }
}
