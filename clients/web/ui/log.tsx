// The messages of the open chat. It opens at the first unread one, or at the end. Arrow keys go from message to message.
import type { RefObject } from 'preact'
import { useEffect, useImperativeHandle, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { Message } from '../../typescript/browser.js'
import { dayLabel } from '../model/dates.js'
import { keyOf, type Row, rowsOf } from '../model/log-rows.js'
import type { ChatView, MessagePlace, OpenChat } from '../model/open-chat.js'
import { useApp, useListener, useNow, useSession, useSignal, useSpeech } from './hooks.js'
import { ChangeLine, MessageRow } from './message.js'
import { type MessageMenu, useMessageMenu } from './message-menu.js'
import { Blank, Button, Icon } from './parts.js'
import { useVirtualList } from './virtual.js'

export interface LogHandle {
  /** Goes to the end. */
  toEnd(): void
}

interface LogProps {
  readonly handle: RefObject<LogHandle | null>
  readonly open: OpenChat
  readonly view: ChatView
  readonly onReply: (message: Message) => void
  readonly onEdit: (message: Message) => void
  /** Somebody types while the log has the focus: it is meant for the composer. */
  readonly onType: () => void
}

/**
 * The least heights of a message, of a change, and of what stands above either, for those that were not drawn yet. Where a row turns out higher
 * the list scrolls on by that. Where one turned out lower it could not: at the edge of what is loaded there is nothing to scroll.
 */
const MESSAGE_PX = 38
const CHANGE_PX = 24
const ABOVE_PX = 36

/** The number of rows before the first one, or behind the last, at which more messages are loaded. */
const LOAD_AHEAD = 15

/** How long a message stays marked that was jumped to. */
const PICKED_MS = 1_600

/** The date floats for so long after the last scrolling. */
const FLOATING_MS = 1_200

export function Log({ handle, open, view, onReply, onEdit, onType }: LogProps) {
  const session = useSession()
  const speech = useSpeech()
  const { platform } = useApp()
  const { messages, divider, joined, older, tops, newer, target, unseen } = view
  const element = useRef<HTMLDivElement>(null)
  const [atEnd, setAtEnd] = useState(true)
  const [focused, setFocused] = useState<string | undefined>()
  const [picked, setPicked] = useState<string | undefined>()
  const [unfolded, setUnfolded] = useState<ReadonlySet<string>>(new Set())
  const [floating, setFloating] = useState<number | undefined>()
  const people = useSignal(session.people.version)
  const nowMs = useNow(60_000)
  const [top] = messages
  const isWhole = older === 'none' || (top !== undefined && tops.includes(keyOf(top)))
  const rows = useMemo(
    () => rowsOf(messages, { divider, joined, tops }, isWhole),
    [messages, divider, joined, tops, isWhole],
  )
  const focusedIndex = focused === undefined ? -1 : rows.findIndex(({ key }) => key === focused)
  const list = useVirtualList({
    rows,
    guess: leastHeight,
    above: 8,
    below: 12,
    element: () => element.current,
    pinned: focusedIndex,
    follows: newer === 'none',
  })
  const menu = useMessageMenu(open, { onReply, onEdit })

  useLayoutEffect(() => {
    const first = rows.find(({ unread }) => unread > 0)
    if (first !== undefined) list.show(first.key, 'start')
  }, [])

  useLayoutEffect(() => {
    if (target === undefined) return undefined
    const { key } = target
    setFocused(undefined)
    setPicked(key)
    if (key === undefined) list.toEnd()
    else list.show(key, 'center')
    const timer = platform.clock.after(PICKED_MS, () => setPicked(undefined))
    return () => timer.cancel()
  }, [target])

  const latest = useRef(rows)
  latest.current = rows
  const look = (): void => {
    setAtEnd(list.isAtEnd)
    if (!platform.isWatched()) return
    const row = latest.current[list.lastSeen]
    if (row !== undefined) open.seen(row.key)
  }
  useEffect(look)
  useListener('focus', look)
  useListener('resize', look)

  const first = list.first
  useEffect(() => {
    if (older === 'more' && list.viewHeight > 0 && first < LOAD_AHEAD) void open.loadOlder()
  }, [older, first, messages])
  const below = rows.length - list.last
  useEffect(() => {
    if (newer === 'more' && below < LOAD_AHEAD) void open.loadNewer()
  }, [newer, below, messages])

  useEffect(() => {
    const log = element.current
    if (log === null) return undefined
    let timer = platform.clock.after(0, () => {})
    const scrolled = (): void => {
      look()
      const row = latest.current[list.indexAt(8)]
      setFloating(row === undefined || row.day || list.isAtEnd ? undefined : row.message.atMs)
      timer.cancel()
      timer = platform.clock.after(FLOATING_MS, () => setFloating(undefined))
    }
    log.addEventListener('scroll', scrolled, { passive: true })
    return () => {
      log.removeEventListener('scroll', scrolled)
      timer.cancel()
    }
  }, [])

  useLayoutEffect(() => {
    if (focused !== undefined) rowElement(element.current, focused)?.focus({ preventScroll: true })
  }, [focused])

  const toEnd = (): void => void open.toLatest()
  useImperativeHandle(handle, () => ({ toEnd }), [])

  const jump = (name: MessagePlace): void => void session.jump({ ...name, conversation: open.conversation })

  /** Shows a long text as a whole, or its beginning. The message stays where it is, or comes into sight. */
  const fold = (key: string): void => {
    const next = new Set(unfolded)
    if (next.delete(key)) list.keep(key, 0)
    else {
      next.add(key)
      list.keep(key)
    }
    setUnfolded(next)
  }

  /** Goes to the next message that way. */
  const step = (by: number): void => {
    const start = focusedIndex >= 0 ? focusedIndex + by : by < 0 ? rows.length - 1 : 0
    for (let i = start; i >= 0 && i < rows.length; i += by) {
      const row = rows[i]
      if (row === undefined || row.message.change !== undefined) continue
      list.show(row.key, 'nearest')
      setFocused(row.key)
      return
    }
  }

  /** Does what a key means on a message. @returns whether it means something */
  const onMessageKey = (event: KeyboardEvent, message: Message): boolean => {
    const acts = menu.actsOn(message)
    const key = event.key.toLowerCase()
    if (event.key === 'Enter') menu.open(event.target as Element, message)
    else if (key === 'r' && acts.reply) onReply(message)
    else if (key === 'e' && acts.edit) onEdit(message)
    else return false
    return true
  }

  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return
    const row = rows[focusedIndex]
    const isOnRow = row !== undefined && (event.target as HTMLElement).dataset.key !== undefined
    if (event.key === 'ArrowUp') step(-1)
    else if (event.key === 'ArrowDown') step(1)
    else if (event.key === 'End') toEnd()
    else if (isOnRow && onMessageKey(event, row.message)) event.preventDefault()
    else if (event.key.length === 1 && event.key !== ' ' && event.target === element.current) onType()
    if (event.key === 'ArrowUp' || event.key === 'ArrowDown' || event.key === 'End') event.preventDefault()
  }

  return (
    <>
      <div
        ref={element}
        class="log scroll"
        role="log"
        aria-live="off"
        aria-label={speech.say('message')}
        tabIndex={0}
        onKeyDown={onKeyDown}
      >
        {rows.length === 0 && older === 'none' && (
          <Blank icon="chat" title={speech.say('chatEmpty')} text={speech.say('chatEmptyHow')} />
        )}
        <div class="tall" style={{ height: `${list.height}px` }}>
          {list.drawn.map(index => {
            const row = rows[index]
            if (row === undefined) return null
            return (
              <div
                key={row.key}
                class="at"
                ref={list.measure}
                data-index={index}
                style={{ transform: `translateY(${list.topOf(index)}px)` }}
              >
                <LogRow
                  row={row}
                  nowMs={nowMs}
                  people={people}
                  picked={row.key === picked}
                  focused={row.key === focused}
                  open={open}
                  jump={jump}
                  menu={menu}
                  onFocus={setFocused}
                  unfolded={unfolded.has(row.key)}
                  onFold={fold}
                />
              </div>
            )
          })}
        </div>
      </div>
      {(older === 'failed' || newer === 'failed') && (
        <div class="told beyond" role="status">
          {speech.say(older === 'failed' ? 'olderFailed' : 'newerFailed')}{' '}
          <Button kind="quiet" small onClick={() => void (older === 'failed' ? open.loadOlder() : open.loadNewer())}>
            {speech.say('tryAgain')}
          </Button>
        </div>
      )}
      {floating !== undefined && (
        <div class="day floating" aria-hidden="true">
          <span>{dayLabel(speech, floating, nowMs)}</span>
        </div>
      )}
      {!(atEnd && newer === 'none') && (
        <button
          type="button"
          class="jump"
          aria-label={unseen > 0 ? speech.say('jumpToLatestN', { n: unseen }) : speech.say('jumpToLatest')}
          title={speech.say('jumpToLatest')}
          onClick={toEnd}
        >
          <Icon name="down" />
          {unseen > 0 && (
            <span class="badge" aria-hidden="true">
              {unseen > 99 ? '99+' : unseen}
            </span>
          )}
        </button>
      )}
    </>
  )
}

