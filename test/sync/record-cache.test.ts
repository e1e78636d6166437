import t from 'tap'
import { type Cell, type KnownValue, RecordCache } from '../../src/sync/record-cache.js'
import { jsonValue } from '../../src/sync/record-kinds.js'
import type { RecordKind } from '../../src/sync/types.js'
import { testBound } from '../support/test-bound.js'

const kind = jsonValue<string>('k', testBound()) as RecordKind<unknown>

function cellOf(cache: RecordCache, actor: string, id?: number): Cell {
  return cache.cell(cache.cellsOf(actor), kind, id)
}

function known(cell: Cell): KnownValue {
  if (cell.known === undefined) throw new Error('nothing is known')
  return cell.known
}

t.test('a pending value stands in front of what was read, until it is durable', async t => {
  const cache = new RecordCache(8)
  const cell = cellOf(cache, 'user/1')
  t.equal(cell.known, undefined)
  cache.loaded(cell, 5, 'old', cache.startLook(0))
  cache.pend(cell, 6, 'new', known(cell))
  t.match(cell.known, { stamp: 6, value: 'new' })
  cache.committed(cell, 6, 'new', cache.startLook(0))
  t.same(cell.known, { stamp: 6, value: 'new', chain: 0 })
  t.equal(cellOf(cache, 'user/1'), cell)
  t.not(cellOf(cache, 'user/1', 1), cell)
})

t.test('when a unit falls, all that was computed on it is forgotten, and what was read anew stays', async t => {
  const cache = new RecordCache(8)
  const cell = cellOf(cache, 'user/1')
  cache.loaded(cell, 1, 'one', cache.startLook(0))
  const doomed = cache.pend(cell, 2, 'two', known(cell))
  t.equal(cache.pend(cell, 3, 'three', known(cell)), doomed, 'one chain')
  cache.fell(cell, doomed)
  t.equal(cell.known, undefined, 'not even the first value is trusted')
  cache.loaded(cell, 9, 'nine', cache.startLook(0))
  cache.pend(cell, 10, 'ten', known(cell))
  cache.fell(cell, doomed)
  t.match(cell.known, { stamp: 10 }, 'the second unit of the old chain falls without touching the new one')
})

t.test('a conflict forgets one record by its name', async t => {
  const cache = new RecordCache(8)
  cache.loaded(cellOf(cache, 'user/1', 1), 1, 'one', cache.startLook(0))
  cache.loaded(cellOf(cache, 'user/1', 2), 2, 'two', cache.startLook(0))
  cache.forget('user/1', 'k/2')
  t.match(cellOf(cache, 'user/1', 1).known, { stamp: 1 })
  t.equal(cellOf(cache, 'user/1', 2).known, undefined)
})

t.test('what is not touched for two generations is let go; pending values never are', async t => {
  const cache = new RecordCache(100)
  cache.loaded(cellOf(cache, 'user/1'), 1, 'idle', cache.startLook(0))
  const busy = cellOf(cache, 'user/2')
  cache.loaded(busy, 1, 'busy', cache.startLook(0))
  cache.pend(busy, 7, 'seven', known(busy))
  for (let i = 0; i < 4; i += 1) cache.age()
  t.equal(cellOf(cache, 'user/1').known, undefined)
  t.equal(cellOf(cache, 'user/2'), busy)
  cache.committed(busy, 7, 'seven', cache.startLook(0))
  for (let i = 0; i < 4; i += 1) cache.age()
  t.equal(cellOf(cache, 'user/2').known, undefined)

  for (let i = 0; i < 50; i += 1) cache.loaded(cellOf(cache, `user/${i}`), 1, i, cache.startLook(0))
  cache.loaded(cellOf(cache, 'user/1'), 1, 'touched', cache.startLook(0))
  for (let i = 100; i < 300; i += 1) {
    cache.loaded(cellOf(cache, `user/${i}`), 1, i, cache.startLook(0))
    t.ok(cellOf(cache, 'user/1').known, 'touched in every generation')
  }
  t.equal(cellOf(cache, 'user/9').known, undefined, 'bounded by count, too')
})

t.test('a value that is read for a cell forgotten meanwhile is known all the same', async t => {
  const cache = new RecordCache(100)
  const stale = cellOf(cache, 'user/1')
  for (let i = 0; i < 4; i += 1) cache.age()
  cache.loaded(stale, 3, 'late', cache.startLook(0))
  t.match(cellOf(cache, 'user/1').known, { stamp: 3 })
})

t.test(
  'what was read before its actor was dropped is not believed, also if the cell was forgotten meanwhile',
  async t => {
    const cache = new RecordCache(100)
    const forgetting: Record<string, () => void> = {
      'known all the time': () => cache.drop('user/1'),
      'aged away before the drop': () => {
        cache.age()
        cache.age()
        cache.drop('user/1')
      },
      'released before the drop': () => {
        cache.release('user/1')
        cache.drop('user/1')
      },
      'released after the drop': () => {
        cache.drop('user/1')
        cache.release('user/1')
      },
      'made anew before the answer': () => {
        cache.release('user/1')
        cache.drop('user/1')
        cellOf(cache, 'user/1')
      },
    }
    for (const [how, forget] of Object.entries(forgetting)) {
      cache.release('user/1')
      const cell = cellOf(cache, 'user/1')
      const moment = cache.startLook(0)
      forget()
      cache.loaded(cell, 3, 'before', moment)
      t.equal(cellOf(cache, 'user/1').known, undefined, how)
      cache.loaded(cell, 4, 'after', cache.startLook(0))
      t.match(cellOf(cache, 'user/1').known, { stamp: 4 }, `${how}: a newer look is believed`)
    }
  },
)

t.test('what was read before a conflict is not believed after it', async t => {
  const cache = new RecordCache(100)
  const cell = cellOf(cache, 'user/1')
  const moment = cache.startLook(0)
  cache.forget('user/1', cell.name)
  cache.loaded(cell, 3, 'before', moment)
  t.equal(cell.known, undefined)
})

t.test('an actor that is released is forgotten, unless something of it is pending', async t => {
  const cache = new RecordCache(8)
  const cell = cellOf(cache, 'user/1', 1)
  cache.loaded(cell, 5, 'five', cache.startLook(0))
  cache.pend(cell, 6, 'six', known(cell))
  cache.release('user/1')
  t.equal(cellOf(cache, 'user/1', 1), cell)
  cache.committed(cell, 6, 'six', cache.startLook(0))
  const cells = cache.cellsOf('user/1')
  cache.release('user/1')
  t.equal(cache.knows('user/1'), false)
  t.same([...cells.all()], [], 'nothing hangs on what is left of it')
  t.equal(cellOf(cache, 'user/1', 1).known, undefined)
})

t.test('each id has its own cell, the first one too', async t => {
  const cache = new RecordCache(8)
  const cells = [undefined, 1, 2].map(id => cellOf(cache, 'user/1', id))
  t.same(
    [undefined, 1, 2].map(id => cells.indexOf(cellOf(cache, 'user/1', id))),
    [0, 1, 2],
  )
  const other = [7, undefined].map(id => cellOf(cache, 'user/2', id))
  t.equal(cellOf(cache, 'user/2', 7), other[0])
  t.equal(cellOf(cache, 'user/2'), other[1])
})
