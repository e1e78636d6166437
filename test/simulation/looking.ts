/** People who look at each other: who is online, who types. What gets lost between nodes must be right again within the stated time. */

import type { Client } from '../../clients/typescript/api/client.js'
import { type ConversationId, directConversation } from '../../protocol/conversation-id.js'
import { WATCHED_MAX } from '../../protocol/limits.js'
import type { Act } from './acts.js'
import { SimulationFailure } from './failure.js'
import type { Phone, User } from './phone.js'
import type { Setup } from './setup.js'
import type { Stage } from './stage.js'

/** A world of people who look at each other, with a network between nodes that loses half of all. */
export const WITH_LOOKERS: Partial<Setup> = {
  looking: 0.4,
  nodes: 3,
  users: [1, 2, 1],
  actMs: 400,
  chaosMs: 20_000,
  eventsLost: 0.5,
  eventMs: 20,
  ladders: [['tcp'], ['tcp', 'ws', 'http'], ['ws', 'http'], ['http']],
  misfortune: 0.03,
  limits: 'open',
  restoreMs: undefined,
}

/** The time within which presence is right, and a little more for the ways of it. */
const RIGHT_MS = 65_000
/** The time in which everybody has come back and stays: clients wait up to a minute between tries. */
const LIMIT_MS = 400_000

/** Names some of those whom the user may look at, or nobody, as an application in the background does. */
export const look: Act = (stage, _phone, client) => {
  const all = stage.chance(0.2) ? [] : own(client).filter(() => stage.chance(0.7))
  void client.presence.watch(all.slice(0, WATCHED_MAX)).then(
    () => stage.happened.count('watches taken'),
    () => {},
  )
}

export const type: Act = (stage, _phone, client) => {
  const conversation = stage.pick(own(client))
  if (conversation !== undefined) client.presence.typing(conversation, stage.chance(0.8))
}

function own({ contacts, groups }: Client): ConversationId[] {
  return [...friendsOf(contacts).map(directConversation), ...membershipsOf(groups)]
}

function friendsOf(contacts: Client['contacts']): number[] {
  return contacts.list().flatMap(({ uid, state }) => (state === 'friend' ? [uid] : []))
}

function membershipsOf(groups: Client['groups']): ConversationId[] {
  return groups.list().flatMap(({ conversation, state }) => (state === 'member' ? [conversation] : []))
}

/** Everybody looks at everybody; then one goes, comes back, and goes with the node that was used. Each time all see what is so, within a minute. */
export async function everybodyLooks(stage: Stage): Promise<void> {
  const { users, nodes, note } = stage
  note('--- everybody looks at everybody')
  watchAll(stage)
  await isRight(stage, 'when everybody looks')
  // Nobody says that they type no more.
  for (const { client } of stage.phones) {
    for (const conversation of client === undefined ? [] : own(client)) client?.presence.typing(conversation)
  }
  await isRight(stage, 'when everybody has typed')
  const [user] = users
  for (const phone of user?.phones ?? []) phone.kill(false)
  await isRight(stage, 'when one has gone')
  await comesBack(stage, user)
  await isRight(stage, 'when one has come back')
  // Nobody says that the user has left: what the others believe has to expire.
  const killed = nodes.filter(({ node }) => node?.access.hub.holds(user?.uid ?? 0))
  for (const node of killed) node.kill(false)
  for (const phone of user?.phones ?? []) phone.kill(false)
  await isRight(stage, 'when one has gone with a node')
  for (const node of killed) node.start()
  await comesBack(stage, user)
  await isRight(stage, 'when the node was started again')
}

/** A program that was started anew looks at nothing until it says so. */
async function comesBack(stage: Stage, user: User | undefined): Promise<void> {
  const { scheduler } = stage
  for (const phone of user?.phones ?? []) phone.start()
  await scheduler.run(scheduler.nowMs + 1_000)
  watchAll(stage)
}

function watchAll({ phones }: Stage): void {
  for (const { client } of phones) if (client !== undefined) void client.presence.watch(own(client))
}

/** Waits until who is there has not changed for a minute: all see it then. Nobody has typed meanwhile, and nobody is seen typing. */
async function isRight(stage: Stage, when: string): Promise<void> {
  const { scheduler, users } = stage
  const endMs = scheduler.nowMs + LIMIT_MS
  let [there, sinceMs] = ['', scheduler.nowMs]
  while (scheduler.nowMs - sinceMs < RIGHT_MS && scheduler.nowMs < endMs) {
    await scheduler.run(scheduler.nowMs + 1_000)
    const now = users.map(user => `${isThere(user)}`).join()
    if (now !== there) sinceMs = scheduler.nowMs
    there = now
  }
  const wrong = stage.phones.flatMap(phone => wrongViews(stage, phone))
  if (wrong.length > 0) throw new SimulationFailure(`presence is wrong ${when}: ${wrong.slice(0, 8).join('; ')}`)
}

function wrongViews({ users, ledger, happened }: Stage, { client, name, user, typists }: Phone): string[] {
  if (client === undefined) return []
  if (typists.size > 0) return [`${name} still sees typing: ${[...typists].join()}`]
  const { status } = client.state()
  if (status.state !== 'online' || status.transport === 'http') return []
  return friendsOf(client.contacts).flatMap(uid => {
    const other = users.find(each => each.uid === uid)
    const isApart = ledger.blocks(user.uid, uid) || ledger.blocks(uid, user.uid)
    if (other === undefined || isApart) return []
    const [sees, is] = [client.presence.online(uid), isThere(other)]
    happened.count(is ? 'friends seen online' : 'friends seen offline')
    return sees === is ? [] : [`${name} sees ${other.account} as ${sees}, not ${is}`]
  })
}

function isThere({ phones }: User): boolean {
  return phones.some(({ client }) => client?.state().status.state === 'online')
}
