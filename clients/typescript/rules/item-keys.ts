// Keyed state: the items of which the newest of a kind and name says all.
import type { Item } from '../../../protocol/generated/messages.js'

/** The key of an item of keyed state: a newer one of the same says all. */
export function keyOf({ content }: Item): string | undefined {
  switch (content?.case) {
    case 'contact':
      return `contact/${content.value.uid}`
    case 'delivered':
      return `delivered/${content.value.peer}`
    case 'read':
      return `${content.value.own ? 'own-read' : 'read'}/${content.value.peer}`
    case 'group':
      return `group/${content.value.conversation}`
    case 'room':
      return `room/${content.value.conversation}`
    case 'conversationState':
      return `conversation/${content.value.conversation}`
    case 'ownProfile':
    case 'preferences':
      return content.case
    default:
      return undefined
  }
}
