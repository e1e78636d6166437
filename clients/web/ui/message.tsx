// One message: a bubble with what it says, and what has happened to it.
import { useRef } from 'preact/hooks'
import { type GroupChange, type Message, peerOf } from '../../typescript/browser.js'
import { type ChangeName, changeParts, namedIn } from '../model/change-words.js'
import { timeOf } from '../model/dates.js'
import { reasonWords } from '../model/error-words.js'
import { cutParts, foldAt } from '../model/fold.js'
import { keyOf } from '../model/log-rows.js'
import type { MessagePlace, OpenChat } from '../model/open-chat.js'
import { mayAsk } from '../model/requests.js'
import { isJumbo, textParts } from '../model/text-parts.js'
import { textOf } from './chat-row.js'
import { memo, useApp, useSession, useSignal, useSpeech } from './hooks.js'
import { Mark, markWord } from './mark.js'
import { useMembers } from './members.js'
import type { MessageMenu } from './message-menu.js'
import { Avatar, Button, hueOf, Icon, IconButton, MoreButton, Rich } from './parts.js'

interface MessageRowProps {
  readonly message: Message
  readonly first: boolean
  readonly last: boolean
  /** The version of the names: with another one it is drawn anew. */
  readonly people: number
  /** Somebody has jumped to it. */
  readonly picked: boolean
  readonly focused: boolean
  readonly open: OpenChat
  /** The message that it answers, if that is here. */
  readonly quoted: Message | undefined
  readonly jump: (name: MessagePlace) => void
  readonly menu: MessageMenu
  readonly onFocus: (key: string) => void
  /** A long text is shown as a whole. */
  readonly unfolded: boolean
  readonly onFold: (key: string) => void
}

/** A touch that lasts so long opens the menu. */
const LONG_PRESS_MS = 500

export const MessageRow = memo((props: MessageRowProps) => {
  const { message, first, last, picked, focused, open, quoted, jump, menu, onFocus, unfolded, onFold } = props
  const session = useSession()
  const speech = useSpeech()
  const press = useLongPress((x, y) => menu.open({ x, y }, message))
  const { sender, changed, state, content, conversation, atMs } = message
  const own = sender === session.uid
  const acts = menu.actsOn(message)
  const isGroup = peerOf(conversation) === undefined
  const isVoid = changed.recalledBy !== 0 || changed.withheld
  const name = session.people.name(sender) || speech.say('unknownPerson')
  const isLarge = !isVoid && content.kind === 'text' && message.extra.reply === undefined && isJumbo(message.text)
  const kinds = [own && 'own', first && 'first', picked && 'pick', isVoid && 'void', isLarge && 'jumbo']
  const key = keyOf(message)
  const mark = markWord(message)
  const label = {
    name: own ? speech.say('you') : name,
    text: textOf(message, session, speech),
    time: timeOf(speech, atMs),
  }
  const word = mark && speech.say(mark)
  return (
    <>
      <article
        class={['msg', ...kinds].filter(Boolean).join(' ')}
        data-key={key}
        tabIndex={focused ? 0 : -1}
        aria-label={
          word === undefined
            ? speech.say('messageSaid', label)
            : speech.say('messageSaidMark', { ...label, mark: word })
        }
        onFocus={event => event.target === event.currentTarget && onFocus(key)}
        onContextMenu={event => {
          if (isOnLink(event)) return
          event.preventDefault()
          menu.open({ x: event.clientX, y: event.clientY }, message)
        }}
        {...press}
      >
        {!own && isGroup && <span class="slot">{last && <Avatar id={sender} name={name} size="s" />}</span>}
        <div class={own ? 'bubble' : `bubble h${hueOf(sender)}`}>
          {first && !own && isGroup && !isVoid && <Author name={name} message={message} />}
          {message.extra.forwarded && !isVoid && (
            <p class="fwd">
              <Icon name="forward" size="s" />
              {speech.say('forwarded')}
            </p>
          )}
          {message.extra.reply !== undefined && !isVoid && (
            <Quote quoted={quoted} jump={() => jump(message.extra.reply ?? message)} />
          )}
          <Body message={message} fold={{ isOpen: unfolded, toggle: () => onFold(key) }} />
          {changed.reactions.length > 0 && !isVoid && <Reactions message={message} open={open} />}
          <div class="acts" role="toolbar" aria-label={speech.say('messageActions')}>
            {acts.react && (
              <IconButton
                icon="smile"
                label={speech.say('react')}
                expanded={false}
                onClick={event => menu.open(event.currentTarget as Element, message)}
              />
            )}
            {acts.reply && <IconButton icon="reply" label={speech.say('reply')} onClick={() => menu.reply(message)} />}
            <MoreButton label={speech.say('messageActions')} menu={anchor => menu.open(anchor, message)} />
          </div>
        </div>
      </article>
      {state === 'failed' && <Why message={message} open={open} />}
    </>
  )
})

