// Puts the parts of a client together. Each is handed what it needs; what they need of each other, in a circle, goes by calls.
import {
  type ConversationId,
  directConversation,
  isRoomConversation,
  peerOf,
} from '../../../protocol/conversation-id.js'
import type { Frame, RoomHead } from '../../../protocol/generated/messages.js'
import { METHODS } from '../../../protocol/methods.js'
import { Backoff } from '../base/backoff.js'
import type { Emitter } from '../base/emitter.js'
import type { LongwireError } from '../base/errors.js'
import type { Lifetime } from '../base/lifetime.js'
import type { Operation } from '../base/operation.js'
import { Calls } from '../connection/calls.js'
import { type ConnectionStatus, Connector } from '../connection/connector.js'
import { Identity } from '../connection/identity.js'
import { KnownEndpoints } from '../connection/known-endpoints.js'
import { Ladder } from '../connection/ladder.js'
import { ServerTime } from '../connection/server-time.js'
import { Acks } from '../rules/acks.js'
import type { Other, Standing } from '../rules/beginnings.js'
import { Boards } from '../rules/boards.js'
import { ChatList } from '../rules/chats.js'
import { ContactList } from '../rules/contact-list.js'
import { ConversationList, PreferencesList } from '../rules/conversation-list.js'
import type { ClientEvents } from '../rules/events.js'
import { FirstScreen } from '../rules/first-screen.js'
import { GroupList } from '../rules/group-list.js'
import { Inbox } from '../rules/inbox.js'
import { LocalCopy } from '../rules/local-copy.js'
import { Past } from '../rules/past.js'
import { Posted } from '../rules/posted.js'
import { Receipts } from '../rules/receipts.js'
import { RoomInbox } from '../rules/room-inbox.js'
import { RoomList } from '../rules/room-list.js'
import { Sender } from '../rules/sender.js'
import { Shown } from '../rules/shown.js'
import { Signals } from '../rules/signals.js'
import { UnreadTally } from '../rules/unread-tally.js'
import { Commits } from '../storage/commits.js'
import type { Config } from './options.js'

/** Waits of refusals that say "retry" on a connection that works. */
const RETRY = { baseMs: 250, capMs: 10_000 }

/** The calls by which the parts tell the client itself of events. */
export interface WiringHost {
  readonly lifetime: Lifetime
  readonly events: Emitter<ClientEvents>
  /** Something is to be flushed soon. */
  readonly wake: () => void
  readonly storageFailed: (error: Error) => void
  readonly sessionEnded: (code: number) => void
  readonly status: (status: ConnectionStatus) => void
}

interface Rules {
  readonly commits: Commits
  readonly identity: Identity
  readonly endpoints: KnownEndpoints
  readonly receipts: Receipts
  readonly shown: Shown
  readonly contacts: ContactList
  readonly groups: GroupList
  readonly conversations: ConversationList
  readonly preferences: PreferencesList
  readonly rooms: RoomList
  readonly boards: Boards
  readonly posted: Posted
  readonly acks: Acks
  readonly sender: Sender
  readonly inbox: Inbox
  readonly past: Past
  readonly tally: UnreadTally
  readonly chats: ChatList
  readonly firstScreen: FirstScreen
  readonly copy: LocalCopy
}

interface Connection {
  readonly connectionCode: (frame: Frame) => void
  readonly beginAgain: () => void
  /** The server's time. */
  readonly now: () => number
}

export interface Parts extends Rules {
  readonly calls: Calls
  readonly signals: Signals
  readonly serverTime: ServerTime
  readonly connector: Connector
}

export function wire(config: Config, host: WiringHost): Parts {
  const { clock, random } = config
  const connectionCode = (frame: Frame): void => connector.code(frame)
  const calls = new Calls({ clock, backoff: new Backoff(random, RETRY), connectionCode, wake: host.wake }, config)
  const serverTime = new ServerTime(clock)
  const now = (): number => serverTime.now()
  const rules = rulesOf(config, host, calls, { connectionCode, now, beginAgain: () => connector.beginAgain() })
  const signals = signalsOf(config, host, rules, connectionCode)
  const connector: Connector = connectorOf(config, host, rules, { calls, signals, serverTime })
  return { ...rules, calls, signals, serverTime, connector }
}

