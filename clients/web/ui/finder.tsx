// The finder: Ctrl+K, from anywhere.
import type { Message } from '../../typescript/browser.js'
import { useSession } from './hooks.js'
import { useOverlays } from './overlays.js'
import { go } from './panes.js'
import { ChatPicker } from './pickers.js'

export function useFinder(): () => void {
  const { dialog } = useOverlays()
  const session = useSession()
  const jump = (message: Message): void => void session.jump(message)
  return () =>
    dialog(close => (
      <ChatPicker close={close} pick={go} pickMessage={jump} findAccount={name => go(`new-chat/${name}`)} />
    ))
}
