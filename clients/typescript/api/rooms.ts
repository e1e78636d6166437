// The things that a user can do in rooms. A numbered request is in the send queue like a message. Its outcome comes back as items, to every
// device: the room as the user is in it, or a failure. Posts are in nobody's timeline: they are read from the server.
import { CODES } from '../../../protocol/codes.js'
import type { ConversationId } from '../../../protocol/conversation-id.js'
import { createRoomServicePostRequest } from '../../../protocol/generated/messages.js'
import {
  GROUP_CODE_BYTES_MAX,
  GROUP_TITLE_BYTES_MAX,
  INTEGER_MAX,
  METADATA_BYTES_MAX,
  ROOM_PAYLOAD_BYTES_MAX,
  ROOM_POSTS_MAX,
  TEXT_BYTES_MAX,
} from '../../../protocol/limits.js'
import { checkBytes, checkCount, checkFlag, checkText, checkUid, checkWord, roomNamed } from '../base/arguments.js'
import { NO_BYTES } from '../base/bytes.js'
import { LongwireError } from '../base/errors.js'
import type { Lifetime } from '../base/lifetime.js'
import type { Operate } from '../base/operation.js'
import { KIND_ITEMS, kindOf, type RoomKindName, SET_ROLE_ITEMS, type SettableRoomRole } from '../base/room-words.js'
import type { Calls } from '../connection/calls.js'
import type { Boards } from '../rules/boards.js'
import { attachmentOf, contentItem } from '../rules/content.js'
import { storedMessage } from '../rules/extras.js'
import type { Message } from '../rules/messages.js'
import type { Room, RoomList } from '../rules/room-list.js'
import type { StoredMessage } from '../storage/storage.js'
import type { SendOptions } from './outgoing.js'

export interface RoomRules {
  /** Whether all who listen publish; else the owner, and whom the owner makes a publisher. */
  readonly allPublish: boolean
  /** Whether only who knows the code may begin to listen. */
  readonly codeNeeded: boolean
}

/** A room as the server knows it. */
export interface RoomProfile {
  readonly title: string
  readonly kind: RoomKindName
  readonly rules: RoomRules
  /** The owner's uid. */
  readonly owner: number
  /** The number of those who listen. */
  readonly listeners: number
  /** The uids of the publishers that are named; for listeners. */
  readonly publishers: readonly number[]
  /** The code to listen by; for the owner, where one is needed. */
  readonly code: string
  /** Milliseconds since 1970. */
  readonly createdAtMs: number
  readonly closed: boolean
  /** The number of the newest post; for listeners. */
  readonly head: number
}

/** What goes with a post beside its text. */
export type PostOptions = Pick<SendOptions, 'content' | 'metadata'>

/** Which posts: those right below `before`, those right above `after`, or the newest. */
export interface PostsRange {
  readonly before?: number
  readonly after?: number
  readonly limit?: number
}

export interface PostsPage {
  /** The oldest first. A removed post says so in `changed`, and has no text. */
  readonly posts: readonly Message[]
  readonly more: boolean
  /** The number of the board's newest post. */
  readonly head: number
}

export interface RoomsHost {
  readonly list: RoomList
  readonly boards: Boards
  readonly calls: Calls
  readonly lifetime: Lifetime
  readonly operate: Operate
  readonly present: (message: StoredMessage) => Message
}

const NO_RULES: RoomRules = { allPublish: false, codeNeeded: false }

/**
 * The rooms of the user, from local state, and what can be done in them. Posts are not stored. The promise of a request that changes something
 * resolves when the server has taken the request, and rejects with its final refusal. The room itself decides a moment later: `room` events
 * tell what changed, `roomFailed` what the room refused.
 */
export class Rooms {
  readonly #host: RoomsHost

  /** @internal */
  constructor(host: RoomsHost) {
    this.#host = host
  }