/** Stops the parts: nothing is promised from here on, and what waits is told so. */
export function stop({ connector, calls, sender }: Parts, why: LongwireError): void {
  connector.stop(why.reason)
  calls.clear(why)
  sender.end(why, why.reason === 'STORAGE_FAILED')
}

function rulesOf(config: Config, host: WiringHost, calls: Calls, connection: Connection): Rules {
  const { connectionCode, now, beginAgain } = connection
  const { storage, clock, random, transports } = config
  const { events, wake, lifetime } = host
  const commits = new Commits(storage, wake, host.storageFailed)
  const identity = new Identity(commits)
  const endpoints = new KnownEndpoints(transports, { clock, random, commits, connectionCode })
  const receipts = new Receipts(commits, events)
  const shown = new Shown()
  const touched = (conversation: ConversationId): void => chats.touched(conversation)
  const contacts = new ContactList(commits, contact => {
    events.emit('contact', contact)
    touched(directConversation(contact.uid))
  })
  const groups = new GroupList(commits, group => {
    events.emit('group', group)
    touched(group.conversation)
  })
  const conversations = new ConversationList(commits, state => {
    events.emit('conversation', state)
    touched(state.conversation)
  })
  const preferences = new PreferencesList(commits, state => events.emit('preferences', state))
  const rooms = new RoomList(commits, room => events.emit('room', room))
  const boards = new Boards({ commits, calls, identity, rooms, clock, random, events })
  const posted = new Posted(commits, receipts)
  const wasRead = (conversation: ConversationId): void => chats.recount(conversation)
  const acks = new Acks({ clock, commits, shown, receipts, conversations, wake, wasRead }, config)
  const sender: Sender = new Sender(
    {
      commits,
      receipts,
      clock,
      now,
      backoff: new Backoff(random, RETRY),
      standing: other => standingOf(other, { contacts, groups, rooms }),
      emitState: event => {
        events.emit('messageState', event)
        touched(event.conversation)
      },
      accepted: (message, from, version) => inbox.accepted(message, from, version),
      expected: version => inbox.expected(version),
      did: (method, sendSeq, request) => {
        posted.did(identity.device, sendSeq, method)
        if (method === 'setConversation') conversations.onTaken(request as unknown as Operation<typeof method>)
        else if (method === 'setPreferences') preferences.onTaken(request as unknown as Operation<typeof method>)
      },
      failed: (message, code) => inbox.failed(message, code),
      renewed: token => identity.renewToken(token),
      connectionCode,
      wake,
    },
    config,
  )
  const inbox: Inbox = new Inbox({
    commits,
    contacts,
    groups,
    conversations,
    preferences,
    rooms: new RoomInbox({ commits, identity, events, rooms, boards, changed: room => sender.changed(room) }),
    posted,
    receipts,
    shown,
    acks,
    sender,
    clock,
    backoff: new Backoff(random, RETRY),
    identity,
    events,
    fromHead: config.firstScreen,
    wasRead,
    resync: () => copy.resync(),
    applied: (version, whole) => copy.applied(version, whole),
    connectionCode,
    wake,
  })
  const past = new Past({
    lifetime,
    identity,
    storage,
    commits,
    calls,
    shown,
    acks,
    followUps: inbox.followUps,
    applied: () => inbox.timeline.applied,
  })
  const tally = new UnreadTally({ commits, calls, identity, acks, past })
  const chats: ChatList = new ChatList({
    commits,
    calls,
    identity,
    contacts,
    groups,
    conversations,
    receipts,
    posted,
    sender,
    acks,
    followUps: inbox.followUps,
    past,
    tally,
    isWanted: config.firstScreen,
    present: message => inbox.present(message),
    applied: () => inbox.timeline.applied,
    emit: conversation => events.emit('chat', chats.get(conversation)),
    emitAll: () => events.emit('chats', {}),
  })
  if (config.firstScreen) {
    commits.watch(chats)
    inbox.followUps.watch(chats)
  }
  const firstScreen = new FirstScreen({
    commits,
    calls,
    inbox,
    past,
    chats,
    isWanted: config.firstScreen,
    whole: () => copy.stateWhole(),
  })
  const copy: LocalCopy = new LocalCopy({
    commits,
    events,
    identity,
    endpoints,
    contacts,
    groups,
    conversations,
    preferences,
    rooms,
    posted,
    receipts,
    shown,
    acks,
    sender,
    inbox,
    past,
    chats,
    firstScreen,
    beginAgain,
  })
  const lists = { contacts, groups, conversations, preferences, rooms }
  return {
    commits,
    identity,
    endpoints,
    receipts,
    shown,
    ...lists,
    boards,
    posted,
    acks,
    sender,
    inbox,
    past,
    tally,
    chats,
    firstScreen,
    copy,
  }
}

