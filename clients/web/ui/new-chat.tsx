// Where a chat begins: somebody's account name, a contact, a group.
import { useState } from 'preact/hooks'
import { directConversation, LongwireError, type Profile } from '../../typescript/browser.js'
import { errorWords } from '../model/error-words.js'
import { nameOf } from '../model/people.js'
import { isAsking, mayAsk } from '../model/requests.js'
import { useFallback, useSession, useSignal, useSpeech } from './hooks.js'
import { SideBar } from './list-pane.js'
import { go } from './panes.js'
import { Avatar, Button, Field, Icon } from './parts.js'
import { Side } from './toasts.js'

/** @param account to look for; empty: none yet */
export function NewChat({ account }: { account: string }) {
  const session = useSession()
  const speech = useSpeech()
  useSignal(session.version)
  const friends = session.friends()
  return (
    <Side label={speech.say('newChat')}>
      <SideBar title={speech.say('newChat')} />
      <div class="scroll fill">
        <FindPerson wanted={account} />
        <div class="sec">
          <a class="item" href="#new-group">
            <Icon name="people" />
            <span class="grow">{speech.say('newGroup')}</span>
            <Icon name="next" size="s" />
          </a>
          <JoinGroup />
          <a class="item" href="#new-board">
            <Icon name="board" />
            <span class="grow">{speech.say('boards')}</span>
            <Icon name="next" size="s" />
          </a>
        </div>
        <div class="sec">
          <h3>{speech.say('contacts')}</h3>
          {friends.length === 0 && <p class="item quiet">{speech.say('noContacts')}</p>}
          <ul>
            {friends.map(friend => (
              <li key={friend.uid}>
                <a class="item person" href={`#direct:${friend.uid}`}>
                  <Avatar id={friend.uid} name={nameOf(friend)} size="s" />
                  <span class="grow">
                    <span class="name">
                      <bdi>{nameOf(friend)}</bdi>
                    </span>
                    {friend.nickname !== '' && (
                      <small>
                        <bdi>{friend.account}</bdi>
                      </small>
                    )}
                  </span>
                </a>
              </li>
            ))}
          </ul>
        </div>
      </div>
    </Side>
  )
}

/** Finds a user by the account's whole name, and asks for a friendship. */
function FindPerson({ wanted }: { wanted: string }) {
  const session = useSession()
  const speech = useSpeech()
  const [account, setAccount] = useState(wanted)
  const [fault, setFault] = useState<string | undefined>()
  const [found, setFound] = useState<Profile | undefined>()
  const [busy, setBusy] = useState(false)
  const find = async (): Promise<void> => {
    const name = account.trim()
    if (name === '') return setFault(speech.say('fillIn'))
    setBusy(true)
    setFound(undefined)
    setFault(undefined)
    try {
      setFound(await session.client.account.lookUp({ account: name }))
    } catch (error) {
      // Nobody can have a name that is not of the form of names.
      const isNobody = error instanceof LongwireError && error.reason === 'NAME_INVALID'
      setFault(isNobody ? speech.say('unknownUser') : speech.text(errorWords(error)))
    } finally {
      setBusy(false)
    }
  }
  return (
    <div class="sec first">
      <form
        class="inline"
        noValidate
        onSubmit={event => {
          event.preventDefault()
          if (!busy) void find()
        }}
      >
        <Field
          label={speech.say('findByAccount')}
          hint={speech.say('findByAccountHint')}
          value={account}
          fault={fault}
          isFirst
          onInput={text => {
            setAccount(text)
            setFault(undefined)
          }}
          input={{ exact: true, maxLength: 64 }}
        />
        <Button kind="primary" submits disabled={busy}>
          {speech.say('find')}
        </Button>
      </form>
      {found !== undefined && <FoundPerson person={found} />}
    </div>
  )
}

function FoundPerson({ person }: { person: Profile }) {
  const session = useSession()
  const speech = useSpeech()
  const [greeting, setGreeting] = useState('')
  const { contacts } = session.client
  const { uid } = person
  const name = nameOf(person)
  const conversation = directConversation(uid)
  const contact = contacts.get(uid)
  const state = contact?.state
  const asks = contact !== undefined && isAsking(contact)
  const isOther = uid !== session.uid
  const box = useFallback<HTMLDivElement>(state)
  return (
    <div ref={box} class="found" role="status" tabIndex={-1}>
      <div class="item person">
        <Avatar id={uid} name={name} />
        <span class="grow">
          <span class="name">
            <bdi>{name}</bdi>
          </span>
          <small>
            <bdi>{person.account}</bdi>
          </small>
        </span>
        {!isOther && <span class="val">{speech.say('thatIsYou')}</span>}
        {isOther && !asks && (state === 'friend' || contacts.open === true) && (
          <Button kind="primary" small onClick={() => go(conversation)}>
            {speech.say('writeTo')}
          </Button>
        )}
        {asks && (
          <Button kind="primary" small onClick={() => void session.accept(uid)}>
            {speech.say('accept')}
          </Button>
        )}
        {state === 'requested' && (
          <Button kind="quiet" small onClick={() => void session.attempt(contacts.cancel(uid))}>
            {speech.say('takeBack')}
          </Button>
        )}
      </div>
      {state === 'requested' && <p class="item quiet">{speech.say('requestWaits')}</p>}
      {isOther && mayAsk(contact) && (
        <form
          class="inline"
          onSubmit={event => {
            event.preventDefault()
            void session.request(uid, name, greeting.trim())
          }}
        >
          <Field
            label={speech.say('greeting')}
            hint={speech.say('greetingHint')}
            value={greeting}
            onInput={setGreeting}
            input={{ maxLength: 80 }}
          />
          <Button kind="primary" submits>
            {speech.say('addContact')}
          </Button>
        </form>
      )}
    </div>
  )
}

/** Joins a group by what one of its members gave: the group and its code. */
function JoinGroup() {
  const session = useSession()
  const speech = useSpeech()
  const [code, setCode] = useState<string | undefined>()
  const [fault, setFault] = useState<string | undefined>()
  const opener = useFallback<HTMLButtonElement>(code === undefined)
  if (code === undefined) {
    return (
      <button ref={opener} type="button" class="item" onClick={() => setCode('')}>
        <Icon name="link" />
        <span class="grow">{speech.say('joinByCode')}</span>
      </button>
    )
  }
  const join = async (): Promise<void> => {
    const wrong = await session.join(code)
    if (wrong === undefined) setCode(undefined)
    else setFault(speech.text(wrong))
  }
  return (
    <form
      class="inline"
      onSubmit={event => {
        event.preventDefault()
        void join()
      }}
    >
      <Field
        label={speech.say('groupCode')}
        hint={speech.say('groupCodeHint')}
        value={code}
        fault={fault}
        isFirst
        onInput={text => {
          setCode(text)
          setFault(undefined)
        }}
        input={{ exact: true }}
      />
      <Button kind="primary" submits>
        {speech.say('join')}
      </Button>
    </form>
  )
}
