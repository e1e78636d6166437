// The rows of the list: chats, and boards between them.
import type { Room } from '../../typescript/browser.js'
import type { BoardsNews } from './board-news.js'
import type { Chat } from './chats.js'
import { type Filter, filtered } from './filter.js'

export type ListRow = Chat | Room

export function isBoard(row: ListRow): row is Room {
  return 'kind' in row
}

/** What the list shows under a filter: pinned chats first, then chats and boards by the time of what is newest in them. */
export function listRows(
  chats: readonly Chat[],
  boards: readonly Room[],
  news: Pick<BoardsNews, 'of'>,
  filter: Filter,
): ListRow[] {
  const rows: ListRow[] = filtered(chats, filter)
  if (filter !== 'all' && filter !== 'boards') return rows
  const times = new Map(boards.map(board => [board, timeOf(board, news)]))
  const of = (row: ListRow): number =>
    isBoard(row) ? (times.get(row) ?? 0) : row.pinned ? Number.POSITIVE_INFINITY : (row.last?.atMs ?? 0)
  // The order of the chats among themselves is the library's.
  for (const board of boards.toSorted((a, b) => of(b) - of(a))) {
    const at = rows.findIndex(row => of(row) <= of(board))
    rows.splice(at < 0 ? rows.length : at, 0, board)
  }
  return rows
}

/** The time by which a board stands among chats. Posts to confirm come first, where this device does not know since when they are there. */
function timeOf({ conversation, unconfirmed }: Room, news: Pick<BoardsNews, 'of'>): number {
  return news.of(conversation).atMs || (unconfirmed > 0 ? Number.MAX_SAFE_INTEGER : 0)
}
