// The virtual list: only the rows in sight are drawn, and the line that is read stays where it is.
//
// The virtualizer knows the heights and says which rows are in sight; it never scrolls. The list holds on to one row in sight, or to the end:
// wherever rows are added, or turn out higher than guessed, the scroll offset is set anew in the same drawing. The user's scrolling lets go,
// and the list holds on to what is in sight then.
import {
  defaultRangeExtractor,
  observeElementRect,
  type VirtualItem,
  Virtualizer,
  type VirtualizerOptions,
} from '@tanstack/virtual-core'
import { useLayoutEffect, useState } from 'preact/hooks'
import { useDraw } from './hooks.js'

export interface VirtualListOptions {
  readonly count: number
  readonly element: () => HTMLElement | null
  readonly keyAt: (index: number) => string
  /** A guess at the height of a row that was never drawn. */
  readonly guess: (index: number) => number
  readonly paddingStart: number
  readonly paddingEnd: number
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

export class VirtualList {
  readonly #virtualizer: Virtualizer<HTMLElement, HTMLElement>
  readonly #draw: () => void
  #options: VirtualListOptions
  #hold: Hold = { kind: 'end', gap: 0 }
  /** The scroll offset that was written or heard of last. */
  #offset = 0
  #heard: () => void = () => {}
  #lastKey: string | undefined
  /** The index that the held row had last. */
  #heldIndex = 0

  constructor(options: VirtualListOptions, draw: () => void) {
    this.#options = options
    this.#draw = draw
    this.#virtualizer = new Virtualizer(this.#settings())
  }

  /** The rows to draw. */
  get items(): readonly VirtualItem[] {
    return this.#virtualizer.getVirtualItems()
  }

  /** The height of all rows, in pixels. */
  get height(): number {
    return this.#virtualizer.getTotalSize()
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
    return this.#virtualizer.getVirtualItemForOffset(this.#offset + px)?.index ?? -1
  }

  /** The index of the first row in sight. */
  get first(): number {
    return this.#virtualizer.range?.startIndex ?? 0
  }

  /** The index of the last row that can be read, as a whole or for the most part; -1: none, or the list is behind another pane. */
  get lastSeen(): number {
    const { viewHeight } = this
    if (viewHeight === 0) return -1
    const bottom = this.#offset + viewHeight
    return this.items.findLast(({ start, end }) => end <= bottom + 2 || start < bottom - READ_PX)?.index ?? -1
  }

  /** Gives a drawn row's element to be measured, as its `ref`. */
  get measure(): (row: HTMLElement | null) => void {
    return this.#virtualizer.measureElement
  }

  toEnd(): void {
    this.#hold = { kind: 'end', gap: 0 }
    this.#draw()
  }

  show(key: string, align: Align): void {
    this.#hold = { kind: 'shown', key, align }
    this.#draw()
  }

