// Who waits for an answer: people who want to be contacts, strangers who wrote, and groups that invite. Below, whom this user waits for.
import { type Contact, directConversation } from '../../typescript/browser.js'
import { nameOf } from '../model/people.js'
import { isStrangerAsking } from '../model/requests.js'
import { textOf } from './chat-row.js'
import { useFallback, useSession, useSignal, useSpeech } from './hooks.js'
import { SideBar } from './list-pane.js'
import { go } from './panes.js'
import { Avatar, Blank, Button, IconButton } from './parts.js'
import { Side } from './toasts.js'

export function Requests() {
  const session = useSession()
  const speech = useSpeech()
  useSignal(session.version)
  useSignal(session.people.version)
  const { contacts, groups } = session.client
  const chats = useSignal(session.chats.list)
  const people = session.asking()
  const asked = contacts.list().filter(({ state }) => state === 'requested')
  const invitations = groups.list().filter(({ state }) => state === 'invited')
  /** What they wrote: a greeting, or the last message of a stranger. */
  const said = ({ uid, greeting }: Contact): string => {
    const last = chats?.find(({ conversation }) => conversation === directConversation(uid))?.last
    return greeting || (last === undefined ? speech.say('wantsContact') : textOf(last, session, speech))
  }
  const count = people.length + asked.length + invitations.length
  const pane = useFallback<HTMLElement>(count)
  return (
    <Side label={speech.say('contactRequests')} paneRef={pane}>
      <SideBar title={speech.say('contactRequests')} />
      {count === 0 ? (
        <Blank icon="person-add" title={speech.say('noRequests')} text={speech.say('noRequestsHow')} />
      ) : (
        <ul class="rows scroll">
          {people.map(contact => {
            const name = nameOf(contact)
            return (
              <Request
                key={contact.uid}
                id={contact.uid}
                name={name}
                account={contact.account}
                text={said(contact)}
                {...(isStrangerAsking(contact) && { href: `#${directConversation(contact.uid)}` })}
                accept={() => void session.accept(contact.uid)}
                decline={() => void session.decline(contact.uid)}
              />
            )
          })}
          {invitations.map(({ conversation, title, inviter }) => (
            <Request
              key={conversation}
              id={conversation}
              name={title}
              text={speech.say('invitesYou', { name: session.people.name(inviter) || speech.say('unknownPerson') })}
              accept={() => void session.attempt(groups.accept(conversation)).then(done => done && go(conversation))}
              decline={() => void session.attempt(groups.decline(conversation))}
            />
          ))}
          {asked.map(contact => (
            <li key={contact.uid} class="item person ask">
              <Avatar id={contact.uid} name={nameOf(contact)} />
              <span class="grow">
                <span class="name">
                  <bdi>{nameOf(contact)}</bdi>
                </span>
                <AccountLine account={contact.account} />
                <small>{speech.say('requestWaits')}</small>
              </span>
              <Button kind="quiet" small onClick={() => void session.attempt(contacts.cancel(contact.uid))}>
                {speech.say('takeBack')}
              </Button>
            </li>
          ))}
        </ul>
      )}
    </Side>
  )
}

function AccountLine({ account }: { account: string }) {
  return (
    <small>
      <bdi>@{account}</bdi>
    </small>
  )
}

interface RequestProps {
  readonly id: number | string
  readonly name: string
  /** A person's account, as a shown name can be that of somebody else. */
  readonly account?: string
  readonly text: string
  /** The chat, if there is one already. */
  readonly href?: string
  readonly accept: () => void
  readonly decline: () => void
}

function Request({ id, name, account, text, href, accept, decline }: RequestProps) {
  const speech = useSpeech()
  return (
    <li class="item person ask">
      <Avatar id={id} name={name} group={typeof id === 'string'} />
      <span class="grow">
        <span class="name">
          <bdi>{href === undefined ? name : <a href={href}>{name}</a>}</bdi>
        </span>
        {account !== undefined && <AccountLine account={account} />}
        <small dir="auto">{text}</small>
      </span>
      <Button kind="primary" small onClick={accept}>
        {speech.say('accept')}
      </Button>
      <IconButton icon="close" label={`${speech.say('decline')}: ${name}`} onClick={decline} />
    </li>
  )
}
