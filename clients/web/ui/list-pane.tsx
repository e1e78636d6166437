// The list of chats, with what stands above it and the own account below.
import { useEffect, useRef, useState } from 'preact/hooks'
import { peerOf, type Room } from '../../typescript/browser.js'
import type { Chat } from '../model/chats.js'
import { rowTime } from '../model/dates.js'
import { FILTERS, type Filter, filtered } from '../model/filter.js'
import { isBoard, type ListRow } from '../model/list-rows.js'
import type { PlainKey } from '../words.js'
import { ChatRow, Said } from './chat-row.js'
import { ConnectionLine } from './connection-line.js'
import { useNow, useSession, useSignal, useSpeech } from './hooks.js'
import { NotStored, SkeletonRows } from './page.js'
import { go, goBack } from './panes.js'
import { Avatar, Blank, BoardDisc, Button, Icon, IconButton } from './parts.js'
import { Side } from './toasts.js'

const FILTER_WORDS: Readonly<Record<Filter, PlainKey>> = {
  all: 'all',
  unread: 'unreadTab',
  groups: 'groupsTab',
  boards: 'boards',
}

/** The chats and boards that the list shows. */
function useRows(): readonly ListRow[] {
  const session = useSession()
  useSignal(session.version)
  useSignal(session.news.version)
  useSignal(session.chats.list)
  useSignal(session.filter)
  return session.rows
}

export function ListPane({ archived, find }: { archived: boolean; find: () => void }) {
  const session = useSession()
  const speech = useSpeech()
  const all = useSignal(session.chats.list)
  const shown = useRows()
  const list = archived ? (all ?? []).filter(each => each.archived) : shown
  return (
    <Side label={speech.say(archived ? 'archivedTab' : 'chats')} foot={<Me />}>
      {archived ? (
        <SideBar title={speech.say('archivedTab')} />
      ) : (
        <>
          <div class="bar">
            <h1>{speech.say('chats')}</h1>
            <IconButton icon="write" label={speech.say('newChat')} onClick={() => go('new-chat')} />
          </div>
          <button type="button" class="search" onClick={find}>
            <Icon name="search" size="s" />
            <span>{speech.say('search')}</span>
            <kbd>Ctrl K</kbd>
          </button>
          <Filters chats={all ?? []} />
        </>
      )}
      <NotStored />
      {all === undefined ? <SkeletonRows /> : <Rows list={list} archived={archived} all={all} />}
    </Side>
  )
}

/** The head of a pane that stands in the list's place. */
export function SideBar({ title, back }: { title: string; back?: () => void }) {
  const speech = useSpeech()
  const session = useSession()
  return (
    <div class="bar side">
      <IconButton
        icon="back"
        label={speech.say('back')}
        onClick={back ?? (() => goBack(session.shown?.conversation))}
      />
      <h1>{title}</h1>
    </div>
  )
}

function Filters({ chats }: { chats: readonly Chat[] }) {
  const { filter } = useSession()
  const speech = useSpeech()
  const chosen = useSignal(filter)
  const unread = filtered(chats, 'unread').length
  return (
    <div class="tabs" role="group" aria-label={speech.say('filter')}>
      {FILTERS.map(each => (
        <button key={each} type="button" aria-pressed={each === chosen} onClick={() => filter.set(each)}>
          <span>{speech.say(FILTER_WORDS[each])}</span>
          {each === 'unread' && unread > 0 && <span class="num">{unread}</span>}
        </button>
      ))}
    </div>
  )
}

/** More rows are drawn when somebody scrolls to the end of them: drawing thousands with each change takes longer than anybody waits. */
const ROWS_AT_ONCE = 100

function Rows({ list, all, archived }: { list: readonly ListRow[]; all: readonly Chat[]; archived: boolean }) {
  const session = useSession()
  const { filter, open, drafts } = session
  const nowMs = useNow(60_000)
  const chosen = useSignal(filter)
  const chat = useSignal(open)?.conversation
  const current = useSignal(session.board)?.conversation ?? chat
  const texts = useSignal(drafts.all)
  // Names that come later stand in rows, too.
  const people = useSignal(session.people.version)
  useSignal(session.presence.version)
  useSignal(session.version)
  useEffect(() => {
    const shown = list.flatMap(row => (isBoard(row) ? [] : [row.conversation]))
    session.presence.look(current === undefined ? shown : [current, ...shown])
  }, [list, current])
  const [drawn, setDrawn] = useState(ROWS_AT_ONCE)
  const { requests } = session
  const put = all.filter(each => each.archived).length
  const rows = useRef<HTMLUListElement>(null)
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.altKey || (event.key !== 'ArrowDown' && event.key !== 'ArrowUp')) return
    const links = [...(rows.current?.querySelectorAll<HTMLElement>('.row') ?? [])]
    const next = links[links.indexOf(document.activeElement as HTMLElement) + (event.key === 'ArrowDown' ? 1 : -1)]
    if (next === undefined) return
    event.preventDefault()
    next.focus()
  }
  /** Asks for the messages of rows that are in sight or soon will be. */
  const askAhead = (): void => {
    const view = rows.current
    const unknown = view?.querySelector('[data-known=false]')
    if (!view || !unknown) return
    const reach = view.getBoundingClientRect().bottom + view.clientHeight
    if (unknown.getBoundingClientRect().top < reach) void session.chats.more()
  }
  useEffect(askAhead, [list, drawn])
  useEffect(() => {
    rows.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest' })
  }, [current])
  return (
    <>
      <ul
        ref={rows}
        class="rows scroll"
        onKeyDown={onKeyDown}
        onScroll={event => {
          askAhead()
          const { scrollTop, clientHeight, scrollHeight } = event.currentTarget
          if (scrollHeight - scrollTop - clientHeight >= clientHeight) return
          if (drawn < list.length) setDrawn(drawn + ROWS_AT_ONCE)
          else void session.chats.more()
        }}
      >
        {!archived && chosen === 'all' && requests > 0 && (
          <Folder hash="requests" icon="person-add" word="contactRequests" count={requests} />
        )}
        {list.slice(0, drawn).map((row, i) => {
          const { conversation } = row
          const place = { current: conversation === current, nowMs, position: i + 1, count: list.length }
          return isBoard(row) ? (
            <BoardRow key={conversation} board={row} {...place} />
          ) : (
            <ChatRow
              key={conversation}
              chat={row}
              draft={texts.get(conversation)?.text ?? ''}
              people={people}
              online={session.presence.isOnline(peerOf(conversation))}
              {...place}
            />
          )
        })}
        {!archived && chosen === 'all' && put > 0 && (
          <Folder hash="archived" icon="archive" word="archivedTab" count={put} />
        )}
      </ul>
      {list.length === 0 && <NoRows filter={archived ? 'archived' : chosen} />}
    </>
  )
}

