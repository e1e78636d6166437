// The settings. Each acts at once.
import { useEffect, useState } from 'preact/hooks'
import type { DeviceInfo } from '../../typescript/browser.js'
import { rowTime } from '../model/dates.js'
import { said } from '../words.js'
import { AccountSettings } from './account-settings.js'
import { LanguageChoice, ThemeChoice } from './appearance.js'
import { ConnectionLine } from './connection-line.js'
import { TextSetting } from './details.js'
import { useApp, useSession, useSignal, useSpeech } from './hooks.js'
import { SideBar } from './list-pane.js'
import { useOverlays } from './overlays.js'
import { Unavailable } from './page.js'
import { Avatar, Button, Icon, Switch } from './parts.js'
import { Side } from './toasts.js'

export function SettingsPane() {
  const speech = useSpeech()
  return (
    <Side label={speech.say('settings')}>
      <SideBar title={speech.say('settings')} />
      <div class="scroll fill">
        <Own />
        <Appearance />
        <NotificationSettings />
        <Privacy />
        <div class="sec">
          <h3>{speech.say('connection')}</h3>
          <div class="item">
            <Icon name="link" />
            <ConnectionLine />
            <span class="grow" />
            <span class="val">{speech.say('automatic')}</span>
          </div>
        </div>
        <Devices />
        <AccountSettings />
        <SignOut />
      </div>
    </Side>
  )
}

function Own() {
  const session = useSession()
  const speech = useSpeech()
  useSignal(session.version)
  const { profile } = session.client.account
  const name = session.people.name(profile.uid)
  return (
    <>
      <div class="hero">
        <Avatar id={profile.uid} name={name} size="xl" />
        <h2>
          <bdi>{name}</bdi>
        </h2>
        <p>
          <bdi>{profile.account}</bdi>
        </p>
      </div>
      <div class="sec">
        <TextSetting
          icon="edit"
          title={speech.say('shownName')}
          label={speech.say('shownName')}
          value={profile.nickname}
          mayBeEmpty
          save={async nickname => {
            await session.client.account.updateProfile({ nickname })
            session.notices.tell(said('nameSaved'))
          }}
        />
      </div>
    </>
  )
}

function Appearance() {
  const speech = useSpeech()
  return (
    <div class="sec">
      <h3>{speech.say('appearance')}</h3>
      <div class="item">
        <span class="grow">{speech.say('theme')}</span>
        <ThemeChoice />
      </div>
      <div class="item">
        <span class="grow">{speech.say('language')}</span>
        <LanguageChoice />
      </div>
    </div>
  )
}

function NotificationSettings() {
  const { settings, platform } = useApp()
  const speech = useSpeech()
  const { notifies } = useSignal(settings.current)
  const [permission, setPermission] = useState(platform.notifications.permission)
  const change = async (on: boolean): Promise<void> => {
    const allowed = on && (await platform.notifications.ask())
    setPermission(platform.notifications.permission)
    settings.change({ notifies: allowed })
  }
  const below = {
    default: speech.say('noneForMuted'),
    granted: speech.say('noneForMuted'),
    denied: speech.say('notificationsDenied'),
    missing: speech.say('notificationsMissing'),
  }[permission]
  return (
    <div class="sec">
      <h3>{speech.say('notifications')}</h3>
      <div class="item">
        <span class="grow">
          {speech.say('onThisDevice')}
          <small>{below}</small>
        </span>
        {permission !== 'missing' && (
          <Switch
            label={speech.say('notifications')}
            on={notifies && permission === 'granted'}
            onChange={on => void change(on)}
          />
        )}
      </div>
    </div>
  )
}

function Privacy() {
  const session = useSession()
  const speech = useSpeech()
  useSignal(session.version)
  const { conversations, contacts } = session.client
  const { noReceipts, noPresence, askBeforeGroups, friendsOnly } = conversations.preferences
  const set = (preferences: Parameters<typeof conversations.setPreferences>[0]): void =>
    void session.attempt(conversations.setPreferences(preferences))
  return (
    <div class="sec">
      <h3>{speech.say('privacy')}</h3>
      <div class="item">
        <span class="grow">
          {speech.say('readReceipts')}
          <small>{speech.say('readReceiptsHow')}</small>
        </span>
        <Switch label={speech.say('readReceipts')} on={!noReceipts} onChange={on => set({ noReceipts: !on })} />
      </div>
      <div class="item">
        <span class="grow">
          {speech.say('showOnline')}
          <small>{speech.say('showOnlineHow')}</small>
        </span>
        <Switch label={speech.say('showOnline')} on={!noPresence} onChange={on => set({ noPresence: !on })} />
      </div>
      {contacts.open === true && (
        <div class="item">
          <span class="grow">{speech.say('friendsOnly')}</span>
          <Switch label={speech.say('friendsOnly')} on={friendsOnly} onChange={on => set({ friendsOnly: on })} />
        </div>
      )}
      <div class="item">
        <span class="grow">{speech.say('addAtOnce')}</span>
        <Switch label={speech.say('addAtOnce')} on={!askBeforeGroups} onChange={on => set({ askBeforeGroups: !on })} />
      </div>
    </div>
  )
}

function Devices() {
  const session = useSession()
  const speech = useSpeech()
  const [devices, setDevices] = useState<readonly DeviceInfo[] | undefined>()
  const [failed, setFailed] = useState(false)
  const { state } = useSignal(session.connection.view)
  const load = (): void =>
    void session.client.account.devices().then(
      found => {
        setDevices(found)
        setFailed(false)
      },
      () => setFailed(true),
    )
  useEffect(() => {
    if (state === 'online') load()
  }, [state])
  return (
    <div class="sec">
      <h3>{speech.say('devices')}</h3>
      {devices === undefined && (failed || state !== 'online') && <Unavailable text={speech.say('devicesFailed')} />}
      {devices?.map(({ device, name, current, lastSeenMs }) => (
        <div key={device} class="item">
          <Icon name="device" />
          <span class="grow">
            <bdi>{name || speech.say('unnamedDevice', { n: device })}</bdi>
            <small>
              {current
                ? speech.say('thisDevice')
                : speech.say('lastSeen', { date: rowTime(speech, lastSeenMs, session.client.serverTime()) })}
            </small>
          </span>
          {!current && (
            <Button
              kind="danger-quiet"
              small
              onClick={() => void session.attempt(session.client.account.removeDevice(device)).then(load)}
            >
              {speech.say('signOut')}
            </Button>
          )}
        </div>
      ))}
    </div>
  )
}

function SignOut() {
  const app = useApp()
  const session = useSession()
  const speech = useSpeech()
  const { ask } = useOverlays()
  const signOut = (): void => {
    session.connection.count()
    const { waiting } = session.connection.view.value
    const lost = waiting > 0 ? ` ${speech.say('signOutWaiting', { n: waiting })}` : ''
    void ask({
      title: speech.say('signOutThis'),
      text: `${speech.say('signOutThisHow')}${lost}`,
      yes: speech.say('signOut'),
    }).then(yes => yes && session.attempt(app.signOut()))
  }
  return (
    <div class="sec">
      <button type="button" class="item danger" onClick={signOut}>
        <Icon name="out" />
        <span class="grow">{speech.say('signOutHere')}</span>
      </button>
    </div>
  )
}
