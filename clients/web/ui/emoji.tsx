// A small choice of emoji. Every system has a larger one of its own.
import { useSpeech } from './hooks.js'
import { useOverlays } from './overlays.js'
import { IconButton } from './parts.js'

const EMOJI = [
  ...['😀', '😄', '😂', '🙂', '😉', '😊', '😍', '😘', '🤔', '😅', '😢', '😭', '😡', '😱', '🥳', '😴'],
  ...['👍', '👎', '👏', '🙏', '💪', '👋', '🤝', '👀', '❤️', '🎉', '🔥', '✨', '✅', '❌', '☕', '🌹'],
] as const

export function EmojiButton({ pick }: { pick: (emoji: string) => void }) {
  const speech = useSpeech()
  const { menu } = useOverlays()
  return (
    <IconButton
      icon="smile"
      label={speech.say('emoji')}
      expanded={false}
      onClick={event =>
        menu(event.currentTarget as Element, {
          label: speech.say('emoji'),
          head: close => (
            <div class="pick-rx many" role="group" aria-label={speech.say('emoji')}>
              {EMOJI.map(each => (
                <button
                  key={each}
                  type="button"
                  role="menuitem"
                  tabIndex={-1}
                  onClick={() => {
                    close()
                    pick(each)
                  }}
                >
                  {each}
                </button>
              ))}
            </div>
          ),
          items: [],
        })
      }
    />
  )
}
