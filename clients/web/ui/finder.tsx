// The finder: Ctrl+K, from anywhere.
import { useOverlays } from './overlays.js'
import { go } from './panes.js'
import { ChatPicker } from './pickers.js'

export function useFinder(): () => void {
  const { dialog } = useOverlays()
  return () => dialog(close => <ChatPicker finds close={close} pick={go} />)
}
