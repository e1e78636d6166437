/** Whether anybody listens there: a client would go on trying for a minute before it said so. */

import { connect } from 'node:net'
import type { Clock } from '../../src/lib/clock.js'
import { type ServerAddress, shownAddress } from '../../src/ops/address.js'

const REACH_MS_MAX = 5_000

/** @param option that names it @throws Error with one line for people */
export function reach(address: ServerAddress, option: string, clock: Clock): Promise<void> {
  const { host, port } = address
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port })
    const over = (why: string | undefined): void => {
      late.cancel()
      socket.destroy()
      if (why === undefined) resolve()
      else reject(new Error(`${option} ${shownAddress(address)}: ${why}`))
    }
    const late = clock.after(REACH_MS_MAX, () => over(`no connection within ${REACH_MS_MAX / 1000} s`))
    socket.on('connect', () => over(undefined))
    socket.on('error', error => over(error.message))
  })
}