function signalsOf(
  { clock }: Config,
  { events, wake }: WiringHost,
  rules: Rules,
  connectionCode: (frame: Frame) => void,
): Signals {
  const standing = (conversation: ConversationId): Standing => {
    const peer = peerOf(conversation)
    if (peer === undefined) return standingOf(conversation, rules)
    const { state, stranger } = rules.contacts.get(peer) ?? {}
    if (state === 'friend') return 'stands'
    // Of two strangers who have both written typing is told, and no presence.
    return stranger === 'open' ? 'between' : 'ended'
  }
  const onHead = (conversation: string, head: RoomHead): void => rules.boards.onHead(conversation, head)
  const signals = new Signals({ clock, events, standing, onHead, connectionCode, wake })
  events.on('contact', () => signals.changed())
  events.on('group', () => signals.changed())
  events.on('room', () => signals.changed())
  return signals
}

/** How far a friendship, a membership or a listening is. */
function standingOf(other: Other, { contacts, groups, rooms }: Pick<Rules, 'contacts' | 'groups' | 'rooms'>): Standing {
  if (typeof other === 'number') return contacts.standing(other)
  return isRoomConversation(other) ? rooms.standing(other) : groups.standing(other)
}

function connectorOf(
  config: Config,
  host: WiringHost,
  rules: Rules,
  { calls, signals, serverTime }: Pick<Parts, 'calls' | 'signals' | 'serverTime'>,
): Connector {
  const { clock, random, reconnectBaseMs, reconnectCapMs, transports } = config
  const { commits, identity, endpoints, acks, sender, inbox, copy, firstScreen, boards } = rules
  return new Connector(
    {
      ladder: new Ladder(transports, clock, random, endpoints.draw),
      endpoints,
      clock,
      commits,
      identity,
      backoff: new Backoff(random, { baseMs: reconnectBaseMs, capMs: reconnectCapMs }),
      since: () => inbox.timeline.applied,
      fromHead: () => firstScreen.isDue,
      signedIn: (session, what) => copy.signedIn(session, what),
      hasHello: link => {
        sender.connected(link)
        calls.connected(link)
        signals.connected(link)
        boards.connected()
        endpoints.connected(link)
      },
      greeted: (link, response) => {
        serverTime.greeted(response)
        copy.greeted(link, response)
      },
      notice: frame => {
        if (frame.method === METHODS.push.number) inbox.onPush(frame)
        else if (frame.method === METHODS.notify.number) inbox.onNotify(frame)
        else if (frame.method === METHODS.signal.number) signals.onSignal(frame)
      },
      draining: () => {
        for (const part of [sender, inbox, calls, signals]) part.drain()
      },
      parting: () => acks.tell(),
      disconnected: () => {
        for (const part of [sender, inbox, calls, acks, endpoints, signals, boards]) part.disconnected()
      },
      resync: () => copy.resync(),
      sessionEnded: host.sessionEnded,
      status: host.status,
      wake: host.wake,
    },
    config,
  )
}
