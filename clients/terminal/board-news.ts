/** Says what happens on boards: which the user listens to, and what is unconfirmed there. */

import { codeText, type Room, type RoomFailedEvent } from '../typescript/index.js'
import { boardName, boardTitle, unconfirmedText } from './board-lines.js'

/** Shows a line, which is no message. */
type Say = (kind: 'notice' | 'wrong', text: string) => void

export class BoardNews {
  readonly #say: Say
  /** The boards as they were told last. */
  readonly #known = new Map<string, Room>()
  /** The boards on which something is unconfirmed, and this was said. */
  readonly #told = new Set<string>()

  constructor(say: Say) {
    this.#say = say
  }

  /** Says what waits when one comes in. */
  found(room: Room): void {
    this.#known.set(room.conversation, room)
    this.#unconfirmed(room)
  }

  /** A room is another than before. */
  room(room: Room): void {
    if (room.kind !== 'board') return
    const before = this.#known.get(room.conversation)
    // Its title comes a moment later.
    if (room.state === 'listening' && room.title === '') return
    this.#known.set(room.conversation, room)
    const title = boardTitle(room)
    if (room.state === 'listening' && before?.state !== 'listening') {
      const what = room.role === 'owner' ? 'is yours: /board post' : 'is there for you: /board read'
      this.#say('notice', `the board ${title} ${what} ${boardName(room)}`)
    }
    if (room.state === 'none' && before?.state === 'listening') this.#say('notice', `you listen to ${title} no longer`)
    if (room.closed && before?.closed === false) this.#say('notice', `the board ${title} has ended`)
    if (room.role === 'publisher' && before?.role === 'listener') this.#say('notice', `you may post on ${title} now`)
    this.#unconfirmed(room)
  }

  failed({ conversation, code }: RoomFailedEvent, title: string): void {
    this.#say('wrong', `not done on ${boardTitle({ title, conversation })}: ${codeText(code)}`)
  }

  /** Says that something is unconfirmed: once, until all is confirmed. */
  #unconfirmed(room: Room): void {
    if (room.kind !== 'board' || room.state !== 'listening' || room.unconfirmed === 0) {
      this.#told.delete(room.conversation)
    } else if (!this.#told.has(room.conversation)) {
      this.#told.add(room.conversation)
      this.#say('notice', `${unconfirmedText(room)} on ${boardTitle(room)}: /board read ${boardName(room)}`)
    }
  }
}
