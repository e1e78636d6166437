/** What the phones are told and what they answer, between their process and that of the benchmark. */

export interface Talk {
  readonly messages: number
  readonly intervalMs: number
  /** The phones send in turns; otherwise only the first one does. */
  readonly takesTurns: boolean
}

export interface Talked {
  /** Milliseconds from sending a message to its arrival on the other phone. */
  readonly arrivals: readonly number[]
  /** Milliseconds from sending a message until its sender knows that it was delivered. */
  readonly receipts: readonly number[]
}

export interface Address {
  readonly host: string
  readonly port: number
}

/** Two connected clients. */
export interface Phones {
  /** Called when a message came. */
  arrived: () => void
  /** Called when the sender of a message learns that it was delivered. */
  confirmed: () => void
  /** Sends a message of 100 bytes from one of them to the other. */
  send(from: 0 | 1): void
}

export const TEXT = 'm'.repeat(100)
