/**
 * The auditor of boards: says whether the server kept its promise for them. It is told what publishers posted, what was answered, what
 * listeners read, and what lists of rooms said. It knows nothing of servers or time.
 *
 * The promise: the posts of a board have one order, by their numbers, the same for all, and every listener reads exactly those that were
 * accepted, once each. A list of rooms counts the posts of others above what the user has confirmed, but for those that were removed.
 *
 * What a list says is judged in the end, when all posts are known. A removal or a confirmation that was under way while the list was
 * made may count or not.
 */
import { COUNTED_MAX } from '../../protocol/limits.js'
import type { Room } from '../typescript/index.js'
import type { Bounds, Shown, Viewer } from './auditor.js'
import { GroupAuditor, type GroupVerdict } from './group-auditor.js'

export interface BoardVerdict extends GroupVerdict {
  /** The posts that were removed. */
  readonly removed: number
  /** What lists of rooms said wrongly, as sentences. */
  readonly unconfirmedWrong: readonly string[]
  /** The lists that were judged. */
  readonly lists: number
}

/** A change under way: the step of asking, and the one at which it was known to be done; undefined: not yet. */
interface Change {
  readonly askedAt: number
  doneAt: number | undefined
}

interface Confirmation extends Change {
  readonly upTo: number
}

interface Board {
  readonly name: string
  readonly listeners: Set<number>
  /** The author of each post that somebody has read, by number. */
  readonly authors: Map<number, number>
  readonly removals: Map<number, Change>
  /** The confirmations of each listener, by uid. */
  readonly confirmations: Map<number, Confirmation[]>
  /** The highest number that somebody has read. */
  head: number
}

/** A list of rooms that is being asked for. */
export interface Asking {
  readonly uid: number
  readonly askedAt: number
  /** The heads of boards that were known, by name: the answer knows no less. */
  readonly heads: ReadonlyMap<string, number>
}

interface Listed extends Asking {
  readonly answeredAt: number
  readonly rooms: ReadonlyMap<string, Room>
}

export class BoardAuditor {
  readonly #boards = new Map<string, Board>()
  /** The posts and who read them: everybody is a member from the beginning. */
  readonly #log = new GroupAuditor(name => [...(this.#boards.get(name)?.listeners ?? [])])
  readonly #lists: Listed[] = []
  #step = 0

  get sentCount(): number {
    return this.#log.sentCount
  }

  get acceptedCount(): number {
    return this.#log.acceptedCount
  }

  get unansweredCount(): number {
    return this.#log.unansweredCount
  }

  /** The user listens to the board, from before its first post. */
  listens(board: string, uid: number): void {
    this.#board(board).listeners.add(uid)
  }

  /** The device reads all posts of all boards that its user listens to. */
  reads({ uid, device }: Viewer): void {
    this.#log.join(uid, device)
  }

  /** A publisher's device posted a text. @param digest of Auditor.digest() */
  posted(board: string, post: Shown, digest: number): void {
    this.#log.sent(board, post, digest)
  }

  accepted(board: string, post: Shown): void {
    this.#log.accepted(board, post)
  }

  failed(board: string, post: Shown): void {
    this.#log.failed(board, post, 'failed')
  }

  /** A device read a post. @param digest undefined: it was removed, and came without its text */
  shown(viewer: Viewer, name: string, number: number, post: Shown, digest: number | undefined): void {
    const board = this.#board(name)
    this.#log.shown(viewer, name, number, post, digest)
    board.authors.set(number, post.sender)
    board.head = Math.max(board.head, number)
    if (digest === undefined) this.removed(name, number)
  }

  /** Somebody asks to remove a post. */
  removing(name: string, number: number, post: Shown): void {
    this.#log.recalling(name, post)
    this.#board(name).removals.set(number, { askedAt: ++this.#step, doneAt: undefined })
  }

  /** The post is known to be removed. */
  removed(board: string, number: number): void {
    const removal = this.#board(board).removals.get(number)
    if (removal !== undefined) removal.doneAt ??= ++this.#step
  }

