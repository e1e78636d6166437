// How the connection is: a line that is always there, and a banner over the log when it has been away for a while.

import { useEffect } from 'preact/hooks'
import type { ConnectionView } from '../model/connection.js'
import type { Speech } from '../words.js'
import { useApp, useDraw, useSession, useSignal, useSpeech } from './hooks.js'
import { Button, Icon } from './parts.js'

const TRANSPORTS: Readonly<Record<string, string>> = { ws: 'WebSocket', http: 'HTTP' }

function transportOf({ transport }: ConnectionView): string {
  return TRANSPORTS[transport] ?? transport
}

/** The whole seconds to the next try, drawn again with each. */
function useSeconds({ state, retryAtMs }: ConnectionView): number {
  const { clock } = useApp().platform
  const draw = useDraw()
  const leftMs = state === 'waiting' ? Math.max(0, retryAtMs - clock.monotonic()) : 0
  useEffect(() => {
    if (leftMs === 0) return undefined
    const timer = clock.after((leftMs % 1_000) + 1, draw)
    return () => timer.cancel()
  })
  return Math.ceil(leftMs / 1_000)
}

export function ConnectionLine() {
  const speech = useSpeech()
  const view = useSignal(useSession().connection.view)
  const seconds = useSeconds(view)
  const kind = { online: '', connecting: ' try', waiting: ' off', stopped: ' off' }[view.state]
  return (
    <span class={`state${kind}`} role="status" aria-live="off">
      <span>{lineOf(view, seconds, speech)}</span>
    </span>
  )
}

function lineOf(view: ConnectionView, seconds: number, speech: Speech): string {
  const transport = transportOf(view)
  switch (view.state) {
    case 'online':
      return speech.say('connected', { transport })
    case 'connecting':
      return view.tries === 0
        ? speech.say('connecting')
        : speech.say('reconnectingBy', { transport, n: view.tries + 1 })
    case 'waiting':
      return speech.say('offlineNext', { n: seconds })
    case 'stopped':
      return speech.say('offline')
  }
}

export function ConnectionBanner() {
  const { connection } = useSession()
  const speech = useSpeech()
  const view = useSignal(connection.view)
  const seconds = useSeconds(view)
  if (view.state === 'stopped') {
    return (
      <div class="banner off" role="alert">
        <Icon name="cut" />
        <p>{speech.say('stoppedElsewhere')}</p>
        <Button kind="quiet" small onClick={() => location.reload()}>
          {speech.say('reload')}
        </Button>
      </div>
    )
  }
  if (!view.isAway) return null
  const waits = view.waiting > 0 ? speech.say('nWait', { n: view.waiting }) : ''
  if (view.state === 'connecting') {
    return (
      <div class="banner" role="status">
        <Icon name="again" />
        <p>
          <b>{speech.say('reconnecting')}</b>{' '}
          <small>
            {speech.say('overTransport', { transport: transportOf(view) })} {waits}
          </small>
        </p>
      </div>
    )
  }
  return (
    <div class="banner off" role="status">
      <Icon name="cut" />
      <p>
        <b>{speech.say('offline')}</b> <small>{waits}</small>{' '}
        <small aria-live="off">{speech.say('nextTry', { n: seconds })}</small>
      </p>
      <Button kind="quiet" small onClick={() => connection.tryNow()}>
        {speech.say('tryNow')}
      </Button>
    </div>
  )
}
