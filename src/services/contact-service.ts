/** ContactService. */

import {
  type ContactServiceListRequest,
  ContactState,
  encodeContactServiceListResponse,
} from '../../protocol/generated/messages.js'
import { CONTACTS_PAGE_MAX } from '../../protocol/limits.js'
import { METHODS, type RequestMethod } from '../../protocol/methods.js'
import type { Limits } from '../ops/limits.js'
import type { Engine } from '../sync/engine.js'
import {
  acceptContact,
  blockContact,
  type ContactInput,
  cancelContact,
  contactValue,
  declineContact,
  removeContact,
  requestContact,
  unblockContact,
} from '../sync/rules/contact.js'
import type { Answer } from '../sync/rules/numbered.js'
import { contact, userActor } from '../sync/rules/records.js'
import type { Transition } from '../sync/types.js'
import { answerNumbered, refuseUnavailable } from './answers.js'
import type { Identity } from './identity.js'
import { ranNow, toldOfStranger } from './limiting.js'
import type { Caller } from './types.js'

/** The fields that the requests of this service have in common. */
export interface ContactRequest {
  readonly sendSeq: number
  readonly uid: number
  readonly request?: number
  readonly greeting?: string
}

type ContactTransition = Transition<ContactInput, Answer>

/** Every mutating method of the service is one transition, with the same input. */
export const CONTACT_ACTS: readonly (readonly [RequestMethod<ContactRequest>, ContactTransition])[] = (
  [
    [METHODS.contactRequest, requestContact],
    [METHODS.contactAccept, acceptContact],
    [METHODS.contactDecline, declineContact],
    [METHODS.contactCancel, cancelContact],
    [METHODS.contactRemove, removeContact],
    [METHODS.contactBlock, blockContact],
    [METHODS.contactUnblock, unblockContact],
  ] as const
).map(([method, transition]) => [method as unknown as RequestMethod<ContactRequest>, transition])

export class ContactService {
  readonly #engine: Engine
  readonly #limits: Limits
  readonly #identity: Identity

  constructor(engine: Engine, limits: Limits, identity: Identity) {
    this.#engine = engine
    this.#limits = limits
    this.#identity = identity
  }

  act(
    caller: Caller,
    id: number,
    method: RequestMethod<ContactRequest>,
    transition: ContactTransition,
    asked: ContactRequest,
  ): void {
    const { uid } = caller
    const limits = this.#limits
    // What reaches, or makes a record of, somebody who was no contact.
    const isNew = transition === requestContact || transition === blockContact
    const limited = isNew && limits.take('contact-requests', uid) > 0
    const blind = limits.wait('look-ups', uid) > 0
    const input: ContactInput = {
      uid,
      device: caller.device,
      sendSeq: asked.sendSeq,
      hash: this.#identity.of(method, asked),
      other: asked.uid,
      request: asked.request ?? 0,
      greeting: asked.greeting ?? '',
      limited,
      blind,
    }
    this.#engine.submit(userActor(uid), transition, input, outcome => {
      if (!ranNow(outcome)) {
        if (isNew && !limited) limits.giveBack('contact-requests', uid)
      } else if (!blind && toldOfStranger(outcome)) {
        limits.charge('look-ups', uid)
      }
      answerNumbered(caller, id, outcome)
    })
  }

  list(caller: Caller, id: number, { after }: ContactServiceListRequest): void {
    const actor = userActor(caller.uid)
    const prefix = `${contact.prefix}/`
    const from = after === 0 ? null : `${prefix}${after}`
    this.#engine.scan(actor, prefix, from, CONTACTS_PAGE_MAX + 1).then(
      found => {
        const page = found
          .slice(0, CONTACTS_PAGE_MAX)
          .map(({ name, bytes }) => contactValue(Number(name.slice(prefix.length)), contact.decode(bytes)))
        const contacts = page.filter(({ state, blocked }) => state !== ContactState.UNSPECIFIED || blocked)
        const next = found.length > CONTACTS_PAGE_MAX ? (page.at(-1)?.uid ?? 0) : 0
        caller.respond(id, encodeContactServiceListResponse({ contacts, next }))
      },
      () => refuseUnavailable(caller, id),
    )
  }
}
