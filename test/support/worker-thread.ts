/** A thread that serves the tasks of tests. */
import { serve } from '../../src/workers/serve.js'
import { TEST_TASKS } from './worker-tasks.js'

export default serve(TEST_TASKS)
