// The page: what of the browser the model uses, and the root of what is drawn.
import { render } from 'preact'
import {
  fetchExchange,
  httpTransport,
  IndexedDbStorage,
  systemClock,
  systemRandom,
  wsTransport,
} from '../typescript/browser.js'
import { App } from './model/app.js'
import type { KeyValues, Notice, Notifications, Platform, Tabs } from './model/platform.js'
import { Page } from './ui/page.js'

const CHANNEL = 'longwire'

function browserPlatform(): Platform {
  const { origin } = location
  return {
    clock: systemClock,
    random: systemRandom,
    keyValues: keyValues(),
    tabs: tabs(),
    notifications: notifications(),
    deviceName: deviceName(navigator.userAgent),
    languages: navigator.languages,
    storage: () => new IndexedDbStorage(CHANNEL),
    transports: () => [
      wsTransport({ url: `${origin.replace(/^http/, 'ws')}/ws` }),
      httpTransport({ exchange: fetchExchange({ url: origin }) }),
    ],
    go: hash => {
      location.hash = hash
    },
    isVisible,
    whenVisible: listener => {
      const heard = (): void => listener(isVisible())
      document.addEventListener('visibilitychange', heard)
      return () => document.removeEventListener('visibilitychange', heard)
    },
    isWatched: () => isVisible() && document.hasFocus(),
  }
}

function isVisible(): boolean {
  return document.visibilityState === 'visible'
}

/** The browser's, or, where it may store nothing, what lasts as long as the page. */
function keyValues(): KeyValues {
  try {
    return localStorage
  } catch {
    const values = new Map<string, string>()
    return {
      getItem: key => values.get(key) ?? null,
      setItem: (key, value) => values.set(key, value),
      removeItem: key => values.delete(key),
    }
  }
}

function tabs(): Tabs {
  const channel = new BroadcastChannel(CHANNEL)
  return {
    post: message => channel.postMessage(message),
    listen: listener => {
      channel.addEventListener('message', event => listener(String(event.data)))
    },
  }
}

function notifications(): Notifications {
  const exist = 'Notification' in window && 'serviceWorker' in navigator
  const registered = (): Promise<ServiceWorkerRegistration> => navigator.serviceWorker.ready
  return {
    get permission() {
      return exist ? Notification.permission : 'missing'
    },
    ask: async () => exist && (await Notification.requestPermission()) === 'granted',
    show({ conversation, title, body }: Notice) {
      if (!exist || Notification.permission !== 'granted') return
      const options = { body, tag: conversation, data: conversation }
      void registered().then(registration => registration.showNotification(title, options))
    },
    clear(conversation) {
      if (!exist || Notification.permission !== 'granted') return
      void registered().then(async registration => {
        for (const each of await registration.getNotifications({ tag: conversation })) each.close()
      })
    },
  }
}

/** The name of the browser and of what it runs on, such as "Firefox on Linux". */
function deviceName(agent: string): string {
  const browser = ['Edg', 'OPR', 'Firefox', 'Chrome', 'Safari'].find(each => agent.includes(each)) ?? 'Browser'
  const system = /Android|iPhone|iPad|Windows|Mac OS|CrOS|Linux/.exec(agent)?.[0] ?? ''
  const names: Readonly<Record<string, string>> = { Edg: 'Edge', OPR: 'Opera' }
  const name = names[browser] ?? browser
  return system === '' ? name : `${name} on ${system}`
}

const WORKER = '/service-worker.js'

/** What a browser with trusted types has. */
interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(): string }): { createScriptURL(text: string): string }
}

/** The worker's address, in the form in which the page's policy takes it: of its one trusted type there is this one value. */
function workerUrl(): string {
  const { trustedTypes } = globalThis as { readonly trustedTypes?: TrustedTypes }
  return trustedTypes?.createPolicy('worker', { createScriptURL: () => WORKER }).createScriptURL(WORKER) ?? WORKER
}

/** Keeps the page for when there is no network. Browsers have that in a secure context only. */
function keepPage(): void {
  if (!('serviceWorker' in navigator)) return
  const worker = navigator.serviceWorker
  let isKept = worker.controller !== null
  worker.addEventListener('controllerchange', () => {
    // The first worker takes the page over; a later one is another version.
    if (isKept) app.newVersion.set(true)
    isKept = true
  })
  worker.register(workerUrl(), { updateViaCache: 'none' }).then(
    registration => {
      // A page that is never reloaded would never ask for a newer one.
      app.platform.whenVisible(isVisible => {
        if (isVisible) registration.update().catch(() => {})
      })
    },
    () => {
      // A browser that keeps nothing: the page works all the same, with a network.
    },
  )
}

const app = new App(browserPlatform())
const root = document.getElementById('app')
if (root !== null) render(<Page app={app} />, root)
void app.start()
keepPage()
