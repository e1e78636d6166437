// The details of a chat: who it is with, what is set for it, and at the end what cannot be undone.
import { useEffect, useState } from 'preact/hooks'
import { type ConversationId, type GroupRules, peerOf } from '../../typescript/browser.js'
import { OpenBoard } from '../model/open-board.js'
import type { OpenChat } from '../model/open-chat.js'
import { said } from '../words.js'
import { BoardDetails } from './board-details.js'
import { useParting } from './chat-menu.js'
import { useCopy } from './copy.js'
import { useFallback, useSession, useSignal, useSpeech } from './hooks.js'
import { MemberList, useMembers } from './members.js'
import { useOverlays } from './overlays.js'
import { Avatar, Field, Icon, IconButton, type IconName, SaveOrCancel, Segments, Switch } from './parts.js'
import { PeoplePicker } from './people-picker.js'
import { Toasts } from './toasts.js'

interface DetailsProps {
  readonly of: OpenChat | OpenBoard
  readonly close: () => void
}

export function Details({ of, close }: DetailsProps) {
  const session = useSession()
  const speech = useSpeech()
  useSignal(session.version)
  useSignal(session.people.version)
  const { conversation } = of
  const uid = peerOf(conversation)
  return (
    <aside
      class="details"
      aria-label={speech.say('details')}
      onKeyDown={event => {
        if (event.key !== 'Escape') return
        event.stopPropagation()
        close()
      }}
    >
      <div class="bar">
        <h1 class="dt">{speech.say('details')}</h1>
        <IconButton icon="close" label={speech.say('close')} onClick={close} />
      </div>
      <div class="scroll">
        {of instanceof OpenBoard ? (
          <BoardDetails board={of} />
        ) : uid === undefined ? (
          <GroupDetails conversation={conversation} />
        ) : (
          <PersonDetails uid={uid} conversation={conversation} />
        )}
      </div>
      <Toasts pane="details" />
    </aside>
  )
}

function Hero({ id, name, group, below }: { id: number | string; name: string; group: boolean; below: string }) {
  return (
    <div class="hero">
      <Avatar id={id} name={name} group={group} size="xl" />
      <h2>
        <bdi>{name}</bdi>
      </h2>
      <p>
        <bdi>{below}</bdi>
      </p>
    </div>
  )
}

interface Quick {
  readonly icon: IconName
  readonly text: string
  readonly run: () => void
}

/** The three things that are done most. */
function QuickActs({ conversation, third }: { conversation: ConversationId; third: Quick | undefined }) {
  const session = useSession()
  const speech = useSpeech()
  const { muted, pinned } = session.client.conversations.get(conversation)
  const acts: (Quick | undefined)[] = [
    {
      icon: muted ? 'bell' : 'mute',
      text: speech.say(muted ? 'unmute' : 'mute'),
      run: () => session.set(conversation, { muted: !muted }),
    },
    {
      icon: 'pin',
      text: speech.say(pinned ? 'unpin' : 'pin'),
      run: () => session.set(conversation, { pinned: !pinned }),
    },
    third,
  ]
  return (
    <div class="quick">
      {acts.map(
        act =>
          act !== undefined && (
            <button key={act.icon} type="button" onClick={act.run}>
              <Icon name={act.icon} />
              {act.text}
            </button>
          ),
      )}
    </div>
  )
}

export function Fact({ icon, text, below }: { icon: IconName; text: string; below: string }) {
  return (
    <div class="item">
      <Icon name={icon} />
      <span class="grow" dir="auto">
        {text}
        <small>{below}</small>
      </span>
    </div>
  )
}

export function Danger({ icon, text, run }: { icon: IconName; text: string; run: () => void }) {
  return (
    <button type="button" class="item danger" onClick={run}>
      <Icon name={icon} />
      <span class="grow">{text}</span>
    </button>
  )
}

function PersonDetails({ uid, conversation }: { uid: number; conversation: ConversationId }) {
  const session = useSession()
  const speech = useSpeech()
  const { contacts } = session.client
  const contact = contacts.get(uid)
  const name = session.people.name(uid) || speech.say('unknownPerson')
  const account = session.people.get(uid)?.account ?? ''
  const parting = useParting(conversation, name)
  const isFriend = contact?.state === 'friend'
  const isAsked = contact?.state === 'requested'
  return (
    <>
      <Hero id={uid} name={name} group={false} below={speech.say('person')} />
      <QuickActs
        conversation={conversation}
        third={
          isFriend || isAsked
            ? undefined
            : {
                icon: 'person-add',
                text: speech.say('addContact'),
                run: () => void session.request(uid, name),
              }
        }
      />
      <div class="sec">
        <Fact icon="at" text={account} below={speech.say('account')} />
      </div>
      <div class="sec">
        {isFriend && <Danger icon="person" text={speech.say('removeContact')} run={parting.remove} />}
        {contact?.blocked ? (
          <button type="button" class="item" onClick={() => void session.attempt(contacts.unblock(uid))}>
            <Icon name="lock" />
            <span class="grow">{speech.say('unblock')}</span>
          </button>
        ) : (
          <Danger icon="lock" text={speech.say('block')} run={parting.block} />
        )}
      </div>
    </>
  )
}

