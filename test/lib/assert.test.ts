import t from 'tap'
import { AssertionError, assert, present, unreachable } from '../../src/lib/assert.js'

t.test('assert throws its message only when the condition fails', async t => {
  assert(true, () => t.fail('not built') as never)
  t.throws(() => assert(false, 'heads never go back'), new AssertionError('heads never go back'))
  t.throws(() => assert(0, () => 'built'), { message: 'built' })
})

t.test('present gives what is there, falsy or not, and throws for what is not', async t => {
  t.equal(present(0, 'a number'), 0)
  t.equal(present('', 'a text'), '')
  t.throws(() => present(undefined, 'the head'), { message: 'the head is missing' })
  t.throws(() => present(null, 'the head'), AssertionError)
})

t.test('unreachable names the case', async t => {
  t.throws(() => unreachable('other' as never), { message: 'not a case: "other"' })
})
