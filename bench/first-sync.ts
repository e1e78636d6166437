/**
 * A new device of an account, which asks for the whole timeline from 0, page after page, as fast as the answers come. It looks at no
 * item: the generator has to be cheaper than the server.
 */

import { randomBytes } from 'node:crypto'
import { CODES, codeName } from '../protocol/codes.js'
import { encodeRequest, PING } from '../protocol/frame-codec.js'
import {
  createHelloRequest,
  createLoginRequest,
  createSyncRequest,
  decodePushNotice,
  type Frame,
  type Session,
} from '../protocol/generated/messages.js'
import { itemVersions } from '../protocol/item-codec.js'
import { HEARTBEAT_MS_MAX } from '../protocol/limits.js'
import { METHODS } from '../protocol/methods.js'
import { RawClient } from './raw-client.js'

const SYNC_ID = 127

export class FirstSync {
  /** Pages that came, and their bytes. */
  pages = 0
  bytes = 0
  readonly #port: number
  readonly #session: Session
  #attempt: number

  private constructor(port: number, session: Session) {
    this.#port = port
    this.#session = session
    this.#attempt = session.boundAttempt
  }

  static async login(port: number, account: string, password: string): Promise<FirstSync> {
    const client = await RawClient.connect(port)
    const hello = client.expect(METHODS.hello)
    const login = client.expect(METHODS.login)
    const request = createLoginRequest({ account, password, installationKey: randomBytes(16) })
    client.write(
      Buffer.concat([
        PING,
        encodeRequest(hello.id, METHODS.hello.number, METHODS.hello.encodeRequest(createHelloRequest({}))),
        encodeRequest(login.id, METHODS.login.number, METHODS.login.encodeRequest(request)),
      ]),
    )
    await hello.answer
    const { session } = await login.answer
    client.destroy()
    if (session === undefined) throw new Error('Login gave no session')
    return new FirstSync(port, session)
  }

  /** Connects and reads the timeline to its end, once. */
  async run(): Promise<void> {
    const client = await RawClient.connect(this.#port)
    this.#attempt++
    const { token } = this.#session
    const hello = createHelloRequest({ token, attempt: this.#attempt, heartbeatMs: HEARTBEAT_MS_MAX })
    await new Promise<void>((resolve, reject) => {
      const pull = (since: number): void =>
        client.write(
          encodeRequest(SYNC_ID, METHODS.sync.number, METHODS.sync.encodeRequest(createSyncRequest({ since }))),
        )
      client.onFrame = frame => {
        this.bytes += frame.body.length
        if (frame.id === 0 && frame.method === METHODS.push.number && this.pages === 0) pull(endOfPush(frame))
        if (frame.id !== SYNC_ID) return
        this.pages++
        if (frame.code !== CODES.OK.code) reject(new Error(`a Sync is refused with ${codeName(frame.code)}`))
        const { to, more } = headOfSync(frame.body)
        if (more) pull(to)
        else resolve()
      }
      const { id, answer } = client.expect(METHODS.hello)
      answer.catch(reject)
      this.pages = 0
      client.write(Buffer.concat([PING, encodeRequest(id, METHODS.hello.number, METHODS.hello.encodeRequest(hello))]))
    })
    client.destroy()
  }
}

function endOfPush(frame: Frame): number {
  const { from, to, items } = decodePushNotice(frame.body)
  return to === 0 ? (itemVersions(from, items).at(-1) ?? from) : to
}

/** What stands in front of the items of a Sync answer: SyncResponse.to (field 1) and more (field 2), as the server writes them. */
function headOfSync(body: Uint8Array): { readonly to: number; readonly more: boolean } {
  let to = 0
  let at = 0
  if (body[at] === 8) {
    let scale = 1
    for (at = 1; ; at++, scale *= 128) {
      const byte = body[at] ?? 0
      to += (byte & 127) * scale
      if (byte < 128) break
    }
    at++
  }
  return { to, more: body[at] === 16 }
}
