// Where one writes. Enter sends and Shift+Enter breaks the line, but never while an input method composes: its Enter takes a word.
import type { RefObject } from 'preact'
import { useEffect, useId, useImperativeHandle, useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { Mention, Message } from '../../typescript/browser.js'
import { NO_DRAFT } from '../model/drafts.js'
import { isGroup } from '../model/kinds.js'
import { completed, type MentionQuery, mentionQuery, movedMentions, trimmed } from '../model/mentions.js'
import type { OpenChat } from '../model/open-chat.js'
import { nameOf } from '../model/people.js'
import { textOf } from './chat-row.js'
import { EmojiButton } from './emoji.js'
import { useSession, useSignal, useSpeech } from './hooks.js'
import { useMembers } from './members.js'
import { Avatar, Button, Icon, IconButton } from './parts.js'

export interface ComposerHandle {
  focus(): void
}

interface ComposerProps {
  readonly handle: RefObject<ComposerHandle | null>
  readonly open: OpenChat
  /** The message that is answered. */
  readonly reply: Message | undefined
  /** The message that is edited. */
  readonly edited: Message | undefined
  readonly setReply: (message: Message | undefined) => void
  readonly setEdited: (message: Message | undefined) => void
  readonly onSent: () => void
}

interface Writing {
  readonly text: string
  readonly mentions: readonly Mention[]
}

export function Composer({ handle, open, reply, edited, setReply, setEdited, onSent }: ComposerProps) {
  const session = useSession()
  const speech = useSpeech()
  const { conversation } = open
  useSignal(session.version)
  const [writing, setWriting] = useState<Writing>(() => session.drafts.get(conversation))
  const [caret, setCaret] = useState(0)
  const box = useRef<HTMLTextAreaElement>(null)
  const isComposing = useRef(false)
  const closed = session.closedBecause(conversation)
  const { text, mentions } = writing

  const focus = (): void => box.current?.focus()
  useImperativeHandle(handle, () => ({ focus }), [])
  // On a touch screen the keyboard would cover what one came to read.
  useEffect(() => {
    if (!matchMedia('(pointer: coarse)').matches) focus()
  }, [])
  useLayoutEffect(() => grow(box.current), [text])
  useEffect(() => {
    if (edited === undefined) return
    setWriting({ text: edited.text, mentions: edited.extra.mentions })
    setCaretTo.current = edited.text.length
  }, [edited])
  // The reply of a draft is found again when its message is loaded.
  const { state } = useSignal(open.view)
  useEffect(() => {
    const { reply: kept } = session.drafts.get(conversation)
    if (state === 'ready' && kept !== undefined && reply === undefined) setReply(open.find(kept))
  }, [state])

  const setCaretTo = useRef<number | undefined>(undefined)
  useLayoutEffect(() => {
    const at = setCaretTo.current
    if (at === undefined) return
    setCaretTo.current = undefined
    box.current?.setSelectionRange(at, at)
    setCaret(at)
  })

  const write = (next: Writing): void => {
    setWriting(next)
    if (edited === undefined) session.drafts.set(conversation, { ...next, reply })
  }
  const put = (next: Writing & { readonly caret: number }): void => {
    write({ text: next.text, mentions: next.mentions })
    setCaretTo.current = next.caret
    focus()
  }
  const clear = (): void => {
    const draft = edited === undefined ? NO_DRAFT : session.drafts.get(conversation)
    setEdited(undefined)
    setReply(undefined)
    setWriting(draft)
    session.drafts.set(conversation, draft)
  }
  const send = (): void => {
    const sent = trimmed(text, mentions)
    if (sent.text === '') return
    if (edited !== undefined) {
      const isSame = sent.text === edited.text
      if (!isSame) void session.attempt(session.client.messages.edit(open.named(edited), sent.text, sent.mentions))
      clear()
      return
    }
    const options = { mentions: sent.mentions, ...(reply && { reply: open.named(reply) }) }
    if (!session.send(open, sent.text, options)) return
    clear()
    onSent()
  }

  const query = isGroup(conversation) ? mentionQuery(text, caret) : undefined
  const completion = useCompletion(open, query, person => query && put(completed(writing, query, person)))

  const onKeyDown = (event: KeyboardEvent): void => {
    // 229: some browsers tell the key that ends a composition after its end.
    if (event.isComposing || isComposing.current || event.keyCode === 229) return
    if (completion.onKeyDown(event)) return
    if (event.key === 'Enter' && !event.shiftKey && !event.ctrlKey && !event.altKey && !event.metaKey) {
      event.preventDefault()
      send()
    } else if (event.key === 'Escape' && (edited !== undefined || reply !== undefined)) {
      event.preventDefault()
      if (edited !== undefined) clear()
      else {
        setReply(undefined)
        session.drafts.set(conversation, { ...writing, reply: undefined })
      }
    } else if (event.key === 'ArrowUp' && text === '' && edited === undefined && !event.altKey) {
      const last = session.lastEditable(open)
      if (last === undefined) return
      event.preventDefault()
      setEdited(last)
    }
  }

  if (closed !== undefined) {
    return (
      <div class="compose">
        <Closed open={open} why={closed} />
      </div>
    )
  }
  return (
    <div class="compose">
      {completion.list}
      <div class="card">
        {edited !== undefined && <Over icon="edit" title={speech.say('editMessage')} message={edited} cancel={clear} />}
        {edited === undefined && reply !== undefined && (
          <Over
            icon="reply"
            title={session.people.name(reply.sender) || speech.say('unknownPerson')}
            message={reply}
            cancel={() => {
              setReply(undefined)
              session.drafts.set(conversation, { ...writing, reply: undefined })
              focus()
            }}
          />
        )}
        <div class="in">
          <textarea
            ref={box}
            class="box scroll"
            rows={1}
            dir="auto"
            aria-label={speech.say('message')}
            placeholder={speech.say('message')}
            {...completion.aria}
            value={text}
            enterkeyhint="send"
            onInput={event => {
              const { value, selectionStart } = event.currentTarget
              write({ text: value, mentions: movedMentions(mentions, text, value) })
              if (edited === undefined) session.presence.type(conversation, value !== '')
              setCaret(selectionStart)
            }}
            onSelect={event => setCaret(event.currentTarget.selectionStart)}
            onCompositionStart={() => {
              isComposing.current = true
            }}
            onCompositionEnd={() => {
              isComposing.current = false
            }}
            onKeyDown={onKeyDown}
          />
          <EmojiButton
            pick={emoji => {
              const at = box.current?.selectionStart ?? text.length
              const next = `${text.slice(0, at)}${emoji}${text.slice(box.current?.selectionEnd ?? at)}`
              put({ text: next, mentions: movedMentions(mentions, text, next), caret: at + emoji.length })
            }}
          />
          <button
            type="button"
            class="send"
            aria-label={speech.say(edited === undefined ? 'send' : 'save')}
            disabled={text.trim() === ''}
            onClick={send}
          >
            <Icon name={edited === undefined ? 'send' : 'check'} />
          </button>
        </div>
      </div>
    </div>
  )
}

/** Makes the box as high as its text, up to the most that the style allows. */
function grow(box: HTMLTextAreaElement | null): void {
  if (box === null) return
  box.style.height = 'auto'
  // To ask how high it is lays out the page.
  if (box.value !== '') box.style.height = `${box.scrollHeight}px`
}

interface OverProps {
  readonly icon: 'reply' | 'edit'
  readonly title: string
  readonly message: Message
  readonly cancel: () => void
}

function Over({ icon, title, message, cancel }: OverProps) {
  const session = useSession()
  const speech = useSpeech()
  return (
    <div class="over">
      <Icon name={icon} />
      <span class="quote">
        <span class="qn">
          <bdi>{title}</bdi>
        </span>
        <span class="qt" dir="auto">
          {textOf(message, session, speech)}
        </span>
      </span>
      <IconButton icon="close" label={speech.say('cancel')} onClick={cancel} />
    </div>
  )
}

function Closed({
  open,
  why,
}: {
  open: OpenChat
  why: NonNullable<ReturnType<ReturnType<typeof useSession>['closedBecause']>>
}) {
  const session = useSession()
  const speech = useSpeech()
  const contact = session.contactOf(open.conversation)
  if (contact?.blocked) {
    return (
      <div class="shut">
        {speech.say('isBlocked')}
        <Button kind="quiet" small onClick={() => void session.attempt(session.client.contacts.unblock(contact.uid))}>
          {speech.say('unblock')}
        </Button>
      </div>
    )
  }
  return <div class="shut">{speech.say(why)}</div>
}

interface Nameable {
  readonly uid: number
  readonly name: string
}

/** The list of members that fit what is typed behind an @. */
function useCompletion(open: OpenChat, query: MentionQuery | undefined, take: (person: Nameable) => void) {
  const session = useSession()
  const speech = useSpeech()
  const { list: members } = useMembers(open.conversation)
  const [chosen, setChosen] = useState(0)
  const [dismissed, setDismissed] = useState(-1)
  const id = useId()
  useEffect(() => setChosen(0), [query?.word])
  const word = query?.word.toLocaleLowerCase() ?? ''
  const all: Nameable[] = members
    .filter(({ uid, role }) => uid !== session.uid && role !== 'invited' && role !== 'asks')
    .map(each => ({ uid: each.uid, name: nameOf(each) }))
  const named = [...all, { uid: 0, name: speech.say('everybody') }]
  const found =
    query === undefined || dismissed === query.start
      ? []
      : named.filter(({ name }) => name.toLocaleLowerCase().includes(word)).slice(0, 6)
  const onKeyDown = (event: KeyboardEvent): boolean => {
    if (found.length === 0) return false
    const person = found[chosen]
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      setChosen((chosen + (event.key === 'ArrowDown' ? 1 : -1) + found.length) % found.length)
    } else if ((event.key === 'Enter' || event.key === 'Tab') && person !== undefined) take(person)
    else if (event.key === 'Escape') setDismissed(query?.start ?? -1)
    else return false
    event.preventDefault()
    return true
  }
  const list = found.length > 0 && (
    <ul class="menu completion" role="listbox" id={id} aria-label={speech.say('mention')}>
      {found.map(({ uid, name }, i) => (
        <li
          key={uid}
          id={`${id}-${i}`}
          role="option"
          aria-selected={i === chosen}
          class={i === chosen ? 'item is-focus' : 'item'}
          onMouseDown={event => event.preventDefault()}
          onClick={() => take({ uid, name })}
        >
          {uid === 0 ? <Icon name="people" /> : <Avatar id={uid} name={name} size="s" />}
          <bdi>{name}</bdi>
        </li>
      ))}
    </ul>
  )
  const aria = {
    'aria-autocomplete': 'list' as const,
    ...(found.length > 0 && { 'aria-controls': id, 'aria-activedescendant': `${id}-${chosen}` }),
  }
  return { list, onKeyDown, aria }
}
