// The details of a board: how others come to follow it, who posts, and what its owner sets.
import { useEffect } from 'preact/hooks'
import type { RoomProfile, RoomRules } from '../../typescript/browser.js'
import type { OpenBoard } from '../model/open-board.js'
import { useBoardActs } from './board-acts.js'
import { Danger, Fact, TextSetting } from './details.js'
import { useSession, useSignal, useSpeech } from './hooks.js'
import { useOverlays } from './overlays.js'
import { Unavailable } from './page.js'
import { Avatar, BoardDisc, Icon, IconButton, Switch } from './parts.js'
import { PeoplePicker } from './people-picker.js'

export function BoardDetails({ board }: { board: OpenBoard }) {
  const session = useSession()
  const speech = useSpeech()
  const { profile, failed } = useSignal(board.details)
  const { isAway } = useSignal(session.connection.view)
  const { room } = board
  const title = profile?.title || room?.title || speech.say('board')
  const isOwner = room?.role === 'owner'
  const acts = useBoardActs(board, title)
  useEffect(() => void board.look(), [board, room?.state, room?.role])
  const n = profile?.listeners ?? 0
  return (
    <>
      <div class="hero">
        <BoardDisc size="xl" />
        <h2>
          <bdi>{title}</bdi>
        </h2>
        <p>{profile === undefined ? speech.say('board') : speech.say('boardOf', { n })}</p>
      </div>
      {profile === undefined && (failed || isAway) && <Unavailable text={speech.say('boardFailedHow')} />}
      {profile !== undefined && (
        <div class="sec">
          {profile.rules.codeNeeded && profile.code === '' ? (
            <Fact icon="lock" text={speech.say('codeNeeded')} below={speech.say('codeAtOwner')} />
          ) : (
            <button type="button" class="item" onClick={acts.copy}>
              <Icon name="link" />
              <span class="grow">
                {speech.say('copyBoard')}
                <small>{room?.conversation}</small>
              </span>
            </button>
          )}
          {isOwner && (
            <TextSetting
              icon="edit"
              title={speech.say('rename')}
              label={speech.say('boardName')}
              value={title}
              save={text => board.set(text, profile.rules)}
            />
          )}
          {isOwner && <Rules profile={profile} set={rules => void session.attempt(board.set(profile.title, rules))} />}
          {room?.closed && <Fact icon="lock" text={speech.say('boardEnded')} below="" />}
        </div>
      )}
      {profile !== undefined && <Publishers board={board} profile={profile} isOwner={isOwner} />}
      <div class="sec">
        <Danger icon="out" text={acts.end.text} run={acts.end.run} />
      </div>
    </>
  )
}

function Rules({ profile, set }: { profile: RoomProfile; set: (rules: RoomRules) => void }) {
  const speech = useSpeech()
  const { rules } = profile
  return (
    <>
      {(['allPublish', 'codeNeeded'] as const).map(rule => (
        <div key={rule} class="item">
          <span class="grow">{speech.say(rule)}</span>
          <Switch label={speech.say(rule)} on={rules[rule]} onChange={on => set({ ...rules, [rule]: on })} />
        </div>
      ))}
    </>
  )
}

/** Who posts on the board; the owner names them. */
function Publishers({ board, profile, isOwner }: { board: OpenBoard; profile: RoomProfile; isOwner: boolean }) {
  const session = useSession()
  const speech = useSpeech()
  const { dialog } = useOverlays()
  const { owner, publishers, rules } = profile
  const add = (): void =>
    dialog(close => (
      <PeoplePicker
        title={speech.say('addPublisher')}
        yes={speech.say('addPublisher')}
        without={publishers}
        close={close}
        pick={uids => void session.attempt(board.publish(uids, true))}
      />
    ))
  return (
    <div class="sec">
      <h3>{speech.say('whoPosts')}</h3>
      {rules.allPublish && <p class="item quiet">{speech.say('allPublish')}</p>}
      <ul>
        {[owner, ...publishers].map(uid => {
          const name = session.people.name(uid) || speech.say('unknownPerson')
          return (
            <li key={uid} class="item person">
              <Avatar id={uid} name={name} size="s" />
              <span class="name grow">
                <bdi>{uid === session.uid ? speech.say('youBehind', { name }) : name}</bdi>
              </span>
              {uid === owner && <span class="tag">{speech.say('boardOwner')}</span>}
              {isOwner && uid !== owner && (
                <IconButton
                  icon="close"
                  label={speech.say('removePublisher', { name })}
                  onClick={() => void session.attempt(board.publish([uid], false))}
                />
              )}
            </li>
          )
        })}
      </ul>
      {isOwner && !rules.allPublish && (
        <button type="button" class="item" onClick={add}>
          <Icon name="person-add" />
          <span class="grow">{speech.say('addPublisher')}</span>
        </button>
      )}
    </div>
  )
}
