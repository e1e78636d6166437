/** The heights of rows in a long list: measured ones, and guesses. */
import t from 'tap'
import { RowHeights } from '../../../clients/web/model/row-heights.js'

interface TestRow {
  readonly key: string
}

function rowsOf(first: number, last: number): TestRow[] {
  return Array.from({ length: last - first + 1 }, (_, i) => ({ key: `${first + i}` }))
}

t.test('rows stand below each other, as high as they were measured or guessed', async t => {
  const heights = new RowHeights<TestRow>()
  t.same([heights.end, heights.indexAt(0)], [0, -1], 'no rows')
  const rows = rowsOf(1, 4)
  const stack = (all: readonly TestRow[]): void => heights.set({ rows: all, guess: () => 10, above: 5 })
  stack(rows)
  t.same(
    [0, 1, 4].map(index => heights.topOf(index)),
    [5, 15, 45],
  )
  t.ok(heights.measure(1, 30))
  t.notOk(heights.measure(1, 30), 'nothing new')
  t.notOk(heights.measure(9, 30), 'a row that is not there')
  t.same([heights.topOf(1), heights.topOf(2), heights.heightOf(1), heights.end], [15, 45, 30, 65])
  t.same(
    [-1, 0, 14, 15, 44, 45, 1_000].map(offset => heights.indexAt(offset)),
    [0, 0, 0, 1, 1, 2, 3],
  )

  // Older ones come above: what was measured stays so.
  stack([...rowsOf(-1, 0), ...rows])
  t.same([heights.topOf(2), heights.heightOf(3), heights.end], [25, 30, 85])
})
