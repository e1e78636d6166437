/** Bytes on the heap that something still refers to. */
import v8 from 'node:v8'
import vm from 'node:vm'

export function liveHeapBytes(): number {
  v8.setFlagsFromString('--expose-gc')
  const collect = vm.runInNewContext('gc') as () => void
  collect()
  collect()
  return process.memoryUsage().heapUsed
}
