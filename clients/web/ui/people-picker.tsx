// Choosing some of the user's contacts.
import { useState } from 'preact/hooks'
import { GROUP_INVITEES_MAX } from '../../../protocol/limits.js'
import { nameOf } from '../model/people.js'
import { useSession, useSpeech } from './hooks.js'
import { Avatar, Button, Icon } from './parts.js'

interface PeoplePickerProps {
  readonly title: string
  readonly yes: string
  /** Those who are not to be chosen. */
  readonly without: readonly number[]
  readonly close: () => void
  readonly pick: (uids: readonly number[]) => void
}

export function PeoplePicker({ title, yes, without, close, pick }: PeoplePickerProps) {
  const speech = useSpeech()
  const [chosen, setChosen] = useState<ReadonlySet<number>>(new Set())
  return (
    <div class="dialog">
      <h2 id="modal-title">{title}</h2>
      <ContactChoice chosen={chosen} setChosen={setChosen} without={without} />
      <div class="end">
        <Button kind="plain" isFirst onClick={close}>
          {speech.say('cancel')}
        </Button>
        <Button
          kind="primary"
          disabled={chosen.size === 0}
          onClick={() => {
            close()
            pick([...chosen])
          }}
        >
          {yes}
        </Button>
      </div>
    </div>
  )
}

interface ContactChoiceProps {
  readonly chosen: ReadonlySet<number>
  readonly setChosen: (chosen: ReadonlySet<number>) => void
  readonly without?: readonly number[]
}

export function ContactChoice({ chosen, setChosen, without = [] }: ContactChoiceProps) {
  const session = useSession()
  const speech = useSpeech()
  const friends = session.friends().filter(({ uid }) => !without.includes(uid))
  const toggle = (uid: number): void => {
    const next = new Set(chosen)
    if (!next.delete(uid) && next.size < GROUP_INVITEES_MAX) next.add(uid)
    setChosen(next)
  }
  if (friends.length === 0) return <p class="item quiet">{speech.say('noContacts')}</p>
  return (
    <ul class="scroll short">
      {friends.map(friend => {
        const { uid } = friend
        const name = nameOf(friend)
        return (
          <li key={uid}>
            <button
              type="button"
              class="item person"
              role="checkbox"
              aria-checked={chosen.has(uid)}
              onClick={() => toggle(uid)}
            >
              <Avatar id={uid} name={name} size="s" />
              <span class="grow">
                <span class="name">
                  <bdi>{name}</bdi>
                </span>
              </span>
              <span class={chosen.has(uid) ? 'tickbox on' : 'tickbox'}>
                <Icon name="check" size="s" />
              </span>
            </button>
          </li>
        )
      })}
    </ul>
  )
}
