// The virtual list: only the rows in sight are drawn, and the line that is read stays where it is.
//
// The list holds on to one row in sight, or to the end: wherever rows are added, or turn out higher than guessed, the scroll offset is set anew in
// the same drawing, before anything is painted. The user's scrolling lets go, and the list holds on to what is in sight then.
import { useLayoutEffect, useState } from 'preact/hooks'
import { RowHeights, type RowsToStack } from '../model/row-heights.js'
import { useDraw } from './hooks.js'

interface Keyed {
  readonly key: string
}

export interface VirtualListOptions<R extends Keyed> extends RowsToStack<R> {
  readonly element: () => HTMLElement | null
  /** The pixels below the last row. */
  readonly below: number
  /** A row that is drawn wherever it is, because it has the focus; -1: none. */
  readonly pinned: number
  /** Who is at the end stays there when rows are added below. */
  readonly follows: boolean
}

/** What stays in its place: the end, so many pixels below the view; or a row, so many below the upper edge of the view. */
type Hold =
  | { readonly kind: 'end'; readonly gap: number }
  | { readonly kind: 'row'; readonly key: string; readonly top: number }
  /** A row that is to come into the middle, or to the edge that it is beyond. Its height may not be known yet. */
  | { readonly kind: 'shown'; readonly key: string; readonly align: Align }

export type Align = 'start' | 'center' | 'nearest'

/** Rows beyond what is in sight, on each side. */
const OVERSCAN = 6

/** The part of a row higher than the view that must be in sight for it to be read. */
const READ_PX = 80

/** The distance from the end that counts as being there. */
const END_PX = 48

export class VirtualList<R extends Keyed> {
  readonly #heights = new RowHeights<R>()
  readonly #draw: () => void
  readonly #observer: ResizeObserver
  #options: VirtualListOptions<R>
  #hold: Hold = { kind: 'end', gap: 0 }
  /** The scroll offset of the view that was seen last, and the one that the next drawing is for. */
  #seen = 0
  #offset = 0
  #lastKey: string | undefined
  /** The index that the held row had last. */
  #heldIndex = 0
  /** The index of the first row of the last drawing. */
  #drawnFrom = 0

