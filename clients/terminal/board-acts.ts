/** Carries out the commands about boards. A board is named by its title or its id; posts are read from the server. */

import type { ConversationId, Message, Room } from '../typescript/index.js'
import { boardLine, boardName, boardText, boardTitle } from './board-lines.js'
import type { ChatSpec } from './chat-spec.js'
import { type BoardCommandName, usageOf } from './command-table.js'
import { messageText } from './lines.js'
import type { People } from './people.js'
import { visibleName } from './visible.js'

export interface BoardActsHost extends Pick<ChatSpec, 'client'> {
  say(kind: 'notice' | 'wrong', text: string): void
  /** Shows a message that has no number here. */
  earlier(message: Message): void
  /** Lets a request go on by itself: shows `done` when it succeeds, and the error when it fails. */
  begin(request: Promise<void>, done?: string): void
  /** The uid of anybody: a person known here, or one that the server looks up. */
  find(name: string): Promise<number>
  /** @throws at once where the request would wait in silence for a connection that has failed */
  needServer(what: string): void
}

/** The posts that are listed with their numbers. */
const LISTED_MAX = 20

export class BoardActs {
  readonly #people: People
  readonly #host: BoardActsHost
  /** The number up to which the posts of a board were shown. */
  readonly #shown = new Map<ConversationId, number>()
  #readLast: ConversationId | undefined

  constructor(people: People, host: BoardActsHost) {
    this.#people = people
    this.#host = host
  }

  async run(name: BoardCommandName, words: readonly string[]): Promise<void> {
    const { begin, client, find } = this.#host
    const { rooms } = client
    const [first = '', second = '', third = ''] = words
    switch (name) {
      case 'boards':
        return this.#list()
      case 'board create':
        return begin(rooms.create(first).then(() => {}))
      case 'board subscribe':
        return begin(rooms.subscribe(first as ConversationId, second))
      case 'board read':
        return this.#read(this.#board(first), second)
      case 'board confirm':
        return this.#confirm(first)
      case 'board post':
        return begin(rooms.post(this.#board(first).conversation, second), 'posted')
      case 'board remove':
        return this.#remove(this.#board(first), second)
      case 'board info':
        return this.#info(this.#board(first))
      case 'board publisher': {
        const { conversation } = this.#board(first)
        if (third !== '' && third !== 'off') throw new Error(`usage: ${usageOf(name)}`)
        const [role, words] =
          third === '' ? (['publisher', 'may post'] as const) : (['listener', 'posts no longer'] as const)
        return begin(rooms.setRole(conversation, await find(second), role), `${visibleName(second)} ${words}`)
      }
      case 'board leave':
        return begin(rooms.unsubscribe(this.#board(first).conversation))
      case 'board close':
        return begin(rooms.close(this.#board(first).conversation))
    }
  }

  #boards(): readonly Room[] {
    return this.#host.client.rooms.all().filter(({ kind }) => kind === 'board')
  }

  #list(): void {
    const { say } = this.#host
    const boards = this.#boards()
    if (boards.length === 0)
      say('notice', 'no boards yet: /board create TITLE makes one, /board subscribe ID finds one')
    for (const board of boards) say('notice', boardLine(board))
  }

  /** @throws if none has this title, in whatever letters, or this id, or if several have it, or if the title begins only so */
  #board(name: string): Room {
    const title = name.toLowerCase()
    const named = this.#boards().filter(each => each.conversation === name || each.title.toLowerCase() === title)
    const [only] = named
    const begun = this.#boards().find(each => each.title.toLowerCase().startsWith(`${title} `))
    if (only === undefined && begun !== undefined)
      throw new Error(`a title of several words stands in quotes: ${boardName(begun)}`)
    if (only === undefined) throw new Error(`you listen to no board ${visibleName(name)} (/boards lists them)`)
    if (named.length > 1) throw new Error(`which one? ${named.map(({ conversation }) => conversation).join(', ')}`)
    return only
  }

  /** @param count the posts to show, the newest; '': those that are not confirmed, the oldest first */
  async #read(board: Room, count: string): Promise<void> {
    const { client, say, needServer, earlier } = this.#host
    if (count !== '' && !/^[1-9]\d?$|^100$/.test(count)) throw new Error(`usage: ${usageOf('board read')}, 100 at most`)
    needServer('the posts cannot be asked for')
    const { conversation, confirmed } = board
    // Where nothing is confirmed, `after: 0` gives the newest posts.
    const range = count === '' ? { after: confirmed } : { limit: Number(count) }
    const { posts, more } = await client.rooms.posts(conversation, range)
    await this.#people.meet(posts.map(({ sender }) => sender))
    const title = boardTitle(board)
    if (posts.length === 0)
      say('notice', `nothing on ${title} that you have not confirmed: /board read ${boardName(board)} 10`)
    for (const post of posts) earlier(post)
    const last = posts.at(-1)?.number ?? 0
    if (last === 0) return
    this.#readLast = conversation
    this.#shown.set(conversation, Math.max(last, this.#shown.get(conversation) ?? 0))
    if (last <= confirmed) return
    say(
      'notice',
      `to confirm these: /board confirm${more && count === '' && confirmed > 0 ? '; then /board read shows more' : ''}`,
    )
  }

  /** @param number of the post; '': shows the last posts with their numbers */
  async #remove(board: Room, number: string): Promise<void> {
    const { client, say, begin, needServer } = this.#host
    const { conversation } = board
    if (number !== '') {
      if (!/^[1-9]\d{0,14}$/.test(number)) throw new Error(`usage: ${usageOf('board remove')}`)
      return begin(client.rooms.remove(conversation, Number(number)), 'removed')
    }
    needServer('the posts cannot be asked for')
    const { posts } = await client.rooms.posts(conversation, { limit: LISTED_MAX })
    await this.#people.meet(posts.map(({ sender }) => sender))
    if (posts.length === 0) say('notice', `nothing is on ${boardTitle(board)}`)
    for (const post of posts)
      say('notice', `${post.number}: ${visibleName(this.#people.nameOf(post.sender))}: ${messageText(post)}`)
  }

  #confirm(name: string): void {
    const { client, begin } = this.#host
    const read = name === '' ? this.#readLast : this.#board(name).conversation
    const upTo = read === undefined ? undefined : this.#shown.get(read)
    if (read === undefined || upTo === undefined)
      throw new Error('nothing to confirm was shown: /board read BOARD first')
    const title = boardTitle(client.rooms.room(read) ?? { title: '', conversation: read })
    begin(client.rooms.confirm(read, upTo), `confirmed on ${title}`)
  }

  async #info(board: Room): Promise<void> {
    const { client, say, needServer } = this.#host
    needServer('the board cannot be asked for')
    const profile = await client.rooms.get(board.conversation)
    await this.#people.meet([profile.owner])
    say('notice', boardText(board, profile, this.#people.nameOf(profile.owner)))
  }
}
