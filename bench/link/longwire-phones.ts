/** Two phones with the client library, on file storage. */

import { join } from 'node:path'
import { type Client, createClient, FileStorage, type Transport, tcpTransport } from '../../clients/typescript/index.js'
import { encodeFrame, encodeNotice, PING } from '../../protocol/frame-codec.js'
import { FrameDecoder } from '../../protocol/frame-decoder.js'
import { decodeAckNotice } from '../../protocol/generated/messages.js'
import { FRAME_TO_SERVER_BYTES_MAX } from '../../protocol/limits.js'
import { METHODS } from '../../protocol/methods.js'
import type { Address, Phones } from './talk.js'
import { TEXT } from './talk.js'

export class LongwirePhones implements Phones {
  arrived: () => void = () => {}
  confirmed: () => void = () => {}
  readonly #clients: readonly [Client, Client]

  private constructor(clients: readonly [Client, Client]) {
    this.#clients = clients
    for (const client of clients) {
      client.on('message', ({ sender }) => {
        if (sender !== client.account.uid) this.arrived()
      })
      client.on('messageState', ({ state }) => {
        if (state === 'delivered') this.confirmed()
      })
    }
  }

  /** @param marks whether they tell what they have stored at once, so that receipts come */
  static async open(server: Address, folder: string, marks: boolean): Promise<LongwirePhones> {
    const [ann, bob] = await Promise.all(
      ['ann', 'bob'].map(async account => {
        const transport = marks ? tcpTransport(server) : withoutMarks(tcpTransport(server))
        const client = await createClient({ transport, storage: new FileStorage(join(folder, account)) })
        await client.account.register({ account, password: 'a password', nickname: account })
        return client
      }),
    )
    if (ann === undefined || bob === undefined) throw new Error('two phones')
    const asked = new Promise<void>(resolve => bob.on('contact', ({ state }) => state === 'invited' && resolve()))
    const friends = new Promise<void>(resolve => ann.on('contact', ({ state }) => state === 'friend' && resolve()))
    await ann.contacts.request(bob.account.uid)
    await asked
    await bob.contacts.accept(ann.account.uid)
    await friends
    return new LongwirePhones([ann, bob])
  }

  send(from: 0 | 1): void {
    this.#clients[from].send(this.#clients[1 - from]?.account.uid ?? 0, TEXT)
  }
}

/** The least time between two acks without marks, as in the client library (PROTOCOL.md, 7.12). */
const PLAIN_MS = 30_000

/**
 * Leaves the delivered marks out, as a client that gives no receipts would. What is left of an ack is a version that nobody waits for: it
 * goes with another frame, twice a minute at most.
 */
function withoutMarks(transport: Transport): Transport {
  const connect: Transport['connect'] = handlers => {
    const connection = transport.connect(handlers)
    const decoder = new FrameDecoder(FRAME_TO_SERVER_BYTES_MAX)
    let held: Uint8Array | undefined
    let toldMs = Number.NEGATIVE_INFINITY
    const write = (bytes: Uint8Array): void => {
      const out: Uint8Array[] = []
      decoder.push(bytes)
      for (let decoded = decoder.next(); decoded !== undefined; decoded = decoder.next()) {
        if (decoded.kind === 'ping') out.push(PING)
        if (decoded.kind !== 'frame') continue
        const { frame } = decoded
        if (frame.method !== METHODS.ack.number) out.push(encodeFrame(frame))
        else {
          const ack = METHODS.ack.encode({ ...decodeAckNotice(frame.body), delivered: [] })
          held = encodeNotice(METHODS.ack.number, ack)
        }
      }
      if (out.length === 0) return
      if (held !== undefined && performance.now() >= toldMs + PLAIN_MS) {
        out.push(held)
        held = undefined
        toldMs = performance.now()
      }
      connection.write(Buffer.concat(out))
    }
    return { write, close: () => connection.close() }
  }
  return { ...transport, connect }
}
