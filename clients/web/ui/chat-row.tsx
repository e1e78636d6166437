// A row of the list: a name, the last message with its mark, and what is unread.

import type { Message } from '../../typescript/browser.js'
import { peerOf } from '../../typescript/browser.js'
import { type ChangeName, changeParts, namedIn } from '../model/change-words.js'
import type { Chat } from '../model/chats.js'
import { rowTime } from '../model/dates.js'
import { isUnread } from '../model/filter.js'
import type { Session } from '../model/session.js'
import type { Speech } from '../words.js'
import { memo, useSession, useSpeech } from './hooks.js'
import { Mark } from './mark.js'
import { Avatar, Icon } from './parts.js'
import { Typing, useTypists } from './typing.js'

interface ChatRowProps {
  readonly chat: Chat
  readonly current: boolean
  readonly draft: string
  readonly nowMs: number
  /** The version of the names: with another one it is drawn anew. */
  readonly people: number
  readonly online: boolean
  readonly position: number
  readonly count: number
}

export const ChatRow = memo(({ chat, current, draft, nowMs, online, position, count }: ChatRowProps) => {
  const session = useSession()
  const speech = useSpeech()
  const { conversation, last, unread, mentions, muted, pinned, markedUnread, known } = chat
  const name = chat.name || speech.say('unknownPerson')
  const isGroup = peerOf(conversation) === undefined
  const typists = useTypists(conversation)
  const uid = peerOf(conversation)
  const own = last !== undefined && last.sender === session.uid && last.change === undefined
  return (
    <li aria-setsize={count} aria-posinset={position} data-known={known}>
      <a
        class={`row${isUnread(chat) ? ' unread' : ''}`}
        href={`#${conversation}`}
        {...(current && { 'aria-current': 'page' as const })}
      >
        <Avatar id={uid ?? conversation} name={name} group={isGroup} online={online} />
        <span class="two">
          <span class="line">
            <span class="name">
              <bdi>{name}</bdi>
            </span>
            {muted && <Icon name="mute" size="s" label={speech.say('muted')} />}
            <span class="grow" />
            {own && draft === '' && <Mark message={last} />}
            {last !== undefined && <time>{rowTime(speech, last.atMs, nowMs)}</time>}
          </span>
          <span class="line">
            <span class={typists.length > 0 ? 'prev typing' : 'prev'} dir="auto">
              {typists.length > 0 ? (
                <Typing typists={typists} isGroup={isGroup} />
              ) : draft !== '' && !current ? (
                <>
                  <span class="draft">{speech.say('draft')}</span> {draft.slice(0, PREVIEW_MAX)}
                </>
              ) : (
                known && <Preview message={last} isGroup={isGroup} />
              )}
            </span>
            {pinned && unread === 0 && <Icon name="pin" size="s" label={speech.say('pinned')} />}
            {mentions > 0 && (
              <span class="badge at" role="img" aria-label={speech.say('mentionedYou')}>
                <Icon name="at" />
              </span>
            )}
            {unread > 0 && (
              <span class={`badge${muted ? ' quiet' : ''}`}>
                <span aria-hidden="true">{unread > 99 ? '99+' : unread}</span>
                <span class="vh">{speech.say('nUnread', { n: unread })}</span>
              </span>
            )}
            {unread === 0 && markedUnread && (
              <span class="badge dot" role="img" aria-label={speech.say('markedUnread')} />
            )}
          </span>
        </span>
      </a>
    </li>
  )
})

/** More of a text no row has space for. */
const PREVIEW_MAX = 160

function Preview({ message, isGroup }: { message: Message | undefined; isGroup: boolean }) {
  const session = useSession()
  const speech = useSpeech()
  if (message === undefined) return <>{speech.say('noMessages')}</>
  const { sender, change, state } = message
  const nameOf = (uid: number): string =>
    uid === session.uid ? speech.say('you') : session.people.name(uid) || speech.say('unknownPerson')
  if (change !== undefined) {
    const named = (name: ChangeName): string => namedIn(change, name, session.uid, speech, nameOf)
    const parts = changeParts(change, session.uid, speech)
    return <>{parts.map(part => (typeof part === 'string' ? part : named(part.name))).join('')}</>
  }
  const text = textOf(message, session, speech).slice(0, PREVIEW_MAX)
  if (state === 'failed') {
    return (
      <>
        <span class="fail">{speech.say('notSentRow')}</span> {text}
      </>
    )
  }
  return isGroup && message.changed.recalledBy === 0 ? <Said by={sender} text={text} /> : text
}

/** What somebody has written, where it could be several. */
export function Said({ by, text }: { by: number; text: string }) {
  const { uid, people } = useSession()
  const speech = useSpeech()
  return (
    <>
      <b>
        <bdi>{by === uid ? speech.say('you') : people.name(by) || speech.say('unknownPerson')}</bdi>:
      </b>{' '}
      {text}
    </>
  )
}

/** The message in one line of words. */
export function textOf({ changed, content, text, sender }: Message, session: Session, speech: Speech): string {
  if (changed.recalledBy !== 0) {
    if (changed.recalledBy === session.uid) return speech.say('youRecalled')
    const name = session.people.name(changed.recalledBy) || session.people.name(sender)
    return speech.say('someoneRecalled', { name: name || speech.say('unknownPerson') })
  }
  if (changed.withheld) return speech.say('withheld')
  if (text !== '') return text
  if (content.kind === 'location') return content.name || speech.say('location')
  return speech.say(content.kind === 'card' ? 'contactCard' : 'unknownContent')
}
