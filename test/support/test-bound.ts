/** The bound of a kind of record that a test makes for itself. */
import type { RecordTraits } from '../../src/sync/record-kinds.js'

export function testBound(bytesMax = 2 ** 20): RecordTraits<never> {
  return { lifetime: 'store', bytesMax, grows: 'the test', many: 'one' }
}
