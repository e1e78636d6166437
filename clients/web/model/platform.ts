// The parts of a browser that the model uses, handed in by main.tsx: so the model runs in tests without one.
import type { Clock, Random, Storage, Transport } from '../../typescript/browser.js'

/** The part of localStorage that is used. It may refuse: then nothing is remembered. */
export interface KeyValues {
  getItem(key: string): string | null
  setItem(key: string, value: string): void
  removeItem(key: string): void
}

/** A channel to the other tabs of the same browser. */
export interface Tabs {
  post(message: string): void
  listen(listener: (message: string) => void): void
}

export interface Notice {
  readonly conversation: string
  readonly title: string
  readonly body: string
}

export interface Notifications {
  readonly permission: 'default' | 'granted' | 'denied' | 'missing'
  ask(): Promise<boolean>
  show(notice: Notice): void
  /** Takes back what was shown of a conversation. */
  clear(conversation: string): void
}

export interface Platform {
  readonly clock: Clock
  readonly random: Random
  readonly keyValues: KeyValues
  readonly tabs: Tabs
  readonly notifications: Notifications
  /** The name of this device in the list of devices, such as "Firefox on Linux". */
  readonly deviceName: string
  /** The languages that the user reads, the preferred one first. */
  readonly languages: readonly string[]
  /** Makes the storage of the one account of this browser. */
  storage(): Storage
  transports(): readonly Transport[]
  /** Goes to another place of the page. */
  go(hash: string): void
  /** Whether the page is in sight. */
  isVisible(): boolean
  /** Calls the listener when the page comes into sight or goes out of it. @returns what takes it off again */
  whenVisible(listener: (isVisible: boolean) => void): () => void
  /** Whether the user looks at the page now. */
  isWatched(): boolean
}

/** Key-values under one prefix, as JSON, that never throw: a browser may be told to store nothing. */
export class Remembered {
  readonly #keyValues: KeyValues
  readonly #name: string

  constructor(keyValues: KeyValues, name: string) {
    this.#keyValues = keyValues
    this.#name = `longwire.${name}`
  }

  /** The stored value; undefined if there is none, or it cannot be read. */
  read(): unknown {
    try {
      const text = this.#keyValues.getItem(this.#name)
      return text === null ? undefined : JSON.parse(text)
    } catch {
      return undefined
    }
  }

  write(value: unknown): void {
    try {
      if (value === undefined) this.#keyValues.removeItem(this.#name)
      else this.#keyValues.setItem(this.#name, JSON.stringify(value))
    } catch {
      // Full, or refused: it is forgotten with the page.
    }
  }
}
