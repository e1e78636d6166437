// What one does with a board as a whole: in its menu, and in its details.
import type { OpenBoard } from '../model/open-board.js'
import { useCopy } from './copy.js'
import { useSession, useSpeech } from './hooks.js'
import { useOverlays } from './overlays.js'
import { goHome } from './panes.js'

export function useBoardActs(board: OpenBoard, name: string) {
  const session = useSession()
  const speech = useSpeech()
  const { ask } = useOverlays()
  const { rooms } = session.client
  const { conversation } = board
  const isOwner = board.room?.role === 'owner'
  const copy = useCopy()
  const copyAddress = async (): Promise<void> => {
    const { code } = await board.profile()
    await copy(code === '' ? conversation : `${conversation}/${code}`)
  }
  const end = async (): Promise<void> => {
    const yes = await ask({
      title: speech.say(isOwner ? 'endBoardThis' : 'leaveBoardThis', { name }),
      text: speech.say(isOwner ? 'endBoardHow' : 'leaveBoardHow'),
      yes: speech.say(isOwner ? 'endBoard' : 'leaveBoard'),
    })
    if (!yes) return
    const done = await session.attempt(isOwner ? rooms.close(conversation) : rooms.unsubscribe(conversation))
    if (done && !isOwner) goHome()
  }
  return {
    /** Copies the address, with the code where one is needed. */
    copy: () => void session.attempt(copyAddress()),
    /** Ends the board, or the following, after asking. */
    end: { text: speech.say(isOwner ? 'endBoard' : 'leaveBoard'), run: () => void end() },
  }
}
