/** The file that each thread of the pool runs. */
import { serve } from './serve.js'
import { TASKS } from './tasks.js'

export default serve(TASKS)
