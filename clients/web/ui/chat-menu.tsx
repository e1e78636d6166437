// What one does with a chat as a whole.
import { type ConversationId, peerOf } from '../../typescript/browser.js'
import { said } from '../words.js'
import { useSession, useSpeech } from './hooks.js'
import { type MenuItem, useOverlays } from './overlays.js'
import { goHome } from './panes.js'

/** Opens the chat's menu. */
export function useChatMenu(conversation: ConversationId): (anchor: Element) => void {
  const session = useSession()
  const speech = useSpeech()
  const { ask, menu } = useOverlays()
  return anchor => {
    const { muted, pinned, archived } = session.client.conversations.get(conversation)
    const set = (settings: Parameters<typeof session.set>[1]) => () => session.set(conversation, settings)
    const items: (MenuItem | 'line')[] = [
      { icon: muted ? 'bell' : 'mute', text: speech.say(muted ? 'unmute' : 'mute'), run: set({ muted: !muted }) },
      { icon: 'pin', text: speech.say(pinned ? 'unpin' : 'pin'), run: set({ pinned: !pinned }) },
      {
        icon: 'archive',
        text: speech.say(archived ? 'unarchive' : 'archive'),
        run: () => {
          session.set(conversation, { archived: !archived })
          if (archived) return
          goHome()
          session.notices.tell(said('archivedNews'), { said: said('undo'), run: set({ archived: false }) })
        },
      },
      {
        icon: 'chat',
        text: speech.say('markUnread'),
        run: () => {
          session.set(conversation, { unread: true })
          goHome()
        },
      },
      'line',
      {
        icon: 'bin',
        text: speech.say('clearChat'),
        danger: true,
        run: () =>
          void ask({
            title: speech.say('clearThis'),
            text: speech.say('clearThisHow'),
            yes: speech.say('delete'),
          }).then(yes => {
            if (yes) session.clear(conversation)
          }),
      },
    ]
    menu(anchor, { label: speech.say('more'), items })
  }
}

/** Leaves a group or ends a friendship, after asking. */
export function useParting(conversation: ConversationId, name: string) {
  const session = useSession()
  const speech = useSpeech()
  const { ask } = useOverlays()
  const { contacts, groups } = session.client
  const uid = peerOf(conversation) ?? 0
  const after = (question: Promise<boolean>, run: () => Promise<unknown>): void =>
    void question.then(yes => yes && session.attempt(run()))
  return {
    leave: () =>
      after(
        ask({ title: speech.say('leaveThis', { name }), text: speech.say('leaveThisHow'), yes: speech.say('leave') }),
        () => groups.leave(conversation),
      ),
    dissolve: () =>
      after(
        ask({
          title: speech.say('dissolveThis', { name }),
          text: speech.say('dissolveThisHow'),
          yes: speech.say('dissolve'),
        }),
        () => groups.dissolve(conversation),
      ),
    remove: () =>
      after(
        ask({
          title: speech.say('removeThis', { name }),
          text: speech.say('removeThisHow'),
          yes: speech.say('removeContact'),
        }),
        () => contacts.remove(uid),
      ),
    block: () =>
      void ask({
        title: speech.say('blockThis', { name }),
        text: speech.say('blockThisHow'),
        yes: speech.say('block'),
      }).then(yes => yes && session.block(uid)),
  }
}
