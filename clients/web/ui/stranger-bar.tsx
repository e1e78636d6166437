// What stands above the composer while a stranger waits for an answer. Writing is an answer, too.
import type { ConversationId } from '../../typescript/browser.js'
import { isStrangerAsking } from '../model/requests.js'
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
  const name = session.people.name(contact?.uid ?? 0) || speech.say('unknownPerson')
  const { block } = useParting(conversation, name)
  if (contact === undefined || !isStrangerAsking(contact)) return null
  const { uid } = contact
  return (
    <section class="stranger">
      <p dir="auto">{speech.say('strangerAsks', { name })}</p>
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
