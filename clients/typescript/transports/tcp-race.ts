// Opens a TCP connection to a host of several addresses, as RFC 8305 ("happy eyeballs") has it. Each address gets a head start of
// a quarter of a second. Then the next one is tried beside it, and the first that answers wins.
//
//   looking up ──addresses──► racing ──one connects──► won: the others are destroyed
//                               │  ▲ └──all failed───► lost: with the first one's error
//                               └──┘ head start over, or one failed: the next address
//
// Node's own way gives an address up when its quarter of a second is over. On a network where a connection takes 700 ms and the
// other address is dead, it never connects.
import { lookup } from 'node:dns'
import { connect, isIP, type Socket } from 'node:net'
import { type Clock, systemClock, type TimerHandle } from '../base/system.js'

/** RFC 8305, 5: the delay between two attempts. */
const HEAD_START_MS = 250

export interface Address {
  readonly address: string
  readonly family: number
}

export interface RaceOptions {
  readonly host: string
  readonly port: number
  readonly clock?: Clock
  /** All addresses of a host. Default: the system's. */
  readonly resolve?: (host: string, done: (error: Error | null, addresses: readonly Address[]) => void) => void
  /** Starts a connection to one address. Default: Node's. */
  readonly open?: (address: Address, port: number) => Socket
}

export interface Race {
  /** Gives up. Nothing is told of it any more; a connection that was told of stays. */
  abandon(): void
}

/** @param done called once, later: with a connected socket, which is the caller's from then on, or with an error */
export function raceConnect(options: RaceOptions, done: (error: Error | undefined, socket?: Socket) => void): Race {
  const { host, port, clock = systemClock, resolve = resolveAll, open = openSocket } = options
  const running = new Set<Socket>()
  let waiting: readonly Address[] = []
  let failure: Error | undefined
  let headStart: TimerHandle | undefined
  let over = false

  const end = (): void => {
    over = true
    headStart?.cancel()
    for (const socket of running) socket.destroy()
  }
  const next = (): void => {
    headStart?.cancel()
    const [address, ...rest] = waiting
    waiting = rest
    if (address === undefined) {
      if (running.size > 0) return
      end()
      done(failure ?? new Error(`${host} has no address`))
      return
    }
    start(address)
    if (rest.length > 0) headStart = clock.after(HEAD_START_MS, next)
  }
  const start = (address: Address): void => {
    const socket = open(address, port)
    running.add(socket)
    const failed = (error: Error): void => {
      failure ??= error
      running.delete(socket)
      if (!over) next()
    }
    socket.once('error', failed)
    socket.once('connect', () => {
      if (over) return
      running.delete(socket)
      socket.off('error', failed)
      end()
      done(undefined, socket)
    })
  }

  if (isIP(host) !== 0) {
    waiting = [{ address: host, family: isIP(host) }]
    next()
  } else {
    resolve(host, (error, addresses) => {
      if (over) return
      failure = error ?? undefined
      waiting = interleaved(addresses)
      next()
    })
  }
  return {
    abandon: () => {
      if (!over) end()
    },
  }
}

function openSocket({ address, family }: Address, port: number): Socket {
  return connect({ host: address, port, family, noDelay: true })
}

function resolveAll(host: string, done: (error: Error | null, addresses: readonly Address[]) => void): void {
  lookup(host, { all: true, verbatim: true }, (error, addresses) => done(error, addresses ?? []))
}

/** The families by turns, the first one's first: where one of them leads nowhere, the second try is of the other. */
function interleaved(addresses: readonly Address[]): readonly Address[] {
  const first = addresses.filter(each => each.family === addresses[0]?.family)
  const second = addresses.filter(each => each.family !== addresses[0]?.family)
  return first
    .flatMap((each, i) => [each, second[i]])
    .concat(second.slice(first.length))
    .filter(each => each !== undefined)
}
