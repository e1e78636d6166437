// Making a board, and following one that somebody else has made.
import { useState } from 'preact/hooks'
import type { Said } from '../words.js'
import { useSession, useSpeech } from './hooks.js'
import { SideBar } from './list-pane.js'
import { go } from './panes.js'
import { Button, Field, Switch } from './parts.js'
import { Side } from './toasts.js'

export function NewBoard() {
  const speech = useSpeech()
  return (
    <Side label={speech.say('boards')}>
      <SideBar title={speech.say('boards')} back={() => go('new-chat')} />
      <div class="scroll fill">
        <FollowBoard />
        <CreateBoard />
      </div>
    </Side>
  )
}

function FollowBoard() {
  const session = useSession()
  const speech = useSpeech()
  const [address, setAddress] = useState('')
  const [fault, setFault] = useState<Said | undefined>()
  return (
    <form
      class="sec first inline"
      noValidate
      onSubmit={event => {
        event.preventDefault()
        void session.follow(address).then(setFault)
      }}
    >
      <Field
        label={speech.say('boardAddress')}
        hint={speech.say('boardAddressHint')}
        value={address}
        fault={fault && speech.text(fault)}
        isFirst
        onInput={text => {
          setAddress(text)
          setFault(undefined)
        }}
        input={{ exact: true }}
      />
      <Button kind="primary" submits>
        {speech.say('followBoard')}
      </Button>
    </form>
  )
}

function CreateBoard() {
  const session = useSession()
  const speech = useSpeech()
  const [title, setTitle] = useState('')
  const [fault, setFault] = useState<string | undefined>()
  const [allPublish, setAllPublish] = useState(false)
  const [codeNeeded, setCodeNeeded] = useState(true)
  const create = async (): Promise<void> => {
    const name = title.trim()
    if (name === '') return setFault(speech.say('fillIn'))
    const made = await session.createBoard(name, { allPublish, codeNeeded })
    if (made !== undefined) go(made)
  }
  return (
    <form
      class="sec"
      noValidate
      onSubmit={event => {
        event.preventDefault()
        void create()
      }}
    >
      <h3>{speech.say('newBoard')}</h3>
      <div class="inline">
        <Field
          label={speech.say('boardName')}
          value={title}
          fault={fault}
          onInput={text => {
            setTitle(text)
            setFault(undefined)
          }}
          input={{ maxLength: 64 }}
        />
      </div>
      <div class="item">
        <span class="grow">{speech.say('allPublish')}</span>
        <Switch label={speech.say('allPublish')} on={allPublish} onChange={setAllPublish} />
      </div>
      <div class="item">
        <span class="grow">{speech.say('codeNeeded')}</span>
        <Switch label={speech.say('codeNeeded')} on={codeNeeded} onChange={setCodeNeeded} />
      </div>
      <div class="inline">
        <Button kind="primary" wide submits>
          {speech.say('createBoard')}
        </Button>
      </div>
    </form>
  )
}
