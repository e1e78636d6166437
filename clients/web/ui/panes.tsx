// The three panes: list, open chat, details; how wide the page is says which of them stand side by side (shell.css, widths.css). The keys
// that work everywhere are here, too.
import { useEffect, useLayoutEffect, useState } from 'preact/hooks'
import type { ConversationId } from '../../typescript/browser.js'
import { type Place, placeOf } from '../model/place.js'
import { said } from '../words.js'
import { BoardPane } from './board-pane.js'
import { ChatPane, isWide } from './chat-pane.js'
import { Details } from './details.js'
import { useFinder } from './finder.js'
import { useApp, useDraw, useListener, useSession, useSignal, useSpeech } from './hooks.js'
import { ListPane } from './list-pane.js'
import { NewBoard } from './new-board.js'
import { NewChat } from './new-chat.js'
import { NewGroup } from './new-group.js'
import { Blank } from './parts.js'
import { Requests } from './requests.js'
import { SettingsPane } from './settings.js'
import { Spoken } from './spoken.js'
import { ToastContext, Toasts } from './toasts.js'

/** off: closed. on: beside the chat where there is space. open: beside it, or as a drawer. */
export type DetailsState = 'off' | 'on' | 'open'

export function Panes() {
  const session = useSession()
  const speech = useSpeech()
  const place = usePlace()
  const [details, setDetails] = useState<DetailsState>('on')
  const open = useSignal(session.open)
  const board = useSignal(session.board)
  const find = useFinder()
  // A pane in the list's place leaves the chat open beside it.
  useLayoutEffect(() => {
    if (place.side === 'chats' || place.side === 'archived') session.show(place.conversation)
  }, [session, place.side, place.conversation])
  // A drawer is about the chat that was open.
  useEffect(() => setDetails(state => (state === 'open' ? 'on' : state)), [place.conversation])
  useKeys(find)
  useEscape(place, session.shown?.conversation, details === 'open' ? () => setDetails('off') : undefined)
  useTitle()
  useNewVersion()
  useListener('resize', useDraw())
  const pane = place.conversation === undefined ? 'list' : 'chat'
  const shown = open ?? board
  const isDrawn = shown !== undefined && details === 'open' && !isWide()
  const toasts = isDrawn ? 'details' : pane === 'list' && innerWidth < ONE_PANE_PX ? 'side' : 'main'
  return (
    <ToastContext.Provider value={toasts}>
      <div class="app">
        <div class="panes" data-pane={pane} data-details={shown === undefined ? 'off' : details}>
          <SidePane place={place} find={find} />
          {board !== undefined ? (
            <BoardPane key={board.conversation} board={board} details={details} setDetails={setDetails} />
          ) : open === undefined ? (
            <main class="chat">
              <Blank icon="chat" title={speech.say('pickChat')} text={speech.say('pickChatHow')} />
              <Toasts pane="main" />
            </main>
          ) : (
            <ChatPane key={open.conversation} open={open} details={details} setDetails={setDetails} />
          )}
          {shown !== undefined && details !== 'off' && (
            <Details key={`details of ${shown.conversation}`} of={shown} close={() => setDetails('off')} />
          )}
        </div>
        <Spoken />
      </div>
    </ToastContext.Provider>
  )
}

function SidePane({ place, find }: { place: Place; find: () => void }) {
  switch (place.side) {
    case 'new-chat':
      return <NewChat key={place.account} account={place.account} />
    case 'new-group':
      return <NewGroup />
    case 'new-board':
      return <NewBoard />
    case 'requests':
      return <Requests />
    case 'settings':
      return <SettingsPane />
    default:
      return <ListPane archived={place.side === 'archived'} find={find} />
  }
}

function usePlace(): Place {
  const draw = useDraw()
  useListener('hashchange', draw)
  useEffect(() => {
    const heard = (event: MessageEvent): void => {
      const { open } = (event.data ?? {}) as { readonly open?: unknown }
      if (typeof open === 'string') location.hash = open
    }
    navigator.serviceWorker?.addEventListener('message', heard)
    return () => navigator.serviceWorker?.removeEventListener('message', heard)
  }, [])
  return placeOf(location.hash)
}

/** Goes to another place; its place in the browser's history is the one before it. */
export function go(hash: string): void {
  location.hash = hash
}

/** Goes back from a pane in the list's place: to the chat or board beside it, or, where only one pane is in sight, to the list. */
export function goBack(beside: ConversationId | undefined): void {
  if (beside === undefined || innerWidth < ONE_PANE_PX) goHome()
  else go(beside)
}

/** The width below which one pane is in sight: the same as in widths.css. */
const ONE_PANE_PX = 640

/** Goes back to the list, without a step in the browser's history that would come back here. */
export function goHome(): void {
  history.replaceState(undefined, '', location.pathname)
  dispatchEvent(new HashChangeEvent('hashchange'))
}

function useKeys(find: () => void): void {
  const session = useSession()
  useListener('keydown', event => {
    if (event.isComposing || event.defaultPrevented) return
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
      event.preventDefault()
      find()
    } else if (event.altKey && (event.key === 'ArrowUp' || event.key === 'ArrowDown')) {
      event.preventDefault()
      const { rows } = session
      const at = rows.findIndex(({ conversation }) => conversation === session.shown?.conversation)
      const next = rows[event.key === 'ArrowDown' ? at + 1 : Math.max(at - 1, 0)]
      if (next !== undefined) go(next.conversation)
    }
  })
}

/** Escape closes what lies above the rest: a drawer, or a pane in the list's place. Dialogs and menus close by themselves. */
function useEscape(place: Place, beside: ConversationId | undefined, closeDrawer: (() => void) | undefined): void {
  useListener('keydown', event => {
    if (event.key !== 'Escape' || event.isComposing || event.defaultPrevented) return
    if (document.querySelector('dialog[open], [popover]:popover-open') !== null) return
    if (closeDrawer !== undefined) closeDrawer()
    else if (place.side !== 'chats') goBack(beside)
  })
}

/** A newer page is there: it comes with the next load, which is the user's to choose. */
function useNewVersion(): void {
  const { notices } = useSession()
  const isThere = useSignal(useApp().newVersion)
  useEffect(() => {
    if (isThere) notices.offer(said('newVersion'), { said: said('reload'), run: () => location.reload() })
  }, [isThere])
}

/** The number of chats with something unread stands in the title of the tab. */
function useTitle(): void {
  const { chats } = useSession()
  const list = useSignal(chats.list)
  const unread = list?.filter(each => !each.muted && !each.archived && !each.asks && each.unread > 0).length ?? 0
  useEffect(() => {
    document.title = unread === 0 ? 'Longwire' : `(${unread}) Longwire`
  }, [unread])
}