  constructor(options: VirtualListOptions<R>, draw: () => void) {
    this.#options = options
    this.#draw = draw
    this.#observer = new ResizeObserver(entries => {
      const isOther = entries.map(({ target }) => this.#measure(target as HTMLElement))
      if (isOther.includes(true)) this.#draw()
    })
  }

  /** The indexes of the rows to draw, in order. */
  get drawn(): readonly number[] {
    if (this.viewHeight === 0) return []
    const from = this.#drawnFrom
    const to = Math.min(this.last + OVERSCAN, this.#options.rows.length - 1)
    const indexes = Array.from({ length: to - from + 1 }, (_, i) => from + i)
    const { pinned } = this.#options
    if (pinned < 0 || (pinned >= from && pinned <= to)) return indexes
    return pinned < from ? [pinned, ...indexes] : [...indexes, pinned]
  }

  get #from(): number {
    return Math.max(this.first - OVERSCAN, 0)
  }

  topOf(index: number): number {
    return this.#heights.topOf(index)
  }

  /** The height of all rows and what is above and below them, in pixels. */
  get height(): number {
    return this.#heights.end + this.#options.below
  }

  /** The height of the view; 0 where it is out of sight behind another pane. */
  get viewHeight(): number {
    return this.#options.element()?.clientHeight ?? 0
  }

  get isAtEnd(): boolean {
    return this.#gap <= END_PX
  }

  /** The index of the row at so many pixels below the upper edge of the view; -1 if there are no rows. */
  indexAt(px: number): number {
    return this.#heights.indexAt(this.#offset + px)
  }

  /** The index of the first row in sight; -1 if there are no rows. */
  get first(): number {
    return this.indexAt(0)
  }

  /** The index of the last row in sight; -1 if there are no rows. */
  get last(): number {
    return this.indexAt(this.viewHeight)
  }

  /** The index of the last row that can be read, as a whole or for the most part; -1: none, or the list is behind another pane. */
  get lastSeen(): number {
    const { viewHeight, last } = this
    if (viewHeight === 0) return -1
    const bottom = this.#offset + viewHeight
    const isRead = this.topOf(last + 1) <= bottom + 2 || this.topOf(last) < bottom - READ_PX
    return isRead ? last : last - 1
  }

  /** Measures a row that has been drawn, now and whenever it changes: it is the `ref` of each. */
  readonly measure = (row: HTMLElement | null): void => {
    if (row === null) return
    this.#observer.observe(row)
    if (this.#measure(row)) this.#draw()
  }

  toEnd(): void {
    this.#hold = { kind: 'end', gap: 0 }
    this.#draw()
  }

  show(key: string, align: Align): void {
    this.#hold = { kind: 'shown', key, align }
    this.#draw()
  }

  /**
   * Holds on to a row that the user makes higher or lower: its upper edge stays in its place.
   * @param least the pixels below the upper edge of the view where it is at least
   */
  keep(key: string, least = Number.NEGATIVE_INFINITY): void {
    this.#heldIndex = this.#options.rows.findIndex(each => each.key === key)
    this.#hold = { kind: 'row', key, top: Math.max(this.topOf(this.#heldIndex) - this.#offset, least) }
  }

  /** Takes the options of a drawing, and chooses the offset at which what is held stays in its place. */
  set(options: VirtualListOptions<R>): void {
    const { kind } = this.#hold
    const wasAtEnd = kind === 'end' || (kind === 'row' && options.follows && this.isAtEnd)
    this.#options = options
    this.#heights.set(options)
    const lastKey = options.rows.at(-1)?.key
    if (wasAtEnd && lastKey !== this.#lastKey) this.#hold = { kind: 'end', gap: 0 }
    this.#lastKey = lastKey
    const element = options.element()
    if (element === null) return
    // The browser may have scrolled, and not told of it yet.
    const by = element.scrollTop - this.#seen
    if (this.#hold.kind === 'row') this.#hold = { ...this.#hold, top: this.#hold.top - by }
    else if (this.#hold.kind === 'end') this.#hold = { kind: 'end', gap: this.#hold.gap - by }
    this.#seen = element.scrollTop
    this.#offset = this.#seen
    this.#offset = this.#wanted()
    this.#drawnFrom = this.#from
  }

  /** Listens to the view, which is in the document now. @returns what ends it */
  attach(): () => void {
    const element = this.#options.element()
    if (element === null) return () => {}
    const heard = (): void => {
      const isOwn = Math.abs(element.scrollTop - this.#seen) < 1
      this.#see(element)
      if (!isOwn) this.#hold = this.#inSight()
      if (this.#from !== this.#drawnFrom) this.#draw()
    }
    element.addEventListener('scroll', heard, { passive: true })
    this.#observer.observe(element)
    return () => {
      element.removeEventListener('scroll', heard)
      this.#observer.disconnect()
    }
  }

  /** Scrolls to the chosen offset: the rows are in the document now. */
  place(): void {
    const element = this.#options.element()
    if (element === null) return
    if (Math.abs(element.scrollTop - this.#offset) >= 1) element.scrollTop = this.#offset
    const isElsewhere = Math.abs(element.scrollTop - this.#offset) >= 1
    this.#see(element)
    if (!isElsewhere || this.viewHeight === 0) return
    // The browser could not scroll so far.
    this.#hold = this.#inSight()
    this.#draw()
  }

  #see({ scrollTop }: HTMLElement): void {
    this.#seen = scrollTop
    this.#offset = scrollTop
  }

  /** @returns whether the height of the row, or of the view, is another one than was known */
  #measure(row: HTMLElement): boolean {
    if (!row.isConnected) this.#observer.unobserve(row)
    if (!row.isConnected || this.viewHeight === 0) return false
    const { index } = row.dataset
    return index === undefined || this.#heights.measure(Number(index), row.offsetHeight)
  }

  /** The pixels between the end and the lower edge of the view. */
  get #gap(): number {
    return this.height - this.viewHeight - this.#offset
  }

  /** What to hold on to: the first row that is wholly in sight, of those drawn already, for others may turn out higher than guessed. */
  #inSight(): Hold {
    const { first, last } = this
    if (first < 0 || (this.#options.follows && this.isAtEnd)) return { kind: 'end', gap: Math.max(this.#gap, 0) }
    const isWhole = this.topOf(first) >= this.#offset || first === last
    const known = Math.max(isWhole ? first : first + 1, this.#drawnFrom)
    this.#heldIndex = known > last ? first : known
    const key = this.#options.rows[this.#heldIndex]?.key ?? ''
    return { kind: 'row', key, top: this.topOf(this.#heldIndex) - this.#offset }
  }

  /** The offset at which what is held stays in its place. */
  #wanted(): number {
    const { viewHeight } = this
    const hold = this.#hold
    const last = Math.max(this.height - viewHeight, 0)
    const clamped = (offset: number): number => Math.round(Math.min(Math.max(offset, 0), last))
    if (hold.kind === 'end') return clamped(last - hold.gap)
    const { rows } = this.#options
    if (rows[this.#heldIndex]?.key !== hold.key) this.#heldIndex = rows.findIndex(({ key }) => key === hold.key)
    if (this.#heldIndex < 0) return clamped(this.#offset)
    const top = this.topOf(this.#heldIndex)
    if (hold.kind === 'row') return clamped(top - hold.top)
    const end = this.topOf(this.#heldIndex + 1)
    switch (hold.align) {
      case 'start':
        return clamped(top)
      case 'center':
        return clamped(top - Math.max(viewHeight - (end - top), 0) / 2)
      case 'nearest':
        return clamped(Math.min(Math.max(this.#offset, end - viewHeight), top))
    }
  }
}

export function useVirtualList<R extends Keyed>(options: VirtualListOptions<R>): VirtualList<R> {
  const draw = useDraw()
  const [list] = useState(() => new VirtualList(options, draw))
  list.set(options)
  useLayoutEffect(() => {
    const detach = list.attach()
    // Now the height of the view is known.
    draw()
    return detach
  }, [list])
  useLayoutEffect(() => list.place())
  return list
}
