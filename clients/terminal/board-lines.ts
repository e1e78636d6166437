/** The words in which boards are shown. */

import { COUNTED_MAX } from '../../protocol/limits.js'
import type { Room, RoomProfile } from '../typescript/index.js'
import { dayOf } from './lines.js'
import { visibleName } from './visible.js'

export function boardTitle({ title, conversation }: Pick<Room, 'title' | 'conversation'>): string {
  return visibleName(title || conversation)
}

/** A board as commands name it. */
export function boardName(room: Pick<Room, 'title' | 'conversation'>): string {
  const title = boardTitle(room)
  return title.includes(' ') ? `"${title}"` : title
}

export function unconfirmedText({ unconfirmed }: Pick<Room, 'unconfirmed'>): string {
  return `${unconfirmed >= COUNTED_MAX ? `${COUNTED_MAX - 1}+` : unconfirmed} unconfirmed`
}

/** A board as it stands in a list. */
export function boardLine(room: Room): string {
  const words = [boardTitle(room)]
  if (room.state === 'asked') words.push('no answer yet')
  if (room.role === 'owner' || room.role === 'publisher') words.push(room.role)
  if (room.closed) words.push('ended')
  if (room.unconfirmed > 0) words.push(unconfirmedText(room))
  return `${words.join(', ')} (${room.conversation})`
}

/** A board as the server knows it, in several rows. @param owner the name of its owner */
export function boardText(room: Room, profile: RoomProfile, owner: string): string {
  const { listeners, code, createdAtMs, closed } = profile
  const count = listeners === 1 ? '1 listener' : `${listeners} listeners`
  const rows = [
    `${visibleName(profile.title)} (${room.conversation})${closed ? ', ended' : ''}`,
    `${count}, owner ${visibleName(owner)}, since ${dayOf(createdAtMs)}`,
  ]
  if (!closed && (code !== '' || !profile.rules.codeNeeded))
    rows.push(`to listen: /board subscribe ${room.conversation} ${visibleName(code)}`.trimEnd())
  return rows.join('\n')
}
