// The region that a screen reader speaks: each new message of the open chat. The log itself is silent, for a virtual list would have old
// rows read aloud when they are scrolled into sight.
import { useSession, useSignal, useSpeech } from './hooks.js'

export function Spoken() {
  const session = useSession()
  const speech = useSpeech()
  const message = useSignal(session.spoken)
  const name = message && (session.people.name(message.sender) || speech.say('unknownPerson'))
  return (
    <div class="vh" role="status" aria-live="polite">
      {message !== undefined && (
        <p key={`${message.sender} ${message.device} ${message.sendSeq}`}>
          <bdi>{name}</bdi>: <bdi>{message.text}</bdi>
        </p>
      )}
    </div>
  )
}