function GroupDetails({ conversation }: { conversation: ConversationId }) {
  const session = useSession()
  const speech = useSpeech()
  const { dialog } = useOverlays()
  const { groups } = session.client
  const group = groups.group(conversation)
  const { count, profile, list } = useMembers(conversation)
  const name = group?.title || speech.say('group')
  const parting = useParting(conversation, name)
  const leads = group?.role === 'owner' || group?.role === 'admin'
  const isMember = group?.state === 'member'
  const mayInvite = isMember && (leads || group.rules.adminsInvite === false)
  const invite: Quick = {
    icon: 'person-add',
    text: speech.say('invite'),
    run: () =>
      dialog(close => (
        <PeoplePicker
          title={speech.say('invite')}
          yes={speech.say('invite')}
          without={list.map(({ uid }) => uid)}
          close={close}
          pick={uids => void session.attempt(groups.invite(conversation, uids))}
        />
      )),
  }
  const below = count > 0 ? speech.say('groupOf', { members: said('nMembers', { n: count }) }) : speech.say('group')
  return (
    <>
      <Hero id={conversation} name={name} group below={below} />
      <QuickActs conversation={conversation} third={mayInvite ? invite : undefined} />
      {isMember && (
        <div class="sec">
          {profile !== undefined && profile.announcement !== '' && (
            <Fact icon="board" text={profile.announcement} below={speech.say('announcement')} />
          )}
          {profile !== undefined && profile.code !== '' && <Code code={profile.code} conversation={conversation} />}
          {leads && (
            <>
              <TextSetting
                icon="edit"
                title={speech.say('rename')}
                label={speech.say('groupName')}
                value={name}
                save={text => groups.rename(conversation, text)}
              />
              <TextSetting
                icon="board"
                title={speech.say('announce')}
                label={speech.say('announcement')}
                value={profile?.announcement ?? ''}
                mayBeEmpty
                save={text => groups.announce(conversation, text)}
              />
            </>
          )}
        </div>
      )}
      {isMember && leads && profile !== undefined && <Rules conversation={conversation} rules={profile.rules} />}
      {isMember && (
        <div class="sec">
          <h3>
            <span>{speech.say('members')}</span>
            {count > 0 && <span class="num">{count}</span>}
          </h3>
          <MemberList conversation={conversation} />
        </div>
      )}
      {isMember && (
        <div class="sec">
          {group.role === 'owner' ? (
            <Danger icon="out" text={speech.say('dissolveGroup')} run={parting.dissolve} />
          ) : (
            <Danger icon="out" text={speech.say('leaveGroup')} run={parting.leave} />
          )}
        </div>
      )}
    </>
  )
}

/** The code to join by. It says the group, too, so that one text is enough to hand on. */
function Code({ code, conversation }: { code: string; conversation: ConversationId }) {
  const speech = useSpeech()
  const copy = useCopy()
  return (
    <button
      type="button"
      class="item"
      title={speech.say('copyCode')}
      onClick={() => void copy(`${conversation}/${code}`)}
    >
      <Icon name="link" />
      <span class="grow">{speech.say('groupCode')}</span>
      <span class="val num">{code}</span>
    </button>
  )
}

interface TextSettingProps {
  readonly icon: IconName
  readonly title: string
  readonly label: string
  readonly value: string
  readonly mayBeEmpty?: boolean
  readonly save: (text: string) => Promise<unknown>
}

/** A row that opens to a field. */
export function TextSetting({ icon, title, label, value, mayBeEmpty = false, save }: TextSettingProps) {
  const session = useSession()
  const [text, setText] = useState<string | undefined>()
  const opener = useFallback<HTMLButtonElement>(text === undefined)
  useEffect(() => setText(undefined), [value])
  if (text === undefined) {
    return (
      <button ref={opener} type="button" class="item" onClick={() => setText(value)}>
        <Icon name={icon} />
        <span class="grow">{title}</span>
      </button>
    )
  }
  return (
    <form
      class="inline"
      onSubmit={event => {
        event.preventDefault()
        const next = text.trim()
        if (next === '' && !mayBeEmpty) return
        setText(undefined)
        if (next !== value) void session.attempt(save(next))
      }}
      onKeyDown={event => {
        if (event.key !== 'Escape') return
        event.stopPropagation()
        setText(undefined)
      }}
    >
      <Field label={label} value={text} onInput={setText} isFirst />
      <SaveOrCancel onCancel={() => setText(undefined)} />
    </form>
  )
}

function Rules({ conversation, rules }: { conversation: ConversationId; rules: GroupRules }) {
  const session = useSession()
  const speech = useSpeech()
  const set = (change: Partial<GroupRules>): void =>
    void session.attempt(session.client.groups.setRules(conversation, { ...rules, ...change }))
  return (
    <div class="sec">
      <div class="item tall-item">
        <span class="grow">{speech.say('whoJoins')}</span>
        <Segments
          label={speech.say('whoJoins')}
          value={rules.join}
          choices={[
            ['closed', speech.say('joinClosed')],
            ['code', speech.say('joinCode')],
            ['approval', speech.say('joinApproval')],
          ]}
          onChange={join => set({ join })}
        />
      </div>
      <div class="item">
        <span class="grow">{speech.say('onlyAdminsWrite')}</span>
        <Switch
          label={speech.say('onlyAdminsWrite')}
          on={rules.adminsWrite}
          onChange={adminsWrite => set({ adminsWrite })}
        />
      </div>
      <div class="item">
        <span class="grow">{speech.say('onlyAdminsInvite')}</span>
        <Switch
          label={speech.say('onlyAdminsInvite')}
          on={rules.adminsInvite}
          onChange={adminsInvite => set({ adminsInvite })}
        />
      </div>
    </div>
  )
}
