// A client's inside as plain values, for tests, auditors and bug reports. No secrets in it.

import { toHex } from '../base/bytes.js'
import type { ConnectionStatus, Connector } from '../connection/connector.js'
import type { Entry } from '../rules/send-queue.js'
import type { Parts } from './wiring.js'

export interface ClientState {
  readonly status: ConnectionStatus
  readonly phase: Connector['phase']
  /** The address of the connection in use, such as tcp://chat.example:8081; '' if there is none, or nobody can tell. */
  readonly server: string
  /** The nodes that the server has named and that are still believed: for each HOST:PORT, or its URL. */
  readonly endpoints: readonly string[]
  readonly uid: number
  readonly device: number
  readonly signedIn: boolean
  readonly storeId: string
  /** The highest attempt used. */
  readonly attempt: number
  /** The versions applied in memory, durable here, and told to the server. */
  readonly applied: number
  readonly durable: number
  readonly acked: number
  /** Whether there are marks, of stored or of read messages, that the server was not told on this connection. */
  readonly owesMarks: boolean
  readonly pulling: boolean
  /** Whether all contacts, groups, marks and settings are here; false while a new device fetches them (options.ts, firstScreen). */
  readonly whole: boolean
  readonly resyncing: boolean
  readonly nextSendSeq: number
  readonly sendQueue: readonly {
    readonly sendSeq: number
    /** The count of numbers that it uses up; more than 1 only for a Void. */
    readonly count: number
    readonly what: string
    /** held: what waits for a friendship, a membership of a group or a listening to a room that is being made. */
    readonly state: Entry['state'] | 'held'
  }[]
  readonly contacts: number
  /** Devices of which messages were shown. */
  readonly senders: number
}

export function inspect(status: ConnectionStatus, parts: Parts): ClientState {
  const { identity, endpoints, inbox, acks, sender, connector } = parts
  const { timeline } = inbox
  const { sendQueue } = sender
  return {
    status,
    phase: connector.phase,
    server: connector.address,
    endpoints: endpoints.shown,
    uid: identity.uid,
    device: identity.device,
    signedIn: identity.signedIn,
    storeId: toHex(identity.storeId),
    attempt: identity.attempt,
    applied: timeline.applied,
    durable: acks.durable,
    acked: acks.told,
    owesMarks: acks.owesMarks,
    pulling: timeline.pulling,
    whole: !parts.firstScreen.isUnderWay,
    resyncing: identity.resyncHead !== undefined,
    nextSendSeq: sendQueue.nextSendSeq,
    sendQueue: Array.from(sendQueue.unsettled(), entry => {
      const { sendSeq, content, state } = entry
      return {
        sendSeq,
        count: content.kind === 'void' ? content.count : 1,
        what: content.kind === 'operation' ? content.method : content.kind,
        state: state === 'queued' && sender.holds(entry) ? 'held' : state,
      }
    }),
    contacts: parts.contacts.list().length,
    senders: [...parts.shown.all()].length,
  }
}