function isOnLink(event: MouseEvent): boolean {
  return event.target instanceof Element && event.target.closest('a') !== null
}

/** Handlers for a touch that stays where it is. */
function useLongPress(run: (x: number, y: number) => void) {
  const { clock } = useApp().platform
  const timer = useRef<{ cancel(): void } | undefined>(undefined)
  const isDone = useRef(false)
  const stop = (): void => timer.current?.cancel()
  return {
    onTouchStart: (event: TouchEvent): void => {
      stop()
      isDone.current = false
      const [touch] = event.touches
      if (touch === undefined || event.touches.length > 1) return
      timer.current = clock.after(LONG_PRESS_MS, () => {
        isDone.current = true
        run(touch.clientX, touch.clientY)
      })
    },
    onTouchEnd: (event: TouchEvent): void => {
      stop()
      // Its release is no click on what has opened below the finger.
      if (isDone.current) event.preventDefault()
    },
    onTouchMove: stop,
    onTouchCancel: stop,
  }
}

function Author({ name, message }: { name: string; message: Message }) {
  const speech = useSpeech()
  const { list: members } = useMembers(message.conversation)
  const role = members.find(({ uid }) => uid === message.sender)?.role
  return (
    <div class="by">
      <bdi>{name}</bdi>
      {(role === 'owner' || role === 'admin') && <span class="role">{speech.say(role)}</span>}
    </div>
  )
}

function Quote({ quoted, jump }: { quoted: Message | undefined; jump: () => void }) {
  const session = useSession()
  const speech = useSpeech()
  if (quoted === undefined) {
    return (
      <button type="button" class="quote" onClick={jump}>
        <span class="qt gone">{speech.say('quoteGone')}</span>
      </button>
    )
  }
  const { sender, changed } = quoted
  const own = sender === session.uid
  const name = own ? speech.say('you') : session.people.name(sender) || speech.say('unknownPerson')
  return (
    <button type="button" class={own ? 'quote' : `quote q${hueOf(sender)}`} onClick={jump}>
      <span class="qn">
        <bdi>{name}</bdi>
      </span>
      <span class={changed.recalledBy === 0 ? 'qt' : 'qt gone'} dir="auto">
        {changed.recalledBy === 0 ? textOf(quoted, session, speech) : speech.say('recalledQuote')}
      </span>
    </button>
  )
}

function Body({ message, fold }: { message: Message; fold: Fold }) {
  const session = useSession()
  const speech = useSpeech()
  const { content, changed, text } = message
  const isVoid = changed.recalledBy !== 0 || changed.withheld
  if (!isVoid && (content.kind === 'location' || content.kind === 'card')) {
    const isCard = content.kind === 'card'
    const title = isCard
      ? session.people.name(content.uid) || speech.say('unknownPerson')
      : content.name || speech.say('location')
    const below = isCard ? speech.say('contactCard') : `${content.latitude.toFixed(4)}, ${content.longitude.toFixed(4)}`
    return (
      <div class="part">
        <span class="disc">
          <Icon name={isCard ? 'person' : 'place'} />
        </span>
        <span>
          <b>
            <bdi>{title}</bdi>
          </b>
          <small>{below}</small>
        </span>
        <Meta message={message} />
      </div>
    )
  }
  return (
    <p class="text" dir="auto">
      {isVoid || text === '' ? textOf(message, session, speech) : <MessageText message={message} fold={fold} />}
      <Meta message={message} />
    </p>
  )
}

