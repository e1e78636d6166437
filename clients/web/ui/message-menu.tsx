// The menu of a message: reactions on top, then what can be done with it now.
import { useRef } from 'preact/hooks'
import type { Message } from '../../typescript/browser.js'
import { actsOn, type MessageActs } from '../model/message-acts.js'
import type { OpenChat } from '../model/open-chat.js'
import { isUnanswered } from '../model/requests.js'
import { useCopy } from './copy.js'
import { useSession, useSpeech } from './hooks.js'
import { useMembers } from './members.js'
import { type Anchor, type MenuItem, useOverlays } from './overlays.js'
import { ChatPicker } from './pickers.js'
import { Readers } from './readers.js'

export const REACTIONS = ['👍', '❤️', '😂', '🎉', '😮', '🙏'] as const

interface Handlers {
  readonly onReply: (message: Message) => void
  readonly onEdit: (message: Message) => void
}

export interface MessageMenu {
  actsOn(message: Message): MessageActs
  open(anchor: Anchor, message: Message): void
  reply(message: Message): void
}

export function useMessageMenu(open: OpenChat, handlers: Handlers): MessageMenu {
  const session = useSession()
  const speech = useSpeech()
  const { ask, menu, dialog } = useOverlays()
  const copy = useCopy()
  const { count: members } = useMembers(open.conversation)
  const { client } = session
  const { conversation } = open

  const acts = (message: Message): MessageActs =>
    actsOn(open.named(message), {
      uid: session.uid,
      nowMs: client.serverTime(),
      group: client.groups.group(conversation),
      members,
      closed: session.closedBecause(conversation) !== undefined,
      unanswered: isUnanswered(session.contactOf(conversation)),
    })
  const attempt = (asked: Promise<unknown>): void => void session.attempt(asked)

  const show = (anchor: Anchor, shown: Message): void => {
    const message = open.named(shown)
    const can = acts(shown)
    const items: MenuItem[] = []
    if (can.reply)
      items.push({ icon: 'reply', text: speech.say('reply'), beside: 'R', run: () => handlers.onReply(message) })
    if (can.edit)
      items.push({ icon: 'edit', text: speech.say('edit'), beside: 'E', run: () => handlers.onEdit(message) })
    if (can.copy) {
      items.push({ icon: 'copy', text: speech.say('copyText'), run: () => void copy(message.text) })
    }
    if (can.forward) {
      items.push({
        icon: 'forward',
        text: speech.say('forward'),
        run: () => dialog(close => <ChatPicker close={close} pick={to => session.forward(message, to)} />),
      })
    }
    if (can.readBy) {
      items.push({
        icon: 'eye',
        text: speech.say('readBy'),
        run: () => dialog(close => <Readers message={message} close={close} />),
      })
    }
    const danger: MenuItem[] = []
    if (can.recall) {
      danger.push({
        icon: 'recall',
        text: speech.say('recallForAll'),
        danger: true,
        run: () =>
          void ask({
            title: speech.say('recallThis'),
            text: speech.say('recallThisHow'),
            yes: speech.say('recall'),
          }).then(yes => yes && attempt(client.messages.recall(message))),
      })
    }
    if (can.delete) {
      danger.push({
        icon: 'bin',
        text: speech.say('deleteForMe'),
        danger: true,
        run: () =>
          void ask({
            title: speech.say('deleteThis'),
            text: speech.say('deleteThisHow'),
            yes: speech.say('delete'),
          }).then(yes => yes && attempt(client.messages.delete([message]))),
      })
    }
    if (items.length + danger.length === 0) return
    const head = can.react ? (close: () => void) => <ReactionPicker message={message} close={close} /> : undefined
    const line = items.length > 0 && danger.length > 0 ? ['line' as const] : []
    menu(anchor, { label: speech.say('messageActions'), items: [...items, ...line, ...danger], ...(head && { head }) })
  }
  // The rows keep one function, so that they need not be drawn anew.
  const latest = useRef({ acts, show, handlers })
  latest.current = { acts, show, handlers }
  const stable = useRef<MessageMenu>({
    actsOn: message => latest.current.acts(message),
    open: (anchor, message) => latest.current.show(anchor, message),
    reply: message => latest.current.handlers.onReply(open.named(message)),
  })
  return stable.current
}

function ReactionPicker({ message, close }: { message: Message; close: () => void }) {
  const session = useSession()
  const speech = useSpeech()
  return (
    <div class="pick-rx" role="group" aria-label={speech.say('react')}>
      {REACTIONS.map(kind => {
        const mine = message.changed.reactions.some(each => each.kind === kind && each.mine)
        return (
          <button
            key={kind}
            type="button"
            role="menuitemcheckbox"
            aria-checked={mine}
            tabIndex={-1}
            onClick={() => {
              close()
              void session.toggleReaction(message, kind, mine)
            }}
          >
            {kind}
          </button>
        )
      })}
    </div>
  )
}
