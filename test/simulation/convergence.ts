/** Whether everything has come to its end: everybody knows everything that there is to know. Says what is missing. */

import type { Json } from '../../clients/typescript/storage/storage.js'
import { isGroupConversation } from '../../protocol/conversation-id.js'
import { ContactState } from '../../protocol/generated/messages.js'
import { wrongChanges } from './change-convergence.js'
import { missingInGroups } from './group-convergence.js'
import type { Ledger } from './ledger.js'
import type { Phone, User } from './phone.js'
import { wallMs } from './process.js'
import { missingInRooms } from './room-convergence.js'
import type { Stage } from './stage.js'
import { nameOf } from './witness.js'

/** Empty when nothing is missing. */
export function missing(stage: Stage): string[] {
  const found = missingOf(stage)
  // What costs most only when the rest is there.
  return found.length > 0 ? found : wrongChanges(stage)
}

function missingOf(stage: Stage): string[] {
  const { users, nodes, witness, ledger } = stage
  const found: string[] = []
  for (const node of nodes) {
    if (!node.serving) found.push(`${node.name} does not serve`)
    else if ((node.node?.logic.engine.outboxDepth ?? 0) > 0) found.push(`${node.name} still delivers`)
  }
  for (const user of users) {
    const head = ledger.head(user.uid)
    for (const phone of user.phones) found.push(...unsettled(phone, head, stage), ...unplaced(phone, stage))
  }
  found.push(...leftBehind(stage))
  if (found.length > 0) return found
  found.push(...ledger.underWay(witness.losesTail, stage.untaken))
  found.push(
    ...ledger.asymmetries(
      users.map(user => user.uid),
      stage.unseen,
      stage.mayDisagree,
    ),
  )
  if (witness.auditor.owed > 0)
    found.push(JSON.stringify(witness.auditor.verdict()), `${witness.auditor.owed} showings are owed`)
  found.push(...witness.unaware(), ...missingInGroups(stage), ...missingInRooms(stage))
  for (const user of users) {
    found.push(...ledger.faultsOf(user.uid, witness.wasLost), ...differences(user, stage))
    for (const other of users) {
      if (other !== user && witness.losesTail) found.push(...outdated(user, other, stage))
      if (other === user || ledger.blocks(user.uid, other.uid) || stage.mayDisagree(user.uid, other.uid)) continue
      found.push(...unmarked(user, other, stage), ...misnamed(user, other, stage))
      if (!witness.forgetful) found.push(...unread(user, other, ledger))
    }
  }
  return found
}

function unsettled(phone: Phone, head: number, { ledger, witness }: Stage): string[] {
  const { client, name } = phone
  if (client === undefined) return [`${name} does not run`]
  const { uid, device, status, sendQueue, applied, durable, signedIn, acked, owesMarks } = client.state()
  const found: string[] = []
  if (phone.leaving) found.push(`${name} is logging out`)
  if (!signedIn) found.push(`${name} is not signed in`)
  if (status.state === 'online' && !ledger.hasSession(uid, device)) found.push(`${name} is online without a session`)
  if (status.state !== 'online') found.push(`${name} is ${status.state}`)
  for (const { sendSeq, what, state } of sendQueue) found.push(`${name}: ${what} ${sendSeq} is ${state}`)
  if (applied !== head || durable !== head) found.push(`${name} has applied ${applied}, stored ${durable} of ${head}`)
  // A version without marks waits for the next frame, which may never come. An ack of what the store has lost may have come after the loss.
  if (owesMarks || (acked > head && !witness.losesTail))
    found.push(`${name} owes ${owesMarks ? 'marks' : 'nothing'}, has told ${acked} of ${head}`)
  return found
}

/** Own messages of a phone that were accepted and have no version, though their copies have come, or are deleted. */
function unplaced({ disk, name, user: { uid } }: Phone, { witness, trims }: Stage): string[] {
  if (witness.forgetful) return []
  const unplaced = [...disk.model.messages()].filter(
    ({ conversation, version, code }) => version === 0 && code === 0 && !isGroupConversation(conversation),
  )
  return unplaced
    .map(nameOf)
    .filter(id => !trims.has(uid, id))
    .map(id => `${name} has ${id} without a version`)
}

