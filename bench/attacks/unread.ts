/** Pipelined Syncs whose answers nobody reads: over HTTP, TCP and WebSocket, by the devices of one account. */

import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { encodeRequest } from '../../protocol/frame-codec.js'
import { createLoginRequest, createSyncRequest } from '../../protocol/generated/messages.js'
import { METHODS } from '../../protocol/methods.js'
import { befriend, registerUsers } from '../fleet.js'
import { HttpClient, httpRequest } from '../http-client.js'
import { LONGWIRE_WEB_SOCKET, WebSocketFraming } from '../web-socket-framing.js'
import { left } from './accounts.js'
import { helloFrames, keepOpen, post } from './sockets.js'
import type { Account, Attack, Site, Tally } from './types.js'

const TEXT = 'x'.repeat(16_000)
/** 16 MB of timeline. */
const MESSAGES = 1_000
const AT_ONCE = 32

/** The devices of the account with the registered one: one over TCP, one over WebSocket, the others over HTTP. */
const DEVICES = 6
const HTTP_CONNECTIONS_EACH = 8
const HTTP_PIPELINED = 16
const FRAMES_PIPELINED = 60
const REOPEN_MS = 300

export const unread: Attack = {
  what: 'pipelined Syncs that nobody reads, 16 MB of timeline, 32 connections over HTTP, 1 TCP, 1 WebSocket',
  async prepare(site) {
    const [pair] = await befriend(await registerUsers(site.port, 'unread', 2))
    if (pair === undefined) throw new Error('a pair')
    const { sender, receiver } = pair
    for (let sent = 0; sent < (site.tiny ? AT_ONCE : MESSAGES); sent += AT_ONCE) {
      for (let i = 0; i < AT_ONCE; i++) sender.client.write(sender.nextSend(receiver.uid, TEXT))
      while (sender.accepted < sender.sent) await sleep(1)
      receiver.ack(sender.uid)
    }
    left(sender)
    const devices = [left(receiver)]
    while (devices.length < DEVICES) devices.push(await device(site))
    return devices
  },
  run({ port, httpPort, accounts: [first, second, ...others] }, tally) {
    if (first === undefined || second === undefined) return
    overFrames(port, first, tally, 'tcp')
    overFrames(httpPort, second, tally, 'ws')
    const body = METHODS.sync.encodeRequest(createSyncRequest({}))
    for (const { token } of others) {
      const one = post('MessageService/Sync', body, [
        'Content-Type: application/proto',
        `Authorization: Bearer ${token}`,
      ])
      const requests = Buffer.concat(Array.from({ length: HTTP_PIPELINED }, () => one))
      for (let i = 0; i < HTTP_CONNECTIONS_EACH; i++) {
        keepOpen(
          httpPort,
          socket => {
            tally.add('http')
            socket.pause()
            socket.write(requests)
          },
          REOPEN_MS,
        )
      }
    }
  },
}

function overFrames(port: number, account: Account, tally: Tally, transport: 'tcp' | 'ws'): void {
  const nextHello = helloFrames(account, transport === 'tcp')
  const sync = METHODS.sync.encodeRequest(createSyncRequest({}))
  const syncs = Array.from({ length: FRAMES_PIPELINED }, (_, id) => encodeRequest(id + 1, METHODS.sync.number, sync))
  keepOpen(
    port,
    socket => {
      tally.add(transport)
      const bytes = Buffer.concat([nextHello(), ...syncs])
      if (transport === 'tcp') {
        socket.pause()
        socket.write(bytes)
        return
      }
      const framing = new WebSocketFraming(() => {
        socket.pause()
        socket.write(framing.wrapped(bytes))
      }, LONGWIRE_WEB_SOCKET)
      socket.write(framing.handshake(port))
      socket.once('data', chunk => framing.shake(chunk))
    },
    REOPEN_MS,
  )
}

/** Logs in another device of the account. */
async function device({ httpPort }: Site): Promise<Account> {
  const request = { account: 'unread1', password: 'bench password', installationKey: randomBytes(16) }
  const body = METHODS.login.encodeRequest(createLoginRequest(request))
  const client = await HttpClient.connect(httpPort)
  const answer = await client.ask(httpRequest(httpPort, '/longwire.v1.AccountService/Login', body))
  client.destroy()
  const { session } = METHODS.login.decodeResponse(answer)
  if (session === undefined) throw new Error('Login gave no session')
  const { uid, token, boundAttempt, lastSendSeq } = session
  const text = Buffer.from(token).toString('base64url')
  return { uid, token: text, attempt: boundAttempt, sendSeq: lastSendSeq, peers: [] }
}
