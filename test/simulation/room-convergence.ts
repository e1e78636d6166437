/** Whether boards are in the end what people were told, and whether each list of rooms and each page says what the store holds. */

import type { Client } from '../../clients/typescript/api/client.js'
import { CODES } from '../../protocol/codes.js'
import type { ConversationId } from '../../protocol/conversation-id.js'
import { RoomState } from '../../protocol/generated/messages.js'
import { isGone } from '../../src/sync/rules/message-state.js'
import { type Rid, roomConversation } from '../../src/sync/rules/room-records.js'
import type { User } from './phone.js'
import { KEEP_ALL, type Setup } from './setup.js'
import type { Stage } from './stage.js'

const NEVER = Number.POSITIVE_INFINITY
const COUNTED_MAX = 100
const PAGE = 7

/** A world of boards, with killed nodes, lost events and cut connections, and nothing trimmed or lost. */
export const WITH_ROOMS: Partial<Setup> = {
  rooms: 0.8,
  users: [1, 2, 1],
  actMs: 250,
  chaosMs: 20_000,
  nodeKillMs: 12_000,
  outageMs: NEVER,
  eventsLost: 0.5,
  misfortune: 0.03,
  limits: 'open',
  retention: KEEP_ALL,
  storeWeather: { readMs: 2, commitMs: 5, syncMs: 20, lostAnswer: 0, failedRead: 0, slow: 0.01 },
  restoreMs: undefined,
}

/** Empty when each board has what was taken, once and in order, and no confirmation has gone back. */
export function missingInRooms({ rooms, users, ledger, witness }: Stage): string[] {
  if (rooms.length === 0) return []
  const uids = users.map(({ uid }) => uid)
  const failed = ledger.failures(uids)
  return rooms.flatMap(rid => [
    ...witness.rooms.wrongOn(rid, ledger.posts(rid), failed, new Set(uids)),
    ...users.flatMap(({ account, uid }) => {
      const { state, confirmed } = ledger.listeningOf(uid, rid)
      const least = witness.rooms.confirmedBy(rid, uid)
      const hasGoneBack = state === RoomState.LISTENING && confirmed < least
      return hasGoneBack ? [`${account} had confirmed ${least} of board ${rid}, and has ${confirmed}`] : []
    }),
  ])
}

/** Each user's first phone asks for the list of rooms, and reads the boards. @returns what is still to come, and what is wrong */
export function everybodyReadsBoards(stage: Stage): () => string[] {
  if (stage.rooms.length === 0) return () => []
  stage.note('--- everybody reads the boards')
  const open = new Set<User>(stage.users)
  const wrong: string[] = []
  const ask = (user: User): void => {
    const client = user.phones[0]?.client
    const again = (): void => stage.after(1_000, 'reads again', () => ask(user))
    if (client === undefined) {
      again()
      return
    }
    read(stage, user, client).then(
      faults => {
        open.delete(user)
        wrong.push(...faults)
      },
      (error: { readonly code?: number }) => {
        if (!error.code || error.code === CODES.RATE_LIMITED.code) again()
        else wrong.push(`${user.account} cannot read boards: ${error}`)
      },
    )
  }
  for (const user of stage.users) ask(user)
  return () => [...wrong, ...Array.from(open, ({ account }) => `${account} has not read the boards`)]
}

async function read(stage: Stage, { account, uid }: User, client: Client): Promise<string[]> {
  const listed = await client.rooms.list()
  const wrong: string[] = []
  const own = stage.rooms.filter(rid => stage.ledger.listeningOf(uid, rid).state === RoomState.LISTENING)
  if (listed.length !== own.length)
    wrong.push(`${account} listens to ${own.length} rooms, and is told ${listed.length}`)
  for (const rid of own) {
    const room = listed.find(({ conversation }) => conversation === roomConversation(rid))
    const [is, should] = [JSON.stringify(room && standing(room)), JSON.stringify(expected(stage, uid, rid))]
    if (is !== should) wrong.push(`${account} is told ${is} of board ${rid} in place of ${should}`)
    const [shows, has] = [await numbersOn(client, roomConversation(rid)), stage.ledger.posts(rid)]
    if (shows.join() !== has.map(({ number }) => number).join()) wrong.push(`${account} reads ${shows} of board ${rid}`)
    stage.happened.count('boards read')
  }
  return wrong
}

interface Standing {
  readonly head: number
  readonly confirmed: number
  readonly unconfirmed: number
}

function standing({ head, confirmed, unconfirmed }: Standing): Standing {
  return { head, confirmed, unconfirmed }
}

function expected({ ledger }: Stage, uid: number, rid: Rid): Standing {
  const { confirmed } = ledger.listeningOf(uid, rid)
  const posts = ledger.posts(rid)
  const open = posts.filter(post => post.number > confirmed && post.sender !== uid && !isGone(post))
  return { head: posts.at(-1)?.number ?? 0, confirmed, unconfirmed: Math.min(open.length, COUNTED_MAX) }
}

/** The numbers of a board's posts, read from the newest back. */
async function numbersOn(client: Client, board: ConversationId): Promise<number[]> {
  const numbers: number[] = []
  for (let isMore = true; isMore; ) {
    const [before] = numbers
    const page = await client.rooms.posts(board, before === undefined ? { limit: PAGE } : { before, limit: PAGE })
    numbers.unshift(...page.posts.map(({ number }) => number))
    isMore = page.more
  }
  return numbers
}
