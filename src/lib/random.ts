/**
 * Randomness. Outside src/lib nothing draws by itself: it is handed a Random, so that a seed replays a simulation.
 */

import { randomBytes, randomFillSync } from 'node:crypto'

export interface Random {
  /** A new array of `count` random bytes, owned by the caller. */
  bytes(count: number): Uint8Array
  /** A number in [0, 1) with 53 random bits. */
  fraction(): number
  /** A whole number in [0, below), every one as likely; `below` in [1, 2^53). */
  integer(below: number): number
}

/** The system's generator: fit for keys and tokens. */
export const systemRandom: Random = fromWords(
  pooledWords(),
  count => new Uint8Array(randomBytes(count)), // a plain array: no Buffer leaks into code that also runs in browsers
)

/** The same seed gives the same numbers for ever, on every machine. Not for secrets. */
export function seededRandom(seed: number | string): Random {
  const word = sfc32(String(seed))
  return fromWords(word, count => {
    const bytes = new Uint8Array(count)
    for (let i = 0; i < count; i += 4) {
      const bits = word()
      for (let j = i; j < i + 4 && j < count; j++) bytes[j] = bits >>> (8 * (j - i))
    }
    return bytes
  })
}

function fromWords(word: () => number, bytes: (count: number) => Uint8Array): Random {
  const bits53 = (): number => (word() >>> 5) * 2 ** 26 + (word() >>> 6)
  const fraction = (): number => bits53() * 2 ** -53
  const integer = (below: number): number => {
    if (!(Number.isSafeInteger(below) && below >= 1)) throw new RangeError(`no whole number is below ${below}`)
    if (below > 2 ** 32) {
      // 53 bits cut to a multiple of `below`, so that no remainder is likelier than another.
      const top = 2 ** 53 - (2 ** 53 % below)
      for (;;) {
        const value = bits53()
        if (value < top) return value % below
      }
    }
    const top = 2 ** 32 - (2 ** 32 % below)
    for (;;) {
      const value = word()
      if (value < top) return value % below
    }
  }
  return Object.freeze({ bytes, fraction, integer })
}

/** 32-bit words out of a pool: one system call per 1 024 words instead of one per word. */
function pooledWords(): () => number {
  const pool = new Uint32Array(1024)
  let used = pool.length
  return () => {
    if (used === pool.length) {
      randomFillSync(pool)
      used = 0
    }
    const word = pool[used] ?? 0
    pool[used++] = 0
    return word
  }
}

/** Chris Doty-Humphrey's sfc32 (small, fast, passes PractRand), its state filled from an FNV-1a hash of the seed. */
function sfc32(seed: string): () => number {
  let hash = 0x811c9dc5
  for (let i = 0; i < seed.length; i++) hash = Math.imul(hash ^ seed.charCodeAt(i), 0x01000193)
  let a = hash | 0
  let b = Math.imul(hash ^ 0x9e3779b9, 0x85ebca6b)
  let c = seed.length
  let counter = 1
  const word = (): number => {
    const sum = (a + b + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + sum
    c |= 0
    return sum >>> 0
  }
  for (let i = 0; i < 16; i++) word() // the authors' count for mixing a seed in
  return word
}
