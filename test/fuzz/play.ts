/**
 * Plays transcripts to connections, one after the other, and says what is wrong: an exception, a frame that is none, an
 * answer to nobody, a state that a connection must not end in, a handler that held the loop, a neighbour that suffered.
 */

import { codeName } from '../../protocol/codes.js'
import type { Connection } from '../../src/connection/connection.js'
import type { FakePipe, Seen } from '../support/connection-rig.js'
import { Stall } from '../support/stall.js'
import { Chance } from './chance.js'
import { FakeGround } from './fake-ground.js'
import type { Ground } from './ground.js'
import { RealGround } from './real-ground.js'
import { conversation, greeting, mutate, type Part, pieces } from './transcript.js'

export type GroundKind = 'fake' | 'real'

export interface Played {
  frames: number
  connections: number
  /** Connections that were closed, by code; '' those that went on to their end. */
  readonly ends: Map<string, number>
  /** The longest that one call held the event loop. */
  stallMs: number
}

/** What a handler may take; a longer one is played again, for garbage may have been collected in it. */
const STALL_MS_MAX = 50
const RUNS_OF_A_STALL = 3

/** Every so many transcripts, the witness is asked. */
const WITNESS_EVERY = 20

/** Of the transcripts that nobody changed. */
const SOUND_SHARE = 0.1

/** @throws with the seed of the transcript that shows a fault */
export async function playFrames(kind: GroundKind, seed: string, frames: number): Promise<Played> {
  const ground = await groundOf(kind, seed)
  const played: Played = { frames: 0, connections: 0, ends: new Map(), stallMs: 0 }
  while (played.frames < frames) {
    const own = `${seed}/${played.connections++}`
    try {
      const stallMs = await play(ground, own, played)
      if (stallMs > STALL_MS_MAX) await confirmStall(kind, own)
      played.stallMs = Math.max(played.stallMs, stallMs)
      if (played.connections % WITNESS_EVERY === 0) await ground.witness()
    } catch (error) {
      ground.abort()
      throw new Error(`${kind} ground, transcript ${own}`, { cause: error })
    }
  }
  await ground.close()
  return played
}

function groundOf(kind: GroundKind, seed: string): Promise<Ground> {
  return kind === 'fake' ? Promise.resolve(new FakeGround(seed)) : RealGround.start()
}

async function confirmStall(kind: GroundKind, seed: string): Promise<void> {
  let shortest = Number.POSITIVE_INFINITY
  for (let run = 1; run < RUNS_OF_A_STALL; run++) {
    const ground = await groundOf(kind, seed)
    shortest = Math.min(shortest, await play(ground, seed))
    await ground.close()
  }
  if (shortest > STALL_MS_MAX) throw new Error(`a call held the loop for ${shortest.toFixed(0)} ms, every time`)
}

/** One connection, from its first byte to its end. @returns the longest that one call took, in ms */
async function play(ground: Ground, seed: string, played?: Played): Promise<number> {
  const chance = new Chance(seed)
  const known = await ground.known(chance)
  const { pipe, connection } = ground.connect()
  const isSound = chance.yes(SOUND_SHARE)
  const right = [...greeting(chance, known), ...conversation(chance, known)]
  const parts = isSound ? right : mutate(right, chance)
  const stall = new Stall()
  let stallMs = 0
  let bytes = 0
  for (const piece of pieces(parts, chance)) {
    bytes += piece.length
    const heldMs = stall.held(() => connection.receive(piece))
    stallMs = Math.max(stallMs, heldMs)
    if (!isSound && chance.yes(0.3)) await ground.event(chance, pipe)
    if (connection.state === 'closed' && chance.yes(0.3)) break
  }
  const seen: Seen[] = []
  await ground.settle(() => {
    seen.push(...take(pipe))
    return !isSound || connection.state === 'closed' || answered(seen) === asked(right)
  })
  seen.push(...take(pipe))
  if (isSound && connection.state !== 'closed' && answered(seen) !== asked(right)) {
    throw new Error(`asked ${asked(right)}, answered ${answered(seen)}`)
  }
  if (played !== undefined) {
    played.frames += framesIn(parts, bytes)
    const end = connection.state === 'closed' ? endOf(seen) : ''
    played.ends.set(end, (played.ends.get(end) ?? 0) + 1)
  }
  await finish(ground, connection, pipe)
  return stallMs
}

/** How many frames so many bytes of them are. */
function framesIn(parts: readonly Part[], bytes: number): number {
  let left = bytes
  return parts.filter(part => {
    left -= part.bytes.length
    return left >= 0
  }).length
}

/** What the peer got. @throws if it is no frame, or refuses with a code that is none */
function take(pipe: FakePipe): Seen[] {
  pipe.takes = true
  pipe.release()
  const seen = pipe.seen()
  for (const { code } of seen) if (code?.startsWith('CODE_')) throw new Error(`the server said ${code}`)
  return seen
}

/** The ids of requests, sorted. */
function asked(parts: readonly Part[]): string {
  return sorted(parts.map(({ id }) => id))
}

/** The ids of answers, sorted. */
function answered(seen: readonly Seen[]): string {
  return sorted(seen.map(({ id = 0 }) => id))
}

function sorted(ids: number[]): string {
  return ids
    .filter(id => id !== 0)
    .sort((a, b) => a - b)
    .join()
}

/** A connection that the server ended has said why in its last frame: a Close, or the refusal of its Hello. */
function endOf(seen: readonly Seen[]): string {
  const last = seen.at(-1)
  const said = last?.what === 'close' || last?.what === 'refusal' ? last.code : undefined
  if (said === undefined || codeName(0) === said) throw new Error(`closed behind ${JSON.stringify(last)}`)
  return said
}

/** The peer ends, and so does the connection, leaving nothing behind. */
async function finish(ground: Ground, connection: Connection, pipe: FakePipe): Promise<void> {
  const { context } = ground
  connection.ended()
  await ground.settle(() => {
    take(pipe)
    return connection.state === 'closed'
  })
  if (connection.state !== 'closed') throw new Error(`the peer has ended, and the connection is ${connection.state}`)
  if (!pipe.ended && !pipe.destroyed) throw new Error('the connection is closed, and its pipe is not')
  if (pipe.paused) throw new Error('a closed connection does not read, and would not see its peer go')
  connection.gone()
  if (context.connections.has(connection)) throw new Error('a connection that has gone is still counted')
  if (context.gate.total !== context.connections.size) throw new Error('the gate counts other connections')
  if (context.hub.bound > context.connections.size) throw new Error('the hub holds connections that are none')
}
