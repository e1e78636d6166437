/**
 * (screen) What the first screen of a large account costs on lmdb, over TCP: one page of 2 000 conversations with 200 000 items, beside the same
 * with 2 000 items, and all keyed state beside a replay of the whole timeline. Each server is a process of its own; where there are two cores,
 * the servers have one.
 */

import { join } from 'node:path'
import {
  ContactState,
  createConversationMessage,
  createHelloRequest,
  createRegisterRequest,
  createSyncRequest,
  encodeItem,
  GroupRole,
  GroupState,
  Stranger,
} from '../protocol/generated/messages.js'
import { encodeMessageItem } from '../protocol/item-codec.js'
import { CONVERSATIONS_PAGE_MAX } from '../protocol/limits.js'
import { METHODS } from '../protocol/methods.js'
import { present } from '../src/lib/assert.js'
import { openLmdbStore } from '../src/store/lmdb/open.js'
import type { Append, Put, Unit } from '../src/store/types.js'
import { recordName } from '../src/sync/record-kinds.js'
import { branchActor, encodeReference } from '../src/sync/references.js'
import { conversationRecord, NO_CONVERSATION } from '../src/sync/rules/conversation-records.js'
import { branch, groupConversation, NO_GROUP, userGroup } from '../src/sync/rules/group-records.js'
import { directChain } from '../src/sync/rules/message-search.js'
import { contact, NOBODY, partitionOfUser, taken, userActor } from '../src/sync/rules/records.js'
import type { RecordKind } from '../src/sync/types.js'
import { dataFolder, removeFolder, type ServerProcess, startLongwire } from './children.js'
import { type CostContext, costContext } from './cluster/cost.js'
import { type FigureRow, figureRow } from './figure-row.js'
import { figureTable } from './figure-table.js'
import type { Preset } from './presets.js'
import { cpuMsOf, pinSelf } from './process-probe.js'
import { RawClient } from './raw-client.js'
import { median } from './statistics.js'

const CONVERSATIONS = 2_000
/** Of these so many are groups. */
const GROUPS = 200
const ITEMS = { few: CONVERSATIONS, many: 100 * CONVERSATIONS } as const
const ITEMS_TINY = { few: CONVERSATIONS, many: 4 * CONVERSATIONS } as const
/** In each tenth conversation the last items are unread, these at most. */
const UNREAD_MAX = 5
const UNREAD_EVERY = 10
const TEXT = 'x'.repeat(100)
const PASSWORD = 'correct horse battery'
/** Requests of one round, and those before the first, in which code is compiled. */
const REQUESTS = 40
const REQUESTS_WARM = 100
const AT_ONCE = 500

/** What the issue holds it to. */
const FIRST_SCREEN_MS_MAX = 50
const GROWTH_MAX = 1.5

export interface ScreenReport {
  readonly conversations: number
  readonly items: number
  readonly figures: readonly FigureRow[]
}

/** An account on a server of its own. */
interface Account {
  readonly server: ServerProcess
  readonly client: RawClient
}

/** What one request took: until its answer, and of the CPU of all threads. */
interface Took {
  readonly ms: number
  readonly cpuMs: number
}

export async function measureScreen(preset: Preset, say: (line: string) => void): Promise<ScreenReport> {
  const folder = dataFolder()
  const context = costContext(folder, preset, say)
  const items = preset.name === 'tiny' ? ITEMS_TINY : ITEMS
  const few = await account(context, 'few', items.few)
  const many = await account(context, 'many', items.many)
  context.settle([few.server, many.server])
  const screens = { few: [] as Took[], many: [] as Took[] }
  for (const one of [few, many]) await screen(one, REQUESTS_WARM)
  for (let round = 1; round <= preset.rounds; round++) {
    say(`(screen) first screens, round ${round} of ${preset.rounds}`)
    screens.few.push(await screen(few, REQUESTS))
    screens.many.push(await screen(many, REQUESTS))
  }
  const state: Took[] = []
  const replay: Took[] = []
  for (let round = 1; round <= preset.rounds; round++) {
    say(`(screen) keyed state and replay, round ${round} of ${preset.rounds}`)
    state.push(await pull(many, true))
    replay.push(await pull(many, false))
  }
  for (const { client, server } of [few, many]) {
    client.destroy()
    await server.stop()
  }
  pinSelf(undefined)
  removeFolder(folder)
  const figures = figuresOf(screens, { state, replay }, items)
  return { conversations: CONVERSATIONS, items: items.many, figures }
}

