// The members of a group: who they are, and what an admin does with them.
import { useEffect } from 'preact/hooks'
import type { ConversationId, GroupMember } from '../../typescript/browser.js'
import { isGroup } from '../model/kinds.js'
import type { Members } from '../model/members.js'
import { nameOf } from '../model/people.js'
import type { PlainKey } from '../words.js'
import { useSession, useSignal, useSpeech } from './hooks.js'
import { type MenuItem, useOverlays } from './overlays.js'
import { Unavailable } from './page.js'
import { go } from './panes.js'
import { Avatar, Icon } from './parts.js'

/** The members as far as known; the server is asked for those of a group. A direct chat has none. */
export function useMembers(conversation: ConversationId): Members {
  const { members } = useSession()
  const known = useSignal(members.of(conversation))
  useEffect(() => {
    if (isGroup(conversation)) members.look(conversation)
  }, [members, conversation, known.state])
  return known
}

const ROLE_WORDS: Readonly<Record<GroupMember['role'], PlainKey | undefined>> = {
  owner: 'owner',
  admin: 'admin',
  member: undefined,
  invited: 'invited',
  asks: 'asks',
}

export function MemberList({ conversation }: { conversation: ConversationId }) {
  const session = useSession()
  const speech = useSpeech()
  const members = useMembers(conversation)
  const { isAway } = useSignal(session.connection.view)
  if (members.list.length === 0) {
    return members.state === 'failed' || isAway ? <Unavailable text={speech.say('membersFailed')} /> : null
  }
  return (
    <>
      <ul>
        {members.list.map(member => (
          <Member key={member.uid} conversation={conversation} member={member} />
        ))}
      </ul>
      {members.hasMore && (
        <button type="button" class="item" onClick={() => void session.members.more(conversation)}>
          <Icon name="people" />
          <span class="grow">{speech.say('showAllMembers')}</span>
          <Icon name="next" size="s" />
        </button>
      )}
    </>
  )
}

function Member({ conversation, member }: { conversation: ConversationId; member: GroupMember }) {
  const session = useSession()
  const speech = useSpeech()
  const { menu } = useOverlays()
  useSignal(session.presence.version)
  const items = useMemberActs(conversation, member)
  const { uid, role, muted } = member
  const name = nameOf(member)
  const word = ROLE_WORDS[role]
  const shown = uid === session.uid ? speech.say('youBehind', { name }) : name
  const content = (
    <>
      <Avatar id={uid} name={name} size="s" online={session.presence.isOnline(uid)} />
      <span class="grow">
        <span class="name">
          <bdi>{shown}</bdi>
        </span>
      </span>
      {muted && <Icon name="mute" size="s" label={speech.say('mutedMember')} />}
      {word !== undefined && <span class="tag">{speech.say(word)}</span>}
    </>
  )
  return (
    <li>
      {items.length === 0 ? (
        <div class="item person">{content}</div>
      ) : (
        <button
          type="button"
          class="item person"
          aria-haspopup="menu"
          onClick={event => menu(event.currentTarget, { label: name, items })}
        >
          {content}
        </button>
      )}
    </li>
  )
}

/** What the user can do with a member. */
function useMemberActs(conversation: ConversationId, member: GroupMember): (MenuItem | 'line')[] {
  const session = useSession()
  const speech = useSpeech()
  const { ask } = useOverlays()
  const { groups, contacts } = session.client
  const { uid, role, muted, number } = member
  const mine = groups.group(conversation)?.role ?? 'none'
  const name = nameOf(member)
  if (uid === session.uid) return []
  const items: (MenuItem | 'line')[] = []
  const contact = contacts.get(uid)?.state
  if (contact === 'friend') items.push({ icon: 'chat', text: speech.say('writeTo'), run: () => go(`direct:${uid}`) })
  else if (contact === undefined || contact === 'none') {
    items.push({
      icon: 'person-add',
      text: speech.say('addContact'),
      run: () => void session.request(uid, name),
    })
  }
  const leads = mine === 'owner' || (mine === 'admin' && role !== 'owner' && role !== 'admin')
  if (!leads) return items
  const attempt = (asked: Promise<void>): void => void session.attempt(asked)
  if (role === 'asks') {
    items.push(
      {
        icon: 'check',
        text: speech.say('accept'),
        run: () => attempt(groups.approve(conversation, uid, number, true)),
      },
      {
        icon: 'close',
        text: speech.say('decline'),
        run: () => attempt(groups.approve(conversation, uid, number, false)),
      },
    )
    return items
  }
  if (role === 'member' || role === 'admin') {
    items.push({
      icon: 'mute',
      text: speech.say(muted ? 'unmuteMember' : 'muteMember'),
      run: () => attempt(groups.mute(conversation, uid, !muted)),
    })
    if (mine === 'owner') {
      items.push({
        icon: 'lock',
        text: speech.say(role === 'admin' ? 'makeMember' : 'makeAdmin'),
        run: () => attempt(groups.setRole(conversation, uid, role === 'admin' ? 'member' : 'admin')),
      })
    }
  }
  items.push('line')
  if (mine === 'owner' && role !== 'invited') {
    items.push({
      icon: 'people',
      text: speech.say('handOver'),
      danger: true,
      run: () =>
        void ask({
          title: speech.say('handOverThis', { name }),
          text: speech.say('handOverHow'),
          yes: speech.say('handOver'),
        }).then(yes => yes && attempt(groups.setRole(conversation, uid, 'owner'))),
    })
  }
  items.push({
    icon: 'out',
    text: speech.say('removeMember'),
    danger: true,
    run: () =>
      void ask({
        title: speech.say('removeMemberThis', { name }),
        text: speech.say('removeMemberHow'),
        yes: speech.say('removeMember'),
      }).then(yes => yes && attempt(groups.remove(conversation, uid, number))),
  })
  return items
}
