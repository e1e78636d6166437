/**
 * An account of 2 000 conversations, a tenth of them groups, with as many items as one likes: written into the tables while no server runs.
 * In each tenth conversation the last items are unread.
 */

import {
  ContactState,
  createConversationMessage,
  createHelloRequest,
  createRegisterRequest,
  encodeItem,
  GroupRole,
  GroupState,
  type Session,
  Stranger,
} from '../protocol/generated/messages.js'
import { encodeMessageItem } from '../protocol/item-codec.js'
import { METHODS } from '../protocol/methods.js'
import { present } from '../src/lib/assert.js'
import type { Append, Unit } from '../src/store/types.js'
import { branchActor, encodeReference } from '../src/sync/references.js'
import { conversationRecord, NO_CONVERSATION } from '../src/sync/rules/conversation-records.js'
import { branch, groupConversation, NO_GROUP, userGroup } from '../src/sync/rules/group-records.js'
import { directChain } from '../src/sync/rules/message-search.js'
import { contact, NOBODY, partitionOfUser, taken, userActor } from '../src/sync/rules/records.js'
import { type ServerProcess, startLongwire } from './children.js'
import { RawClient } from './raw-client.js'
import { AT_ONCE, type Commit, put, writeTables } from './tables.js'

export const CONVERSATIONS = 2_000
/** Of these so many are groups. */
const GROUPS = 200
/** In each tenth conversation the last items are unread, these at most. */
const UNREAD_MAX = 5
const UNREAD_EVERY = 10
const TEXT = 'x'.repeat(100)

/** Who the account is. */
export const READER = { account: 'reader', password: 'correct horse battery' } as const

export interface LargeAccount {
  readonly server: ServerProcess
  /** The session of its first device. */
  readonly session: Session
}

/** Makes the account, and starts a server for it alone. @param folder where the server's data is to be */
export async function largeAccount(folder: string, items: number): Promise<LargeAccount> {
  const first = await startLongwire(folder)
  const client = await greeted(first.port, {})
  const request = createRegisterRequest({ ...READER, installationKey: new Uint8Array(16).fill(1) })
  const session = present((await client.request(METHODS.register, request)).session, 'the session')
  client.destroy()
  await first.stop()
  await writeTables(folder, commit => fill(commit, session.uid, items))
  return { server: await startLongwire(folder), session }
}

/** A connection whose Hello is answered. */
export async function greeted(port: number, hello: Parameters<typeof createHelloRequest>[0]): Promise<RawClient> {
  const client = await RawClient.connect(port)
  client.write(Uint8Array.of(0))
  await client.request(METHODS.hello, createHelloRequest(hello))
  return client
}

async function fill(commit: Commit, uid: number, items: number): Promise<void> {
  const each = Math.floor(items / CONVERSATIONS)
  const all = Array.from({ length: CONVERSATIONS }, (_, n) => (n < GROUPS ? group(uid, n, each) : friend(uid, n, each)))
  for (let n = 0; n < all.length; n += AT_ONCE) await commit(all.slice(n, n + AT_ONCE))
  let appends: Append[] = []
  for (let i = 0; i < items; i += 1) {
    const [n, number] = [i % CONVERSATIONS, Math.floor(i / CONVERSATIONS) + 2]
    appends.push(...(n < GROUPS ? inGroup(uid, n, number) : fromFriend(uid, n, number)))
    if (appends.length < AT_ONCE && i < items - 1) continue
    await commit([{ appends }])
    appends = []
  }
}

function peerOf(uid: number, n: number): number {
  return uid + 256 * (n + 1)
}

/** The number up to which a conversation is read: its messages are numbered from 2. */
function readIn(n: number, each: number): number {
  return n % UNREAD_EVERY === 0 ? Math.max(1, each + 1 - UNREAD_MAX) : each + 1
}

function friend(uid: number, n: number, each: number): Partial<Unit> {
  const [actor, peer, read] = [userActor(uid), peerOf(uid, n), readIn(n, each)]
  const names = { state: ContactState.FRIEND, account: `friend-${n}`, nickname: `Friend ${n}` }
  const shown = {
    uid: peer,
    request: 0,
    blocked: false,
    greeting: '',
    stranger: Stranger.UNSPECIFIED,
    sinceMs: 0,
    ...names,
  }
  const marks = [{ device: 1, sendSeq: read }]
  return {
    puts: [
      put(actor, contact, { ...NOBODY, ...names }, peer),
      put(actor, taken, { read: { 1: read }, delivered: { 1: each + 1 } }, peer),
    ],
    appends: [
      { actor, key: `contact/${peer}`, bytes: encodeItem({ skip: 0, content: { case: 'contact', value: shown } }) },
      {
        actor,
        key: `own-read/${peer}`,
        bytes: encodeItem({ skip: 0, content: { case: 'read', value: { peer, own: true, marks } } }),
      },
    ],
  }
}

function fromFriend(uid: number, n: number, sendSeq: number): readonly Append[] {
  const peer = peerOf(uid, n)
  const bytes = encodeMessageItem({ sender: peer, device: 1, sendSeq, atMs: 1e12, recipient: 0, text: TEXT })
  return [{ actor: userActor(uid), conversation: directChain(peer), bytes }]
}

function gidOf(n: number): string {
  return `g.1.${n.toString(36)}`
}

function group(uid: number, n: number, each: number): Partial<Unit> {
  const [actor, gid] = [userActor(uid), gidOf(n)]
  const own = { ...NO_GROUP, state: GroupState.MEMBER, number: 1, title: `Group ${n}`, role: GroupRole.MEMBER }
  const members = [{ uid, since: 1 }]
  return {
    puts: [
      put(actor, userGroup, own, gid),
      put(actor, conversationRecord, { ...NO_CONVERSATION, read: readIn(n, each) }, groupConversation(gid)),
      put(branchActor(gid, partitionOfUser(uid)), branch, { members, former: [], all: [] }),
    ],
  }
}

function inGroup(uid: number, n: number, number: number): readonly Append[] {
  const gid = gidOf(n)
  const conversation = groupConversation(gid)
  const sender = peerOf(uid, GROUPS + (number % 10))
  const value = createConversationMessage({
    sender,
    device: 1,
    sendSeq: number,
    atMs: 1e12,
    conversation,
    number,
    text: TEXT,
  })
  const bytes = encodeItem({ skip: 0, content: { case: 'conversationMessage', value } })
  return [
    { actor: branchActor(gid, partitionOfUser(uid)), at: number, bytes },
    { actor: userActor(uid), conversation, bytes: encodeReference({ gid, number, atMs: 1e12 }) },
  ]
}
