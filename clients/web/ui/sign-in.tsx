// Signing in and making an account. What is wrong stands in lines that are there already.
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Said } from '../words.js'
import { LanguageChoice, ThemeChoice } from './appearance.js'
import { useApp, useSpeech } from './hooks.js'
import { NotStored } from './page.js'
import { Button, Field, Icon, PasswordField } from './parts.js'

type Fault = { readonly field: 'account' | 'nickname' | 'password'; readonly text: string }

/** The field that a fault is about; what is about none stands below the last one. */
const FIELDS: Readonly<Record<string, Fault['field']>> = {
  nameTaken: 'account',
  accountForm: 'account',
  nameInvalid: 'nickname',
  unknownUser: 'account',
}

export function SignIn({ known }: { known: string }) {
  const app = useApp()
  const speech = useSpeech()
  const [isNew, setNew] = useState(false)
  const [account, setAccount] = useState(known)
  const [nickname, setNickname] = useState('')
  const [password, setPassword] = useState('')
  const [fault, setFault] = useState<Fault | undefined>()
  const [busy, setBusy] = useState(false)
  const form = useRef<HTMLFormElement>(null)

  useEffect(() => {
    form.current?.querySelector<HTMLElement>('[aria-invalid=true]')?.focus()
  }, [fault])
  useEffect(() => {
    form.current?.querySelector('input')?.focus()
  }, [isNew])

  const enter = async (): Promise<void> => {
    const empty = account.trim() === '' ? 'account' : password === '' ? 'password' : undefined
    if (empty !== undefined) {
      setFault({ field: empty, text: speech.say('fillIn') })
      return
    }
    setBusy(true)
    setFault(undefined)
    const name = account.trim()
    const wrong: Said | undefined = isNew
      ? await app.register(name, nickname.trim(), password)
      : await app.signIn(name, password)
    setBusy(false)
    if (wrong !== undefined) setFault({ field: FIELDS[wrong.key] ?? 'password', text: speech.text(wrong) })
  }

  const faultOf = (field: Fault['field']): string | undefined => (fault?.field === field ? fault.text : undefined)
  return (
    <div class="login">
      <main>
        <div class="brand">
          <svg class="i logo" aria-hidden="true">
            <use href="#i-logo" />
          </svg>
          Longwire
        </div>
        <form
          ref={form}
          noValidate
          onSubmit={event => {
            event.preventDefault()
            if (!busy) void enter()
          }}
        >
          <h1>{speech.say(isNew ? 'createAccount' : 'signIn')}</h1>
          <NotStored />
          {known !== '' && !isNew && <p class="note">{speech.say('sessionOver')}</p>}
          <Field
            label={speech.say('accountName')}
            value={account}
            onInput={setAccount}
            hint={isNew ? speech.say('accountHint') : ''}
            fault={faultOf('account')}
            isFirst
            input={{ autocomplete: 'username', exact: true, maxLength: 64 }}
          />
          {isNew && (
            <Field
              label={speech.say('shownName')}
              value={nickname}
              onInput={setNickname}
              hint={speech.say('shownNameHint')}
              fault={faultOf('nickname')}
              input={{ autocomplete: 'nickname', maxLength: 64 }}
            />
          )}
          <PasswordField
            label={speech.say('password')}
            value={password}
            onInput={setPassword}
            hint={isNew ? speech.say('passwordHint') : ''}
            fault={faultOf('password')}
            autocomplete={isNew ? 'new-password' : 'current-password'}
          />
          <Button kind="primary" wide submits disabled={busy}>
            {speech.say(busy ? 'signingIn' : isNew ? 'createAccount' : 'signIn')}
          </Button>
        </form>
        <p class="swap">
          {speech.say(isNew ? 'haveAccount' : 'newHere')}{' '}
          <button
            type="button"
            class="link"
            onClick={() => {
              setNew(!isNew)
              setFault(undefined)
            }}
          >
            {speech.say(isNew ? 'signIn' : 'createAnAccount')}
          </button>
        </p>
      </main>
      <Foot />
    </div>
  )
}

function Foot() {
  return (
    <footer>
      <span class="host">
        <Icon name="globe" size="s" /> {location.host}
      </span>
      <LanguageChoice />
      <ThemeChoice />
    </footer>
  )
}
