/** A device that its account knows, which logs in again and again, on a connection of its own each time. */

import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { encodeRequest, PING } from '../../protocol/frame-codec.js'
import { createHelloRequest, createLoginRequest, createRegisterRequest } from '../../protocol/generated/messages.js'
import { METHODS, type RequestMethod } from '../../protocol/methods.js'
import { RawClient } from '../raw-client.js'
import { Samples } from '../statistics.js'

/** A rate below the limit of a known device, over a few windows. */
const LOGIN_EVERY_MS = 500

export class KnownDevice {
  readonly #port: number
  readonly #who = { account: 'known', password: 'a password of its own', installationKey: randomBytes(16) }

  private constructor(port: number) {
    this.#port = port
  }

  static async register(port: number): Promise<KnownDevice> {
    const device = new KnownDevice(port)
    await device.#ask(METHODS.register, createRegisterRequest(device.#who))
    return device
  }

  /** Logs in for so long, one login after the other. @returns the median of what they took, in milliseconds */
  async loginsFor(ms: number): Promise<number> {
    const tookMs = new Samples()
    const endMs = performance.now() + ms
    do {
      const startMs = performance.now()
      await this.#ask(METHODS.login, createLoginRequest(this.#who))
      tookMs.add(performance.now() - startMs)
      await sleep(Math.min(LOGIN_EVERY_MS, Math.max(0, endMs - performance.now())))
    } while (performance.now() < endMs)
    return tookMs.percentile(0.5)
  }

  async #ask<Q, A>(method: RequestMethod<Q, A>, request: Q): Promise<A> {
    const client = await RawClient.connect(this.#port)
    const hello = client.expect(METHODS.hello)
    const { id, answer } = client.expect(method)
    client.write(
      Buffer.concat([
        PING,
        encodeRequest(hello.id, METHODS.hello.number, METHODS.hello.encodeRequest(createHelloRequest({}))),
        encodeRequest(id, method.number, method.encodeRequest(request)),
      ]),
    )
    await hello.answer
    const answered = await answer
    client.destroy()
    return answered
  }
}
