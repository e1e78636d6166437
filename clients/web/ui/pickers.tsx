// A field with a list of what it finds: for the finder, and for where to forward a message.
import type { ComponentChildren } from 'preact'
import { useEffect, useId, useRef, useState } from 'preact/hooks'
import { isAccountName } from '../../../protocol/names.js'
import { type ConversationId, type Message, peerOf } from '../../typescript/browser.js'
import { rowTime } from '../model/dates.js'
import { excerpt, type Found, findChats, findMessages, marked } from '../model/find.js'
import { keyOf } from '../model/log-rows.js'
import { useSession, useSignal, useSpeech } from './hooks.js'
import { Avatar, Icon, useFirst } from './parts.js'

interface ChatPickerProps {
  readonly close: () => void
  readonly pick: (conversation: ConversationId, name: string) => void
  /** What to do with a message: it finds where to go, and messages, too; without, where to forward to. */
  readonly pickMessage?: (message: Message) => void
  /** Looks for an account of the server: where nothing is found, and the text may be the name of one. */
  readonly findAccount?: (account: string) => void
}

export function ChatPicker({ close, pick, pickMessage, findAccount }: ChatPickerProps) {
  const session = useSession()
  const speech = useSpeech()
  const chats = useSignal(session.chats.list) ?? []
  const [text, setText] = useState('')
  const [chosen, setChosen] = useState(0)
  const finds = pickMessage !== undefined
  const messages = useMessages(finds ? text : '')
  const id = useId()
  const first = useFirst<HTMLInputElement>(true)
  const list = useRef<HTMLUListElement>(null)
  const found = findChats(text, chats, session.client).filter(
    ({ conversation }) => finds || session.closedBecause(conversation) === undefined,
  )
  const name = text.trim()
  const isNothing = found.length + messages.length === 0
  const asked = isNothing && isAccountName(name.toLowerCase()) ? findAccount : undefined
  const count = asked === undefined ? found.length + messages.length : 1
  const take = (index: number): void => {
    const chat = found[index]
    const message = messages[index - found.length]
    if (index >= count) return
    close()
    if (chat !== undefined) pick(chat.conversation, chat.name)
    else if (message !== undefined) pickMessage?.(message)
    else asked?.(name)
  }
  const optionOf = (index: number): OptionProps => ({
    id: `${id}-${index}`,
    chosen: index === chosen,
    take: () => take(index),
  })
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.isComposing) return
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault()
      const next = (chosen + (event.key === 'ArrowDown' ? 1 : -1) + count) % Math.max(count, 1)
      setChosen(next)
      list.current?.querySelectorAll('[role=option]')[next]?.scrollIntoView({ block: 'nearest' })
    } else if (event.key === 'Enter') {
      event.preventDefault()
      take(chosen)
    }
  }
  const label = speech.say(finds ? 'findAnything' : 'forwardTo')
  return (
    <div class="palette">
      <h2 id="modal-title" class="vh">
        {label}
      </h2>
      <div class="find">
        <Icon name={finds ? 'search' : 'forward'} />
        <input
          role="combobox"
          aria-expanded="true"
          aria-controls={`${id}-list`}
          aria-label={label}
          placeholder={label}
          {...(chosen < count && { 'aria-activedescendant': `${id}-${chosen}` })}
          value={text}
          ref={first}
          dir="auto"
          onInput={event => {
            setText(event.currentTarget.value)
            setChosen(0)
          }}
          onKeyDown={onKeyDown}
        />
        <kbd>Esc</kbd>
      </div>
      <ul ref={list} id={`${id}-list`} role="listbox" class="scroll" aria-label={speech.say('results')}>
        {found.map((each, i) => (
          <ChatOption key={each.conversation} {...optionOf(i)} found={each} text={text} />
        ))}
        {messages.length > 0 && (
          <li role="presentation" class="head">
            {speech.say('messages')}
          </li>
        )}
        {messages.map((each, i) => (
          <MessageOption
            key={keyOf(each) + each.conversation}
            {...optionOf(found.length + i)}
            message={each}
            text={text}
          />
        ))}
        {asked !== undefined && (
          <Option {...optionOf(0)}>
            <Icon name="person-add" />
            <span class="grow">{speech.say('findAccountNamed', { text: name })}</span>
          </Option>
        )}
      </ul>
      {isNothing && (
        <p class="nothing" role="status">
          {text === '' ? speech.say('noChats') : speech.say('nothingFound', { text })}
        </p>
      )}
    </div>
  )
}

/** The messages that hold the text; those of the text before until they are found. */
function useMessages(text: string): readonly Message[] {
  const { client } = useSession()
  const [messages, setMessages] = useState<readonly Message[]>([])
  useEffect(() => {
    let isLatest = true
    // What cannot be searched has no hits: a text that is too long, or a storage that fails, which is told elsewhere.
    const none = (): readonly Message[] => []
    void findMessages(text, client)
      .catch(none)
      .then(found => isLatest && setMessages(found))
    return () => {
      isLatest = false
    }
  }, [text])
  return messages
}

interface OptionProps {
  readonly id: string
  readonly chosen: boolean
  readonly take: () => void
}

function Option({ id, chosen, take, children }: OptionProps & { children: ComponentChildren }) {
  return (
    <li id={id} class="item" role="option" aria-selected={chosen} onClick={take}>
      {children}
      {chosen && <kbd>Enter</kbd>}
    </li>
  )
}

function ChatOption({ found, text, ...option }: OptionProps & { found: Found; text: string }) {
  const speech = useSpeech()
  const { conversation, name, account } = found
  return (
    <Option {...option}>
      <Avatar
        id={peerOf(conversation) ?? conversation}
        name={name}
        group={peerOf(conversation) === undefined}
        size="s"
      />
      <span class="grow">
        <bdi>
          <Marked name={name || speech.say('unknownPerson')} text={text} />
        </bdi>
        {account !== '' && account !== name && (
          <small>
            <bdi>{account}</bdi>
          </small>
        )}
      </span>
    </Option>
  )
}

function MessageOption({ message, text, ...option }: OptionProps & { message: Message; text: string }) {
  const session = useSession()
  const speech = useSpeech()
  const { conversation, atMs } = message
  const peer = peerOf(conversation)
  const name = session.chats.get(conversation)?.name || speech.say('unknownPerson')
  return (
    <Option {...option}>
      <Avatar id={peer ?? conversation} name={name} group={peer === undefined} size="s" />
      <span class="grow hit">
        <span class="line">
          <bdi class="name">{name}</bdi>
          <time>{rowTime(speech, atMs, session.client.serverTime())}</time>
        </span>
        <small dir="auto">
          <Marked name={excerpt(message.text, text)} text={text} />
        </small>
      </span>
    </Option>
  )
}

function Marked({ name, text }: { name: string; text: string }) {
  const [before, hit, after] = marked(name, text)
  return (
    <>
      {before}
      {hit !== '' && <mark>{hit}</mark>}
      {after}
    </>
  )
}
