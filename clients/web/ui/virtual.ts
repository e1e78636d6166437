// The virtual list as a hook: only the rows in sight are drawn. What is added above leaves the line that is read in its place; who is at the
// end stays there when something is added below.
import {
  defaultRangeExtractor,
  elementScroll,
  observeElementOffset,
  observeElementRect,
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
}

export type VirtualList = Virtualizer<HTMLElement, HTMLElement>

/** Rows beyond what is in sight, on each side. */
const OVERSCAN = 6

/** The distance from the end that counts as being there. */
export const END_PX = 48

export function useVirtualList(options: VirtualListOptions): VirtualList {
  const draw = useDraw()
  const { count, element, keyAt, guess, paddingStart, paddingEnd, pinned } = options
  const settings: VirtualizerOptions<HTMLElement, HTMLElement> = {
    count,
    getScrollElement: element,
    getItemKey: keyAt,
    estimateSize: guess,
    paddingStart,
    paddingEnd,
    overscan: OVERSCAN,
    anchorTo: 'end',
    followOnAppend: true,
    scrollEndThreshold: END_PX,
    scrollToFn: elementScroll,
    observeElementRect,
    observeElementOffset,
    onChange: draw,
    rangeExtractor: range => {
      const indexes = defaultRangeExtractor(range)
      if (pinned < 0 || pinned >= count || indexes.includes(pinned)) return indexes
      return [...indexes, pinned].sort((a, b) => a - b)
    },
  }
  const [virtualizer] = useState(() => new Virtualizer(settings))
  virtualizer.setOptions(settings)
  useLayoutEffect(() => virtualizer._didMount(), [virtualizer])
  useLayoutEffect(() => virtualizer._willUpdate())
  return virtualizer
}