/**
 * Whose connection is not the best that there is. A device whose session has expired meanwhile stays where it is: no new
 * connection of it is let in.
 */
export function notOnTheBest({ phones, ledger, scheduler }: Stage): string[] {
  return phones.flatMap(({ name, ladder, client }) => {
    if (client === undefined) return [`${name} does not run`]
    const { status, uid, device } = client.state()
    const isBest = status.state === 'online' && status.transport === ladder[0]
    if (isBest || (status.state === 'online' && ledger.sessionUntil(uid, device) <= wallMs(scheduler))) return []
    return [`${name} is on ${JSON.stringify(status)} instead of ${ladder[0]}`]
  })
}

/** Nothing that a phone showed or was promised may be gone from the store. */
export function lookBack({ users, witness, ledger, trims, fail }: Stage): void {
  if (witness.forgetful) return
  // The store forgets the messages of a deleted account; its phones keep them.
  for (const { uid, phones } of users.filter(({ uid, gone }) => !gone || !ledger.isDeleted(uid))) {
    for (const { disk, name } of phones) {
      for (const message of disk.model.messages()) {
        const { version } = message
        const id = nameOf(message)
        if (version === 0 || ledger.holds(uid, version, message) || trims.has(uid, id)) continue
        fail(`${name} has ${id} as version ${version}, and the store has not`)
      }
    }
  }
}

/** What a node holds for connections and polls that are no more. */
function leftBehind({ phones, nodes }: Stage): string[] {
  const found: string[] = []
  const onWay = (uid: number, device: number): string | undefined => {
    const states = phones.map(({ client }) => client?.state())
    const state = states.find(each => each?.uid === uid && each.device === device)
    return state?.status.state === 'online' ? state.status.transport : undefined
  }
  let bound = 0
  for (const { name, node } of nodes) {
    if (node === undefined) continue
    const { hub, gate, connections } = node.access.context
    bound += hub.bound
    if (gate.total !== connections.size) found.push(`${name} counts ${gate.total} of ${connections.size} connections`)
    for (const { uid, device } of hub.polls.all()) {
      if (onWay(uid, device) !== 'http') found.push(`${name} holds a poll of ${uid}/${device}, which is not on HTTP`)
    }
    const mine = [...connections].filter(each => each.uid !== 0).length
    if (hub.bound !== mine) found.push(`${name} has ${hub.bound} bound of ${mine} connections`)
  }
  const online = phones.filter(({ client }) => {
    const status = client?.state().status
    return status?.state === 'online' && status.transport !== 'http'
  }).length
  if (bound !== online) found.push(`${bound} connections are bound, ${online} phones are online`)
  return found
}

/** What is written on one phone of a user and not so on another, or not in the timeline. */
function differences(user: User, { ledger, witness, trims }: Stage): string[] {
  const found: string[] = []
  const timeline = new Set(ledger.messages(user.uid).map(({ message }) => nameOf(message)))
  const views = user.phones.map(phone => ({ name: phone.name, view: view(phone, timeline, witness.forgetful) }))
  for (const { name, disk } of user.phones) {
    for (const { code, ...id } of disk.model.messages()) {
      if (isGroupConversation(id.conversation)) continue
      if (code !== 0 || timeline.has(nameOf(id)) || witness.forgetful || trims.has(user.uid, nameOf(id))) continue
      found.push(`${name} shows ${nameOf(id)}, which is not in the timeline`)
    }
  }
  const [first, ...others] = views
  if (first === undefined) return found
  for (const other of others) {
    // A page between backup and restore was of a timeline in which newer items had superseded some below the page's end; the
    // restore brought those back, below what the phone has applied.
    const isTorn = witness.torn.has(first.name) || witness.torn.has(other.name)
    for (const name of new Set([...first.view.keys(), ...other.view.keys()])) {
      const [a, b] = [first.view.get(name), other.view.get(name)]
      if (witness.lostFailures.has(name)) continue
      if (a !== b && !(isTorn && KEYED.test(name))) found.push(`${first.name} has ${name} ${a}, ${other.name} ${b}`)
    }
  }
  return found
}