function figuresOf(
  { few, many }: { readonly few: readonly Took[]; readonly many: readonly Took[] },
  { state, replay }: { readonly state: readonly Took[]; readonly replay: readonly Took[] },
  items: { readonly few: number; readonly many: number },
): FigureRow[] {
  const [of, beside] = [`${items.many} items`, `${items.few} items`]
  const [ms, cpu] = [
    (all: readonly Took[]) => median(all.map(took => took.ms)),
    (all: readonly Took[]) => median(all.map(took => took.cpuMs)),
  ]
  const screenOf = `first screen of ${CONVERSATIONS} conversations with ${of}`
  return [
    figureRow({ what: screenOf, value: ms(many), unit: 'ms', aim: { atMost: FIRST_SCREEN_MS_MAX } }),
    figureRow({
      what: `the same, beside one with ${beside}`,
      value: ms(many),
      unit: 'ms',
      baseline: { what: beside, value: ms(few) },
      aim: { atMost: GROWTH_MAX },
    }),
    figureRow({
      what: 'CPU of all threads for it',
      value: cpu(many),
      unit: 'ms',
      baseline: { what: beside, value: cpu(few) },
      aim: { atMost: GROWTH_MAX },
    }),
    figureRow({
      what: 'all keyed state of that account, page after page',
      value: ms(state),
      unit: 'ms',
      baseline: { what: 'a replay of the timeline', value: ms(replay) },
    }),
    figureRow({
      what: 'CPU of all threads for it',
      value: cpu(state),
      unit: 'ms',
      baseline: { what: 'a replay of the timeline', value: cpu(replay) },
    }),
  ]
}

export function screenTables({ figures }: ScreenReport): string {
  return figureTable(figures)
}

/** Asks for the first page so many times, one after the other. @returns medians, of the CPU the mean */
async function screen({ client, server }: Account, requests: number): Promise<Took> {
  const times: number[] = []
  const cpuMs = cpuMsOf(server.pid)
  for (let n = 0; n < requests; n += 1) {
    const beginMs = performance.now()
    const { conversations } = await client.request(METHODS.conversations, { after: 0, limit: 0 })
    times.push(performance.now() - beginMs)
    if (conversations.length !== CONVERSATIONS_PAGE_MAX) throw new Error(`${conversations.length} conversations came`)
  }
  return { ms: median(times), cpuMs: (cpuMsOf(server.pid) - cpuMs) / requests }
}

/** Pulls from 0 to the end, all of it or keyed state alone. */
async function pull({ client, server }: Account, state: boolean): Promise<Took> {
  const [cpuMs, beginMs] = [cpuMsOf(server.pid), performance.now()]
  for (let since = 0, more = true; more; ) {
    const page = await client.request(METHODS.sync, createSyncRequest({ since, state }))
    ;({ to: since, more } = page)
  }
  return { ms: performance.now() - beginMs, cpuMs: cpuMsOf(server.pid) - cpuMs }
}

/** Makes an account, fills it while no server runs, and connects a device of it that begins at the head. */
async function account({ folder: parent, say }: CostContext, name: string, items: number): Promise<Account> {
  say(`(screen) making an account of ${CONVERSATIONS} conversations with ${items} items`)
  const folder = join(parent, name)
  const first = await startLongwire(folder)
  const nameless = await connected(first.port, {})
  const installationKey = new Uint8Array(16).fill(1)
  const request = createRegisterRequest({ account: 'reader', password: PASSWORD, installationKey })
  const session = present((await nameless.request(METHODS.register, request)).session, 'the session')
  nameless.destroy()
  await first.stop()
  await fill(folder, session.uid, items)
  const server = await startLongwire(folder)
  const client = await connected(server.port, {
    token: session.token,
    attempt: session.boundAttempt + 1,
    fromHead: true,
  })
  return { server, client }
}

async function connected(port: number, hello: Parameters<typeof createHelloRequest>[0]): Promise<RawClient> {
  const client = await RawClient.connect(port)
  client.write(Uint8Array.of(0))
  await client.request(METHODS.hello, createHelloRequest(hello))
  return client
}

/** The stamp of what is written here: nothing was there before. */
const STAMP = 7

async function fill(folder: string, uid: number, items: number): Promise<void> {
  const store = await openLmdbStore({ path: folder })
  const actor = userActor(uid)
  const commit = async (parts: readonly Partial<Unit>[]): Promise<void> => {
    const units = parts.map(part => ({ expect: [], puts: [], appends: [], trims: [], ...part }))
    await store.commit(store.scopeOf(actor), units)
  }
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
  await store.close()
}

function put<T>(actor: string, kind: RecordKind<T>, value: T, id?: string | number): Put {
  return { actor, name: recordName(kind, id), bytes: kind.encode(value), stamp: STAMP }
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