interface BoardRowProps {
  readonly board: Room
  readonly current: boolean
  readonly nowMs: number
  readonly position: number
  readonly count: number
}

function BoardRow({ board, current, nowMs, position, count }: BoardRowProps) {
  const session = useSession()
  const speech = useSpeech()
  const { conversation, title, unconfirmed, closed, state, head } = board
  const { post } = session.news.of(conversation)
  const newest = post?.number === head ? post : undefined
  const waits = state === 'asked' ? 'joinAsked' : closed ? 'boardEnded' : head === 0 ? 'boardEmpty' : 'nothingToConfirm'
  const toConfirm = speech.say('postsToConfirm', { n: unconfirmed })
  return (
    <li aria-setsize={count} aria-posinset={position}>
      <a class="row" href={`#${conversation}`} {...(current && { 'aria-current': 'page' as const })}>
        <BoardDisc />
        <span class="two">
          <span class="line">
            <span class="name">
              <bdi>{title || speech.say('board')}</bdi>
            </span>
            <span class="grow" />
            {newest !== undefined && <time>{rowTime(speech, newest.atMs, nowMs)}</time>}
          </span>
          <span class="line">
            <span class="prev" dir="auto">
              {newest !== undefined && newest.text !== '' ? (
                <Said by={newest.by} text={newest.text} />
              ) : newest !== undefined ? (
                speech.say('postRemoved')
              ) : unconfirmed > 0 ? (
                toConfirm
              ) : (
                speech.say(waits)
              )}
            </span>
            {unconfirmed > 0 && (
              <span class="badge open">
                <span aria-hidden="true">{unconfirmed > 99 ? '99+' : unconfirmed}</span>
                {newest !== undefined && <span class="vh">{toConfirm}</span>}
              </span>
            )}
          </span>
        </span>
      </a>
    </li>
  )
}

interface FolderProps {
  readonly hash: string
  readonly icon: 'person-add' | 'archive'
  readonly word: PlainKey
  readonly count: number
}

function Folder({ hash, icon, word, count }: FolderProps) {
  const speech = useSpeech()
  return (
    <li>
      <a class="row folder" href={`#${hash}`}>
        <span class="disc">
          <Icon name={icon} />
        </span>
        <span class="line">
          <span class="name">{speech.say(word)}</span>
          <span class="grow" />
          <span class="badge quiet">{count}</span>
        </span>
      </a>
    </li>
  )
}

function NoRows({ filter }: { filter: Filter | 'archived' }) {
  const speech = useSpeech()
  switch (filter) {
    case 'all':
      return (
        <Blank icon="chat" title={speech.say('noChats')} text={speech.say('noChatsHow')}>
          <Button kind="primary" onClick={() => go('new-chat')}>
            {speech.say('newChat')}
          </Button>
        </Blank>
      )
    case 'unread':
      return <Blank icon="check" title={speech.say('noUnread')} text={speech.say('noUnreadHow')} />
    case 'groups':
      return (
        <Blank icon="people" title={speech.say('noGroups')} text={speech.say('noGroupsHow')}>
          <Button kind="primary" onClick={() => go('new-group')}>
            {speech.say('newGroup')}
          </Button>
        </Blank>
      )
    case 'boards':
      return (
        <Blank icon="board" title={speech.say('noBoards')} text={speech.say('noBoardsHow')}>
          <Button kind="primary" onClick={() => go('new-board')}>
            {speech.say('boards')}
          </Button>
        </Blank>
      )
    case 'archived':
      return <Blank icon="archive" title={speech.say('noArchived')} text={speech.say('noArchivedHow')} />
  }
}

function Me() {
  const session = useSession()
  const speech = useSpeech()
  useSignal(session.version)
  const { uid } = session
  const { state } = useSignal(session.connection.view)
  const { account } = session.client.account.profile
  const name = session.people.name(uid)
  return (
    <div class="me">
      <Avatar id={uid} name={name} size="s" online={state === 'online'} />
      <span class="two">
        <span class="name">
          <bdi>{name}</bdi>
          {account !== name && (
            <small>
              {' '}
              <bdi>@{account}</bdi>
            </small>
          )}
        </span>
        <ConnectionLine />
      </span>
      <IconButton icon="gear" label={speech.say('settings')} onClick={() => go('settings')} />
    </div>
  )
}
