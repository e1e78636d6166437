/** Carries out the commands about groups. Most are about the group that one talks to. */

import {
  type ConversationId,
  type EarlierPage,
  type Group,
  type GroupMember,
  type GroupRules,
  type Message,
  peerOf,
} from '../typescript/index.js'
import type { ChatSpec } from './chat-spec.js'
import { type GroupCommandName, RULES_USAGE, usageOf } from './command-table.js'
import { groupLine, memberLine, profileText, rulesText } from './group-lines.js'
import { rowTexts, uidsOf } from './lines.js'
import type { People } from './people.js'
import { visibleName } from './visible.js'

export interface GroupActsHost extends Pick<ChatSpec, 'client'> {
  say(kind: 'notice' | 'wrong', text: string): void
  /** @param title of a group that was just made */
  talkTo(conversation: ConversationId, title?: string): Promise<unknown>
  /** Shows a message, or a change, of before the own joining. */
  earlier(message: Message): void
  talkingTo(): ConversationId | undefined
  /** Lets a request go on by itself: shows `done` when it succeeds, and the error when it fails. */
  begin(request: Promise<void>, done?: string): void
  /** The uid of anybody: a person known here, or one that the server looks up. */
  find(name: string): Promise<number>
  /** @throws at once where the request would wait in silence for a connection that has failed */
  needServer(what: string): void
  unread(conversation: ConversationId): Promise<number>
}

const ON_OFF: Readonly<Record<string, boolean>> = { '': true, on: true, yes: true, off: false, no: false }

const RULE_WORDS: Readonly<Record<string, Partial<GroupRules>>> = {
  'join=closed': { join: 'closed' },
  'join=code': { join: 'code' },
  'join=approval': { join: 'approval' },
  'write=all': { adminsWrite: false },
  'write=admins': { adminsWrite: true },
  'invite=all': { adminsInvite: false },
  'invite=admins': { adminsInvite: true },
}

export class GroupActs {
  readonly #people: People
  readonly #host: GroupActsHost

  constructor(people: People, host: GroupActsHost) {
    this.#people = people
    this.#host = host
  }

