/** Lets lmdb's writes of its state (a meta page) fail in this process, and no others. */

import fs from 'node:fs'
import path from 'node:path'

/** lmdb has a descriptor of its own for these writes, opened for synchronous ones: the flag O_DSYNC of Linux. */
const SYNCHRONOUS = 0o10000

/** From now on no transaction of these tables can be committed: the descriptor leads elsewhere, and is not open for writing. */
export function breakStateFile(folder: string): void {
  const file = path.join(folder, 'data.mdb')
  for (const name of fs.readdirSync('/proc/self/fd')) {
    const link = path.join('/proc/self/fd', name)
    if (!fs.existsSync(link) || fs.readlinkSync(link) !== file || !isSynchronous(name)) continue
    fs.closeSync(Number(name))
    takePlace(Number(name))
  }
}

function isSynchronous(descriptor: string): boolean {
  const [, flags = ''] = /^flags:\s*(\d+)/m.exec(fs.readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8')) ?? []
  return (Number.parseInt(flags, 8) & SYNCHRONOUS) !== 0
}

/** Opens something harmless under this number, so that lmdb does not write into what is opened next. */
function takePlace(descriptor: number): void {
  const others: number[] = []
  for (let opened = -1; opened !== descriptor; ) {
    opened = fs.openSync('/dev/null', 'r')
    if (opened !== descriptor) others.push(opened)
  }
  for (const other of others) fs.closeSync(other)
}
