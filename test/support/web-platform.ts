/** What the page's model has of a browser, in the test's hands. */
import {
  MemoryStorage,
  type Storage,
  systemClock,
  systemRandom,
  type Transport,
} from '../../clients/typescript/index.js'
import type { KeyValues, Notice, Notifications, Platform } from '../../clients/web/model/platform.js'

export class WebPlatform implements Platform {
  readonly clock = systemClock
  readonly random = systemRandom
  readonly deviceName = 'test'
  readonly languages: readonly string[] = ['en']
  /** What is stored beside the messages, by name. */
  readonly values = new Map<string, string>()
  readonly keyValues: KeyValues = {
    getItem: key => this.values.get(key) ?? null,
    setItem: (key, value) => void this.values.set(key, value),
    removeItem: key => void this.values.delete(key),
  }
  /** What was shown, and not taken back. */
  notices: Notice[] = []
  permission: 'default' | 'granted' | 'denied' | 'missing' = 'granted'
  readonly notifications: Notifications = permitted(() => this.permission, {
    ask: async () => this.permission === 'granted',
    show: notice => void this.notices.push(notice),
    clear: conversation => {
      this.notices = this.notices.filter(each => each.conversation !== conversation)
    },
  })
  readonly tabs = { post: () => {}, listen: () => {} }
  /** The places that the page was sent to. */
  readonly went: string[] = []
  visible = true
  watched = false
  readonly #transports: readonly Transport[]
  /** Makes the storage; it may throw, as a browser's does. */
  storage: () => Storage = () => new MemoryStorage()

  constructor(transports: readonly Transport[]) {
    this.#transports = transports
  }

  transports(): readonly Transport[] {
    return this.#transports
  }

  go(hash: string): void {
    this.went.push(hash)
  }

  isVisible(): boolean {
    return this.visible
  }

  whenVisible(): () => void {
    return () => {}
  }

  isWatched(): boolean {
    return this.watched
  }
}

function permitted(
  permission: () => Notifications['permission'],
  acts: Omit<Notifications, 'permission'>,
): Notifications {
  return {
    ...acts,
    get permission() {
      return permission()
    },
  }
}
