// Who types, with three dots that move.
import type { ConversationId } from '../../typescript/browser.js'
import { useSession, useSignal, useSpeech } from './hooks.js'

/** Those who type in a conversation. */
export function useTypists(conversation: ConversationId): readonly number[] {
  return useSignal(useSession().presence.typists).get(conversation) ?? NOBODY
}

const NOBODY: readonly number[] = []

export function Typing({ typists, isGroup }: { typists: readonly number[]; isGroup: boolean }) {
  const { people } = useSession()
  const speech = useSpeech()
  const [first = 0] = typists
  const name = people.name(first) || speech.say('unknownPerson')
  const text =
    typists.length > 1
      ? speech.say('nType', { n: typists.length })
      : isGroup
        ? speech.say('someoneTypes', { name })
        : speech.say('types')
  return (
    <>
      {text}
      <span class="dots" aria-hidden="true">
        <i />
        <i />
        <i />
      </span>
    </>
  )
}