export interface Fold {
  /** Whether a long text is shown as a whole. */
  readonly isOpen: boolean
  /** Shows it as a whole, or its beginning. */
  readonly toggle: () => void
}

/** The text of a message, with its links and mentions; of a long one the beginning, and a button for the rest. */
export function MessageText({ message, fold }: { message: Message; fold: Fold }) {
  const { uid } = useSession()
  const speech = useSpeech()
  const { text, extra } = message
  const end = foldAt(text)
  const isLong = end < text.length
  const parts = textParts(text, extra.mentions)
  const isMe = (named: number): boolean => named === uid || (named === 0 && message.sender !== uid)
  return (
    <>
      {(isLong && !fold.isOpen ? cutParts(parts, end) : parts).map((part, i) =>
        part.kind === 'text' ? (
          part.text
        ) : part.kind === 'link' ? (
          // With a direction of its own: the signs around it do not turn it around.
          <a key={i} href={part.url} dir="ltr" target="_blank" rel="noopener noreferrer">
            {part.text}
          </a>
        ) : (
          <span key={i} class={isMe(part.uid) ? 'ment me-too' : 'ment'}>
            <bdi>{part.text}</bdi>
          </span>
        ),
      )}
      {isLong && (
        <>
          {fold.isOpen ? '\n' : '…\n'}
          <button type="button" class="fold" aria-expanded={fold.isOpen} onClick={fold.toggle}>
            {speech.say(fold.isOpen ? 'showLess' : 'showMore')}
          </button>
        </>
      )}
    </>
  )
}

function Meta({ message }: { message: Message }) {
  const speech = useSpeech()
  const { changed, atMs } = message
  return (
    <span class="meta" dir="ltr">
      {changed.editedAtMs > 0 && changed.recalledBy === 0 && <span>{speech.say('edited')}</span>}
      <time dateTime={new Date(atMs).toISOString()}>{timeOf(speech, atMs)}</time>
      <Mark message={message} />
    </span>
  )
}

function Reactions({ message, open }: { message: Message; open: OpenChat }) {
  const session = useSession()
  const { reactions } = message.changed
  return (
    <div class="rx">
      {reactions.map(({ kind, count, mine }) => (
        <button
          key={kind}
          type="button"
          aria-pressed={mine}
          aria-label={`${kind} ${count}`}
          onClick={() => void session.toggleReaction(open.named(message), kind, mine)}
        >
          <span class="em">
            <bdi>{kind}</bdi>
          </span>
          {count}
        </button>
      ))}
    </div>
  )
}

function Why({ message, open }: { message: Message; open: OpenChat }) {
  const session = useSession()
  const speech = useSpeech()
  useSignal(session.version)
  const uid = peerOf(message.conversation)
  return (
    <div class="why" role="alert">
      <span>{speech.text(reasonWords(message.reason))}</span>
      {message.reason === 'NOT_FRIEND' && uid !== undefined && mayAsk(session.client.contacts.get(uid)) && (
        <Button kind="quiet" onClick={() => void session.request(uid, session.people.name(uid))}>
          {speech.say('addContact')}
        </Button>
      )}
      <Button kind="danger-quiet" onClick={() => session.retry(open, message)}>
        {speech.say('retry')}
      </Button>
      <Button kind="danger-quiet" onClick={() => void session.attempt(session.client.messages.discard(message))}>
        {speech.say('delete')}
      </Button>
    </div>
  )
}

/** What has happened in a group. */
export function ChangeLine({ change }: { change: GroupChange }) {
  const session = useSession()
  const speech = useSpeech()
  const nameOf = (uid: number): string => session.people.name(uid) || speech.say('unknownPerson')
  const name = (which: ChangeName) => (
    <b>
      <bdi>{namedIn(change, which, session.uid, speech, nameOf)}</bdi>
    </b>
  )
  return (
    <div class="told">
      <Rich parts={changeParts(change, session.uid, speech)}>
        {{ by: name('by'), who: name('who'), text: <bdi>{change.text}</bdi> }}
      </Rich>
    </div>
  )
}
