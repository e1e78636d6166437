/**
 * ConversationService: what a user has read, how the user arranges conversations (sync/rules/read-state.ts), and who reacted. Also
 * serves Delete and Clear of MessageService (sync/rules/deletions.ts).
 */
import { CODES } from '../../protocol/codes.js'
import { isConversationId } from '../../protocol/conversation-id.js'
import {
  type ConversationsRequest,
  encodeReactionsResponse,
  encodeReadByResponse,
  encodeUnreadResponse,
  type HistoryRequest,
  type ReactionsRequest,
  type ReadByRequest,
  type UnreadRequest,
} from '../../protocol/generated/messages.js'
import { REACTORS_PAGE_MAX } from '../../protocol/limits.js'
import { METHODS, type RequestMethod } from '../../protocol/methods.js'
import { CHANGE_FORMS } from '../cluster/node-status.js'
import type { Defer } from '../lib/turn.js'
import type { Limits } from '../ops/rate-limits.js'
import type { Store } from '../store/types.js'
import type { Engine } from '../sync/engine.js'
import { done } from '../sync/outcome.js'
import { groupActor } from '../sync/references.js'
import { clearConversation, deleteMessages } from '../sync/rules/deletions.js'
import { gidOf } from '../sync/rules/group-records.js'
import { chainOf } from '../sync/rules/message-search.js'
import type { Answer, Numbered } from '../sync/rules/numbered.js'
import { markRead, readersOf, setConversation, setPreferences, unreadMarks } from '../sync/rules/read-state.js'
import { userActor } from '../sync/rules/records.js'
import type { Transition } from '../sync/types.js'
import { answerNumbered, answerWith, refuse, refuseLimited } from './answers.js'
import type { ContentHash } from './content-hash.js'
import type { NumberedRequest, Serve } from './group-service.js'
import { history } from './history.js'
import { isPlace, NO_MESSAGE, pairIn, placeOf } from './places.js'
import { directReactors, groupReactors } from './reactors.js'
import { Refused } from './refused.js'
import { chargeSearch, chargeVainSearch, searchWait } from './request-limits.js'
import { SCREEN_WALKS, screen } from './screen.js'
import type { Caller } from './types.js'
import { countDirect, countGroup, groupMessageIn } from './unread-count.js'
import { beginWalk, slices, type WalkParts } from './walks.js'
import { namesMessage } from './written.js'

export interface ConversationParts {
  readonly engine: Engine
  /** The engine's store, for walks along a conversation. */
  readonly store: Store
  readonly defer: Defer
  readonly limits: Limits
  readonly contentHash: ContentHash
  /** The newest forms of stored data that all nodes on the store read. */
  readonly forms: () => number
}

interface Asked extends Numbered {
  readonly uid: number
}

export class ConversationService {
  readonly #engine: Engine
  readonly #store: Store
  readonly #defer: Defer
  readonly #limits: Limits
  readonly #contentHash: ContentHash
  readonly #forms: () => number

  constructor({ engine, store, defer, limits, contentHash, forms }: ConversationParts) {
    this.#forms = forms
    this.#engine = engine
    this.#store = store
    this.#defer = defer
    this.#limits = limits
    this.#contentHash = contentHash
  }

