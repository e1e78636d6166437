/** Timelines: versions, keys, and that what is in them can be read and was sent. */

import { decodeItem, type Message } from '../../protocol/generated/messages.js'
import { partitionOf } from '../store/partition.js'
import { type Actor, isTrimmable } from '../store/types.js'
import type { StoreView, ViewedEntry, ViewedLog } from '../store/view.js'
import {
  decodeReference,
  groupActor,
  isBranchActor,
  isGroupActor,
  isReference,
  isRoomActor,
} from '../sync/references.js'
import { deviceWindow } from '../sync/rules/device-window.js'
import { isRecalled, messageIn } from '../sync/rules/message-state.js'
import { uidOf, userActor } from '../sync/rules/records.js'
import type { Findings } from './findings.js'
import { isOwn, recordOf } from './reader.js'
import { Posts } from './rooms.js'

export function verifyLog(view: StoreView, log: ViewedLog, findings: Findings): void {
  const { actor, head, floor, epoch, gaps, keys, newest } = log
  const name = `the log of ${actor}`
  if (floor > head) findings.fault(`${name} was trimmed up to ${floor}, and ends with ${head}`)
  const current = view.epochOf(partitionOf(actor))
  if (epoch > current) findings.fault(`${name} is of epoch ${epoch}, the store of ${current}`)
  if (!log.listed) findings.fault(`${name} is not in the list of its partition`)
  const keyed = new Map<number, string | undefined>()
  const chains = new Chains(name, floor, findings)
  const posts = isRoomActor(actor) ? new Posts(view, actor, findings) : undefined
  for (const entry of log.entries()) {
    const { version, keyed: hasKey, passingKey, bytes } = entry
    if (!isOwn(uidOf(actor))) findings.counts.items += 1
    if (version > head) findings.fault(`${name} ends with ${head}, and has ${version}`)
    if (gaps.some(gap => version > gap.after && version <= gap.upTo)) findings.fault(`${name} has ${version}, in a gap`)
    if (hasKey) keyed.set(version, passingKey)
    if (version <= floor && (!hasKey || passingKey !== undefined))
      findings.fault(`${name} was trimmed up to ${floor}, and has ${version}`)
    chains.take(entry)
    const isOfGroup = isGroupActor(actor) || isBranchActor(actor) || isRoomActor(actor)
    findings.check(`${name}, item ${version}`, () => {
      if (isOfGroup) verifyGroupItem(actor, version, bytes, findings)
      else verifyItem(view, uidOf(actor), version, bytes, findings)
      posts?.take(entry)
    })
  }
  verifyKeys(name, keys, keyed, findings)
  chains.end(newest)
}

/** Checks that keys and entries name each other. @param keyed the entries with a key, and the key by which a trim finds them */
function verifyKeys(
  name: string,
  keys: ViewedLog['keys'],
  keyed: Map<number, string | undefined>,
  findings: Findings,
): void {
  for (const [key, version] of keys) {
    const passingKey = keyed.get(version)
    if (!keyed.delete(version)) findings.fault(`${name} has ${key} as ${version}, which is no item with a key`)
    else if (passingKey !== (isTrimmable(key) ? key : undefined))
      findings.fault(`${name} has ${key} as ${version}, which a trim takes for ${passingKey ?? 'one that stays'}`)
  }
  for (const version of keyed.keys()) findings.fault(`${name} has ${version} with a key that names another`)
}

/** The chains of a log's conversations: each entry names the one before it that is there, or one that was trimmed. */
class Chains {
  readonly #name: string
  readonly #floor: number
  readonly #findings: Findings
  readonly #last = new Map<string, number>()

  constructor(name: string, floor: number, findings: Findings) {
    this.#name = name
    this.#floor = floor
    this.#findings = findings
  }

  take({ version, conversation, previous }: ViewedEntry): void {
    if (conversation === undefined) return
    const before = this.#last.get(conversation)
    this.#last.set(conversation, version)
    if (before === undefined ? previous <= this.#floor : previous === before) return
    const instead = before === undefined ? 'nothing is' : `${before} is`
    this.#findings.fault(`${this.#name} has ${version} behind ${previous} in a conversation, and ${instead} there`)
  }

  /** @param newest as the store knows them */
  end(newest: ReadonlyMap<string, number>): void {
    for (const conversation of new Set([...newest.keys(), ...this.#last.keys()])) {
      const [named = 0, there = 0] = [newest.get(conversation), this.#last.get(conversation)]
      if (named === there) continue
      this.#findings.fault(`${this.#name} has ${named} as the newest of a conversation, which is ${there}`)
    }
  }
}

function verifyItem(view: StoreView, owner: number, version: number, bytes: Uint8Array, findings: Findings): void {
  if (owner === 0) return
  if (isReference(bytes)) {
    verifyReference(owner, version, bytes, findings)
    return
  }
  const { content } = decodeItem(bytes)
  verifyRecalled(`item ${version} of user ${owner}`, bytes, findings)
  if (content === undefined) findings.fault(`item ${version} of user ${owner} is empty`)
  else if (content.case === 'message') verifyMessage(view, owner, version, content.value, findings)
}

/** Checks that nothing is left of a message that was taken back. */
function verifyRecalled(name: string, bytes: Uint8Array, findings: Findings): void {
  const message = messageIn(bytes)
  if (message === undefined || !isRecalled(message)) return
  const { text, content, extra } = message.value
  if (text !== '' || content !== undefined || extra !== undefined)
    findings.fault(`${name} was taken back, and is still there`)
}

function verifyReference(owner: number, version: number, bytes: Uint8Array, findings: Findings): void {
  const { gid, number, version: own } = decodeReference(bytes)
  const isOfGroup = gid !== '' && number > 0 && own === 0
  const isOfLog = gid === '' && number === 0 && own > 0 && own < version
  const named = own === 0 ? `${gid}/${number}` : String(own)
  if (!isOfGroup && !isOfLog) findings.fault(`item ${version} of user ${owner} refers to ${named}`)
}

/** Checks an item of a group, of one of its branches, or of a room: its place in the log is its number. A group also notes which messages changed. */
function verifyGroupItem(actor: Actor, version: number, bytes: Uint8Array, findings: Findings): void {
  if (isReference(bytes)) {
    const { gid, number, update } = decodeReference(bytes)
    const isNote = isGroupActor(actor) && groupActor(gid) === actor && update && number > 0 && number < version
    if (!isNote) findings.fault(`item ${version} of ${actor} refers to ${gid}/${number}`)
    return
  }
  const { content } = decodeItem(bytes)
  verifyRecalled(`item ${version} of ${actor}`, bytes, findings)
  const isItem = content?.case === 'conversationMessage' || content?.case === 'groupChange'
  if (!isItem || content.value.number !== version)
    findings.fault(`item ${version} is none of a group or a room, or of another number`)
}

function verifyMessage(view: StoreView, owner: number, version: number, message: Message, findings: Findings): void {
  if (!isOwn(owner)) findings.counts.messages += 1
  const { sender, device, sendSeq, recipient } = message
  const id = `${sender}/${device}/${sendSeq}`
  if ((recipient !== 0) !== (sender === owner))
    findings.fault(`message ${id}, item ${version}, is not of user ${owner}`)
  const window = recordOf(view, userActor(sender), deviceWindow, device)
  if (window !== undefined && sendSeq > window.last) {
    findings.fault(`message ${id}, item ${version} of user ${owner}: its device has sent ${window.last}`)
  }
}
