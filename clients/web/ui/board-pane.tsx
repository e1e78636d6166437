// The open board: posts, which of them the user has confirmed, and, for who may, where one posts.
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { Message } from '../../typescript/browser.js'
import { rowTime } from '../model/dates.js'
import type { OpenBoard } from '../model/open-board.js'
import { useBoardActs } from './board-acts.js'
import { useDetails } from './chat-pane.js'
import { useFallback, useSession, useSignal, useSpeech } from './hooks.js'
import { MessageText } from './message.js'
import { type MenuItem, useOverlays } from './overlays.js'
import { type DetailsState, goHome } from './panes.js'
import { Avatar, Blank, BoardDisc, Button, Icon, IconButton, MoreButton } from './parts.js'
import { Toasts } from './toasts.js'

interface BoardPaneProps {
  readonly board: OpenBoard
  readonly details: DetailsState
  readonly setDetails: (state: DetailsState) => void
}

export function BoardPane({ board, details, setDetails }: BoardPaneProps) {
  const session = useSession()
  const speech = useSpeech()
  const view = useSignal(board.view)
  useSignal(session.version)
  const { room } = board
  const title = room?.title || speech.say('board')
  return (
    <main class="chat">
      <BoardHead board={board} title={title} details={details} setDetails={setDetails} />
      <div class="logwrap">
        {view.state === 'failed' && (
          <Blank icon="alert" title={speech.say('boardFailed')} text={speech.say('boardFailedHow')}>
            <Button kind="plain" onClick={() => board.again()}>
              {speech.say('tryAgain')}
            </Button>
          </Blank>
        )}
        {view.state === 'ready' && <Posts board={board} title={title} />}
      </div>
      <Toasts pane="main" />
      <div class="compose">
        {room !== undefined && room.unconfirmed > 0 && (
          <div class="foot">
            <span>{speech.say('postsToConfirm', { n: room.unconfirmed })}</span>
            <Button kind="primary" small onClick={() => void session.attempt(board.confirmAll())}>
              {speech.say('confirmAll')}
            </Button>
          </div>
        )}
        {board.mayPost && <PostBox board={board} />}
        {room?.closed && <div class="foot">{speech.say('boardEnded')}</div>}
      </div>
    </main>
  )
}

function BoardHead({ board, title, details, setDetails }: BoardPaneProps & { title: string }) {
  const speech = useSpeech()
  const { isShown, toggle, opener } = useDetails(details, setDetails)
  const menu = useBoardMenu(board, title)
  const unconfirmed = board.room?.unconfirmed ?? 0
  return (
    <header class="bar">
      <IconButton class="back" icon="back" label={speech.say('back')} onClick={goHome} />
      <button ref={opener} type="button" class="who" onClick={toggle}>
        <BoardDisc size="m" />
        <span class="two">
          <span class="name">
            <bdi>{title}</bdi>
          </span>
          <span class="sub">
            {unconfirmed > 0 ? speech.say('boardToConfirm', { n: unconfirmed }) : speech.say('board')}
          </span>
          <span class="vh">{speech.say('details')}</span>
        </span>
      </button>
      <IconButton class="wide toggle" icon="panel" label={speech.say('details')} pressed={isShown} onClick={toggle} />
      <MoreButton label={speech.say('more')} menu={menu} />
    </header>
  )
}

function useBoardMenu(board: OpenBoard, title: string): (anchor: Element) => void {
  const speech = useSpeech()
  const { menu } = useOverlays()
  const { copy, end } = useBoardActs(board, title)
  const items: (MenuItem | 'line')[] = [
    { icon: 'link', text: speech.say('copyBoard'), run: copy },
    'line',
    { icon: 'out', ...end, danger: true },
  ]
  return anchor => menu(anchor, { label: speech.say('more'), items })
}

/** The distance from the end that counts as being there. */
const END_PX = 48

/** The most characters of a first line that stands as the title of what follows it. */
const TITLE_MAX = 80

function Posts({ board, title }: { board: OpenBoard; title: string }) {
  const session = useSession()
  const speech = useSpeech()
  const { posts, older } = useSignal(board.view)
  useSignal(session.people.version)
  const confirmed = board.room?.confirmed ?? 0
  // What was there before the user began to listen was never confirmed.
  const from = session.news.of(board.conversation).from ?? confirmed
  const log = useFallback<HTMLDivElement>(confirmed)
  const isAtEnd = useRef(true)
  const upTo = posts.findLast(({ number }) => number > from && number <= confirmed)?.number
  // It opens at the line up to which all is confirmed, or else at the first open post, and stays at the end for who is there.
  useLayoutEffect(() => {
    const open = log.current?.querySelector('.upto, .open')
    if (open) open.scrollIntoView({ block: 'start' })
    else log.current?.scrollTo(0, log.current.scrollHeight)
  }, [])
  useEffect(() => {
    if (isAtEnd.current) log.current?.scrollTo(0, log.current.scrollHeight)
  }, [posts.at(-1)?.number])
  return (
    <div
      ref={log}
      class="log posts scroll"
      role="region"
      aria-label={title}
      tabIndex={0}
      onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
        isAtEnd.current = scrollHeight - scrollTop - clientHeight <= END_PX
      }}
    >
      {posts.length === 0 && <Blank icon="board" title={speech.say('boardEmpty')} text={speech.say('boardEmptyHow')} />}
      {older !== 'none' && (
        <Button kind="quiet" small disabled={older === 'loading'} onClick={() => void board.loadOlder()}>
          {speech.say('olderPosts')}
        </Button>
      )}
      {posts.map(post => (
        <Post
          key={post.number}
          board={board}
          post={post}
          isOpen={post.number > confirmed}
          isConfirmed={post.number > from && post.number <= confirmed}
          isUpTo={post.number === upTo}
        />
      ))}
    </div>
  )
}

