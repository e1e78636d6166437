/** People who act in groups by transitions alone, without services, and see what their timelines show. */
import { CODES, codeName } from '../../protocol/codes.js'
import {
  type Contact,
  ContactState,
  type ConversationMessage,
  decodeItem,
  type Group,
  GroupState,
  type Item,
  type Message,
} from '../../protocol/generated/messages.js'
import { partitionOf } from '../../src/store/partition.js'
import type { Engine } from '../../src/sync/index.js'
import { register } from '../../src/sync/rules/account.js'
import { acceptContact, requestContact } from '../../src/sync/rules/contact.js'
import { type Gid, groupConversation, newGid } from '../../src/sync/rules/group-records.js'
import { acceptInvitation, createGroup, sendToGroup } from '../../src/sync/rules/membership.js'
import { sendTransition } from '../../src/sync/rules/message.js'
import type { Answer, Numbered } from '../../src/sync/rules/numbered.js'
import { accountsActor, userActor } from '../../src/sync/rules/records.js'
import type { Transition } from '../../src/sync/types.js'
import { eventually } from './eventually.js'

const HASH = '12345678'
const SEND = sendTransition()

export class GroupPerson {
  readonly uid: number
  readonly engine: Engine
  sendSeq = 0

  constructor(uid: number, engine: Engine) {
    this.uid = uid
    this.engine = engine
  }

  /** Makes an account in a partition, under a name of that partition and without the work of a password. */
  static async enter(engine: Engine, account: string, partition: number): Promise<GroupPerson> {
    let name = account
    for (let n = 0; partitionOf(`account/${name}`) !== partition; n += 1) name = `${account}${n}`
    const made = await engine.run(accountsActor(partition), register, {
      ...{ partition, account: name, nickname: '', passwordHash: '', installationKey: '', deviceName: '' },
      tokenHash: ' '.repeat(32),
    })
    if (made.kind !== 'done') throw new Error(`${account} was not made: ${made.kind}`)
    return new GroupPerson(made.result.uid, engine)
  }

  /** Runs a numbered transition of this person, with its next number. @returns the name of its code */
  async act<I extends Numbered, A extends Answer>(
    transition: Transition<I, A>,
    fields: Omit<I, keyof Numbered | 'uid'>,
  ): Promise<string> {
    this.sendSeq += 1
    const input = { ...fields, uid: this.uid, device: 1, sendSeq: this.sendSeq, hash: HASH } as unknown as I
    const outcome = await this.engine.run(userActor(this.uid), transition, input)
    if (outcome.kind !== 'done' || outcome.result.kind !== 'answer') throw new Error(JSON.stringify(outcome))
    return codeName(outcome.result.code)
  }

  /** Makes a group and invites these people. */
  async create(title: string, invited: readonly GroupPerson[] = []): Promise<Gid> {
    const gid = newGid(this.uid, 1, this.sendSeq + 1)
    const code = await this.act(createGroup, { gid, title, uids: invited.map(({ uid }) => uid) })
    if (code !== 'OK') throw new Error(code)
    return gid
  }

  /** Accepts an invitation. */
  async comeIn(gid: Gid): Promise<void> {
    await eventually(async () => (await this.group(gid))?.state === GroupState.INVITED)
    await this.act(acceptInvitation, { gid, invitation: (await this.group(gid))?.number ?? 0 })
    await eventually(async () => (await this.group(gid))?.state === GroupState.MEMBER)
  }

  say(gid: Gid, text: string): Promise<string> {
    return this.act(sendToGroup, { gid, text, fault: CODES.OK.code })
  }

  /** Makes the two friends. */
  async befriend(other: GroupPerson): Promise<void> {
    await this.act(requestContact, { other: other.uid, greeting: '' })
    const isOf = async (person: GroupPerson, uid: number, state: ContactState) =>
      (await person.contact(uid))?.state === state
    await eventually(() => isOf(other, this.uid, ContactState.INVITED))
    await other.act(acceptContact, { other: this.uid, request: (await other.contact(this.uid))?.request ?? 0 })
    await eventually(() => isOf(this, other.uid, ContactState.FRIEND))
  }

  async contact(uid: number): Promise<Contact | undefined> {
    const all = (await this.items()).map(({ content }) => content)
    return all.flatMap(item => (item?.case === 'contact' && item.value.uid === uid ? [item.value] : [])).at(-1)
  }

  /** Sends a direct message. */
  write(to: GroupPerson, text: string): Promise<string> {
    return this.act(SEND, { to: to.uid, text, fault: CODES.OK.code })
  }

  /** The messages of the timeline, as they are now. */
  async messages(): Promise<(Message | ConversationMessage)[]> {
    return (await this.items()).flatMap(({ content }) =>
      content?.case === 'message' || content?.case === 'conversationMessage' ? [content.value] : [],
    )
  }

  /** What the timeline tells of changed messages. */
  async changes(): Promise<(Message | ConversationMessage)[]> {
    return (await this.items()).flatMap(({ content }) =>
      content?.case === 'changed' && content.value.message !== undefined ? [content.value.message.value] : [],
    )
  }

  /** All items of the timeline, as a device that begins at 0 gets them. */
  async items(): Promise<Item[]> {
    const items: Item[] = []
    for (let since = 0; ; ) {
      const page = await this.engine.page(userActor(this.uid), since, 256, 262_144)
      if (page.kind === 'resync') throw new Error('resync')
      items.push(...page.items.map(({ bytes }) => decodeItem(bytes)))
      if (!page.more) return items
      since = page.to
    }
  }

  /** The numbers and texts of a group's messages and changes. */
  async numbered(gid: Gid): Promise<{ readonly number: number; readonly text: string }[]> {
    const conversation = groupConversation(gid)
    return (await this.items()).flatMap(({ content }) => {
      if (content?.case !== 'conversationMessage' && content?.case !== 'groupChange') return []
      const { value } = content
      if (value.conversation !== conversation) return []
      return [{ number: value.number, text: content.case === 'groupChange' ? `act ${content.value.act}` : value.text }]
    })
  }

  async texts(gid: Gid): Promise<string[]> {
    return (await this.numbered(gid)).map(({ text }) => text)
  }

  /** What the newest item about the group shows. */
  async group(gid: Gid): Promise<Group | undefined> {
    for (const { content } of (await this.items()).reverse()) {
      if (content?.case === 'group' && content.value.conversation === groupConversation(gid)) return content.value
    }
    return undefined
  }

  async failures(): Promise<string[]> {
    return (await this.items()).flatMap(({ content }) =>
      content?.case === 'failed' ? [codeName(content.value.code)] : [],
    )
  }
}
