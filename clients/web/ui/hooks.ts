// What components draw from: the values of the model, the words, and the session, handed down by context.
import { type ComponentChild, type ComponentType, createContext, createElement, type RefObject } from 'preact'
import { useContext, useEffect, useLayoutEffect, useReducer, useRef } from 'preact/hooks'
import type { App } from '../model/app.js'
import type { Session } from '../model/session.js'
import type { Readable } from '../model/signal.js'
import { Speech } from '../words.js'

export const AppContext = createContext<App | undefined>(undefined)
export const SessionContext = createContext<Session | undefined>(undefined)
export const SpeechContext = createContext(new Speech('en'))

export function useApp(): App {
  const app = useContext(AppContext)
  if (app === undefined) throw new Error('a component stands outside the app')
  return app
}

export function useSession(): Session {
  const session = useContext(SessionContext)
  if (session === undefined) throw new Error('a component stands outside a session')
  return session
}

export function useSpeech(): Speech {
  return useContext(SpeechContext)
}

/** The value, drawn again with each change. */
export function useSignal<T>(signal: Readable<T>): T {
  const draw = useDraw()
  const drawn = useRef(signal.value)
  drawn.current = signal.value
  useLayoutEffect(() => {
    // It may have changed between drawing and now.
    if (!Object.is(drawn.current, signal.value)) draw()
    return signal.subscribe(draw)
  }, [signal])
  return signal.value
}

/** Draws the component again. */
export function useDraw(): () => void {
  const [, draw] = useReducer((count: number) => count + 1, 0)
  return draw as () => void
}

/** The server's time now, drawn again when `everyMs` have passed, and when a connection has told it. */
export function useNow(everyMs: number): number {
  const { clock } = useApp().platform
  const { client, version } = useSession()
  useSignal(version)
  const draw = useDraw()
  const now = client.serverTime()
  useEffect(() => {
    const timer = clock.after(everyMs - (now % everyMs), draw)
    return () => timer.cancel()
  })
  return now
}

/** A listener of the whole page, for as long as the component is there. */
export function useListener<K extends keyof WindowEventMap>(
  name: K,
  listener: (event: WindowEventMap[K]) => void,
): void {
  const latest = useRef(listener)
  latest.current = listener
  useEffect(() => {
    const heard = (event: WindowEventMap[K]): void => latest.current(event)
    window.addEventListener(name, heard)
    return () => window.removeEventListener(name, heard)
  }, [name])
}

/** Gives an element the focus when a change of the value has taken away what had it. */
export function useFallback<T extends HTMLElement>(value: unknown): RefObject<T | null> {
  const element = useRef<T>(null)
  const drawn = useRef(value)
  useLayoutEffect(() => {
    if (drawn.current !== value && document.activeElement === document.body) element.current?.focus()
    drawn.current = value
  }, [value])
  return element
}

/** The component, drawn anew only when a property is another one. */
export function memo<P extends object>(draw: (props: P) => ComponentChild): ComponentType<P> {
  function Memo(this: { shouldComponentUpdate?: (next: P) => boolean; props?: P }, props: P): ComponentChild {
    this.shouldComponentUpdate = next => !isSame(this.props, next)
    return createElement(draw as ComponentType<P>, props as P & { key?: string })
  }
  return Memo as unknown as ComponentType<P>
}

function isSame<P extends object>(a: P | undefined, b: P): boolean {
  if (a === undefined) return false
  const names = Object.keys(b) as (keyof P)[]
  return names.length === Object.keys(a).length && names.every(name => Object.is(a[name], b[name]))
}
