/** Friendships and blocks: both sides say the same, unless one has still to hear of the other's last act. */

import { ContactState } from '../../protocol/generated/messages.js'
import type { StoreView } from '../store/view.js'
import { pairOut } from '../sync/record-kinds.js'
import { isListed } from '../sync/rules/contact-records.js'
import { deviceWindow } from '../sync/rules/device-window.js'
import { type ContactRecord, contact, contactIndex, given, profile, userActor } from '../sync/rules/records.js'
import type { Findings, NamedRecord } from './findings.js'
import { isOwn, recordOf } from './reader.js'

export class FriendCheck {
  readonly #view: StoreView
  readonly #findings: Findings
  /** The user whose contacts are being read, and the uids that its index lists. */
  #index: { readonly uid: number; readonly listed: ReadonlySet<number> } = { uid: 0, listed: new Set() }

  constructor(view: StoreView, findings: Findings) {
    this.#view = view
    this.#findings = findings
  }

  record({ uid, prefix, id, bytes }: NamedRecord): void {
    if (uid === 0) return
    if (prefix === contact.prefix) this.#contact(uid, Number(id), contact.decode(bytes))
    else if (prefix === contactIndex.prefix) this.#listed(uid, contactIndex.decode(bytes))
    else if (prefix === given.prefix) this.#given(uid, Number(id), bytes)
  }

  #contact(uid: number, other: number, mine: ContactRecord): void {
    // What a deleted account still has goes in slices, and is nobody's any more.
    if (this.#isGone(uid)) return
    // The store's own users keep no index.
    if (!isOwn(uid) && isListed(mine) && !this.#indexOf(uid).has(other)) {
      this.#findings.fault(`contact ${other} of user ${uid} is not in the user's index`)
    }
    if (mine.state === ContactState.FRIEND && uid < other && !isOwn(uid)) this.#findings.counts.friendships += 1
    if (this.#underWay(uid, other) || this.#underWay(other, uid)) return
    const theirs = recordOf(this.#view, userActor(other), contact, uid)
    const theirState = theirs?.state ?? ContactState.UNSPECIFIED
    const pair = `users ${uid} and ${other}`
    if (mine.state === ContactState.FRIEND && theirState !== ContactState.FRIEND) {
      this.#findings.fault(`${pair}: the first is a friend of the second, the second not of the first`)
    }
    if (mine.state === ContactState.INVITED && (theirState !== ContactState.REQUESTED || theirs?.own !== mine.theirs)) {
      this.#findings.fault(`${pair}: the first was invited with request ${mine.theirs}, which the second did not make`)
    }
    const theirMet = theirs?.met ?? 0
    if (!this.#isGone(other) && mine.wrote !== theirMet) {
      this.#findings.fault(
        `${pair}: the first wrote without being a friend, as number ${mine.wrote}; the second knows of ${theirMet}`,
      )
    }
    // A deleted account knows nothing any more, also not by whom it is blocked.
    if (!this.#isGone(other) && mine.blocked !== (theirs?.blockedBy ?? false)) {
      this.#findings.fault(
        `${pair}: the first ${mine.blocked ? 'blocks' : 'does not block'} the second, who knows otherwise`,
      )
    }
  }

  #listed(uid: number, listed: readonly number[]): void {
    if (new Set(listed).size !== listed.length) this.#findings.fault(`the index of user ${uid} has a contact twice`)
    for (const other of listed) {
      const record = recordOf(this.#view, userActor(uid), contact, other)
      if (record === undefined || !isListed(record))
        this.#findings.fault(`the index of user ${uid} has ${other}, who is no contact`)
    }
  }

  /** Checks that a peer's mark is not above what this user has sent. */
  #given(uid: number, peer: number, bytes: Uint8Array): void {
    const { delivered, read } = given.decode(bytes)
    for (const [device, sendSeq] of [...Object.entries(delivered), ...Object.entries(read)]) {
      const window = recordOf(this.#view, userActor(uid), deviceWindow, Number(device))
      if (window !== undefined && sendSeq > window.last) {
        this.#findings.fault(`user ${peer} has stored ${sendSeq} of ${uid}/${device}, which has sent ${window.last}`)
      }
    }
  }

  #indexOf(uid: number): ReadonlySet<number> {
    if (this.#index.uid !== uid) {
      this.#index = { uid, listed: new Set(recordOf(this.#view, userActor(uid), contactIndex) ?? []) }
    }
    return this.#index.listed
  }

  #isGone(uid: number): boolean {
    return recordOf(this.#view, userActor(uid), profile)?.deleted === true
  }

  #underWay(source: number, target: number): boolean {
    const out = recordOf(this.#view, userActor(source), pairOut, userActor(target))
    return out !== undefined && out.sent !== out.settled
  }
}
