/**
 * Carries out the commands. A request to the server may take until there is a connection again; its outcome is shown when it is
 * known.
 */

import { type ConversationId, directConversation, LongwireError, type Message } from '../typescript/index.js'
import { BoardActs } from './board-acts.js'
import type { ChatSpec } from './chat-spec.js'
import {
  type BoardCommandName,
  CONTACT_COMMANDS,
  type CommandName,
  type ContactCommandName,
  type GroupCommandName,
  type HistoryCommandName,
  MESSAGE_COMMANDS,
  type MessageCommandName,
  usageOf,
} from './command-table.js'
import { ContactActs } from './contact-acts.js'
import { GroupActs, idsOf } from './group-acts.js'
import { dayOf, errorText } from './lines.js'
import { MessageActs } from './message-acts.js'
import type { Numbered } from './numbered.js'
import type { People } from './people.js'
import type { Dialogue } from './screen.js'
import { visibleName } from './visible.js'

export interface ActsHost extends ChatSpec {
  say(kind: 'notice' | 'wrong', text: string): void
  /** @param title of a group that was just made */
  talkTo(conversation: ConversationId, title?: string): Promise<unknown>
  /** Shows a message that is sent. */
  sent(message: Message): void
  /** Shows a message, or a change, of before the own joining. */
  earlier(message: Message): void
  talkingTo(): ConversationId | undefined
  /** Called when something that was under way is over. */
  changed(): void
}

const OLD_PASSWORD = 'Old password: '

/** A person who mistypes. */
const OLD_PASSWORD_TRIES_MAX = 3

export class Acts {
  readonly #people: People
  readonly #host: ActsHost
  readonly #groups: GroupActs
  readonly #boards: BoardActs
  readonly #contacts: ContactActs
  readonly #messages: MessageActs
  #underWay = 0

