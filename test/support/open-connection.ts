/** Connections of a rig (connection-rig.ts) that have said Hello, and what a test sends on them. */

import { encodeRequest } from '../../protocol/frame-codec.js'
import { METHODS } from '../../protocol/methods.js'
import { connectionRig, type FakePipe, helloFrame, joined, LEADING_ZERO, type Rig } from './connection-rig.js'
import { FakeServices } from './fake-services.js'

export const EMPTY = new Uint8Array(0)
export const TOKEN = Uint8Array.of(7, 1)

export function request(id: number, method: number = METHODS.getProfile.number, body: Uint8Array = EMPTY): Uint8Array {
  return encodeRequest(id, method, body)
}

/** An encoded Item with a message of some letters, `bytes` long in all. */
export function messageItem(bytes: number): Uint8Array {
  const text = bytes - 6
  const inner = text + 3
  const head = Uint8Array.of(0x12, (inner & 127) | 128, inner >> 7, 0x32, (text & 127) | 128, text >> 7)
  return joined(head, new Uint8Array(text).fill(0x61))
}

export async function opened(init: Parameters<typeof helloFrame>[1] = {}) {
  const services = new FakeServices()
  const rig = connectionRig(services)
  return { services, rig, ...(await openOne(rig, init)) }
}

/** A connection that belongs to a device, its answer and first page read. */
export async function openOne(rig: Rig, init: Parameters<typeof helloFrame>[1] = {}) {
  const { pipe, connection } = rig.connect()
  connection.receive(joined(LEADING_ZERO, helloFrame(1, { token: TOKEN, attempt: 1, ...init })))
  await rig.turn()
  pipe.seen()
  return { pipe, connection }
}

export function whats(pipe: FakePipe): string[] {
  return pipe.seen().map(({ what, code }) => (code === undefined ? what : `${what} ${code}`))
}
