/** The phase of a run that makes the boards: owners create them, everybody else subscribes, and owners name publishers. */
import { messageOf } from '../../src/lib/error-message.js'
import type { Room } from '../typescript/index.js'
import type { Person } from './crowd.js'
import type { Circle } from './gathering.js'
import type { Phase } from './phase.js'

/** The listeners of a board, its owner among them; fewer if there are fewer people. */
export const BOARD_LISTENERS = 10

/** The publishers of a board, its owner among them. */
export const BOARD_PUBLISHERS = 3

/** The first members of a board post: the owner, and who is made a publisher. */
export function publishersOf({ members }: Circle): readonly Person[] {
  return members.slice(0, BOARD_PUBLISHERS)
}

export class BoardOpening implements Phase {
  readonly name = 'boards'
  readonly #boards: readonly Circle[]
  readonly #onFailure: (message: string) => void
  /** Who listens where, as a publisher or not, by what the first device was told. */
  readonly #listening = new Set<string>()
  readonly #publishing = new Set<string>()
  #steps = 0
  #done: () => void = () => {}

  constructor(boards: readonly Circle[], onFailure: (message: string) => void) {
    this.#boards = boards
    this.#onFailure = onFailure
  }

  get steps(): number {
    return this.#steps
  }

  progress(): string {
    return `${this.#boards.length} boards, ${this.#listening.size} of ${this.#listeners} listen`
  }

  async run(): Promise<void> {
    const people = new Set(this.#boards.flatMap(({ members }) => members))
    const offs = [...people].flatMap(person => {
      const client = person.devices[0]?.client
      return client === undefined ? [] : [client.on('room', event => this.#told(person, event))]
    })
    await new Promise<void>(resolve => {
      this.#done = resolve
      for (const [index, board] of this.#boards.entries()) {
        this.#try('create a board', async () => {
          board.conversation = await roomsOf(board.members[0])?.create(`board ${index + 1}`)
          this.#open(board)
        })
      }
    })
    for (const off of offs) off()
  }

  get #listeners(): number {
    return this.#boards.reduce((sum, { members }) => sum + members.length, 0)
  }

  #told(person: Person, { conversation, state, role }: Room): void {
    if (state !== 'listening') return
    this.#steps++
    const key = keyOf(conversation, person)
    const isNew = !this.#listening.has(key)
    this.#listening.add(key)
    if (role !== 'listener') this.#publishing.add(key)
    const board = this.#boards.find(each => each.conversation === conversation)
    if (board === undefined) return
    if (isNew && person === board.members[0]) this.#open(board)
    else if (isNew && publishersOf(board).includes(person)) {
      this.#try('name a publisher', () => roomsOf(board.members[0])?.setRole(conversation, person.uid, 'publisher'))
    }
    if (this.#boards.every(each => this.#isOpen(each))) this.#done()
  }

  /** Lets everybody subscribe as soon as the owner knows the board and listens: the answer and the item come in either order. */
  #open({ conversation, members }: Circle): void {
    const [owner, ...others] = members
    if (conversation === undefined || owner === undefined || !this.#listening.has(keyOf(conversation, owner))) return
    for (const other of others) this.#try('subscribe', () => roomsOf(other)?.subscribe(conversation))
    if (others.length === 0 && this.#boards.every(each => this.#isOpen(each))) this.#done()
  }

  #isOpen(board: Circle): boolean {
    const { conversation, members } = board
    return (
      conversation !== undefined &&
      members.every(person => this.#listening.has(keyOf(conversation, person))) &&
      publishersOf(board).every(person => this.#publishing.has(keyOf(conversation, person)))
    )
  }

  #try(what: string, run: () => Promise<void> | undefined): void {
    run()?.catch(error => this.#onFailure(`it was not possible to ${what}: ${messageOf(error)}`))
  }
}

function roomsOf(person: Person | undefined) {
  return person?.devices[0]?.client.rooms
}

function keyOf(conversation: string, { number }: Person): string {
  return `${conversation} ${number}`
}
