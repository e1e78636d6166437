/**
 * The content of a numbered request, as 64 bits: the same for every encoding of the same request, by every transport, and known to nobody
 * in advance (PROTOCOL.md, 6.2).
 *
 *   method · the store's secret · the fields marked `identity`, as decoded, in the order of their numbers ─► SHA-256, the first 8 bytes
 *
 * The secret comes before everything that a peer chooses, and no peer ever sees a hash. Forging one means guessing 64 bits, and each try
 * costs a number.
 *
 * Passwords are not in it. The hashes are stored beside their key: a thief of both could try a thousand million passwords a second, where
 * scrypt (passwords.ts) allows twenty. The price: under the number of an accepted ChangePassword or DeleteAccount, any password gets the
 * first answer again. That request had succeeded, and a repeat starts nothing.
 *
 * µs for a text of 100 bytes / 16 KiB, with the writing of the fields, 0.11 / 0.8 (Node 20, 2-core x86 VM): SHA-256 0.46 / 8.9,
 * SipHash-2-4 in JavaScript 0.62 / 68; FNV-1a over the body as it came was 0.11 / 15. Hashed alone: BLAKE2s 0.7 / 18, createHmac with
 * SHA-256 1.6 / 9.6, GMAC 2.2 / 3.6, AES-CBC 1.9 / 15.
 */
import { hash } from 'node:crypto'
import { IDENTITIES, type Identify } from '../../protocol/generated/identities.js'
import { METHODS, type RequestMethod } from '../../protocol/methods.js'
import { begin, written } from '../../protocol/wire-writer.js'
import { HASH_BYTES } from '../sync/rules/device-window.js'

export class ContentHash {
  readonly #secret: Uint8Array
  /** The writers of marked fields, by method number; absent where no field is marked. */
  readonly #identify: (Identify | undefined)[] = []

  /** @param secret the store's */
  constructor(secret: Uint8Array) {
    this.#secret = secret
    for (const method of Object.values(METHODS)) {
      if (method.kind !== 'request') continue
      this.#identify[method.number] = IDENTITIES.get(`${method.service}.${method.rpc}`)
    }
  }

  /** @returns 8 characters of one byte each */
  of<Q>({ number }: RequestMethod<Q>, request: Q): string {
    const w = begin()
    w.uint32(number).bytes(this.#secret)
    this.#identify[number]?.(w, request)
    return hash('sha256', written(w), 'binary').slice(0, HASH_BYTES)
  }
}
