/**
 * The events that a node sends to itself and to other nodes when a commit is durable. Events are soft: between nodes one may be
 * lost, late or out of order. A lost event costs time and never a message, because the store holds all that counts.
 */
import { partitionOf } from '../store/partition.js'
import type { Actor, NodeId, Version } from '../store/types.js'

/** The addressee of an event: a user's or a conversation's actor, or `node/<name>`. */
export type Address = Actor

/**
 * Says that the log of `to` has grown: this item is now the only one of (from, version]. Without bytes it says only that there is
 * something up to `version`.
 */
export interface AppendedEvent {
  readonly kind: 'appended'
  readonly to: Address
  readonly from: Version
  readonly version: Version
  /** An encoded Item without skip; never written to. */
  readonly bytes: Uint8Array | undefined
}

/**
 * Says that the session, attempt or token by which a device was let in is no longer valid. The event names attempts, so a late one
 * ends nothing newer.
 *
 *   session: the session ended; connections with at most this attempt go
 *   attempt: this attempt is bound now; connections with a lower one go
 *   token:   all tokens but a new one ended; connections with at most this attempt go, except the one that asked for it
 */
export interface EndedEvent {
  readonly kind: 'ended'
  readonly to: Address
  readonly device: number
  readonly what: 'session' | 'attempt' | 'token'
  readonly attempt: number
  /** The attempt whose connection stays; 0: no connection stays. */
  readonly except: number
}

/**
 * Carries something that is stored nowhere. It is dropped first: wherever there is too much of anything, and where nobody waits for it.
 * Nobody looks at the store because one was lost.
 */
export interface TransientEvent {
  readonly kind: 'transient'
  /** The node where it began. */
  readonly from: NodeId
  readonly to: Address
  /** The subject, for those who handle it. */
  readonly topic: string
  readonly bytes: Uint8Array
}

/** The topic of a transient event that carries a SignalNotice with the newest post of a board. In the events of a unit its `from` is still empty. */
export const HEAD = 'head'

/** Says that effects from `source` to `target` wait in an outbox. The node that receives it delivers them. */
export interface DeliverEvent {
  readonly kind: 'deliver'
  readonly to: Address
  readonly source: Actor
  readonly target: Actor
}

/** Says that nodes compete for the records of `to` (contended-actors.ts). */
export interface ContendedEvent {
  readonly kind: 'contended'
  readonly to: Address
}

export type NodeEvent = AppendedEvent | EndedEvent | TransientEvent | DeliverEvent | ContendedEvent

/** Says that work for a job is noted in this partition. It is for this node alone: what it does not do, the job's next round finds. */
export interface WorkEvent {
  readonly kind: 'work'
  readonly job: 'departures' | 'renames' | 'clears' | 'reactions'
  readonly partition: number
}

/** Says that work for a job was noted by this actor, which is its partition's. */
export function workOf(actor: Actor, job: WorkEvent['job']): WorkEvent {
  return { kind: 'work', job, partition: partitionOf(actor) }
}

/** Sends all events after a commit: to the hub of this node, and to other nodes. */
export interface Delivery {
  /**
   * Sends an event. Called synchronously, after the answers of the same unit were given.
   * @param routes the nodes that hold devices of the user, as the commit named them. Absent: they are not known, or the event is for
   *   every node.
   */
  send(event: NodeEvent, routes?: readonly NodeId[]): void
}

/** The event that says only that the log of `to` goes up to `version`: a connection that has less pulls. */
export function headEvent(to: Address, version: Version): AppendedEvent {
  return { kind: 'appended', to, from: version, version, bytes: undefined }
}

const NODE = 'node/'

export function nodeAddress(name: string): Address {
  return `${NODE}${name}`
}

/** The name of the node that an address names; undefined if it is an actor's. */
export function nodeAt(address: Address): string | undefined {
  return address.startsWith(NODE) ? address.slice(NODE.length) : undefined
}
