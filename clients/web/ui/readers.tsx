// Who has read an own message in a group.
import { useEffect, useState } from 'preact/hooks'
import type { Message } from '../../typescript/browser.js'
import { useSession, useSignal, useSpeech } from './hooks.js'
import { Avatar, Button } from './parts.js'

export function Readers({ message, close }: { message: Message; close: () => void }) {
  const session = useSession()
  const speech = useSpeech()
  const [uids, setUids] = useState<readonly number[] | undefined>()
  useSignal(session.people.version)
  useEffect(() => {
    void session.attempt(session.client.messages.readBy(message).then(setUids)).then(done => done || close())
  }, [])
  return (
    <div class="dialog">
      <h2 id="modal-title">{speech.say('readBy')}</h2>
      <ul class="scroll short">
        {uids?.map(uid => {
          const name = session.people.name(uid) || speech.say('unknownPerson')
          return (
            <li key={uid} class="item person">
              <Avatar id={uid} name={name} size="s" />
              <span class="name">
                <bdi>{name}</bdi>
              </span>
            </li>
          )
        })}
        {uids?.length === 0 && <li class="item">{speech.say('readByNobody')}</li>}
      </ul>
      <div class="end">
        <Button kind="plain" isFirst onClick={close}>
          {speech.say('close')}
        </Button>
      </div>
    </div>
  )
}
