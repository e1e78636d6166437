/**
 * Loaded before a measured server whose memory is looked at. SIGUSR2 collects its garbage and compacts its heap, so that only
 * memory in use is counted, and no gaps that earlier objects have left.
 */

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
setFlagsFromString('--compact-on-every-full-gc')
const collect = runInNewContext('gc') as () => void
process.on('SIGUSR2', () => collect())
