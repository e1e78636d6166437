/** Connections of an attacker: from an address of their own, closed by the server at any time, and opened again. */

import { connect, type Socket } from 'node:net'
import { CODES } from '../../protocol/codes.js'
import { encodeRequest, FrameDecoder, PING } from '../../protocol/frame-codec.js'
import { createHelloRequest, type Frame } from '../../protocol/generated/messages.js'
import { FRAME_TO_CLIENT_BYTES_MAX, HEARTBEAT_MS_MAX } from '../../protocol/limits.js'
import { METHODS } from '../../protocol/methods.js'
import { type Account, ATTACKER } from './types.js'

const HELLO_ID = 100

/** A connection that calls `begin` when it stands. A failure is a close. */
export function open(port: number, begin: (socket: Socket) => void, closed: () => void, from = ATTACKER): Socket {
  const socket: Socket = connect({ host: '127.0.0.1', port, localAddress: from, noDelay: true }, () => begin(socket))
  socket.on('error', () => {})
  socket.on('close', closed)
  return socket
}

/** Opens another one whenever it was closed. @param pauseMs before that */
export function keepOpen(port: number, begin: (socket: Socket) => void, pauseMs = 0, from = ATTACKER): void {
  const again = (): void => {
    open(port, begin, () => (pauseMs === 0 ? setImmediate(again) : setTimeout(again, pauseMs)), from)
  }
  again()
}

/** A rate below the limit of Hellos of a device, over a minute. */
const HELLO_PAUSE_MS = 300

/**
 * Keeps the long side's connection of a device, and reads it.
 * @param bound called when a Hello is accepted; gives what takes the frames that come
 */
export function keepBound(port: number, account: Account, bound: (socket: Socket) => (frame: Frame) => void): void {
  const nextHello = helloFrames(account)
  const begin = (socket: Socket): void => {
    const decoder = new FrameDecoder(FRAME_TO_CLIENT_BYTES_MAX)
    let take = (_: Frame): void => {}
    socket.write(nextHello())
    socket.on('data', chunk => {
      decoder.push(chunk)
      for (let decoded = decoder.next(); decoded?.kind === 'frame'; decoded = decoder.next()) {
        const { frame } = decoded
        if (frame.id !== HELLO_ID) take(frame)
        else if (frame.code === CODES.OK.code) take = bound(socket)
      }
    })
  }
  keepOpen(port, begin, HELLO_PAUSE_MS)
}

/** The Hellos of a device, one after the other; 00 in front where the transport has it. */
export function helloFrames({ token, attempt }: Account, leadingZero = true): () => Uint8Array {
  let last = attempt
  return () => {
    const hello = createHelloRequest({
      token: Buffer.from(token, 'base64url'),
      attempt: ++last,
      heartbeatMs: HEARTBEAT_MS_MAX,
    })
    const frame = encodeRequest(HELLO_ID, METHODS.hello.number, METHODS.hello.encodeRequest(hello))
    return leadingZero ? Buffer.concat([PING, frame]) : frame
  }
}

/** A POST, with these lines in its head. */
export function post(path: string, body: Uint8Array | string, lines: readonly string[]): Buffer {
  const bytes = Buffer.from(body)
  const head = [`POST /longwire.v1.${path} HTTP/1.1`, 'Host: 127.0.0.1', ...lines, `Content-Length: ${bytes.length}`]
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), bytes])
}

/** The status in the first line of an answer. */
export function statusOf(answer: Buffer): string {
  return answer.toString('latin1', 9, 12)
}
