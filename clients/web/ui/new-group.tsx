// Making a group: its name, and who is in it.
import { useState } from 'preact/hooks'
import { useSession, useSignal, useSpeech } from './hooks.js'
import { SideBar } from './list-pane.js'
import { go } from './panes.js'
import { Button, Field } from './parts.js'
import { ContactChoice } from './people-picker.js'
import { Side } from './toasts.js'

export function NewGroup() {
  const session = useSession()
  const speech = useSpeech()
  useSignal(session.version)
  const [title, setTitle] = useState('')
  const [fault, setFault] = useState<string | undefined>()
  const [chosen, setChosen] = useState<ReadonlySet<number>>(new Set())
  const create = async (): Promise<void> => {
    const name = title.trim()
    if (name === '') return setFault(speech.say('fillIn'))
    const made = await session.createGroup(name, [...chosen])
    if (made !== undefined) go(made)
  }
  return (
    <Side label={speech.say('newGroup')}>
      <SideBar title={speech.say('newGroup')} back={() => go('new-chat')} />
      <form
        class="scroll fill"
        noValidate
        onSubmit={event => {
          event.preventDefault()
          void create()
        }}
      >
        <div class="sec first inline">
          <Field
            label={speech.say('groupName')}
            hint={speech.say('groupNameHint')}
            value={title}
            fault={fault}
            isFirst
            onInput={text => {
              setTitle(text)
              setFault(undefined)
            }}
            input={{ maxLength: 64, autocomplete: 'off' }}
          />
        </div>
        <div class="sec">
          <h3>{speech.say('whoIsIn')}</h3>
          <ContactChoice chosen={chosen} setChosen={setChosen} />
        </div>
        <div class="sec inline">
          <Button kind="primary" wide submits>
            {speech.say('createGroup')}
          </Button>
        </div>
      </form>
    </Side>
  )
}