interface PostProps {
  readonly board: OpenBoard
  readonly post: Message
  /** The user has not confirmed it. */
  readonly isOpen: boolean
  readonly isConfirmed: boolean
  /** All up to it is confirmed: a line below says so. */
  readonly isUpTo: boolean
}

function Post({ board, post, isOpen, isConfirmed, isUpTo }: PostProps) {
  const session = useSession()
  const speech = useSpeech()
  const { ask } = useOverlays()
  const [isUnfolded, setUnfolded] = useState(false)
  const fold = { isOpen: isUnfolded, toggle: () => setUnfolded(!isUnfolded) }
  const { sender, atMs, text, number, changed } = post
  const name = session.people.name(sender) || speech.say('unknownPerson')
  const [first = '', rest = ''] = split(text)
  const isTitled = rest !== '' && first.length <= TITLE_MAX
  const time = rowTime(speech, atMs, session.client.serverTime())
  const isOthers = sender !== session.uid && changed.recalledBy === 0
  const remove = async (): Promise<void> => {
    const yes = await ask({
      title: speech.say('removePostThis'),
      text: speech.say('removePostHow'),
      yes: speech.say('removePost'),
    })
    if (yes) await session.attempt(board.remove(number))
  }
  return (
    <>
      <article class={isOpen ? 'post open' : 'post'}>
        <header>
          <Avatar id={sender} name={name} size="m" />
          <span class="grow">
            <h3>
              <bdi>{isTitled ? first : name}</bdi>
            </h3>
            <small>
              {isTitled && (
                <>
                  <bdi>{name}</bdi> ·{' '}
                </>
              )}
              {time}
            </small>
          </span>
          {isOpen && isOthers && <span class="state-dot" role="img" aria-label={speech.say('unconfirmed')} />}
          {board.mayRemove(post) && (
            <IconButton icon="bin" label={speech.say('removePost')} onClick={() => void remove()} />
          )}
        </header>
        <p dir="auto">
          {changed.recalledBy === 0 ? (
            <MessageText message={isTitled ? { ...post, text: rest } : post} fold={fold} />
          ) : (
            speech.say('postRemoved')
          )}
        </p>
        {isOthers && (isOpen || isConfirmed) && (
          <footer>
            {isOpen ? (
              <Button kind="quiet" small onClick={() => void session.attempt(board.confirm(number))}>
                {speech.say('confirmUpTo')}
              </Button>
            ) : (
              <span class="done">
                <Icon name="check" size="s" />
                {speech.say('confirmed')}
              </span>
            )}
          </footer>
        )}
      </article>
      {isUpTo && (
        <div class="upto" role="separator">
          <span>
            <Icon name="check" size="s" />
            {speech.say('confirmedUpTo')}
          </span>
        </div>
      )}
    </>
  )
}

/** The first line of a text, and what follows it. */
function split(text: string): readonly [first: string, rest: string] {
  const end = text.indexOf('\n')
  return end < 0 ? [text, ''] : [text.slice(0, end), text.slice(end + 1).trimStart()]
}

function PostBox({ board }: { board: OpenBoard }) {
  const session = useSession()
  const speech = useSpeech()
  const [text, setText] = useState('')
  const post = async (): Promise<void> => {
    const wanted = text.trim()
    if (wanted !== '' && (await session.attempt(board.post(wanted)))) setText('')
  }
  return (
    <form
      class="card"
      onSubmit={event => {
        event.preventDefault()
        void post()
      }}
    >
      <div class="in">
        <textarea
          class="box scroll"
          rows={3}
          dir="auto"
          aria-label={speech.say('writePost')}
          placeholder={speech.say('writePost')}
          value={text}
          onInput={event => setText(event.currentTarget.value)}
          onKeyDown={event => {
            if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey) || event.isComposing) return
            event.preventDefault()
            event.currentTarget.form?.requestSubmit()
          }}
        />
        <button type="submit" class="send" aria-label={speech.say('post')} disabled={text.trim() === ''}>
          <Icon name="send" />
        </button>
      </div>
    </form>
  )
}