/** Everything that all devices of a user must agree on. What failed before it was accepted is known to its device alone. */
function view({ disk: { model } }: Phone, timeline: ReadonlySet<string>, forgetful: boolean): Map<string, string> {
  const shown = new Map<string, string>()
  for (const [key, value] of model.values) {
    const [kind = ''] = key.split('/')
    if (kind === 'contact' || kind === 'group') shown.set(key, JSON.stringify((value as readonly Json[])[1]))
    else if (kind === 'profile') shown.set(key, JSON.stringify(value))
    // Marks that a restore took back stay true: a phone keeps those that it knew.
    else if (MARKS.has(kind) && !forgetful) shown.set(key, marksOf(value))
  }
  for (const message of model.messages()) {
    const id = nameOf(message)
    if (timeline.has(id)) shown.set(id, String(message.code))
  }
  return shown
}

function marksOf(value: Json | undefined): string {
  return JSON.stringify([...((value ?? []) as [number, number][])].sort(([a], [b]) => a - b))
}

const KEYED = /^(contact|profile|group)/
const MARKS: ReadonlySet<string> = new Set(['delivered', 'read', 'own-read'])

/** Of what the peer stored, whether the user's devices know. */
function unmarked(user: User, peer: User, { witness, trims }: Stage): string[] {
  const found: string[] = []
  for (const { disk, name } of user.phones) {
    const marks = new Map((disk.model.values.get(`delivered/${peer.uid}`) ?? []) as unknown as [number, number][])
    for (const sender of user.phones) {
      const device = sender.client?.account.device ?? 0
      const stored = witness.storedAt(peer.uid, user.uid, device)
      const mark = marks.get(device) ?? 0
      // After a restore a mark may have been named before its message was there again: it is cut then, and not named again.
      // A phone that stored it may have forgotten it before it could say so, and there was nothing to store any more.
      const isTrimmed = trims.has(peer.uid, nameOf({ sender: user.uid, device, sendSeq: stored }))
      const least = witness.forgetful || isTrimmed ? 0 : stored
      if (mark < least || mark > stored)
        found.push(`${name}: ${peer.uid} has stored ${stored} of device ${device}, known is ${mark}`)
    }
  }
  return found
}

/** Phones that show a contact under another nickname than the newest. */
function misnamed(user: User, other: User, { ledger, witness }: Stage): string[] {
  const nickname = ledger.nicknameOf(user.uid, other.uid)
  // Who has blocked somebody tells that one no names, not even in answer to a request: that comes with Unblock.
  if (nickname === undefined || ledger.blocks(other.uid, user.uid)) return []
  return user.phones.flatMap(({ name, disk }) => {
    const [, contact] = (disk.model.values.get(`contact/${other.uid}`) ?? []) as { nickname?: string }[]
    if (contact?.nickname === nickname || witness.torn.has(name)) return []
    return [`${name} shows ${other.uid} as ${contact?.nickname} instead of ${nickname}`]
  })
}

/** Phones that show a contact otherwise than their own timeline has it, whatever the other side thinks. */
function outdated(user: User, other: User, { ledger, witness }: Stage): string[] {
  const own = ledger.contactOf(user.uid, other.uid)
  // Names of no contact, or between two of whom one blocks the other, are stored and not told.
  if (own === undefined || own.state === ContactState.UNSPECIFIED || own.blocked || own.blockedBy) return []
  return user.phones.flatMap(({ name, disk }) => {
    const [, contact] = (disk.model.values.get(`contact/${other.uid}`) ?? []) as { nickname?: string }[]
    if (contact === undefined || contact.nickname === own.nickname || witness.torn.has(name)) return []
    return [`${name} has ${other.uid} as ${contact.nickname}, and its timeline as ${own.nickname}`]
  })
}

/** Of what the peer has read, whether the user's devices know; of devices that the store has forgotten nobody is told any more. */
function unread(user: User, peer: User, ledger: Ledger): string[] {
  const kept = (value: Json | undefined): Json =>
    ((value ?? []) as [number, number][]).filter(([device]) => ledger.hasDevice(user.uid, device))
  const has = marksOf(kept(peer.phones[0]?.disk.model.values.get(`own-read/${user.uid}`)))
  const known = marksOf(kept(user.phones[0]?.disk.model.values.get(`read/${peer.uid}`)))
  return has === known ? [] : [`${peer.uid} has read ${has} of ${user.uid}, who knows ${known}`]
}
