// The heights of the rows of a long list, few of which were ever drawn: measured ones, and guesses at the others.

export interface RowsToStack<R extends { readonly key: string }> {
  readonly rows: readonly R[]
  /** A guess at the height of a row that was never measured, in pixels. */
  readonly guess: (row: R) => number
  /** The pixels above the first row. */
  readonly above: number
}

export class RowHeights<R extends { readonly key: string }> {
  readonly #measured = new Map<string, number>()
  #rows: readonly R[] = []
  /** The upper edge of each row, and behind them the lower edge of the last. */
  #tops = new Float64Array(1)

  /** Stacks the rows; the same ones as before stay as they are. */
  set({ rows, guess, above }: RowsToStack<R>): void {
    if (rows === this.#rows && this.#tops[0] === above) return
    this.#rows = rows
    this.#tops = new Float64Array(rows.length + 1)
    let top = above
    rows.forEach((row, index) => {
      this.#tops[index] = top
      top += this.#measured.get(row.key) ?? guess(row)
    })
    this.#tops[rows.length] = top
  }

  /** A row was measured. @returns whether that changes anything */
  measure(index: number, height: number): boolean {
    const row = this.#rows[index]
    if (row === undefined) return false
    this.#measured.set(row.key, height)
    const by = height - this.heightOf(index)
    if (by === 0) return false
    for (let i = index + 1; i < this.#tops.length; i++) this.#tops[i] = this.topOf(i) + by
    return true
  }

  /** The upper edge of a row; of the index behind the last the end of them all. */
  topOf(index: number): number {
    return this.#tops[index] ?? this.end
  }

  heightOf(index: number): number {
    return this.topOf(index + 1) - this.topOf(index)
  }

  get end(): number {
    return this.#tops[this.#rows.length] ?? 0
  }

  /** The index of the row at an offset, or of the nearest one; -1 if there are no rows. */
  indexAt(offset: number): number {
    let low = 0
    let high = this.#rows.length - 1
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      if (this.topOf(middle) <= offset) low = middle
      else high = middle - 1
    }
    return Math.min(low, high)
  }
}
