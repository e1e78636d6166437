/** Says what happens to groups and invitations, as a client tells it. */

import { codeText, type Group, type GroupChange, type GroupFailedEvent } from '../typescript/index.js'
import { changeText } from './group-lines.js'
import type { People } from './people.js'
import { visibleName } from './visible.js'

/** Shows a line, which is no message. */
type Say = (kind: 'notice' | 'wrong', text: string) => void

export class GroupNews {
  readonly #people: People
  readonly #say: Say
  /** The groups as they were told last. */
  readonly #known = new Map<string, Group>()
  /** The invitations that were told, by group. */
  readonly #invitations = new Map<string, number>()
  /** Who left last, by group. */
  readonly #left = new Map<string, number>()

  constructor(people: People, say: Say) {
    this.#people = people
    this.#say = say
  }

  /** Says what waits when one comes in: a group as it was left. */
  found(group: Group): void {
    const before = this.#known.get(group.conversation)
    this.#known.set(group.conversation, group)
    if (group.state === 'invited') this.#invited(group)
    this.#countAsking(group, before)
  }

  /** A group is another than before. What its members are told of is a change. */
  group(group: Group): void {
    const { conversation, state } = group
    const before = this.#known.get(conversation)
    const was = before?.state ?? 'none'
    this.#known.set(conversation, group)
    const title = this.#titleOf(group)
    if (state === 'invited') this.#invited(group)
    this.#countAsking(group, before)
    if (state === 'asked' && was !== 'asked') this.#say('notice', `you ask to join ${title}`)
    if (state !== 'none') return
    if (was === 'asked') this.#say('notice', `your request to join ${title} has ended`)
    if (was === 'invited') this.#say('notice', `the invitation to ${title} has ended`)
    if (was === 'joining') this.#say('wrong', `you could not join ${title}`)
  }

  change(change: GroupChange): void {
    const { conversation, act, uid, by } = change
    // The group of an owner who leaves gets another one at once.
    const isGone = this.#left.get(conversation) === by
    this.#left.delete(conversation)
    if (act === 'left') this.#left.set(conversation, uid)
    const title = visibleName(this.#people.placeOf(conversation))
    this.#say('notice', `${title}: ${changeText(change, each => this.#people.nameOf(each), isGone)}`)
  }

  failed({ conversation, act, code }: GroupFailedEvent): void {
    this.#say('wrong', `not done in ${visibleName(this.#people.placeOf(conversation))} (${act}): ${codeText(code)}`)
  }

  #invited(group: Group): void {
    const { conversation, number, inviter } = group
    if (this.#invitations.get(conversation) === number) return
    this.#invitations.set(conversation, number)
    const who = visibleName(this.#people.nameOf(inviter))
    const name = this.#people.groupsNamed(group.title).length === 1 ? this.#titleOf(group) : conversation
    this.#say(
      'notice',
      `${who} invites you to ${this.#titleOf(group)} — /group accept ${name} or /group decline ${name}`,
    )
  }

  /** Says to an admin that more ask to join than before. */
  #countAsking(group: Group, before: Group | undefined): void {
    const { asking } = group
    if (asking <= (before?.asking ?? 0)) return
    const who = asking === 1 ? 'somebody asks' : `${asking} people ask`
    this.#say('notice', `${who} to join ${this.#titleOf(group)} — there: /group members, /group approve NAME`)
  }

  #titleOf({ title, conversation }: Group): string {
    return visibleName(title || conversation)
  }
}