  /** A listener asks to confirm. @returns what is to be called when the server has taken it */
  confirming(board: string, uid: number, upTo: number): () => void {
    const { confirmations } = this.#board(board)
    const confirmation: Confirmation = { upTo, askedAt: ++this.#step, doneAt: undefined }
    confirmations.set(uid, [...(confirmations.get(uid) ?? []), confirmation])
    return () => {
      confirmation.doneAt = ++this.#step
    }
  }

  /** A user asks for the own list of rooms. */
  asking(uid: number): Asking {
    const heads = new Map([...this.#boards].map(([name, { head }]) => [name, head]))
    return { uid, askedAt: ++this.#step, heads }
  }

  /** What came of it. */
  listed(asking: Asking, rooms: readonly Room[]): void {
    const byName = new Map(rooms.map(room => [room.conversation as string, room]))
    this.#lists.push({ ...asking, answeredAt: ++this.#step, rooms: byName })
  }

  /** Judges all that was told so far. Call it when nothing more is to come. */
  verdict(): BoardVerdict {
    const removals = [...this.#boards.values()].flatMap(board => [...board.removals.values()])
    return {
      ...this.#log.verdict(),
      removed: removals.filter(({ doneAt }) => doneAt !== undefined).length,
      lists: this.#lists.length,
      unconfirmedWrong: this.#lists.flatMap(list =>
        [...this.#boards.values()].flatMap(board => {
          const fault = board.listeners.has(list.uid) ? faultOf(board, list) : undefined
          return fault === undefined ? [] : [`the list of ${list.uid} ${fault}, of ${board.name}`]
        }),
      ),
    }
  }

  #board(name: string): Board {
    const known = this.#boards.get(name)
    if (known !== undefined) return known
    const board: Board = {
      name,
      listeners: new Set(),
      authors: new Map(),
      removals: new Map(),
      confirmations: new Map(),
      head: 0,
    }
    this.#boards.set(name, board)
    return board
  }
}

function faultOf(board: Board, list: Listed): string | undefined {
  const room = list.rooms.get(board.name)
  if (room === undefined) return 'has nothing'
  const { head, confirmed, unconfirmed } = room
  if (head < (list.heads.get(board.name) ?? 0) || head > board.head) return `has the head ${head}`
  const due = confirmedBetween(board.confirmations.get(list.uid) ?? [], list)
  if (confirmed < due.least || confirmed > due.most)
    return `has confirmed ${confirmed}, not ${due.least} to ${due.most}`
  const counted = unconfirmedIn(board, list, room)
  const [low, high] = [Math.min(COUNTED_MAX, counted.least), Math.min(COUNTED_MAX, counted.most)]
  return low <= unconfirmed && unconfirmed <= high ? undefined : `has ${unconfirmed} unconfirmed, not ${low} to ${high}`
}

/** The number up to which the user has confirmed: at least what was taken before the list was asked for. */
function confirmedBetween(confirmations: readonly Confirmation[], { askedAt, answeredAt }: Listed): Bounds {
  const highest = (those: readonly Confirmation[]): number => Math.max(0, ...those.map(({ upTo }) => upTo))
  return {
    least: highest(confirmations.filter(({ doneAt = Number.POSITIVE_INFINITY }) => doneAt < askedAt)),
    most: highest(confirmations.filter(each => each.askedAt < answeredAt)),
  }
}

function unconfirmedIn({ authors, removals }: Board, list: Listed, { head, confirmed }: Room): Bounds {
  const bounds = { least: 0, most: 0 }
  for (const [number, author] of authors) {
    if (author === list.uid || number <= confirmed || number > head) continue
    const { askedAt = Number.POSITIVE_INFINITY, doneAt = Number.POSITIVE_INFINITY } = removals.get(number) ?? {}
    if (askedAt > list.answeredAt) bounds.least += 1
    if (doneAt > list.askedAt) bounds.most += 1
  }
  return bounds
}
