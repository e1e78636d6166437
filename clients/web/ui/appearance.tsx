// The choices of how the page looks, as signing in and the settings show them. Each acts at once.
import { useApp, useSignal, useSpeech } from './hooks.js'
import { Segments } from './parts.js'

export function ThemeChoice() {
  const { settings } = useApp()
  const speech = useSpeech()
  const { theme } = useSignal(settings.current)
  return (
    <Segments
      label={speech.say('theme')}
      value={theme}
      choices={[
        ['system', speech.say('system')],
        ['light', speech.say('light')],
        ['dark', speech.say('dark')],
      ]}
      onChange={next => settings.change({ theme: next })}
    />
  )
}

export function LanguageChoice() {
  const { settings } = useApp()
  const speech = useSpeech()
  const { language } = useSignal(settings.current)
  return (
    <Segments
      label={speech.say('language')}
      value={language}
      choices={[
        ['en', 'English'],
        ['zh', '简体中文'],
      ]}
      onChange={next => settings.change({ language: next })}
    />
  )
}