  constructor(people: People, numbered: Numbered, host: ActsHost) {
    this.#people = people
    this.#host = host
    this.#groups = new GroupActs(people, {
      ...host,
      begin: (request, done) => this.#begin(request, done),
      find: name => this.#find(name),
      needServer: what => this.#needServer(what),
      unread: conversation => this.#unread(conversation),
    })
    this.#boards = new BoardActs(people, {
      ...host,
      begin: (request, done) => this.#begin(request, done),
      find: name => this.#find(name),
      needServer: what => this.#needServer(what),
    })
    this.#contacts = new ContactActs(people, {
      ...host,
      begin: (request, done) => this.#begin(request, done),
      find: name => this.#find(name),
      unread: conversation => this.#unread(conversation),
    })
    this.#messages = new MessageActs(people, numbered, {
      ...host,
      begin: (request, done) => this.#begin(request, done),
      needServer: what => this.#needServer(what),
    })
  }

  /** Requests that the server has not answered. */
  get underWay(): number {
    return this.#underWay
  }

  /** @throws LongwireError if it could not be begun */
  async run(name: Exclude<CommandName, 'help' | HistoryCommandName>, words: readonly string[]): Promise<void> {
    const { client, quit } = this.#host
    const [first = ''] = words
    if (isGroupCommand(name)) return this.#groups.run(name, words)
    if (isBoardCommand(name)) return this.#boards.run(name, words)
    if (isContactCommand(name)) return this.#contacts.run(name, words)
    if (isMessageCommand(name)) return this.#messages.run(name, words)
    switch (name) {
      case 'talk':
        return this.#talk(first)
      case 'presence':
        return this.#presence(first)
      case 'devices':
        return this.#devices()
      case 'logout':
        return this.#logout(first)
      case 'nick':
        return this.#begin(client.account.updateProfile({ nickname: first }))
      case 'password':
        return this.#password()
      case 'quit':
        quit()
    }
  }

  /**
   * Lets a request go on by itself: shows `done` when it succeeds, and the error when it fails. Without a connection that can be
   * long: it says so.
   */
  #begin(request: Promise<void>, done?: string): void {
    this.#underWay++
    if (this.#isCutOff()) this.#host.say('notice', 'this waits for a connection')
    request
      .then(() => {
        if (done !== undefined) this.#host.say('notice', done)
      })
      .catch(error => this.#host.say('wrong', errorText(error)))
      .finally(() => {
        this.#underWay--
        this.#host.changed()
      })
  }

  /** The uid of anybody: a person known here, or one that the server looks up. */
  async #find(name: string): Promise<number> {
    const { client } = this.#host
    const known = this.#people.uidOf(name)
    if (known !== undefined) return known
    this.#needServer(`${name} cannot be looked up`)
    const profile = await client.account.lookUp({ account: name.toLowerCase() }).catch(error => {
      // Of several names one would not know which.
      const isUnknown = error instanceof LongwireError && error.reason === 'UNKNOWN_USER'
      throw isUnknown ? new Error(`there is no user ${visibleName(name)}`) : error
    })
    this.#people.met(profile)
    return profile.uid
  }

  async #talk(name: string): Promise<void> {
    const conversation = this.#people.conversationOf(name)
    const groups = this.#people.groupsNamed(name)
    if (conversation !== undefined) await this.#host.talkTo(conversation)
    else if (groups.length > 1) this.#host.say('wrong', `which one? ${idsOf(groups)}`)
    else await this.#talkToStranger(name)
  }

  /** Whether the server lets a stranger be written to shows when it is done. */
  async #talkToStranger(name: string): Promise<void> {
    const uid = await this.#find(name).catch(error => {
      throw new Error(`${name} is no contact and no group here (/groups lists them): ${errorText(error)}`)
    })
    await this.#host.talkTo(directConversation(uid))
    this.#host.say(
      'notice',
      `${visibleName(this.#people.nameOf(uid))} is no contact: /add asks, or write where the server lets you`,
    )
  }

  #unread(conversation: ConversationId): Promise<number> {
    return conversation === this.#host.talkingTo() ? Promise.resolve(0) : this.#host.client.unread(conversation)
  }

  /** @throws at once where the request would wait in silence for a connection that has failed */
  #needServer(what: string): void {
    if (this.#isCutOff()) throw new Error(`${what} without a connection: try again later`)
  }

  #isCutOff(): boolean {
    const { phase } = this.#host.client.state()
    return phase === 'waiting' || phase === 'stopped'
  }

  #presence(word: string): void {
    const { client, say } = this.#host
    if (word === '') {
      const { noPresence } = client.conversations.preferences
      const off = 'is hidden, and so is theirs from you'
      say('notice', `whether you are online and type ${noPresence ? off : 'is shown to friends and in groups'}`)
    } else if (word === 'on' || word === 'off') {
      const done =
        word === 'on' ? 'friends see that you are online, and you see them' : 'nobody sees that you are online'
      this.#begin(client.conversations.setPreferences({ noPresence: word === 'off' }), done)
    } else say('wrong', `usage: ${usageOf('presence')}`)
  }

  async #devices(): Promise<void> {
    this.#needServer('the devices cannot be listed')
    for (const { device, name, createdAtMs, lastSeenMs, current } of await this.#host.client.account.devices()) {
      const here = current ? ' (this one)' : ''
      const days = `since ${dayOf(createdAtMs)}, last seen ${dayOf(lastSeenMs)}`
      this.#host.say('notice', `${device}: ${visibleName(name) || 'without a name'}, ${days}${here}`)
    }
  }

  async #logout(device: string): Promise<void> {
    const { client, say, quit } = this.#host
    const number = /^\d{1,9}$/.test(device) ? Number(device) : 0
    if (number === 0) {
      say('wrong', `${usageOf('logout')}, a number that /devices lists`)
    } else if (number === client.account.device) {
      await client.account.logout()
      say('notice', 'logged out here')
      quit()
    } else {
      this.#begin(client.account.removeDevice(number), `device ${number} is logged out`)
    }
  }

  async #password(): Promise<void> {
    const { say, dialogue } = this.#host
    if (dialogue === undefined) {
      say('wrong', '/password needs a terminal')
      return
    }
    this.#needServer('the password cannot be changed')
    const asked = await dialogue(async ask => {
      const fresh = await ask('New password: ', 'secret')
      const again = await ask('New password again: ', 'secret')
      if (fresh === undefined || again === undefined) return undefined
      if (fresh === again) return { fresh, old: await ask(OLD_PASSWORD, 'secret') }
      say('wrong', 'the two new passwords are not the same: nothing was changed')
      return undefined
    })
    if (asked !== undefined) this.#begin(this.#changePassword(asked.fresh, asked.old, dialogue))
  }

  /**
   * The old one is asked for last, and again when it is wrong: the new one need not be typed once more. While the server is asked
   * there is no dialogue, in which what is typed would be thrown away.
   */
  async #changePassword(fresh: string, first: string | undefined, dialogue: Dialogue): Promise<void> {
    const { client, say } = this.#host
    let old = first
    for (let tries = 1; old !== undefined && old !== ''; tries++) {
      try {
        await client.account.changePassword(old, fresh)
        say('notice', 'the password is changed; other devices are logged out')
        return
      } catch (error) {
        const wrong = error instanceof LongwireError && error.reason === 'WRONG_CREDENTIALS'
        if (!wrong) throw error
        say('wrong', 'the old password is wrong: nothing was changed')
      }
      if (tries === OLD_PASSWORD_TRIES_MAX) return
      old = await dialogue(ask => ask(OLD_PASSWORD, 'secret'))
    }
  }
}

function isContactCommand(name: CommandName): name is ContactCommandName {
  return CONTACT_COMMANDS.some(each => each === name)
}

function isMessageCommand(name: CommandName): name is MessageCommandName {
  return MESSAGE_COMMANDS.some(each => each === name)
}

function isBoardCommand(name: CommandName): name is BoardCommandName {
  return name.startsWith('board')
}

function isGroupCommand(name: CommandName): name is GroupCommandName {
  return name.startsWith('group')
}
