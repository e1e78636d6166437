// What stands above the composer while one of two strangers waits for an answer. Writing is an answer, too.
import { type ConversationId, peerOf } from '../../typescript/browser.js'
import { isStrangerAsking, writesRequest } from '../model/requests.js'
import { useParting } from './chat-menu.js'
import { useSession, useSignal, useSpeech } from './hooks.js'
import { goHome } from './panes.js'
import { Button } from './parts.js'

export function StrangerBar({ conversation }: { conversation: ConversationId }) {
  const session = useSession()
  const speech = useSpeech()
  useSignal(session.version)
  useSignal(session.people.version)
  const contact = session.contactOf(conversation)
  const uid = peerOf(conversation) ?? 0
  const name = session.people.name(uid) || speech.say('unknownPerson')
  const { block } = useParting(conversation, name)
  if (uid === 0 || uid === session.uid) return null
  if (writesRequest(contact, session.client.contacts.open)) {
    return (
      <section class="stranger">
        <p dir="auto">{speech.say('writesRequest', { name })}</p>
      </section>
    )
  }
  if (!isStrangerAsking(contact)) return null
  return (
    <section class="stranger">
      <p dir="auto">{speech.say('strangerAsks', { name, account: session.people.get(uid)?.account ?? '' })}</p>
      <div class="wrap">
        <Button kind="primary" onClick={() => void session.accept(uid)}>
          {speech.say('accept')}
        </Button>
        <Button kind="plain" onClick={() => void session.decline(uid).then(done => done && goHome())}>
          {speech.say('decline')}
        </Button>
        <Button kind="danger-quiet" onClick={block}>
          {speech.say('block')}
        </Button>
      </div>
    </section>
  )
}
