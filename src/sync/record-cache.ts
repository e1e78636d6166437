/**
 * The cache of records. A cell is the place of one record. It holds the durable value as last seen, and over it a pending value,
 * put by a unit that is not durable yet. A unit may be computed on a pending value: it then expects that value's stamp, and falls
 * with it.
 *
 * All pending values of one record form a chain, each computed on the one before it. When a unit falls, every later value of its
 * chains must fall too, so the whole chain is forgotten. A chain that begins after that has another number and stays.
 *
 * Cells are found by actor, kind and id without building a name: the engine looks up ten cells per message, and a map of
 * concatenated names took 11 % of a busy server. Two generations of actors bound the cache: an actor that was not touched during a
 * whole generation is forgotten. Forgetting costs a read, never an error.
 *
 * On a store that others write to, a cell knows when its value was last seen. A value that a unit does not depend on is believed
 * only for a short time (plan.ts). It is dropped at once when another node says that it has changed it (`drop`).
 */
import { assert } from '../lib/assert.js'
import type { Actor, Stamp } from '../store/types.js'
import { recordName } from './record-kinds.js'
import type { RecordKind } from './types.js'

export interface KnownValue {
  readonly stamp: Stamp
  readonly value: unknown
  /** 0 for a value that is durable, otherwise the number of the chain. */
  readonly chain: number
}

type Id = string | number | undefined

export class Cell {
  readonly actor: Actor
  /** The record's name, made once. */
  readonly name: string
  readonly kind: RecordKind<unknown>
  readonly id: Id
  durable: KnownValue | undefined
  pending: KnownValue | undefined
  /** The number of the newest look at the store that counts for `durable`. An older look is not believed. */
  look: number
  /** The time when `durable` was last seen to hold, by the monotonic clock; 0 on a store that nobody else writes to. */
  verifiedMs = 0
  /** The change that the current plan makes to this record; only set while the plan is being made. */
  slot: unknown

  constructor(actor: Actor, kind: RecordKind<unknown>, id: Id, look: number) {
    this.actor = actor
    this.name = recordName(kind, id)
    this.kind = kind
    this.id = id
    this.durable = undefined
    this.pending = undefined
    this.look = look
    this.slot = undefined
  }

  get known(): KnownValue | undefined {
    return this.pending ?? this.durable
  }
}

/** An actor's cells, by kind and id. A kind with a single cell has it in place of a map: three maps less for each user of one device. */
export class ActorCells {
  readonly actor: Actor
  kinds: Map<RecordKind<unknown>, Cell | Map<Id, Cell>> | undefined = undefined
  /** The number of pending values. While there are any, the actor is not forgotten. */
  pending = 0
  size = 0

  constructor(actor: Actor) {
    this.actor = actor
  }

  *all(): Iterable<Cell> {
    if (this.kinds === undefined) return
    for (const ofKind of this.kinds.values()) {
      if (ofKind instanceof Cell) yield ofKind
      else yield* ofKind.values()
    }
  }
}

/** The moment at which a value is known to have held. */
export interface Moment {
  /** The number of the newest look at the store at that moment. */
  readonly look: number
  /** The time by the monotonic clock; 0 on a store that nobody else writes to. */
  readonly steadyMs: number
}

export class RecordCache {
  #young = new Map<Actor, ActorCells>()
  #old = new Map<Actor, ActorCells>()
  #youngCells = 0
  readonly #generationMax: number
  #chains = 0
  #looks = 0
  /**
   * The moment of the last drop, as a number of looks. A cell that is made later may stand for one that was dropped and then forgotten, so
   * it believes no look that began before.
   */
  #dropped = 0

  /** Keeps about twice `generationMax` cells. */
  constructor(generationMax: number) {
    this.#generationMax = generationMax
  }

  /** The cells of an actor. Callers must not keep them: they are forgotten one day. */
  cellsOf(actor: Actor): ActorCells {
    const young = this.#young.get(actor)
    if (young !== undefined) return young
    const old = this.#old.get(actor)
    if (old !== undefined) this.#old.delete(actor)
    return this.#enter(actor, old ?? new ActorCells(actor))
  }

