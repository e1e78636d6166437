// Short news at the foot of the pane that is in front. They take space of their own there, so they cover nothing.
import { type ComponentChildren, createContext, type RefObject } from 'preact'
import { useContext, useEffect } from 'preact/hooks'
import type { Toast } from '../model/notices.js'
import { useSession, useSignal, useSpeech } from './hooks.js'

/** The panes that can have the toasts: what is in the list's place, what is open, and its details. */
export type ToastPane = 'side' | 'main' | 'details'

/** The one that has them now. */
export const ToastContext = createContext<ToastPane>('main')

export function Toasts({ pane }: { pane: ToastPane }) {
  const { notices } = useSession()
  const toasts = useSignal(notices.toasts)
  if (useContext(ToastContext) !== pane) return null
  return (
    <div class="toasts">
      {toasts.map(toast => (
        <ToastLine key={toast.id} toast={toast} />
      ))}
    </div>
  )
}

function ToastLine({ toast }: { toast: Toast }) {
  const { notices } = useSession()
  const speech = useSpeech()
  const { id, kind, said, act } = toast
  const hold = (): void => notices.hold(id)
  const release = (): void => notices.release(id)
  // With its pane it goes from under the pointer.
  useEffect(() => release, [id])
  return (
    <div
      class="toast"
      role={kind === 'error' ? 'alert' : 'status'}
      onMouseEnter={hold}
      onMouseLeave={release}
      onFocusIn={hold}
      onFocusOut={release}
    >
      <span>{speech.text(said)}</span>
      {act !== undefined && (
        <button
          type="button"
          onClick={() => {
            notices.close(id)
            act.run()
          }}
        >
          {speech.text(act.said)}
        </button>
      )}
      {kind !== 'news' && (
        <button type="button" onClick={() => notices.close(id)}>
          {speech.say('close')}
        </button>
      )}
    </div>
  )
}

interface SideProps {
  readonly label: string
  /** What stands below the toasts. */
  readonly foot?: ComponentChildren
  /** The pane itself, where it is to take the focus. */
  readonly paneRef?: RefObject<HTMLElement | null>
  readonly children: ComponentChildren
}

/** A pane in the list's place. */
export function Side({ label, foot, paneRef, children }: SideProps) {
  return (
    <nav class="list" aria-label={label} {...(paneRef && { ref: paneRef, tabIndex: -1 })}>
      {children}
      <Toasts pane="side" />
      {foot}
    </nav>
  )
}
