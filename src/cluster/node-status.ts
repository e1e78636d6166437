/** What a node says about itself with its lease, for `longwire nodes` and for other nodes. */

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

/**
 * The newest forms of stored data that this program reads. Who adds a form that this revision could not read raises the number, and writes
 * the form only where all nodes read it (Members.forms).
 */
export const FORMS = FIRST_FORMS

/** The form of the text. Fields may be added without another form. */
const FORM = 1

export function encodeStatus(status: NodeStatus): string {
  return JSON.stringify({ form: FORM, ...status })
}

/** @returns undefined if a node of another revision says it in another form */
export function decodeStatus(text: string): NodeStatus | undefined {
  try {
    const { form, ...status } = JSON.parse(text) as { form?: number } & Partial<NodeStatus>
    return form === FORM ? { ...UNSAID, ...status } : undefined
  } catch {
    return undefined
  }
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
