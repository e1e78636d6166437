/** Attacks of those who have no account. */

import { randomBytes } from 'node:crypto'
import { createLoginRequest } from '../../protocol/generated/messages.js'
import { METHODS } from '../../protocol/methods.js'
import { keepOpen, open, post, statusOf } from './sockets.js'
import { type Attack, PROXY } from './types.js'

const SPACES = 7_900
const HEADER_CONNECTIONS = 12

export const header: Attack = {
  what: `${HEADER_CONNECTIONS} connections repeat a Content-Type with 7 900 spaces`,
  run({ httpPort }, tally) {
    const type = `Content-Type: application/json${' '.repeat(SPACES)}x`
    const request = post('MessageService/Sync', '{}', [type])
    for (let i = 0; i < HEADER_CONNECTIONS; i++) {
      keepOpen(httpPort, socket => {
        socket.write(request)
        socket.on('data', chunk => {
          tally.add(statusOf(chunk))
          socket.write(request)
        })
      })
    }
  },
}

const CONNECTIONS_MAX = 2_000
/** Addresses that share them: one may have 1 024. */
const HOLDERS = ['127.0.0.2', '127.0.0.3', '127.0.0.4']
const HELD_MAX = 1_000
/** The connections at a time, more than are let in; each opens the next one when it was refused. */
const REFUSED_AT_ONCE = 20

export const connections: Attack = {
  what: 'connections held up to the limits (2 000), refused ones reopened without pause',
  options: ['--max-connections', String(CONNECTIONS_MAX)],
  run({ port, tiny }, tally) {
    for (const from of HOLDERS) {
      const count = tiny ? REFUSED_AT_ONCE : HELD_MAX + REFUSED_AT_ONCE
      for (let i = 0; i < count; i++) {
        keepOpen(
          port,
          socket => {
            tally.add('opened')
            socket.write(Uint8Array.of(0))
            socket.resume()
          },
          0,
          from,
        )
      }
    }
  },
}

const LOGINS_PER_SECOND = 53
const LOGIN_TICK_MS = 20

export const logins: Attack = {
  what: `${LOGINS_PER_SECOND} logins a second with unknown names, each from a new /64`,
  options: ['--trust-proxy', PROXY],
  knownLogins: true,
  run({ httpPort }, tally) {
    const startMs = performance.now()
    let begun = 0
    setInterval(() => {
      const due = ((performance.now() - startMs) * LOGINS_PER_SECOND) / 1_000
      for (; begun < due; begun++) strangeLogin(httpPort, begun, what => tally.add(what))
    }, LOGIN_TICK_MS)
  },
}

function strangeLogin(httpPort: number, index: number, tell: (what: string) => void): void {
  const request = { account: `nobody${index}`, password: 'some password', installationKey: randomBytes(16) }
  const network = `2001:db8:${(index >> 16).toString(16)}:${(index & 0xffff).toString(16)}::1`
  const body = METHODS.login.encodeRequest(createLoginRequest(request))
  const lines = ['Content-Type: application/proto', `X-Forwarded-For: ${network}`]
  const begin = (socket: ReturnType<typeof open>): void => {
    tell('asked')
    socket.write(post('AccountService/Login', body, lines))
    socket.once('data', chunk => {
      tell(statusOf(chunk))
      socket.destroy()
    })
  }
  open(httpPort, begin, () => {}, PROXY)
}

const CALLERS = 50

export const log: Attack = {
  what: `nobody reads stderr, ${CALLERS} connections at a time each cause a line (--log-level debug)`,
  options: ['--log-level', 'debug'],
  unreadStderr: true,
  run({ port }, tally) {
    for (let i = 0; i < CALLERS; i++) {
      keepOpen(port, socket => {
        tally.add('closed')
        socket.resume()
        socket.write('no frames')
      })
    }
  },
}
