/** The messages to groups that their authors take back, each under a text of its own, which can be found wherever it is. */

import { CODES, codeName } from '../../protocol/codes.js'
import { type Client, type GroupFailedEvent, LongwireError, type SentMessage } from '../typescript/index.js'
import type { Viewer } from './auditor.js'
import { REFUSALS_OF_CHURN } from './churn.js'
import type { Standing } from './group-auditor.js'

/** A message that its author takes back. */
export interface Recall {
  readonly message: SentMessage
  state: 'asked' | 'taken' | 'failed' | 'refused'
}

/** Refusals that kills and comings and goings explain: the author was out meanwhile, or came too late. */
const EXPECTED: ReadonlySet<string> = new Set([
  ...REFUSALS_OF_CHURN,
  ...[CODES.NO_SUCH_MESSAGE, CODES.TOO_LATE, CODES.SETTLED].map(({ code }) => codeName(code)),
])

const END = ';'.charCodeAt(0)

export class Recalls {
  /** The number of refused recalls that nothing explains, by the name of the code. */
  readonly refusals = new Map<string, number>()
  readonly #percent: number
  readonly #mark: string
  /** What is due, by the place of the message in the whole run. */
  readonly #asked = new Map<number, Recall>()
  /** The same by the conversation and the number of the message. */
  readonly #messages = new Map<string, Recall>()
  /** What was asked, by the device that asked and the number of the request there. */
  readonly #requests = new Map<string, Recall>()

  /** @param tag makes the texts of this run differ from those of any other */
  constructor(percent: number, tag: string) {
    this.#percent = percent
    this.#mark = `to be taken back ${tag} `
  }

  /** The recalls of which it is not known yet whether the server took them. */
  get unanswered(): number {
    return this.#all.filter(({ state }) => state === 'asked').length
  }

  /** The recalls that were neither refused nor failed. */
  get taken(): readonly Recall[] {
    return this.#all.filter(({ state }) => state === 'taken')
  }

  /** Whether a message stands. A refused recall may have been done before: only its outcome is forgotten. */
  standing(conversation: string, number: number): Standing {
    const state = this.#messages.get(`${conversation} ${number}`)?.state
    if (state === undefined || state === 'failed') return 'live'
    return state === 'taken' ? 'gone' : 'unsure'
  }

  /** Whether the message of this place in the whole run is taken back. Those places are spread evenly. */
  isDue(place: number): boolean {
    const before = (upTo: number): number => Math.floor((upTo * this.#percent) / 100)
    return before(place + 1) > before(place)
  }

  /** The text of a message that will be taken back; undefined for others. */
  marked(place: number): string | undefined {
    return this.isDue(place) ? `${this.#mark}${place};` : undefined
  }

  /** Takes a message back, whose number is known. */
  ask(client: Client, message: SentMessage, place: number): void {
    const recall: Recall = { message, state: 'asked' }
    this.#asked.set(place, recall)
    this.#messages.set(`${message.conversation} ${message.number}`, recall)
    this.#requests.set(`${message.sender}/${message.device}/${client.state().nextSendSeq}`, recall)
    client.messages.recall(message).then(
      () => {
        if (recall.state === 'asked') recall.state = 'taken'
      },
      error => {
        recall.state = 'refused'
        this.#refused(error instanceof LongwireError ? error.reason : String(error))
      },
    )
  }

  /** The group refused what the device asked for. */
  failed({ uid, device }: Viewer, { act, sendSeq, reason }: GroupFailedEvent): void {
    const recall = this.#requests.get(`${uid}/${device}/${sendSeq}`)
    if (act !== 'recall' || recall === undefined) return
    recall.state = 'failed'
    this.#refused(reason)
  }

  /** The recalls that were taken, and whose texts are in these bytes nevertheless. */
  leftIn(bytes: Uint8Array): Recall[] {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const left = new Set<Recall>()
    for (let at = buffer.indexOf(this.#mark); at >= 0; at = buffer.indexOf(this.#mark, at + 1)) {
      const start = at + this.#mark.length
      const recall = this.#asked.get(Number(buffer.toString('latin1', start, buffer.indexOf(END, start))))
      if (recall?.state === 'taken') left.add(recall)
    }
    return [...left]
  }

  get #all(): readonly Recall[] {
    return [...this.#asked.values()]
  }

  #refused(reason: string): void {
    if (!EXPECTED.has(reason)) this.refusals.set(reason, (this.refusals.get(reason) ?? 0) + 1)
  }
}
