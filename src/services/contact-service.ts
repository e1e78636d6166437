/** ContactService. */

import {
  type ContactServiceListRequest,
  ContactState,
  encodeContactServiceListResponse,
} from '../../protocol/generated/messages.js'
import { CONTACTS_PAGE_MAX } from '../../protocol/limits.js'
import { METHODS, type RequestMethod } from '../../protocol/methods.js'
import type { Claim } from '../ops/claims.js'
import type { Limits } from '../ops/rate-limits.js'
import type { Engine } from '../sync/engine.js'
import {
  blockContact,
  CONTACT_ACTS,
  type ContactFields,
  type ContactInput,
  requestContact,
} from '../sync/rules/contact.js'
import { contactValue } from '../sync/rules/contact-records.js'
import type { Answer } from '../sync/rules/numbered.js'
import { contact, userActor } from '../sync/rules/records.js'
import type { Transition } from '../sync/types.js'
import { answerNumbered, refuseUnavailable } from './answers.js'
import type { ContentHash } from './content-hash.js'
import type { InOrder } from './in-order.js'
import { ranNow, tellsOfNonContact } from './request-limits.js'
import type { Caller } from './types.js'

/** The fields that the numbered requests of this service have in common. */
export interface ContactRequest extends ContactFields {
  readonly sendSeq: number
  readonly uid: number
}

type ContactTransition = Transition<ContactInput, Answer>

interface ContactAct {
  readonly method: RequestMethod<ContactRequest>
  readonly transition: ContactTransition
  readonly asked: ContactRequest
  /** The claim on the limit of contact requests; absent: it needs none. */
  readonly claim: Claim | undefined
}

/** Each numbered method of the service with the transition that it is: they all take the same input. */
export const CONTACT_METHODS = Object.entries(CONTACT_ACTS).map(
  ([name, transition]): readonly [RequestMethod<ContactRequest>, ContactTransition] => {
    return [METHODS[name as keyof typeof CONTACT_ACTS] as unknown as RequestMethod<ContactRequest>, transition]
  },
)

export interface ContactParts {
  readonly engine: Engine
  readonly limits: Limits
  readonly contentHash: ContentHash
  readonly order: InOrder
}

export class ContactService {
  readonly #engine: Engine
  readonly #limits: Limits
  readonly #contentHash: ContentHash
  readonly #order: InOrder

  constructor({ engine, limits, contentHash, order }: ContactParts) {
    this.#engine = engine
    this.#limits = limits
    this.#contentHash = contentHash
    this.#order = order
  }

  act(
    caller: Caller,
    id: number,
    method: RequestMethod<ContactRequest>,
    transition: ContactTransition,
    asked: ContactRequest,
  ): void {
    // What reaches, or makes a record of, somebody who was no contact.
    const isNew = transition === requestContact || transition === blockContact
    const claim = isNew ? this.#limits.claim(['contact-requests', caller.uid]) : undefined
    const run = (claim: Claim | undefined): void => this.#run(caller, id, { method, transition, asked, claim })
    if (!(claim instanceof Promise)) {
      run(claim)
      return
    }
    const release = this.#order.hold(caller)
    void claim.then(found => {
      run(found)
      release()
    })
  }

  #run(caller: Caller, id: number, { method, transition, asked, claim }: ContactAct): void {
    const { uid } = caller
    const limits = this.#limits
    const blind = limits.wait('look-ups', uid) > 0
    const { uid: other, ...fields } = asked
    const hash = this.#contentHash.of(method, asked)
    const limited = claim !== undefined && claim.waitMs > 0
    const input: ContactInput = { ...fields, uid, device: caller.device, hash, other, limited, blind }
    this.#engine.submit(userActor(uid), transition, input, outcome => {
      if (!ranNow(outcome)) claim?.giveBack()
      else if (!blind && tellsOfNonContact(outcome)) limits.charge('look-ups', uid)
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
        const contacts = page.filter(
          ({ state, stranger, blocked }) => state !== ContactState.UNSPECIFIED || stranger > 0 || blocked,
        )
        const next = found.length > CONTACTS_PAGE_MAX ? (page.at(-1)?.uid ?? 0) : 0
        caller.respond(id, encodeContactServiceListResponse({ contacts, next }))
      },
      () => refuseUnavailable(caller, id),
    )
  }
}
