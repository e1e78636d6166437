// The mark of an own message: how far it is. Each has a name in words.
import type { Message, MessageState } from '../../typescript/browser.js'
import type { PlainKey } from '../words.js'
import { useSpeech } from './hooks.js'

interface MarkLook {
  readonly symbol: string
  readonly kind: string
  readonly word: PlainKey
}

const MARKS: Readonly<Record<MessageState, MarkLook | undefined>> = {
  queued: { symbol: 't-queued', kind: '', word: 'queued' },
  sending: { symbol: 't-sending', kind: '', word: 'sending' },
  accepted: { symbol: 't-stored', kind: '', word: 'sent' },
  delivered: { symbol: 't-delivered', kind: ' wide', word: 'delivered' },
  read: { symbol: 't-read', kind: ' wide read', word: 'read' },
  failed: { symbol: 't-bad', kind: ' bad', word: 'notSent' },
  received: undefined,
}

export function markWord({ state }: Message): PlainKey | undefined {
  return MARKS[state]?.word
}

export function Mark({ message }: { message: Message }) {
  const speech = useSpeech()
  const look = MARKS[message.state]
  if (look === undefined || message.changed.recalledBy !== 0) return null
  return (
    <svg class={`tick${look.kind}`} role="img" aria-label={speech.say(look.word)}>
      <use href={`#${look.symbol}`} />
    </svg>
  )
}