interface LogRowProps {
  readonly row: Row
  readonly nowMs: number
  readonly people: number
  readonly picked: boolean
  readonly focused: boolean
  readonly open: OpenChat
  readonly jump: (name: MessagePlace) => void
  readonly menu: MessageMenu
  readonly onFocus: (key: string) => void
  readonly unfolded: boolean
  readonly onFold: (key: string) => void
}

function LogRow(props: LogRowProps) {
  const { row, nowMs, people, picked, focused, open, jump, menu, onFocus, unfolded, onFold } = props
  const speech = useSpeech()
  const { message, day, unread, joined, first, last } = row
  return (
    <>
      {day && (
        <div class="day">
          <span>{dayLabel(speech, message.atMs, nowMs)}</span>
        </div>
      )}
      {unread > 0 && (
        <div class="new" role="note">
          <span>{speech.say('nNew', { n: unread })}</span>
        </div>
      )}
      {joined && (
        <div class="new before" role="note">
          <span>{speech.say('beforeJoining')}</span>
        </div>
      )}
      {message.change === undefined ? (
        <MessageRow
          message={message}
          first={first}
          last={last}
          people={people}
          picked={picked}
          focused={focused}
          open={open}
          quoted={quotedBy(open, message)}
          jump={jump}
          menu={menu}
          onFocus={onFocus}
          unfolded={unfolded}
          onFold={onFold}
        />
      ) : (
        <ChangeLine change={message.change} />
      )}
    </>
  )
}

function leastHeight({ message, day, unread, joined }: Row): number {
  const above = [day, unread > 0, joined].filter(Boolean).length * ABOVE_PX
  return above + (message.change === undefined ? MESSAGE_PX : CHANGE_PX)
}

/** The message that this one answers, if it is loaded. */
function quotedBy(open: OpenChat, { extra }: Message): Message | undefined {
  return extra.reply && open.find(extra.reply)
}

function rowElement(log: HTMLElement | null, key: string): HTMLElement | null {
  return log?.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`) ?? null
}