  async run(name: GroupCommandName, words: readonly string[]): Promise<void> {
    const { groups } = this.#host.client
    const { begin } = this.#host
    const [first = '', second = ''] = words
    switch (name) {
      case 'groups':
        return this.#list()
      case 'group create':
        return this.#create(first, second)
      case 'group invite': {
        const group = this.#current()
        const uids = await this.#uidsOf(first)
        // Of friends a change tells more, at once.
        return begin(groups.invite(group, uids), `asked to join: ${visibleName(first)}`)
      }
      case 'group accept':
        return this.#answer(first, 'accept')
      case 'group decline':
        return this.#answer(first, 'decline')
      case 'group join':
        return begin(groups.join(first as ConversationId, second))
      case 'group approve': {
        const { uid, number } = await this.#member(first, 'asks')
        const yes = this.#flag(name, second)
        // Who is let in is told by a change.
        return begin(groups.approve(this.#current(), uid, number, yes), yes ? undefined : notLetIn(first))
      }
      case 'group leave':
        return begin(groups.leave(this.#current()))
      case 'group remove': {
        const { uid, number, role } = await this.#member(first)
        return begin(groups.remove(this.#current(), uid, number), role === 'asks' ? notLetIn(first) : undefined)
      }
      case 'group rename':
        return begin(groups.rename(this.#current(), first))
      case 'group announce':
        return begin(groups.announce(this.#current(), first))
      case 'group admin': {
        const role = this.#flag(name, second) ? 'admin' : 'member'
        return begin(groups.setRole(this.#current(), (await this.#member(first)).uid, role))
      }
      case 'group owner':
        return begin(groups.setRole(this.#current(), (await this.#member(first)).uid, 'owner'))
      case 'group mute': {
        const muted = this.#flag(name, second)
        return begin(groups.mute(this.#current(), (await this.#member(first)).uid, muted))
      }
      case 'group rules':
        return this.#rules(first)
      case 'group members':
        return this.#members()
      case 'group earlier':
        return this.#earlier()
      case 'group info':
        return this.#info()
      case 'group dissolve':
        return begin(groups.dissolve(this.#current()))
    }
  }

  /** The group that one talks to. @throws if it is none */
  #current(): ConversationId {
    const current = this.#host.talkingTo()
    if (current !== undefined && peerOf(current) === undefined) return current
    throw new Error('in which group? /talk GROUP first (/groups lists them)')
  }

  async #create(title: string, names: string): Promise<void> {
    const { client, begin, talkTo } = this.#host
    const uids = await this.#uidsOf(names)
    begin(client.groups.create(title, uids).then(async group => void (await talkTo(group, title))))
  }

  async #uidsOf(names: string): Promise<number[]> {
    const uids: number[] = []
    for (const name of names.split(/\s+/)) if (name !== '') uids.push(await this.#host.find(name))
    return uids
  }

  #answer(name: string, how: 'accept' | 'decline'): void {
    const { client, say, begin } = this.#host
    const known = name === '' ? client.groups.list() : this.#people.groupsNamed(name)
    const invitations = known.filter(({ state }) => state === 'invited')
    const [only] = invitations
    if (only === undefined) say('wrong', 'no such invitation is known here (/groups lists them)')
    else if (invitations.length > 1) say('wrong', `which one? ${idsOf(invitations)}`)
    else begin(client.groups[how](only.conversation))
  }

  async #list(): Promise<void> {
    const { client, say, unread } = this.#host
    const groups = client.groups.list()
    if (groups.length === 0) say('notice', 'no groups yet: /group create TITLE makes one')
    const rows = groups.map(async group => {
      const { conversation, title } = group
      const settings = client.conversations.get(conversation)
      return { name: title, settings, text: groupLine(group, await unread(conversation), settings) }
    })
    for (const text of rowTexts(await Promise.all(rows))) say('notice', text)
  }

  async #rules(given: string): Promise<void> {
    const { client, say, begin, needServer } = this.#host
    const group = this.#current()
    const words = given.split(/\s+/).filter(word => word !== '')
    const changes = words.map(word => {
      const history = /^history=(\d{1,3})$/.exec(word)?.[1]
      const change = history === undefined ? RULE_WORDS[word] : { history: Number(history) }
      if (change === undefined) throw new Error(`${visibleName(word)} is no rule: ${RULES_USAGE}`)
      return change
    })
    // Rules are set as a whole: those of this moment are the server's.
    needServer('the rules cannot be known')
    const { rules } = await client.groups.get(group)
    if (changes.length === 0) say('notice', rulesText(rules))
    else begin(client.groups.setRules(group, Object.assign({ ...rules }, ...changes)))
  }

  async #info(): Promise<void> {
    const { client, say, needServer } = this.#host
    const group = this.#current()
    needServer('the group cannot be asked for')
    const profile = await client.groups.get(group)
    await this.#people.learn(group, [profile.owner])
    say('notice', profileText(profile, group, this.#people.nameOf(profile.owner)))
  }

  async #members(): Promise<void> {
    for await (const member of this.#everybody()) this.#host.say('notice', memberLine(member))
  }

  async #earlier(): Promise<void> {
    const { client, say, needServer, earlier } = this.#host
    const group = this.#current()
    needServer('what lies before cannot be asked for')
    const found: Message[] = []
    for (let before: number | undefined = 0; before !== undefined; ) {
      const page: EarlierPage = await client.groups.earlier(group, { before })
      found.unshift(...page.messages)
      // A page behind another one ends further back.
      before = page.before === undefined || (before > 0 && page.before >= before) ? undefined : page.before
    }
    await this.#people.learn(group, found.flatMap(uidsOf))
    const title = visibleName(this.#people.placeOf(group))
    const count = found.length === 0 ? 'nothing that you may read' : `the last ${found.length}`
    say('notice', `in ${title}, before you joined: ${count}`)
    for (const message of found) earlier(message)
  }

  /** Somebody in the group, or who asks to be. @throws if nobody there has the name */
  async #member(name: string, role?: GroupMember['role']): Promise<GroupMember> {
    const account = name.toLowerCase()
    for await (const member of this.#everybody()) {
      if (member.account === account && (role === undefined || member.role === role)) return member
    }
    const what = role === 'asks' ? 'does not ask to join' : 'is not in'
    throw new Error(`${visibleName(name)} ${what} ${visibleName(this.#people.placeOf(this.#current()))}`)
  }

  async *#everybody(): AsyncGenerator<GroupMember> {
    const { client, needServer } = this.#host
    const group = this.#current()
    needServer('the members cannot be listed')
    let after = 0
    for (;;) {
      const page = await client.groups.members(group, { after })
      for (const member of page.members) {
        this.#people.met(member)
        yield member
      }
      // A page behind another one begins further on.
      if (page.after === undefined || page.after <= after) return
      after = page.after
    }
  }

  #flag(name: GroupCommandName, word: string): boolean {
    const flag = ON_OFF[word]
    if (flag === undefined) throw new Error(`usage: ${usageOf(name)}`)
    return flag
  }
}

function notLetIn(name: string): string {
  return `${visibleName(name.toLowerCase())} is not let in`
}

export function idsOf(groups: readonly Group[]): string {
  return groups.map(({ conversation }) => conversation).join(', ')
}
