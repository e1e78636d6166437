// Generated from protocol/longwire/v1/*.proto by protocol/generate; `npm run generate` writes it again. Do not edit.
//
// identifyX, for every message X with fields marked `identity`: writes those fields and no other, in the order of their
// numbers. IDENTITIES: these functions by `Service.Rpc`; a request that is not there has no such field.
import type * as m from './messages.js'
import { writeString, writeUint32, writeUint64, type Writer } from '../wire-writer.js'

export function identifySendRequest(w: Writer, m: m.SendRequest): void {
  if (m.to !== 0) writeUint64(w, 16, m.to)
  if (m.text.length > 0) writeString(w, 26, m.text)
}

export function identifyUpdateProfileRequest(w: Writer, m: m.UpdateProfileRequest): void {
  if (m.nickname.length > 0) writeString(w, 18, m.nickname)
}

export function identifyRemoveDeviceRequest(w: Writer, m: m.RemoveDeviceRequest): void {
  if (m.device !== 0) writeUint32(w, 16, m.device)
}

export function identifyContactServiceRequestRequest(w: Writer, m: m.ContactServiceRequestRequest): void {
  if (m.uid !== 0) writeUint64(w, 16, m.uid)
  if (m.greeting.length > 0) writeString(w, 26, m.greeting)
}

export function identifyContactServiceAcceptRequest(w: Writer, m: m.ContactServiceAcceptRequest): void {
  if (m.uid !== 0) writeUint64(w, 16, m.uid)
  if (m.request !== 0) writeUint64(w, 24, m.request)
}

export function identifyContactServiceDeclineRequest(w: Writer, m: m.ContactServiceDeclineRequest): void {
  if (m.uid !== 0) writeUint64(w, 16, m.uid)
  if (m.request !== 0) writeUint64(w, 24, m.request)
}

export function identifyContactServiceCancelRequest(w: Writer, m: m.ContactServiceCancelRequest): void {
  if (m.uid !== 0) writeUint64(w, 16, m.uid)
  if (m.request !== 0) writeUint64(w, 24, m.request)
}

export function identifyContactServiceRemoveRequest(w: Writer, m: m.ContactServiceRemoveRequest): void {
  if (m.uid !== 0) writeUint64(w, 16, m.uid)
}

export function identifyContactServiceBlockRequest(w: Writer, m: m.ContactServiceBlockRequest): void {
  if (m.uid !== 0) writeUint64(w, 16, m.uid)
}

export function identifyContactServiceUnblockRequest(w: Writer, m: m.ContactServiceUnblockRequest): void {
  if (m.uid !== 0) writeUint64(w, 16, m.uid)
}

/** Writes what is the identity of a request. */
export type Identify = (w: Writer, request: unknown) => void

export const IDENTITIES: ReadonlyMap<string, Identify> = new Map<string, Identify>([
  ['MessageService.Send', identifySendRequest as Identify],
  ['AccountService.UpdateProfile', identifyUpdateProfileRequest as Identify],
  ['AccountService.RemoveDevice', identifyRemoveDeviceRequest as Identify],
  ['ContactService.Request', identifyContactServiceRequestRequest as Identify],
  ['ContactService.Accept', identifyContactServiceAcceptRequest as Identify],
  ['ContactService.Decline', identifyContactServiceDeclineRequest as Identify],
  ['ContactService.Cancel', identifyContactServiceCancelRequest as Identify],
  ['ContactService.Remove', identifyContactServiceRemoveRequest as Identify],
  ['ContactService.Block', identifyContactServiceBlockRequest as Identify],
  ['ContactService.Unblock', identifyContactServiceUnblockRequest as Identify],
])
