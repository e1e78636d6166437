// The open chat: its head, its messages, and where one writes.
import { useMemo, useRef, useState } from 'preact/hooks'
import { type Message, peerOf } from '../../typescript/browser.js'
import type { OpenChat } from '../model/open-chat.js'
import type { Speech } from '../words.js'
import { useChatMenu } from './chat-menu.js'
import { Composer, type ComposerHandle } from './composer.js'
import { ConnectionBanner } from './connection-line.js'
import { useFallback, useSession, useSignal, useSpeech } from './hooks.js'
import { Log, type LogHandle } from './log.js'
import { useMembers } from './members.js'
import type { DetailsState } from './panes.js'
import { goHome } from './panes.js'
import { Avatar, Blank, Button, IconButton, MoreButton } from './parts.js'
import { StrangerBar } from './stranger-bar.js'
import { Toasts } from './toasts.js'
import { Typing, useTypists } from './typing.js'

interface ChatPaneProps {
  readonly open: OpenChat
  readonly details: DetailsState
  readonly setDetails: (state: DetailsState) => void
}

export function ChatPane({ open, details, setDetails }: ChatPaneProps) {
  const speech = useSpeech()
  const view = useSignal(open.view)
  const log = useRef<LogHandle>(null)
  const composer = useRef<ComposerHandle>(null)
  const [reply, setReply] = useState<Message | undefined>()
  const [edited, setEdited] = useState<Message | undefined>()
  const handles = useMemo(
    () => ({
      reply: (message: Message): void => {
        setEdited(undefined)
        setReply(message)
        composer.current?.focus()
      },
      edit: (message: Message): void => {
        setReply(undefined)
        setEdited(message)
        composer.current?.focus()
      },
    }),
    [],
  )
  return (
    <main class="chat">
      <Head open={open} details={details} setDetails={setDetails} />
      <div class="logwrap">
        <ConnectionBanner />
        {view.state === 'loading' && <SkeletonLog />}
        {view.state === 'failed' && (
          <Blank icon="alert" title={speech.say('chatFailed')} text={speech.say('chatFailedHow')}>
            <Button kind="plain" onClick={() => open.again()}>
              {speech.say('tryAgain')}
            </Button>
          </Blank>
        )}
        {view.state === 'ready' && (
          <Log
            handle={log}
            open={open}
            view={view}
            onReply={handles.reply}
            onEdit={handles.edit}
            onType={() => composer.current?.focus()}
          />
        )}
      </div>
      <Toasts pane="main" />
      <StrangerBar conversation={open.conversation} />
      <Composer
        handle={composer}
        open={open}
        reply={reply}
        edited={edited}
        setReply={setReply}
        setEdited={setEdited}
        onSent={() => log.current?.toEnd()}
      />
    </main>
  )
}

function Head({ open, details, setDetails }: ChatPaneProps) {
  const session = useSession()
  const speech = useSpeech()
  const chat = useSignal(session.chats.list)?.find(each => each.conversation === open.conversation)
  useSignal(session.people.version)
  const { conversation } = open
  const uid = peerOf(conversation)
  const group = session.client.groups.group(conversation)
  const name =
    chat?.name || (uid === undefined ? group?.title : session.people.name(uid)) || speech.say('unknownPerson')
  const menu = useChatMenu(conversation)
  const { isShown, toggle, opener } = useDetails(details, setDetails)
  return (
    <header class="bar">
      <IconButton class="back" icon="back" label={speech.say('back')} onClick={goHome} />
      <button ref={opener} type="button" class="who" onClick={toggle}>
        <Avatar id={uid ?? conversation} name={name} group={uid === undefined} size="m" />
        <span class="two">
          <span class="name">
            <bdi>{name}</bdi>
          </span>
          <Subtitle open={open} />
          <span class="vh">{speech.say('details')}</span>
        </span>
      </button>
      <IconButton class="wide toggle" icon="panel" label={speech.say('details')} pressed={isShown} onClick={toggle} />
      <MoreButton label={speech.say('more')} menu={menu} />
    </header>
  )
}

/** Whether the details are in sight, what shows or hides them, and the button that has the focus when they close. */
export function useDetails(details: DetailsState, setDetails: (state: DetailsState) => void) {
  const isShown = details === 'open' || (details === 'on' && isWide())
  const opener = useFallback<HTMLButtonElement>(isShown)
  return { isShown, toggle: () => setDetails(isShown ? 'off' : 'open'), opener }
}

/** Whether the details stand beside the chat: the same width as in widths.css. */
export function isWide(): boolean {
  return innerWidth >= 1_200
}

/** Who types, or else who is there. */
function Subtitle({ open }: { open: OpenChat }) {
  const speech = useSpeech()
  const { conversation } = open
  const typists = useTypists(conversation)
  const uid = peerOf(conversation)
  if (typists.length > 0) {
    return (
      <span class="sub typing">
        <Typing typists={typists} isGroup={uid === undefined} />
      </span>
    )
  }
  return (
    <span class="sub">{uid === undefined ? <MemberCount open={open} /> : <Standing uid={uid} speech={speech} />}</span>
  )
}

function MemberCount({ open }: { open: OpenChat }) {
  const speech = useSpeech()
  const { count } = useMembers(open.conversation)
  return <>{count > 0 ? speech.say('nMembers', { n: count }) : speech.say('group')}</>
}

function Standing({ uid, speech }: { uid: number; speech: Speech }) {
  const { people, presence } = useSession()
  useSignal(presence.version)
  return presence.isOnline(uid) ? speech.say('online') : <bdi>{people.get(uid)?.account ?? ''}</bdi>
}

function SkeletonLog() {
  return (
    <div class="log late" aria-busy="true">
      {['b1', 'b2'].map(each => (
        <div key={each} class="msg first">
          <span class={`sk ${each}`} />
        </div>
      ))}
      <div class="msg own first">
        <span class="sk b3" />
      </div>
    </div>
  )
}
