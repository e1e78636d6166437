// What floats above the panes: menus, questions that need an answer. One context opens them.
import { type ComponentChild, type ComponentChildren, createContext } from 'preact'
import { useContext, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import { useListener, useSpeech } from './hooks.js'
import { Button, Icon, type IconName } from './parts.js'

export interface Question {
  readonly title: string
  readonly text: string
  /** What the button says that does it. */
  readonly yes: string
}

export interface MenuItem {
  readonly text: string
  readonly icon: IconName
  readonly run: () => void
  readonly danger?: boolean
  /** The key that does the same, or a short word beside it. */
  readonly beside?: string
}

export interface MenuContent {
  readonly label: string
  /** What stands above the items. */
  readonly head?: (close: () => void) => ComponentChild
  readonly items: readonly (MenuItem | 'line')[]
}

/** The place where a menu opens: an element, or a point. */
export type Anchor = Element | { readonly x: number; readonly y: number }

interface Opener {
  /** Asks before something that cannot be undone. */
  ask(question: Question): Promise<boolean>
  menu(anchor: Anchor, content: MenuContent): void
  /** Shows a dialog; it gets what closes it. */
  dialog(draw: (close: () => void) => ComponentChild): void
}

const OpenerContext = createContext<Opener>({ ask: async () => false, menu: () => {}, dialog: () => {} })

export function useOverlays(): Opener {
  return useContext(OpenerContext)
}

type Shown =
  | { readonly kind: 'question'; readonly question: Question; readonly answer: (yes: boolean) => void }
  | { readonly kind: 'menu'; readonly anchor: Anchor; readonly content: MenuContent }
  | { readonly kind: 'dialog'; readonly draw: (close: () => void) => ComponentChild }

export function Overlays({ children }: { children: ComponentChildren }) {
  const [shown, setShown] = useState<Shown | undefined>()
  const opener = useMemo<Opener>(
    () => ({
      ask: question => new Promise(answer => setShown({ kind: 'question', question, answer })),
      menu: (anchor, content) => setShown({ kind: 'menu', anchor, content }),
      dialog: draw => setShown({ kind: 'dialog', draw }),
    }),
    [],
  )
  const close = (): void => setShown(undefined)
  return (
    <OpenerContext.Provider value={opener}>
      {children}
      {shown?.kind === 'question' && <Confirm {...shown} close={close} />}
      {shown?.kind === 'menu' && <Menu {...shown} close={close} />}
      {shown?.kind === 'dialog' && <Modal close={close}>{shown.draw(close)}</Modal>}
    </OpenerContext.Provider>
  )
}

/** A dialog that holds the focus until it is closed. Escape closes it; the focus goes back to where it was. */
function Modal({ children, close, role }: { children: ComponentChildren; close: () => void; role?: 'alertdialog' }) {
  const dialog = useRef<HTMLDialogElement>(null)
  useLayoutEffect(() => {
    const before = document.activeElement
    dialog.current?.showModal()
    return () => before instanceof HTMLElement && before.isConnected && before.focus()
  }, [])
  return (
    <dialog
      ref={dialog}
      class="modal"
      {...(role && { role })}
      aria-labelledby="modal-title"
      onClose={close}
      onClick={event => event.target === dialog.current && close()}
    >
      {children}
    </dialog>
  )
}

function Confirm({
  question,
  answer,
  close,
}: {
  question: Question
  answer: (yes: boolean) => void
  close: () => void
}) {
  const speech = useSpeech()
  const end = (yes: boolean): void => {
    answer(yes)
    close()
  }
  return (
    <Modal close={() => end(false)} role="alertdialog">
      <div class="dialog">
        <h2 id="modal-title">{question.title}</h2>
        <p>{question.text}</p>
        <div class="end">
          <Button kind="plain" isFirst onClick={() => end(false)}>
            {speech.say('cancel')}
          </Button>
          <Button kind="danger" onClick={() => end(true)}>
            {question.yes}
          </Button>
        </div>
      </div>
    </Modal>
  )
}

const MARGIN = 8

/**
 * A menu beside its anchor, until something is chosen, or a press elsewhere, Escape or the way to another place closes it. The browser's own
 * light dismissal would close it with the release of the long press that has opened it.
 */
function Menu({ anchor, content, close }: { anchor: Anchor; content: MenuContent; close: () => void }) {
  const menu = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => {
    const element = menu.current
    if (element === null) return undefined
    const before = document.activeElement
    element.showPopover()
    place(element, anchor)
    element.querySelector<HTMLElement>('[role^=menuitem]')?.focus()
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus()
    }
  }, [anchor])
  useListener('pointerdown', event => event.target instanceof Node && !menu.current?.contains(event.target) && close())
  useListener('hashchange', close)
  const items = (): HTMLElement[] => [...(menu.current?.querySelectorAll<HTMLElement>('[role^=menuitem]') ?? [])]
  const onKeyDown = (event: KeyboardEvent): void => {
    const all = items()
    const index = all.indexOf(document.activeElement as HTMLElement)
    const next = NEXT[event.key]?.(index, all.length)
    if (event.key === 'Tab' || event.key === 'Escape') close()
    if (next === undefined && event.key !== 'Escape') return
    event.preventDefault()
    if (next === undefined) return
    all[(next + all.length) % all.length]?.focus()
  }
  return (
    <div ref={menu} popover="manual" class="menu" role="menu" aria-label={content.label} onKeyDown={onKeyDown}>
      {content.head?.(close)}
      {content.head !== undefined && <hr />}
      {content.items.map((item, i) =>
        item === 'line' ? (
          <hr key={i} />
        ) : (
          <button
            key={item.text}
            type="button"
            role="menuitem"
            tabIndex={-1}
            class={item.danger ? 'danger' : ''}
            onClick={() => {
              close()
              item.run()
            }}
          >
            <Icon name={item.icon} />
            {item.text}
            {item.beside !== undefined && <kbd>{item.beside}</kbd>}
          </button>
        ),
      )}
    </div>
  )
}

const NEXT: Readonly<Record<string, (index: number, count: number) => number>> = {
  ArrowDown: index => index + 1,
  ArrowUp: index => index - 1,
  ArrowRight: index => index + 1,
  ArrowLeft: index => index - 1,
  Home: () => 0,
  End: (_, count) => count - 1,
}

/** Puts a floating element beside its anchor, within the window. */
export function place(element: HTMLElement, anchor: Anchor): void {
  const at = anchor instanceof Element ? anchor.getBoundingClientRect() : new DOMRect(anchor.x, anchor.y, 0, 0)
  const { width, height } = element.getBoundingClientRect()
  const below = at.bottom + 4
  const fits = below + height + MARGIN <= innerHeight
  const top = fits ? below : Math.max(MARGIN, at.top - height - 4)
  const wish = document.dir === 'rtl' || at.left + width + MARGIN <= innerWidth ? at.left : at.right - width
  element.style.top = `${top}px`
  element.style.left = `${Math.max(MARGIN, Math.min(wish, innerWidth - width - MARGIN))}px`
}
