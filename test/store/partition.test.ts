import t from 'tap'
import { partitionOf } from '../../src/store/partition.js'

t.test('numbered actors lie in the remainder of their number', async t => {
  t.equal(partitionOf('user/256'), 0)
  t.equal(partitionOf('user/511'), 255)
  t.equal(partitionOf(`user/${2 ** 53 - 1}`), 255)
  t.equal(partitionOf(`user/${2 ** 43 + 256 * 7 + 3}`), 3)
  t.equal(partitionOf('accounts/17'), 17)
  t.equal(partitionOf('outbox/255'), 255)
  t.equal(partitionOf('partition/9'), 9)
})

t.test('other actors are spread by a hash that never changes: it is part of the data format', async t => {
  t.same(['group/1', 'packet/1', 'user/x', 'user/', 'odd', 'é/1'].map(partitionOf), [226, 39, 214, 29, 223, 160])
  const hit = new Set(Array.from({ length: 5000 }, (_, n) => partitionOf(`group/${n}`)))
  t.equal(hit.size, 256)
  t.ok([...hit].every(partition => Number.isInteger(partition) && partition >= 0 && partition < 256))
})
