/** What a node says about itself with its lease, for `longwire nodes` and for other nodes. */

import { LINK_PORT_DEFAULT, LONG_PORT_DEFAULT, parseAddress, shownAddress } from '../ops/address.js'

/** The parts that a node runs: its clients' connections (access), the work on the store (logic), or both. */
export type Role = 'all' | 'access' | 'logic'

export interface NodeStatus {
  /** The address that clients and other nodes reach it at. */
  readonly address: string
  readonly role: Role
  /** The address at which it takes links from access nodes; '' if it takes none. */
  readonly link: string
  /** The version of the program. */
  readonly revision: string
  /** The newest forms of stored data that it reads, and it reads all before. */
  readonly forms: number
  readonly connections: number
  /** The connections that it can take beside those. */
  readonly freeConnections: number
  /** The entry for clients that other nodes send; undefined: they are to send none. */
  readonly entry: ClientEntry | undefined
  readonly messagesPerSecond: number
  /** Times from handing a write to the store until it is durable, in the last seconds; undefined: there was none. */
  readonly commitP50Ms: number | undefined
  readonly commitP99Ms: number | undefined
  /** Units that met a change of another node, since the start. */
  readonly conflicts: number
  /** The node's clock less the store's. */
  readonly clockAheadMs: number
  /** It sends its clients away and owns no partition any more. */
  readonly draining: boolean
  /** The replicas that must have a write before it counts; -1: what is usual for this kind of Redis. */
  readonly replicas: number
  /** The primaries at which its last message to itself did not get through. */
  readonly failing: readonly string[]
  /** The time for which an access node has had no logic node that takes requests; 0: it has one, or needs none. */
  readonly unlinkedMs: number
  /** The addresses of links at which a node has another cluster secret. */
  readonly otherSecret: readonly string[]
  /** The outboxes that this node delivers from, as far as something waits in them. */
  readonly outboxes: readonly OutboxStatus[]
}

/** The addresses at which a node takes clients: at least one of the two. */
export interface ClientEntry {
  /** The address for TCP; '' and 0 if it has none. */
  readonly host: string
  readonly port: number
  /** The URL for HTTP and WebSocket; '' if it has none. */
  readonly url: string
}

export interface OutboxStatus {
  readonly partition: number
  readonly entries: number
  /** The time for which the oldest entry has been known to wait. */
  readonly ageMs: number
}

/** The forms of stored data of the first revision. Nodes that do not say what they read, read these. */
export const FIRST_FORMS = 1

/** The forms with which timelines refer to items of groups (sync/references.ts): a node that reads older ones would show nothing there. */
export const GROUP_FORMS = 2

/** The forms with which timelines tell of changed messages (sync/rules/message-changes.ts): a node that reads older ones would leave them out. */
export const CHANGE_FORMS = 3

/**
 * The newest forms of stored data that this program reads. Who adds a form that this revision could not read raises the number, and writes
 * the form only where all nodes read it (Members.forms).
 */
export const FORMS = CHANGE_FORMS

/** The form of the text. Fields may be added without another form. Another type or range of one needs another: older nodes check them. */
const FORM = 1

export function encodeStatus(status: NodeStatus): string {
  return JSON.stringify({ form: FORM, ...status })
}

/**
 * Reads what a node says. Whoever reaches the store can write a lease, so each field is checked.
 * @param onWrong called with what is no status, and why: the lease is no node's
 * @returns undefined if it is wrong, or a node of another revision says it in another form
 */
export function decodeStatus(text: string, onWrong?: (why: string) => void): NodeStatus | undefined {
  const status = text.length > STATUS_LENGTH_MAX ? undefined : parsed(text)
  if (!isObject(status) || typeof status.form !== 'number') {
    onWrong?.('it is not the text of a status')
    return undefined
  }
  if (status.form !== FORM) return undefined
  for (const [field, isRight] of Object.entries(RIGHT)) {
    const value = status[field]
    if (value === undefined || isRight(value)) continue
    onWrong?.(`the field ${field} is wrong`)
    return undefined
  }
  const { form: _, ...said } = status
  return { ...UNSAID, ...said }
}

/** The longest text of a status: outboxes of all partitions have 16 KiB. */
const STATUS_LENGTH_MAX = 131_072
const TEXT_LENGTH_MAX = 512
const LIST_LENGTH_MAX = 1_024

/** Checks of the fields, each of which may be absent. */
const RIGHT: { readonly [Field in keyof NodeStatus]: (value: unknown) => boolean } = {
  address: isText,
  role: value => value === 'all' || value === 'access' || value === 'logic',
  link: value => value === '' || (isText(value) && parseAddress(value, LINK_PORT_DEFAULT) !== undefined),
  revision: isText,
  connections: isCount,
  freeConnections: isCount,
  entry: isEntry,
  messagesPerSecond: isAmount,
  commitP50Ms: isAmount,
  commitP99Ms: isAmount,
  conflicts: isCount,
  clockAheadMs: Number.isFinite,
  draining: value => typeof value === 'boolean',
  replicas: value => value === -1 || isCount(value),
  failing: value => isListOf(isText, value),
  unlinkedMs: isAmount,
  otherSecret: value => isListOf(isText, value),
  forms: isCount,
  outboxes: value => isListOf(isOutbox, value),
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Whether it is a short text of characters that a terminal shows as they are. */
function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= TEXT_LENGTH_MAX && !/[\p{C}\p{Zl}\p{Zp}]/u.test(value)
}

function isAmount(value: unknown): value is number {
  return Number.isFinite(value) && Number(value) >= 0
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0
}

function isListOf(isRight: (value: unknown) => boolean, value: unknown): boolean {
  return Array.isArray(value) && value.length <= LIST_LENGTH_MAX && value.every(isRight)
}

function isOutbox(value: unknown): boolean {
  return isObject(value) && isCount(value.partition) && isCount(value.entries) && isAmount(value.ageMs)
}

/** Whether clients may be given it. */
function isEntry(value: unknown): boolean {
  if (!isObject(value)) return false
  const { host, port, url } = value
  if (!isText(host) || !isText(url) || !isCount(port)) return false
  const isLong = host !== '' && parseAddress(shownAddress({ host, port }), LONG_PORT_DEFAULT) !== undefined
  const isNoLong = host === '' && port === 0 && url !== ''
  return (isLong || isNoLong) && (url === '' || /^https?:\/\/\S+$/.test(url))
}

/** The values of what a node of another revision does not say. */
const UNSAID: NodeStatus = {
  address: '',
  role: 'all',
  link: '',
  revision: '',
  forms: FIRST_FORMS,
  connections: 0,
  freeConnections: 0,
  entry: undefined,
  messagesPerSecond: 0,
  commitP50Ms: undefined,
  commitP99Ms: undefined,
  conflicts: 0,
  clockAheadMs: 0,
  draining: false,
  replicas: 0,
  failing: [],
  unlinkedMs: 0,
  otherSecret: [],
  outboxes: [],
}
