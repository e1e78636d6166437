/** The bound of a kind of record that a test makes for itself. */
import type { RecordBound } from '../../src/sync/types.js'

export function testBound(bytesMax = 2 ** 20): RecordBound<never> {
  return { bytesMax, grows: 'the test', many: 'one' }
}
