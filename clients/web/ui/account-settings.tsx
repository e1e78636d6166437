// The password, and the end of the account.
import { useState } from 'preact/hooks'
import type { Said } from '../words.js'
import { said } from '../words.js'
import { useApp, useSession, useSpeech } from './hooks.js'
import { useOverlays } from './overlays.js'
import { Button, Icon, PasswordField, SaveOrCancel } from './parts.js'

export function AccountSettings() {
  const speech = useSpeech()
  const { dialog } = useOverlays()
  const [isChanging, setChanging] = useState(false)
  return (
    <div class="sec">
      <h3>{speech.say('account')}</h3>
      {isChanging ? (
        <NewPassword close={() => setChanging(false)} />
      ) : (
        <button type="button" class="item" onClick={() => setChanging(true)}>
          <Icon name="lock" />
          <span class="grow">{speech.say('changePassword')}</span>
        </button>
      )}
      <button type="button" class="item danger" onClick={() => dialog(close => <AccountEnd close={close} />)}>
        <Icon name="bin" />
        <span class="grow">{speech.say('deleteAccount')}</span>
      </button>
    </div>
  )
}

function NewPassword({ close }: { close: () => void }) {
  const session = useSession()
  const speech = useSpeech()
  const [old, setOld] = useState('')
  const [next, setNext] = useState('')
  const [wrong, setWrong] = useState<Said | undefined>()
  const isOld = wrong?.key === 'wrongCredentials'
  const change = async (): Promise<void> => {
    const fault = await session.changePassword(old, next)
    setWrong(fault)
    if (fault === undefined) close()
  }
  const text = wrong && speech.text(isOld ? said('wrongPassword') : wrong)
  return (
    <form
      class="inline"
      onSubmit={event => {
        event.preventDefault()
        void change()
      }}
    >
      <PasswordField
        label={speech.say('oldPassword')}
        value={old}
        onInput={setOld}
        fault={isOld ? text : undefined}
        autocomplete="current-password"
      />
      <PasswordField
        label={speech.say('newPassword')}
        value={next}
        onInput={setNext}
        hint={speech.say('passwordHint')}
        fault={isOld ? undefined : text}
        autocomplete="new-password"
      />
      <SaveOrCancel onCancel={close} />
    </form>
  )
}

function AccountEnd({ close }: { close: () => void }) {
  const app = useApp()
  const speech = useSpeech()
  const [password, setPassword] = useState('')
  const [wrong, setWrong] = useState<Said | undefined>()
  const end = async (): Promise<void> => {
    const fault = await app.deleteAccount(password)
    if (fault !== undefined) setWrong(fault.key === 'wrongCredentials' ? said('wrongPassword') : fault)
  }
  return (
    <form
      class="dialog"
      onSubmit={event => {
        event.preventDefault()
        void end()
      }}
    >
      <h2 id="modal-title">{speech.say('deleteAccountThis')}</h2>
      <p>{speech.say('deleteAccountHow')}</p>
      <PasswordField
        label={speech.say('password')}
        value={password}
        onInput={setPassword}
        fault={wrong && speech.text(wrong)}
        autocomplete="current-password"
      />
      <div class="end">
        <Button kind="plain" isFirst onClick={close}>
          {speech.say('cancel')}
        </Button>
        <Button kind="danger" submits disabled={password === ''}>
          {speech.say('deleteAccount')}
        </Button>
      </div>
    </form>
  )
}
