// The open board: posts, which of them the user has confirmed, and, for who may, where one posts.
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { Message } from '../../typescript/browser.js'
import { rowTime } from '../model/dates.js'
import type { OpenBoard } from '../model/open-board.js'
import { useCopy } from './copy.js'
import { useFallback, useSession, useSignal, useSpeech } from './hooks.js'
import { MessageText } from './message.js'
import { type MenuItem, type Question, useOverlays } from './overlays.js'
import { goHome } from './panes.js'
import { Avatar, Blank, BoardDisc, Button, Icon, IconButton, MoreButton } from './parts.js'
import { Toasts } from './toasts.js'

export function BoardPane({ board }: { board: OpenBoard }) {
  const session = useSession()
  const speech = useSpeech()
  const view = useSignal(board.view)
  useSignal(session.version)
  const { room } = board
  const title = room?.title || speech.say('board')
  return (
    <main class="chat">
      <BoardHead board={board} title={title} />
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

function BoardHead({ board, title }: { board: OpenBoard; title: string }) {
  const speech = useSpeech()
  const menu = useBoardMenu(board, title)
  const unconfirmed = board.room?.unconfirmed ?? 0
  return (
    <header class="bar">
      <IconButton class="back" icon="back" label={speech.say('back')} onClick={goHome} />
      <span class="who">
        <BoardDisc size="m" />
        <span class="two">
          <h2 class="name">
            <bdi>{title}</bdi>
          </h2>
          <span class="sub">
            {unconfirmed > 0 ? speech.say('boardToConfirm', { n: unconfirmed }) : speech.say('board')}
          </span>
        </span>
      </span>
      <MoreButton label={speech.say('more')} menu={menu} />
    </header>
  )
}

/** What one does with a board as a whole. */
function useBoardMenu(board: OpenBoard, title: string): (anchor: Element) => void {
  const session = useSession()
  const speech = useSpeech()
  const { ask, menu } = useOverlays()
  const { rooms } = session.client
  const { conversation } = board
  const copy = useCopy()
  const copyAddress = async (): Promise<void> => {
    const { code } = await board.profile()
    await copy(code === '' ? conversation : `${conversation}/${code}`)
  }
  const after = (question: Question, run: () => Promise<void>): void =>
    void ask(question).then(yes => yes && session.attempt(run()))
  const end = (): void =>
    after(
      {
        title: speech.say('endBoardThis', { name: title }),
        text: speech.say('endBoardHow'),
        yes: speech.say('endBoard'),
      },
      () => rooms.close(conversation),
    )
  const leave = (): void =>
    after(
      {
        title: speech.say('leaveBoardThis', { name: title }),
        text: speech.say('leaveBoardHow'),
        yes: speech.say('leaveBoard'),
      },
      () => rooms.unsubscribe(conversation).then(goHome),
    )
  return anchor => {
    const isOwner = board.room?.role === 'owner'
    const items: (MenuItem | 'line')[] = [
      { icon: 'link', text: speech.say('copyBoard'), run: () => void session.attempt(copyAddress()) },
      'line',
      { icon: 'out', text: speech.say(isOwner ? 'endBoard' : 'leaveBoard'), danger: true, run: isOwner ? end : leave },
    ]
    menu(anchor, { label: speech.say('more'), items })
  }
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
  const log = useFallback<HTMLDivElement>(confirmed)
  const isAtEnd = useRef(true)
  const upTo = posts.findLast(({ number }) => number <= confirmed)?.number
  // It opens at the line up to which all is confirmed, and stays at the end for who is there.
  useLayoutEffect(() => {
    const open = log.current?.querySelector('.upto')
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
  /** All up to it is confirmed: a line below says so. */
  readonly isUpTo: boolean
}

function Post({ board, post, isOpen, isUpTo }: PostProps) {
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
      <article class="post">
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
        {isOthers && (
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