  /** Names the handler of each method. */
  serve(on: Serve): void {
    /** @param inputOf the input of a request; undefined if a value is outside its limits */
    const act = <Q extends NumberedRequest, I extends Asked>(
      method: RequestMethod<Q>,
      transition: Transition<I, Answer>,
      inputOf: (asked: Asked, request: Q) => NoInfer<I> | undefined,
    ): void => {
      const searches = method.number === METHODS.delete.number
      on(method, (caller, id, request) => {
        const { uid, device } = caller
        if (searches && refuseLimited(caller, id, searchWait(this.#limits, uid))) return
        const hash = this.#contentHash.of(method, request)
        const input = inputOf({ uid, device, sendSeq: request.sendSeq, hash }, request)
        if (input === undefined) refuse(caller, id, CODES.INVALID_ARGUMENT.code)
        else {
          this.#engine.submit(userActor(uid), transition, input, outcome => {
            answerNumbered(caller, id, outcome)
            if (searches) chargeSearch(this.#limits, uid, outcome)
          })
        }
      })
    }
    act(METHODS.markRead, markRead, (asked, { conversation, number }) => {
      const gid = gidOf(conversation)
      return gid === undefined ? undefined : { ...asked, gid, number }
    })
    act(METHODS.setConversation, setConversation, (asked, { conversation, settings }) => {
      return isConversationId(conversation) && settings !== undefined ? { ...asked, conversation, settings } : undefined
    })
    act(METHODS.setPreferences, setPreferences, (asked, { preferences }) => {
      return preferences === undefined ? undefined : { ...asked, wanted: preferences }
    })
    act(METHODS.delete, deleteMessages, (asked, { conversation, messages }) => {
      if (!isPlace(conversation) || messages.length === 0) return undefined
      const pair = pairIn(placeOf(conversation), asked.uid)
      const areNamed = messages.every(message => namesMessage(message, pair))
      return areNamed ? { ...asked, conversation, messages, early: this.#forms() < CHANGE_FORMS } : undefined
    })
    act(METHODS.clear, clearConversation, (asked, { conversation, upTo }) =>
      isPlace(conversation) ? { ...asked, conversation, upTo, early: this.#forms() < CHANGE_FORMS } : undefined,
    )
    on(METHODS.readBy, (caller, id, request) => answerWith(caller, id, this.#readBy(caller, request)))
    on(METHODS.reactions, (caller, id, request) => answerWith(caller, id, this.#reactions(caller, request)))
    on(METHODS.conversations, (caller, id, request) => answerWith(caller, id, this.#conversations(caller, request)))
    on(METHODS.history, (caller, id, request) => answerWith(caller, id, this.#history(caller, request)))
    on(METHODS.unread, (caller, id, request) => answerWith(caller, id, this.#unread(caller, request)))
  }

  async #readBy({ uid }: Caller, { conversation, number }: ReadByRequest): Promise<Uint8Array> {
    const gid = gidOf(conversation)
    if (gid === undefined) throw new Refused(CODES.NO_SUCH_GROUP.code)
    const group = groupActor(gid)
    const { code, uids } = done(await this.#engine.run(group, readersOf, { uid, number }))
    if (code !== CODES.OK.code) throw new Refused(code)
    const [entry] = await this.#store.entries(group, [number])
    const author = groupMessageIn(entry?.bytes)?.sender
    if (author === undefined) throw new Refused(CODES.NO_SUCH_MESSAGE.code)
    const readers = uids.filter(reader => reader !== author).map(reader => ({ uid: reader }))
    return encodeReadByResponse({ readers })
  }

  async #reactions({ uid }: Caller, request: ReactionsRequest): Promise<Uint8Array> {
    const { conversation, message = NO_MESSAGE, kind, after } = request
    const place = placeOf(conversation)
    const parts = this.#beginWalk(uid)
    if (!namesMessage(message, pairIn(place, uid))) throw new Refused(CODES.NO_SUCH_MESSAGE.code)
    const asked = { uid, number: message.number, kind, after, limit: REACTORS_PAGE_MAX }
    const found =
      'peer' in place
        ? await directReactors(parts, place.peer, message, asked)
        : await groupReactors(this.#engine, parts, place.gid, asked)
    const reactors = found.page.map(reactor => ({
      uid: reactor.uid,
      reactions: reactor.kinds.map(each => ({ kind: each, count: 1, mine: false })),
    }))
    return encodeReactionsResponse({ reactors, next: found.next })
  }

  async #unread({ uid }: Caller, { conversation }: UnreadRequest): Promise<Uint8Array> {
    if (!isConversationId(conversation)) throw new Refused(CODES.INVALID_ARGUMENT.code)
    const parts = this.#beginWalk(uid)
    const actor = userActor(uid)
    const marks = done(await this.#engine.run(actor, unreadMarks, { uid, conversation }))
    if (marks.kind === 'refused') throw new Refused(marks.code)
    const walked = slices(parts, actor, chainOf(conversation), marks.cleared)
    if (marks.kind === 'direct') {
      const unread = await countDirect(walked, marks)
      return encodeUnreadResponse({ unread, mentions: 0, firstMention: 0, read: 0 })
    }
    const { read } = marks
    return encodeUnreadResponse({ ...(await countGroup(parts, actor, walked, marks)), read })
  }

  async #conversations({ uid }: Caller, request: ConversationsRequest): Promise<Uint8Array> {
    const parts = { ...this.#beginWalk(uid, SCREEN_WALKS), engine: this.#engine }
    return screen({ ...parts, lists: this.#store }, userActor(uid), request)
  }

  async #history({ uid }: Caller, request: HistoryRequest): Promise<Uint8Array> {
    const { conversation } = request
    if (!isConversationId(conversation)) throw new Refused(CODES.INVALID_ARGUMENT.code)
    const searchedInVain = (): void => chargeVainSearch(this.#limits, uid)
    const parts = { ...this.#beginWalk(uid), engine: this.#engine, searchedInVain }
    return history(parts, userActor(uid), conversation, request)
  }

  #beginWalk(uid: number, cost?: number): WalkParts {
    return beginWalk({ store: this.#store, defer: this.#defer, limits: this.#limits }, uid, cost)
  }
}
