// The service worker: keeps the files of one version of the page, so that the page opens without a network. The build puts the
// version and the files in their place. What is no file of the page goes to the network untouched.

/** Put here by the build (tools/web.mjs): the hash of all files, and their paths. */
declare const SHELL_VERSION: string
declare const SHELL_FILES: readonly string[]

/** The part of a service worker's scope that is used: the library of types for workers does not go with that for pages. */
interface Scope {
  readonly location: { readonly origin: string }
  readonly clients: {
    claim(): Promise<void>
    matchAll(options: {
      readonly type: 'window'
      readonly includeUncontrolled: boolean
    }): Promise<readonly PageClient[]>
    openWindow(url: string): Promise<unknown>
  }
  skipWaiting(): Promise<void>
  addEventListener(name: 'install' | 'activate', listener: (event: Extended) => void): void
  addEventListener(name: 'fetch', listener: (event: Fetched) => void): void
  addEventListener(name: 'notificationclick', listener: (event: Clicked) => void): void
}

interface PageClient {
  focus(): Promise<unknown>
  postMessage(message: unknown): void
}

interface Extended {
  waitUntil(work: Promise<unknown>): void
}

interface Fetched extends Extended {
  readonly request: Request
  respondWith(answer: Promise<Response>): void
}

interface Clicked extends Extended {
  readonly notification: { readonly data: unknown; close(): void }
}

const PREFIX = 'longwire-'
const CACHE = `${PREFIX}${SHELL_VERSION}`
const PATHS = new Set(SHELL_FILES)

const scope = self as unknown as Scope

scope.addEventListener('install', event => {
  event.waitUntil(install())
})

scope.addEventListener('activate', event => {
  event.waitUntil(activate())
})

scope.addEventListener('fetch', event => {
  const { request } = event
  const { origin, pathname } = new URL(request.url)
  if (request.method === 'GET' && origin === scope.location.origin && PATHS.has(pathname)) {
    event.respondWith(answer(request, pathname))
  }
})

scope.addEventListener('notificationclick', event => {
  event.notification.close()
  event.waitUntil(show(String(event.notification.data)))
})

async function install(): Promise<void> {
  const cache = await caches.open(CACHE)
  // Past the browser's own cache: an old page beside new scripts would be no version at all.
  await cache.addAll(SHELL_FILES.map(path => new Request(path, { cache: 'no-cache' })))
  await scope.skipWaiting()
}

/** Drops what older versions kept. The open pages have all their files already: each version is one script and one style. */
async function activate(): Promise<void> {
  const names = await caches.keys()
  await Promise.all(names.filter(name => name.startsWith(PREFIX) && name !== CACHE).map(name => caches.delete(name)))
  await scope.clients.claim()
}

async function answer(request: Request, path: string): Promise<Response> {
  const cache = await caches.open(CACHE)
  return (await cache.match(path)) ?? fetch(request)
}

/** Brings the page to the front, at a conversation. */
async function show(conversation: string): Promise<void> {
  const [page] = await scope.clients.matchAll({ type: 'window', includeUncontrolled: true })
  if (page === undefined) await scope.clients.openWindow(`/#${conversation}`)
  else {
    page.postMessage({ open: conversation })
    await page.focus()
  }
}
