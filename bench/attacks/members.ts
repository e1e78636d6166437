/** Attacks of those who have one account or many, each within its limits. */

import { randomBytes, randomInt } from 'node:crypto'
import type { Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { CODES, codeName } from '../../protocol/codes.js'
import { encodeNotice, encodeRequest } from '../../protocol/frame-codec.js'
import {
  createAckNotice,
  createDeleteAccountRequest,
  createUpdateProfileRequest,
  type Frame,
} from '../../protocol/generated/messages.js'
import { encodeSendFrame } from '../../protocol/item-codec.js'
import { MARKS_MAX, TEXT_BYTES_MAX } from '../../protocol/limits.js'
import { METHODS } from '../../protocol/methods.js'
import { registerUsers } from '../fleet.js'
import { left, ring } from './accounts.js'
import { keepBound, keepOpen, post, statusOf } from './sockets.js'
import type { Account, Attack, Tally } from './types.js'

const ACKS_EVERY_MS = 20

export const marks: Attack = {
  what: 'acks with 256 marks of ever new devices of somebody who was asked, 50 a second',
  async prepare({ port }) {
    const [asker, asked] = await registerUsers(port, 'marks', 2)
    if (asker === undefined || asked === undefined) throw new Error('two users')
    await asker.ask(asked.uid)
    left(asked)
    return [left(asker, [asked.uid])]
  },
  run({ port, accounts: [account] }, tally) {
    if (account === undefined) return
    const [peer = 0] = account.peers
    let device = 1
    keepBound(port, account, socket => {
      tally.add('bound')
      const timer = setInterval(() => {
        const delivered = Array.from({ length: MARKS_MAX }, () => ({ peer, device: device++, sendSeq: 1 }))
        socket.write(encodeNotice(METHODS.ack.number, METHODS.ack.encode(createAckNotice({ delivered }))))
        tally.add('acks')
      }, ACKS_EVERY_MS)
      socket.on('close', () => clearInterval(timer))
      return () => {}
    })
  },
}

/** A field that nobody knows, of five bytes: the 15th, of four bytes. */
const UNKNOWN_FIELD_TAG = 0x7d

export const forged: Attack = {
  what: 'UpdateProfile with an unknown field, then DeleteAccount under its number, in a loop',
  async prepare({ port }) {
    return (await registerUsers(port, 'forged', 1)).map(user => left(user))
  },
  run({ port, accounts: [account] }, tally) {
    if (account === undefined) return
    let sendSeq = account.sendSeq + 1
    keepBound(port, account, socket => {
      const next = (): void => {
        const update = createUpdateProfileRequest({ sendSeq, nickname: `name ${sendSeq}` })
        const unknown = Buffer.concat([Uint8Array.of(UNKNOWN_FIELD_TAG), randomBytes(4)])
        const body = Buffer.concat([METHODS.updateProfile.encodeRequest(update), unknown])
        const deletion = createDeleteAccountRequest({ sendSeq, password: 'a wrong password' })
        socket.write(
          Buffer.concat([
            encodeRequest(1, METHODS.updateProfile.number, body),
            encodeRequest(2, METHODS.deleteAccount.number, METHODS.deleteAccount.encodeRequest(deletion)),
          ]),
        )
      }
      next()
      return ({ id, code }) => {
        if (id === 0) return
        tally.add(`${id === 1 ? 'update' : 'delete'} ${codeName(code)}`)
        // Where the first was limited, the second has used the number up.
        if (id === 1 && (code === CODES.OK.code || code === CODES.SEQ_REUSED.code)) sendSeq++
        if (id === 2) next()
      }
    })
  },
}

const WRITERS = 40
const WRITER_FRIENDS = 10

export const writers: Attack = {
  what: `${WRITERS} accounts of one address write as much as they may`,
  prepare: site => ring(site, site.tiny ? 5 : WRITERS, site.tiny ? 2 : WRITER_FRIENDS),
  run({ port, accounts }, tally) {
    const text = 'x'.repeat(TEXT_BYTES_MAX)
    for (const account of accounts) {
      oneByOne(port, account, tally, sendSeq =>
        encodeSendFrame(1, sendSeq, account.peers[sendSeq % account.peers.length] ?? 0, text),
      )
    }
  },
}

const RENAMERS = 60
const RENAMER_FRIENDS = 50

export const renames: Attack = {
  what: `${RENAMERS} accounts with ${RENAMER_FRIENDS} contacts each rename themselves as often as they may`,
  prepare: site => ring(site, site.tiny ? 5 : RENAMERS, site.tiny ? 2 : RENAMER_FRIENDS),
  run({ port, accounts }, tally) {
    for (const account of accounts) {
      oneByOne(port, account, tally, sendSeq => {
        const request = createUpdateProfileRequest({ sendSeq, nickname: `name ${sendSeq}` })
        return encodeRequest(1, METHODS.updateProfile.number, METHODS.updateProfile.encodeRequest(request))
      })
    }
  },
}

/** Numbered requests of a device with the id 1, the next one when one is answered; what is limited is asked again in time. */
function oneByOne(port: number, account: Account, tally: Tally, make: (sendSeq: number) => Uint8Array): void {
  let sendSeq = account.sendSeq + 1
  keepBound(port, account, (socket: Socket) => {
    socket.write(make(sendSeq))
    return ({ id, code, retryAfterMs }: Frame) => {
      if (id !== 1) return
      tally.add(codeName(code))
      if (retryAfterMs === 0) sendSeq++
      setTimeout(() => socket.write(make(sendSeq)), retryAfterMs)
    }
  })
}

const PACKED_CONNECTIONS = 8
/** A size below the limit of a JSON body; in turns of so many blanks that it packs to less than a hundredth, but not to much less. */
const UNPACKED_BYTES = 390_000
const BLANKS_MAX = 64

export const packed: Attack = {
  what: `packed bodies, ${PACKED_CONNECTIONS} connections of strangers and ${PACKED_CONNECTIONS} of an account beyond its rate`,
  async prepare({ port }) {
    return (await registerUsers(port, 'packed', 1)).map(user => left(user))
  },
  run({ httpPort, accounts: [account] }, tally) {
    const body = gzipSync(`{"since":"1"${blanks(UNPACKED_BYTES)}}`)
    const lines = ['Content-Type: application/json', 'Content-Encoding: gzip']
    const kinds = {
      stranger: post('AccountService/Login', body, lines),
      account: post('MessageService/Sync', body, [...lines, `Authorization: Bearer ${account?.token}`]),
    }
    for (const [kind, request] of Object.entries(kinds)) {
      for (let i = 0; i < PACKED_CONNECTIONS; i++) {
        keepOpen(httpPort, socket => {
          socket.write(request)
          socket.on('data', chunk => {
            tally.add(`${kind} ${statusOf(chunk)}`)
            socket.write(request)
          })
        })
      }
    }
  },
}

/** Blanks and tabs in turns of random lengths. */
function blanks(count: number): string {
  const turns: string[] = []
  for (let made = 0; made < count; ) {
    const length = Math.min(count - made, randomInt(1, BLANKS_MAX))
    turns.push((turns.length % 2 === 0 ? ' ' : '\t').repeat(length))
    made += length
  }
  return turns.join('')
}
