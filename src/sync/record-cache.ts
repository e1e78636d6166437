/**
 * What this engine knows of records. A cell is one record's place: its durable value as last seen, and over it the pending
 * one, put by a unit that is not durable yet. A unit may be computed on a pending value: it then expects that value's stamp,
 * and falls with it.
 *
 * All pending values of one record form a chain, each computed on the one before it. When a unit falls, every later value of
 * its chains is doomed too, so the chain is forgotten as a whole; a chain begun after that has another number and stays.
 *
 * Cells are found by actor, kind and id without building a name: the engine looks up ten of them per message (a map of
 * concatenated names took 11 % of a busy server). They are bounded by two generations of actors: an actor that was not
 * touched during a whole generation is forgotten. Forgetting costs a read, never an error.
 *
 * On a store to which others write, a cell knows when it was last seen to be so: what a unit does not depend on is believed
 * for a short while only (plan.ts), and at once no more when another node says that it has changed it (`drop`).
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
  /** The number of the newest look at the store that counts for `durable`: what an older one finds is not believed. */
  look = 0
  /** When `durable` was last seen to be so, by the monotonic clock; 0 on a store to which nobody else writes. */
  verifiedMs = 0
  /** Of the plan that is being made, what it does to this record; only while it is being made. */
  slot: unknown

  constructor(actor: Actor, kind: RecordKind<unknown>, id: Id) {
    this.actor = actor
    this.name = recordName(kind, id)
    this.kind = kind
    this.id = id
    this.durable = undefined
    this.pending = undefined
    this.slot = undefined
  }

  get known(): KnownValue | undefined {
    return this.pending ?? this.durable
  }
}

/** An actor's cells, by kind and id; a kind of which there is one, without an id, has its cell in place of a map. */
export class ActorCells {
  readonly actor: Actor
  readonly kinds = new Map<RecordKind<unknown>, Cell | Map<Id, Cell>>()
  /** Pending values: while there are any, the actor is not forgotten. */
  pending = 0
  size = 0

  constructor(actor: Actor) {
    this.actor = actor
  }

  *all(): Iterable<Cell> {
    for (const ofKind of this.kinds.values()) {
      if (ofKind instanceof Cell) yield ofKind
      else yield* ofKind.values()
    }
  }
}

/** When something is known to have been so. */
export interface Moment {
  /** The number of the newest look at the store then. */
  readonly look: number
  /** By the monotonic clock; 0 on a store to which nobody else writes. */
  readonly steadyMs: number
}

export class RecordCache {
  #young = new Map<Actor, ActorCells>()
  #old = new Map<Actor, ActorCells>()
  #youngCells = 0
  readonly #generationMax: number
  #chains = 0
  #looks = 0

  /** Keeps about twice `generationMax` cells. */
  constructor(generationMax: number) {
    this.#generationMax = generationMax
  }

  /** An actor's cells. Not to be kept: they are forgotten one day. */
  cellsOf(actor: Actor): ActorCells {
    const young = this.#young.get(actor)
    if (young !== undefined) return young
    const old = this.#old.get(actor)
    if (old !== undefined) this.#old.delete(actor)
    return this.#enter(actor, old ?? new ActorCells(actor))
  }

  /** The cell of a record, made if need be. */
  cell(cells: ActorCells, kind: RecordKind<unknown>, id: Id): Cell {
    const ofKind = cells.kinds.get(kind)
    const found = ofKind instanceof Cell ? (id === undefined ? ofKind : undefined) : ofKind?.get(id)
    if (found !== undefined) return found
    // One record has one cell: an id is a number or a word, and never a number in letters.
    assert(typeof id !== 'string' || !/^\d+$/.test(id), 'numbers are given as numbers')
    const cell = new Cell(cells.actor, kind, id)
    if (ofKind instanceof Map) ofKind.set(id, cell)
    else if (ofKind === undefined && id === undefined) cells.kinds.set(kind, cell)
    else {
      const several = new Map<Id, Cell>(ofKind === undefined ? [] : [[undefined, ofKind]])
      cells.kinds.set(kind, several.set(id, cell))
    }
    cells.size += 1
    this.#youngCells += 1
    if (this.#youngCells > this.#generationMax) this.age()
    return cell
  }

  /** The number of the newest look at the store. */
  get looks(): number {
    return this.#looks
  }

  /** The store is about to be looked at. */
  startLook(steadyMs: number): Moment {
    this.#looks += 1
    return { look: this.#looks, steadyMs }
  }

  /**
   * What a look at the store found. A pending value stays in front of it, and a known one is not replaced by an older
   * look. What was dropped while it was looked for is not believed.
   */
  loaded({ actor, kind, id }: Cell, stamp: Stamp, value: unknown, { look, steadyMs }: Moment): void {
    // The cell may have been forgotten while it was being read.
    const cell = this.cell(this.cellsOf(actor), kind, id)
    if (cell.durable !== undefined || look < cell.look) return
    cell.durable = { stamp, value, chain: 0 }
    cell.look = look
    cell.verifiedMs = steadyMs
  }

  /** A value put by a unit on its way to the store, computed on `base`. @returns the number of its chain */
  pend(cell: Cell, stamp: Stamp, value: unknown, base: KnownValue): number {
    if (base.chain === 0) this.#chains += 1
    const chain = base.chain === 0 ? this.#chains : base.chain
    if (cell.pending === undefined) this.cellsOf(cell.actor).pending += 1
    cell.pending = { stamp, value, chain }
    return chain
  }

  /** A pending value became durable, of a unit that was planned at that moment. */
  committed(cell: Cell, stamp: Stamp, value: unknown, { look, steadyMs }: Moment): void {
    if (cell.pending?.stamp === stamp) this.#settle(cell)
    // Dropped meanwhile: another node may have written to it since.
    if (cell.durable === undefined && look < cell.look) return
    cell.durable = { stamp, value, chain: 0 }
    cell.verifiedMs = steadyMs
  }

  /** A unit that expected this stamp was committed: it was planned at that moment. */
  verified(cell: Cell, stamp: Stamp, { steadyMs }: Moment): void {
    if (cell.durable?.stamp === stamp && cell.verifiedMs < steadyMs) cell.verifiedMs = steadyMs
  }

  /** A unit that put this record as a part of `chain` fell. */
  fell(cell: Cell, chain: number): void {
    if (cell.pending?.chain === chain) this.#settle(cell)
    cell.durable = undefined
  }

  /** The store holds something else than what is known. */
  forget(actor: Actor, name: string): void {
    for (const cell of this.cellsOf(actor).all()) if (cell.name === name) cell.durable = undefined
  }

  /** Another node has changed records of the actor: drops what is known of them, and what is being read or written now. */
  drop(actor: Actor): void {
    const cells = this.#young.get(actor) ?? this.#old.get(actor)
    if (cells === undefined) return
    this.#looks += 1
    for (const cell of cells.all()) {
      cell.durable = undefined
      cell.look = this.#looks
    }
  }

  /** Starts a generation: to be called now and then, so that what nobody uses is let go. */
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