  /** Takes the options of a drawing, and chooses the offset at which what is held stays in its place. */
  set(options: VirtualListOptions): void {
    this.#options = options
    this.#virtualizer.setOptions(this.#settings())
    const lastKey = options.count > 0 ? options.keyAt(options.count - 1) : undefined
    if (this.#hold.kind === 'end' && lastKey !== this.#lastKey) this.#hold = { kind: 'end', gap: 0 }
    this.#lastKey = lastKey
    const element = options.element()
    if (element === null) return
    // The browser has scrolled, and not told of it yet.
    const by = element.scrollTop - this.#offset
    if (by !== 0 && this.#hold.kind === 'row') this.#hold = { ...this.#hold, top: this.#hold.top - by }
    else if (by !== 0 && this.#hold.kind === 'end') this.#hold = { kind: 'end', gap: this.#hold.gap - by }
    this.#offset = element.scrollTop
    this.#virtualizer.scrollOffset = this.#wanted()
  }

  mounted(): () => void {
    return this.#virtualizer._didMount()
  }

  /** The rows are in the document: it is scrolled to where they stay in their place. */
  drawn(): void {
    this.#virtualizer._willUpdate()
    const element = this.#options.element()
    if (element === null) return
    const wanted = this.#wanted()
    if (Math.abs(wanted - element.scrollTop) >= 1) element.scrollTop = wanted
    this.#offset = element.scrollTop
    if (this.#virtualizer.scrollOffset !== this.#offset) this.#heard()
  }

  #settings(): VirtualizerOptions<HTMLElement, HTMLElement> {
    const { count, element, keyAt, guess, paddingStart, paddingEnd } = this.#options
    return {
      count,
      getScrollElement: element,
      getItemKey: keyAt,
      estimateSize: guess,
      paddingStart,
      paddingEnd,
      overscan: OVERSCAN,
      scrollToFn: () => {},
      observeElementRect,
      observeElementOffset: (_, told) => this.#observe(told),
      onChange: this.#draw,
      // In whole pixels: of fractions, sums would not be where the browser draws.
      measureElement: row => row.offsetHeight,

      rangeExtractor: range => {
        const indexes = defaultRangeExtractor(range)
        const { pinned } = this.#options
        if (pinned < 0 || pinned >= count || indexes.includes(pinned)) return indexes
        return [...indexes, pinned].sort((a, b) => a - b)
      },
    }
  }

  /** Listens to the scrolling. */
  #observe(told: (offset: number, isScrolling: boolean) => void): () => void {
    const element = this.#options.element()
    const heard = (): void => {
      const offset = element?.scrollTop ?? 0
      const isOwn = Math.abs(offset - this.#offset) < 1
      this.#offset = offset
      if (this.#hold.kind !== 'shown' || !isOwn) this.#hold = this.#inSight()
      // Not as scrolling: rows are then measured as they are drawn, not a frame later.
      told(offset, false)
    }
    this.#heard = () => told(this.#offset, false)
    element?.addEventListener('scroll', heard, { passive: true })
    return () => element?.removeEventListener('scroll', heard)
  }

  /** The pixels between the end and the lower edge of the view. */
  get #gap(): number {
    return this.height - this.viewHeight - this.#offset
  }

  /** What to hold on to: the first drawn row that is wholly in sight, if there is one. */
  #inSight(): Hold {
    if (this.#options.follows && this.isAtEnd) return { kind: 'end', gap: Math.max(this.#gap, 0) }
    const offset = this.#offset
    const inSight = this.items.filter(({ start, end }) => end > offset && start < offset + this.viewHeight)
    const row =
      inSight.find(({ start }) => start >= offset) ?? inSight[0] ?? this.#virtualizer.getVirtualItemForOffset(offset)
    return row === undefined ? { kind: 'end', gap: 0 } : { kind: 'row', key: String(row.key), top: row.start - offset }
  }

  /** The offset at which what is held stays in its place. */
  #wanted(): number {
    const { height, viewHeight } = this
    const hold = this.#hold
    const last = Math.max(height - viewHeight, 0)
    if (hold.kind === 'end') return clamp(last - hold.gap, last)
    const row = this.#rowOf(hold.key)
    if (row === undefined) return clamp(this.#offset, last)
    if (hold.kind === 'row') return clamp(row.start - hold.top, last)
    const { start, size, end } = row
    switch (hold.align) {
      case 'start':
        return clamp(start, last)
      case 'center':
        return clamp(start - Math.max(viewHeight - size, 0) / 2, last)
      case 'nearest':
        return clamp(Math.min(Math.max(this.#offset, end - viewHeight), start), last)
    }
  }

  #rowOf(key: string): VirtualItem | undefined {
    const { count, keyAt } = this.#options
    if (this.#heldIndex >= count || keyAt(this.#heldIndex) !== key) {
      this.#heldIndex = 0
      while (this.#heldIndex < count && keyAt(this.#heldIndex) !== key) this.#heldIndex++
    }
    return this.#virtualizer.measurementsCache[this.#heldIndex]
  }
}

function clamp(offset: number, max: number): number {
  return Math.round(Math.min(Math.max(offset, 0), max))
}

export function useVirtualList(options: VirtualListOptions): VirtualList {
  const draw = useDraw()
  const [list] = useState(() => new VirtualList(options, draw))
  list.set(options)
  useLayoutEffect(() => list.mounted(), [list])
  useLayoutEffect(() => list.drawn())
  return list
}
