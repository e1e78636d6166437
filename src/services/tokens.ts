/**
 * Session tokens: who they authenticate, 192 random bits, and a seal that proves that this store made them. They are opaque to clients,
 * and stored only as a hash, so what is stored logs nobody in. A fast hash is enough: there is nothing to guess.
 *
 *   uid (8) · device (4) · random (24) · seal (8): of all before it, under the store's secret
 *
 * The seal does not say whether a token is still valid. It tells tokens that once were valid from any other bytes, without a look into
 * the store. This is needed when unauthenticated clients have used up the limit of their address (connection-service.ts).
 */
import { hash, timingSafeEqual } from 'node:crypto'
import type { Random } from '../lib/random.js'

const SECRET_BYTES = 24
const SEALED_BYTES = 12 + SECRET_BYTES
const SEAL_BYTES = 8
const TOKEN_BYTES = SEALED_BYTES + SEAL_BYTES

/** Sets a seal apart from all else that is hashed under the store's secret. */
const SEAL_TAG = new TextEncoder().encode('longwire token\0')

export interface TokenOwner {
  readonly uid: number
  readonly device: number
}

/** Makes the secret part of a token, before its owner is known. */
export function newSecret(random: Random): Uint8Array {
  return random.bytes(SECRET_BYTES)
}

/** The hash that is stored for a token: 32 characters of one byte each. */
export function secretHash(secret: Uint8Array): string {
  // In one call (0.3 µs): by an object, as createHash makes, it takes three times as long, and each HTTP request needs one.
  return hash('sha256', secret, 'binary')
}

/** @param storeSecret the store's own, under which it is sealed */
export function makeToken({ uid, device }: TokenOwner, secret: Uint8Array, storeSecret: Uint8Array): Uint8Array {
  const token = new Uint8Array(TOKEN_BYTES)
  const view = new DataView(token.buffer)
  view.setFloat64(0, uid)
  view.setUint32(8, device)
  token.set(secret, 12)
  token.set(sealOf(token, storeSecret), SEALED_BYTES)
  return token
}

/** Takes a token apart; undefined if the bytes have not its form. It does not say whether the token is valid. */
export function readToken(token: Uint8Array): (TokenOwner & { readonly hash: string }) | undefined {
  if (token.length !== TOKEN_BYTES) return undefined
  const view = new DataView(token.buffer, token.byteOffset, token.length)
  const uid = view.getFloat64(0)
  const device = view.getUint32(8)
  if (!Number.isSafeInteger(uid) || uid <= 0 || device === 0) return undefined
  return { uid, device, hash: secretHash(token.subarray(12, SEALED_BYTES)) }
}

/** Whether the token was made under this secret, at some time. 1 µs. @param token one that readToken takes */
export function isSealed(token: Uint8Array, storeSecret: Uint8Array): boolean {
  return timingSafeEqual(sealOf(token, storeSecret), token.subarray(SEALED_BYTES))
}

function sealOf(token: Uint8Array, storeSecret: Uint8Array): Uint8Array {
  const sealed = Buffer.concat([SEAL_TAG, storeSecret, token.subarray(0, SEALED_BYTES)])
  return hash('sha256', sealed, 'buffer').subarray(0, SEAL_BYTES)
}