  /** The cell of a record; made if it does not exist. */
  cell(cells: ActorCells, kind: RecordKind<unknown>, id: Id): Cell {
    cells.kinds ??= new Map()
    const ofKind = cells.kinds.get(kind)
    const found = ofKind instanceof Cell ? (ofKind.id === id ? ofKind : undefined) : ofKind?.get(id)
    if (found !== undefined) return found
    // One record has one cell: an id is a number or a word, and never a number in letters.
    assert(typeof id !== 'string' || !/^\d+$/.test(id), 'numbers are given as numbers')
    const cell = new Cell(cells.actor, kind, id, this.#dropped)
    if (ofKind instanceof Map) ofKind.set(id, cell)
    else if (ofKind === undefined) cells.kinds.set(kind, cell)
    else cells.kinds.set(kind, new Map<Id, Cell>().set(ofKind.id, ofKind).set(id, cell))
    cells.size += 1
    this.#youngCells += 1
    if (this.#youngCells > this.#generationMax) this.age()
    return cell
  }

  /** The number of the newest look at the store. */
  get looks(): number {
    return this.#looks
  }

  /** Starts a look at the store. */
  startLook(steadyMs: number): Moment {
    this.#looks += 1
    return { look: this.#looks, steadyMs }
  }

  /**
   * Takes in what a look at the store found. A pending value stays in front of it. An older look does not replace a known value. A
   * cell that was dropped during the look ignores its result, also if it was forgotten meanwhile.
   */
  loaded({ actor, kind, id }: Cell, stamp: Stamp, value: unknown, { look, steadyMs }: Moment): void {
    // The cell may have been forgotten while it was being read.
    const cell = this.cell(this.cellsOf(actor), kind, id)
    if (cell.durable !== undefined || look < cell.look) return
    cell.durable = { stamp, value, chain: 0 }
    cell.look = look
    cell.verifiedMs = steadyMs
  }

  /**
   * Shows a value, put by a unit on its way to the store, as pending. It was computed on `base`. @returns the number of its chain
   */
  pend(cell: Cell, stamp: Stamp, value: unknown, base: KnownValue): number {
    if (base.chain === 0) this.#chains += 1
    const chain = base.chain === 0 ? this.#chains : base.chain
    if (cell.pending === undefined) this.cellsOf(cell.actor).pending += 1
    cell.pending = { stamp, value, chain }
    return chain
  }

  /** Makes a pending value durable. Its unit was planned at the given moment. */
  committed(cell: Cell, stamp: Stamp, value: unknown, { look, steadyMs }: Moment): void {
    if (cell.pending?.stamp === stamp) this.#settle(cell)
    // The cell was dropped meanwhile: another node may have written to it since.
    if (cell.durable === undefined && look < cell.look) return
    cell.durable = { stamp, value, chain: 0 }
    cell.verifiedMs = steadyMs
  }

  /** Notes that a unit that expected this stamp was committed. It was planned at the given moment. */
  verified(cell: Cell, stamp: Stamp, { steadyMs }: Moment): void {
    if (cell.durable?.stamp === stamp && cell.verifiedMs < steadyMs) cell.verifiedMs = steadyMs
  }

  /** Forgets a chain of pending values, because a unit that put this record as a part of it fell. */
  fell(cell: Cell, chain: number): void {
    if (cell.pending?.chain === chain) this.#settle(cell)
    cell.durable = undefined
  }

  /** Forgets a durable value, and what is being read of it now, because the store holds another one. */
  forget(actor: Actor, name: string): void {
    this.#looks += 1
    for (const cell of this.cellsOf(actor).all()) if (cell.name === name) this.#clear(cell)
  }

  /** Drops what is known of an actor's records, and what is being read or written now: another node has changed some of them. */
  drop(actor: Actor): void {
    this.#looks += 1
    this.#dropped = this.#looks
    const cells = this.#young.get(actor) ?? this.#old.get(actor)
    if (cells !== undefined) for (const cell of cells.all()) this.#clear(cell)
  }

  #clear(cell: Cell): void {
    cell.durable = undefined
    cell.look = this.#looks
  }

  /** Whether anything is remembered of an actor. */
  knows(actor: Actor): boolean {
    return this.#young.has(actor) || this.#old.has(actor)
  }

  /** Forgets an actor that is not expected to be needed soon, unless it has pending values. */
  release(actor: Actor): void {
    const cells = this.#young.get(actor)
    if (cells === undefined || cells.pending > 0) return
    this.#young.delete(actor)
    this.#youngCells -= cells.size
    // A map that is made anew leaves its old table behind, which names the new one, and so on: dead ones in the old generation keep all
    // that follow alive until the next full collection, with what was in them. So nothing hangs on what leaves a map.
    cells.kinds = undefined
    cells.size = 0
  }

  /** Starts a generation. To be called from time to time, so that actors that nobody uses are forgotten. */
  age(): void {
    const leaving = this.#old
    this.#old = this.#young
    this.#young = new Map()
    this.#youngCells = 0
    for (const [actor, cells] of leaving) if (cells.pending > 0) this.#enter(actor, cells)
  }

  #settle(cell: Cell): void {
    cell.pending = undefined
    this.cellsOf(cell.actor).pending -= 1
  }

  #enter(actor: Actor, cells: ActorCells): ActorCells {
    this.#young.set(actor, cells)
    this.#youngCells += cells.size
    return cells
  }
}
