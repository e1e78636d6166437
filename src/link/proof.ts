/**
 * Shows the other end of a link that this node knows the cluster's secret, without telling it. Each end gives a nonce. A proof is a hash,
 * keyed with the secret, of both nonces, both names and the side: so none can be used again, or be sent back to the one that made it.
 *
 * The one that connects proves first. A stranger at the port so gets no proof, from which a weak secret could be guessed.
 *
 * What follows on the link is neither encrypted nor signed. Links belong on a network that strangers cannot reach.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'

export const NONCE_BYTES = 16

export interface Meeting {
  readonly access: string
  readonly logic: string
  readonly accessNonce: Uint8Array
  readonly logicNonce: Uint8Array
}

export function proofOf(secret: Uint8Array, side: 'access' | 'logic', meeting: Meeting): Uint8Array {
  const { access, logic, accessNonce, logicNonce } = meeting
  const hmac = createHmac('sha256', secret)
  for (const part of [`longwire link ${side}`, access, logic, accessNonce, logicNonce]) {
    const bytes = Buffer.from(part)
    hmac.update(Uint8Array.of(bytes.length)).update(bytes)
  }
  return hmac.digest()
}

export function isProof(given: Uint8Array, right: Uint8Array): boolean {
  return given.length === right.length && timingSafeEqual(given, right)
}
