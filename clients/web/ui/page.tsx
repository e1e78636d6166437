// The page: one of its screens, in the user's language and theme.
import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks'
import type { App } from '../model/app.js'
import { Speech } from '../words.js'
import { AppContext, SessionContext, SpeechContext, useApp, useListener, useSignal, useSpeech } from './hooks.js'
import { Overlays } from './overlays.js'
import { Panes } from './panes.js'
import { Blank, Button, Icon } from './parts.js'
import { SignIn } from './sign-in.js'

export function Page({ app }: { app: App }) {
  const { language, theme } = useSignal(app.settings.current)
  const speech = useMemo(() => new Speech(language), [language])
  useLayoutEffect(() => {
    const root = document.documentElement
    root.lang = speech.tag
    if (theme === 'system') delete root.dataset.theme
    else root.dataset.theme = theme
  }, [speech, theme])
  return (
    <AppContext.Provider value={app}>
      <SpeechContext.Provider value={speech}>
        <Screen />
      </SpeechContext.Provider>
    </AppContext.Provider>
  )
}

function Screen() {
  const app = useApp()
  const speech = useSpeech()
  const screen = useSignal(app.screen)
  // What waits is lost with the page, where nothing is stored: then the browser asks first.
  useListener('beforeunload', event => {
    const { value } = app.screen
    if (!app.isStored.value && value.name === 'signedIn' && value.session.connection.count() > 0) event.preventDefault()
  })
  const nudge = (): void => {
    if (app.screen.value.name === 'signedIn') app.screen.value.session.client.nudge()
  }
  useListener('focus', nudge)
  useListener('online', nudge)
  const before = useRef(screen.name)
  useEffect(() => {
    const isIn = screen.name === 'signedIn' && before.current === 'signedOut'
    if (isIn && document.activeElement === document.body) document.querySelector<HTMLElement>('.list .search')?.focus()
    before.current = screen.name
  }, [screen.name])
  useEffect(() => {
    if (screen.name !== 'signedIn') document.title = 'Longwire'
  }, [screen.name])
  switch (screen.name) {
    case 'opening':
      return <Opening />
    case 'signedOut':
      return <SignIn known={screen.account} />
    case 'signedIn':
      return (
        <SessionContext.Provider value={screen.session}>
          <Overlays>
            <Panes />
          </Overlays>
        </SessionContext.Provider>
      )
    case 'elsewhere':
      return (
        <main class="alone">
          <Blank icon="tabs" title={speech.say('elsewhere')} text={speech.say('elsewhereHow')}>
            <Button kind="primary" isFirst onClick={() => void app.useHere()}>
              {speech.say('useHere')}
            </Button>
          </Blank>
        </main>
      )
    case 'failed':
      return (
        <main class="alone">
          <Blank icon="alert" title={speech.say('failed')} text={speech.say('failedHow')}>
            {screen.unstored > 0 && <p role="alert">{speech.say('failedUnstored', { n: screen.unstored })}</p>}
            <Button kind="primary" isFirst onClick={() => void app.start()}>
              {speech.say('tryAgain')}
            </Button>
            <Button kind="quiet" onClick={() => void app.goWithoutStoring()}>
              {speech.say('withoutStoring')}
            </Button>
            <p class="why-so" dir="auto">
              {screen.why}
            </p>
          </Blank>
        </main>
      )
  }
}

/** The boxes of the list, while the storage is read. It takes a moment only: they come late, so as not to flash. */
function Opening() {
  const speech = useSpeech()
  return (
    <div class="app late" role="status" aria-busy="true" aria-label={speech.say('loading')}>
      <div class="panes" data-pane="list" data-details="off">
        <div class="list">
          <div class="bar" />
          <SkeletonRows />
        </div>
        <div class="chat" />
      </div>
    </div>
  )
}

export function SkeletonRows() {
  return (
    <ul class="rows" aria-hidden="true">
      {['l2', 'l3', 'l2', 'l3', 'l2'].map((line, i) => (
        <li key={i}>
          <span class="row">
            <span class="sk round" />
            <span class="two">
              <span class="line">
                <span class="sk l1" />
              </span>
              <span class="line">
                <span class={`sk ${line}`} />
              </span>
            </span>
          </span>
        </li>
      ))}
    </ul>
  )
}

/** Says that the browser stores nothing, for as long as that is so. */
export function NotStored() {
  const speech = useSpeech()
  if (useSignal(useApp().isStored)) return null
  return (
    <p class="item quiet" role="status">
      <Icon name="alert" />
      <span class="grow">{speech.say('notStored')}</span>
    </p>
  )
}

/** A line in place of what cannot be had now. */
export function Unavailable({ text }: { text: string }) {
  return (
    <p class="item quiet">
      <Icon name="cut" />
      <span class="grow">{text}</span>
    </p>
  )
}
