/** Commands on a store that is written all the time, more often than in `npm test`: what they read of the journal is torn now and then. */

import t from 'tap'
import { whileWritten } from '../cli/waiting.js'
import { rounds } from '../support/rounds.js'

t.test('a store that another process is writing all the time', t => whileWritten(t, rounds(6)))
