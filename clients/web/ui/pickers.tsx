// A field with a list of what it finds: for the finder, and for where to forward a message.
import { useId, useRef, useState } from 'preact/hooks'
import { type ConversationId, peerOf } from '../../typescript/browser.js'
import { type Found, findChats, marked } from '../model/find.js'
import { useSession, useSignal, useSpeech } from './hooks.js'
import { Avatar, Icon, useFirst } from './parts.js'

interface ChatPickerProps {
  readonly close: () => void
  readonly pick: (conversation: ConversationId, name: string) => void
  /** It finds where to go; otherwise where to forward to. */
  readonly finds?: boolean
}

export function ChatPicker({ close, pick, finds = false }: ChatPickerProps) {
  const session = useSession()
  const speech = useSpeech()
  const chats = useSignal(session.chats.list) ?? []
  const [text, setText] = useState('')
  const [chosen, setChosen] = useState(0)
  const id = useId()
  const first = useFirst<HTMLInputElement>(true)
  const list = useRef<HTMLUListElement>(null)
  const found = findChats(text, chats, session.client).filter(
    ({ conversation }) => finds || session.closedBecause(conversation) === undefined,
  )
  const take = (each: Found | undefined): void => {
    if (each === undefined) return
    close()
    pick(each.conversation, each.name)
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.isComposing) return
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault()
      const next = (chosen + (event.key === 'ArrowDown' ? 1 : -1) + found.length) % Math.max(found.length, 1)
      setChosen(next)
      list.current?.children[next]?.scrollIntoView({ block: 'nearest' })
    } else if (event.key === 'Enter') {
      event.preventDefault()
      take(found[chosen])
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
          {...(found[chosen] && { 'aria-activedescendant': `${id}-${chosen}` })}
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
          <li
            key={each.conversation}
            id={`${id}-${i}`}
            class="item"
            role="option"
            aria-selected={i === chosen}
            onClick={() => take(each)}
          >
            <Avatar
              id={peerOf(each.conversation) ?? each.conversation}
              name={each.name}
              group={peerOf(each.conversation) === undefined}
              size="s"
            />
            <span class="grow">
              <bdi>
                <Marked name={each.name || speech.say('unknownPerson')} text={text} />
              </bdi>
              {each.account !== '' && each.account !== each.name && (
                <small>
                  <bdi>{each.account}</bdi>
                </small>
              )}
            </span>
            {i === chosen && <kbd>Enter</kbd>}
          </li>
        ))}
      </ul>
      {found.length === 0 && (
        <p class="nothing" role="status">
          {text === '' ? speech.say('noChats') : speech.say('nothingFound', { text })}
        </p>
      )}
    </div>
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
