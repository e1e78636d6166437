// The settings of this browser: how the page looks and when it notifies. What belongs to the account is in the account.
import type { Language } from '../words.js'
import { type Platform, Remembered } from './platform.js'
import { Signal } from './signal.js'

export type Theme = 'system' | 'light' | 'dark'

export interface Settings {
  readonly theme: Theme
  readonly language: Language
  /** The user wants notifications here. The browser must allow them, too. */
  readonly notifies: boolean
}

export class SettingsStore {
  readonly current: Signal<Settings>
  readonly #remembered: Remembered

  constructor(platform: Pick<Platform, 'keyValues' | 'languages'>) {
    this.#remembered = new Remembered(platform.keyValues, 'settings')
    const stored = (this.#remembered.read() ?? {}) as Partial<Record<keyof Settings, unknown>>
    this.current = new Signal<Settings>({
      theme: stored.theme === 'light' || stored.theme === 'dark' ? stored.theme : 'system',
      language: stored.language === 'en' || stored.language === 'zh' ? stored.language : firstOf(platform.languages),
      notifies: stored.notifies === true,
    })
  }

  change(change: Partial<Settings>): void {
    this.current.set({ ...this.current.value, ...change })
    this.#remembered.write(this.current.value)
  }
}

/** The first language of the user's that there are words in. */
function firstOf(languages: readonly string[]): Language {
  const known = languages.map(tag => tag.slice(0, 2).toLowerCase()).find(tag => tag === 'en' || tag === 'zh')
  return known === 'zh' ? 'zh' : 'en'
}
