/**
 * Hashes passwords with scrypt, a bounded number at once, in threads (src/workers). So a storm of logins stalls neither the event loop
 * nor the store, and takes no processor from message traffic.
 *
 * A hash reads `scrypt$<log2 N>$<r>$<p>$<salt>$<key>`, salt and key in base64: parameters may grow without breaking old ones.
 */
import { scrypt, timingSafeEqual } from 'node:crypto'
import type { Random } from '../lib/random.js'
import type { HashRequest } from '../workers/hash-password.js'
import type { OwnWorkers } from '../workers/tasks.js'
import { type TaskOptions, WorkerError } from '../workers/types.js'
import { Turnstile } from './turnstile.js'

const SALT_BYTES = 16
const KEY_BYTES = 32

export interface PasswordCost {
  readonly log2N: number
  readonly r: number
  readonly p: number
}

/** 16 MiB and about 50 ms. */
export const NORMAL_COST: PasswordCost = { log2N: 14, r: 8, p: 1 }
/** A cost for load tests on loopback alone. */
export const CHEAP_COST: PasswordCost = { log2N: 4, r: 1, p: 1 }

/** The cost from which a hash is computed in a thread: one that takes less than a millisecond is not worth it. */
const THREADS_FROM_LOG2N = 10

export class BusyError extends Error {
  override readonly name = 'BusyError'
}

/**
 * The way to compute a hash. High priority is for a device that the account knows: it does not wait for others, however many they are.
 * By the signal a hash that has not begun is given up.
 */
export type HashOptions = Pick<TaskOptions, 'priority' | 'signal'>

export interface PasswordsOptions {
  readonly random: Random
  readonly cost: PasswordCost
  /** The workers that compute hashes. Their queue is bounded: beyond it the next caller is told to come back. */
  readonly workers: OwnWorkers
}

/** The most hashes that wait where no thread can be started: ten seconds of them. */
const HERE_WAITING_MAX = 200

export class Passwords {
  readonly #random: Random
  /** The hash that is checked where there is no account, at the same cost. */
  readonly #decoy: string
  readonly #cost: PasswordCost
  readonly #workers: OwnWorkers
  readonly #here = new Turnstile(1)

  constructor({ random, cost, workers }: PasswordsOptions) {
    this.#random = random
    this.#cost = cost
    this.#workers = workers
    this.#decoy = hashText(cost, random.bytes(SALT_BYTES), random.bytes(KEY_BYTES))
  }

  /** @throws BusyError */
  async hash(password: string, options: HashOptions = {}): Promise<string> {
    const salt = this.#random.bytes(SALT_BYTES)
    const key = await this.#compute(password, salt, this.#cost, options)
    return hashText(this.#cost, salt, key)
  }

  /**
   * Whether the password made the hash. With '' (there is no such account) it takes as long and says no.
   * @throws BusyError
   */
  async verify(password: string, hash: string, options: HashOptions = {}): Promise<boolean> {
    const matches = await this.#matches(password, hash === '' ? this.#decoy : hash, options)
    return matches && hash !== ''
  }

  async #matches(password: string, hash: string, options: HashOptions): Promise<boolean> {
    const [, log2N, r, p, salt, key] = hash.split('$')
    const cost = { log2N: Number(log2N), r: Number(r), p: Number(p) }
    const made = await this.#compute(password, Buffer.from(salt ?? '', 'base64'), cost, options)
    const expected = Buffer.from(key ?? '', 'base64')
    return made.length === expected.length && timingSafeEqual(made, expected)
  }

  async #compute(
    password: string,
    salt: Uint8Array,
    { log2N, r, p }: PasswordCost,
    options: HashOptions,
  ): Promise<Uint8Array> {
    const request = { password, salt, keyBytes: KEY_BYTES, N: 2 ** log2N, r, p }
    if (log2N < THREADS_FROM_LOG2N) return hashedHere(request)
    try {
      return await this.#workers.run('hash-password', request, { ...options, finishes: true })
    } catch (error) {
      // A new thread needs descriptors, and connections may hold them all.
      if (error instanceof WorkerError && error.code === 'CRASHED') return this.#hashHere(request, options.signal)
      if (error instanceof WorkerError && error.code !== 'FAILED') throw new BusyError('too many logins wait')
      throw error
    }
  }

  /** Hashes without a thread of our own. The store syncs in the same pool, so it takes one at a time. @throws BusyError */
  async #hashHere(request: HashRequest, signal: AbortSignal | undefined): Promise<Uint8Array> {
    if (this.#here.waiting >= HERE_WAITING_MAX) throw new BusyError('too many logins wait')
    await new Promise<void>(resolve => this.#here.enter(resolve))
    try {
      if (signal?.aborted === true) throw new BusyError('nobody waits for it any more')
      return await hashedHere(request)
    } finally {
      this.#here.leave()
    }
  }
}

/** Hashes in libuv's pool of threads. */
function hashedHere({ password, salt, keyBytes, N, r, p }: HashRequest): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const settle = (error: Error | null, key: Uint8Array): void => (error === null ? resolve(key) : reject(error))
    scrypt(password, salt, keyBytes, { N, r, p }, settle)
  })
}

function hashText({ log2N, r, p }: PasswordCost, salt: Uint8Array, key: Uint8Array): string {
  return `scrypt$${log2N}$${r}$${p}$${Buffer.from(salt).toString('base64')}$${Buffer.from(key).toString('base64')}`
}