  /** Makes a room, with this user as its owner. @returns its id */
  create(title: string, kind: RoomKindName = 'board', rules: RoomRules = NO_RULES): Promise<ConversationId> {
    let made = ''
    const asked = this.#host.operate(
      'roomCreate',
      () => {
        checkTitle(title)
        checkWord('kind', kind, KIND_ITEMS)
        return { title, kind: KIND_ITEMS[kind], rules: checkedRules(rules) }
      },
      ({ conversation }) => {
        made = conversation
      },
    )
    const created = asked.then(() => made as ConversationId)
    // As with all other requests: an application that ignores the promise must not end by an unhandled rejection.
    created.catch(() => {})
    return created
  }

  /** Sets title and rules. @param newCode whether another code takes the place of the one that is known */
  set(room: ConversationId, title: string, rules: RoomRules, { newCode = false } = {}): Promise<void> {
    return this.#host.operate('roomSet', () => {
      checkTitle(title)
      checkFlag('newCode', newCode)
      return { ...named(room), title, rules: checkedRules(rules), newCode }
    })
  }

  /** Makes a listener a publisher or a plain one, or removes one; with `listener` one who was removed may come again. */
  setRole(room: ConversationId, uid: number, role: SettableRoomRole): Promise<void> {
    return this.#host.operate('roomSetRole', () => {
      checkUid('uid', uid)
      checkWord('role', role, SET_ROLE_ITEMS)
      return { ...named(room), uid, role: SET_ROLE_ITEMS[role] }
    })
  }

  /** Begins to listen. @param code the room's code, where one is needed */
  subscribe(room: ConversationId, code = ''): Promise<void> {
    return this.#host.operate('roomSubscribe', () => {
      checkText('code', code, GROUP_CODE_BYTES_MAX)
      return { ...named(room), code }
    })
  }

  unsubscribe(room: ConversationId): Promise<void> {
    return this.#host.operate('roomUnsubscribe', () => named(room))
  }

  /**
   * Puts a text on a board. Resolves when that is durable.
   * @param options what goes with the text: content of another kind, the application's own
   */
  post(room: ConversationId, text: string, options: PostOptions = {}): Promise<void> {
    return this.#host.operate('roomPost', () => {
      checkText('text', text, TEXT_BYTES_MAX, { bytesMin: 1, long: CODES.TEXT_TOO_LONG.code })
      const { content, metadata = NO_BYTES } = options
      checkBytes('metadata', metadata, METADATA_BYTES_MAX)
      const kind = content && contentItem(attachmentOf(content))
      const { sendSeq: _sendSeq, ...request } = createRoomServicePostRequest({
        ...named(room),
        text,
        metadata,
        ...(kind && { content: kind }),
      })
      return request
    })
  }

  /** Removes a post, by its number. */
  remove(room: ConversationId, number: number): Promise<void> {
    return this.#host.operate('roomRemove', () => {
      checkCount('number', number, 1, INTEGER_MAX)
      return { ...named(room), number }
    })
  }

  /** Ends the room, for all. A board can still be read. */
  close(room: ConversationId): Promise<void> {
    return this.#host.operate('roomClose', () => named(room))
  }

  /** The user has taken note of a board's posts up to this number. */
  confirm(room: ConversationId, upTo: number): Promise<void> {
    return this.#host.operate('roomConfirm', () => {
      checkCount('upTo', upTo, 1, INTEGER_MAX)
      return { ...named(room), upTo }
    })
  }

  /** The room as it is now, from the server. */
  get(room: ConversationId): Promise<RoomProfile> {
    const { lifetime, calls } = this.#host
    return lifetime.promise(async () => {
      const { kind, rules = NO_RULES, publishers, ...profile } = await calls.ask('roomGet', named(room))
      return { ...profile, kind: kindOf(kind), rules, publishers: publishers.map(({ uid }) => uid) }
    })
  }

  /** A page of a board's posts, from the server. They are not stored here. */
  posts(room: ConversationId, { before = 0, after = 0, limit = ROOM_POSTS_MAX }: PostsRange = {}): Promise<PostsPage> {
    const { lifetime, calls, present } = this.#host
    return lifetime.promise(async () => {
      checkCount('before', before, 0, INTEGER_MAX)
      checkCount('after', after, 0, before > 0 ? 0 : INTEGER_MAX)
      checkCount('limit', limit, 1, ROOM_POSTS_MAX)
      const { posts, more, head } = await calls.ask('roomPosts', { ...named(room), before, after, limit })
      return { posts: posts.map(post => present(storedMessage(room, 0, post))), more, head }
    })
  }

  /**
   * The rooms that the user listens to, or asks to, from local state. What the server says of each is stored with it: title, head and the
   * count of unconfirmed posts. On a device that has just learned of a room they are empty and 0, until the next `boards` event.
   */
  all(): Room[] {
    return this.#host.list.list()
  }

  /** A room by its id, from local state. One that the user has left is here too, as long as its item lives. */
  room(room: ConversationId): Room | undefined {
    return this.#host.list.get(room)
  }

  /** The rooms that the user listens to, with what is unconfirmed in each, from the server. It updates the local state. */
  list(): Promise<Room[]> {
    const { lifetime, boards } = this.#host
    return lifetime.promise(() => boards.compare())
  }

  /**
   * Switches on or off that the server tells of new posts as they come. It is on at first. An application in the background switches it off;
   * then the boards are compared every five minutes.
   */
  follow(follows: boolean): void {
    const { lifetime, boards } = this.#host
    lifetime.check()
    checkFlag('follows', follows)
    boards.follow(follows)
  }

  /** Sends something to those who look at a realtime room now. It may be lost. */
  publish(room: ConversationId, payload: Uint8Array): Promise<void> {
    const { lifetime, calls } = this.#host
    return lifetime.promise(async () => {
      checkBytes('payload', payload, ROOM_PAYLOAD_BYTES_MAX)
      if (payload.length === 0) throw LongwireError.argument('payload', 'is empty')
      await calls.ask('roomPublish', { ...named(room), payload })
    })
  }
}

function named(room: ConversationId): { readonly conversation: ConversationId } {
  return { conversation: roomNamed('room', room) }
}

function checkTitle(title: string): void {
  checkText('title', title, GROUP_TITLE_BYTES_MAX, { bytesMin: 1 })
}

function checkedRules({ allPublish, codeNeeded }: RoomRules): RoomRules {
  checkFlag('rules.allPublish', allPublish)
  checkFlag('rules.codeNeeded', codeNeeded)
  return { allPublish, codeNeeded }
}
