/** The chat with a client whose server the test plays: what is entered becomes requests, what comes becomes lines. */
import type { Test } from 'tap'
import { Chat } from '../../clients/terminal/chat.js'
import { type Line, rowsOf } from '../../clients/terminal/rows.js'
import type { CodeName } from '../../protocol/codes.js'
import { ContactState, GroupRole, GroupState, type Item } from '../../protocol/generated/messages.js'
import type { MethodName, RequestOf, ResponseOf } from '../../protocol/methods.js'
import { contactItem, groupItem, Harness } from './client-harness.js'
import { eventually } from './eventually.js'

export const MEMBER = groupItem({ state: GroupState.MEMBER, number: 2, title: 'Friends', role: GroupRole.OWNER })
export const BOB = contactItem({ uid: 300, state: ContactState.FRIEND, account: 'bob', nickname: 'Bob' })

export class Talk {
  readonly shown: string[] = []
  status = ''
  readonly harness: Harness
  readonly chat: Chat
  #version = 0

  constructor(t: Test, harness: Harness) {
    this.harness = harness
    this.chat = new Chat({
      client: harness.client,
      clock: harness.clock,
      dialogue: undefined,
      screen: {
        show: line => this.shown.push(rowOf(line)),
        remark: () => {},
        status: text => {
          this.status = text
        },
      },
      quit: () => {},
      signedOut: () => {},
    })
    t.teardown(() => this.chat.close())
  }

  /** The timeline has so many versions of which this device gets nothing. */
  skip(count: number): void {
    const from = this.#version
    this.#version += count
    this.harness.pipe.push(from, this.#version, [])
    this.harness.settle()
  }

  push(...items: readonly Item[]): void {
    const from = this.#version
    this.#version += items.length
    this.harness.pipe.push(from, this.#version, items)
    this.harness.settle()
  }

  /** Enters a line, and answers the request that comes of it, after those that ask for members. */
  async enter<N extends MethodName>(
    line: string,
    method: N,
    response: Partial<ResponseOf<N>> = {},
  ): Promise<RequestOf<N>> {
    const done = this.chat.enter(line)
    const request = await this.answer(method, response)
    await this.harness.until(done)
    return request
  }

  /** Waits for a request, and answers it. @param response or the code by which it is refused */
  async answer<N extends MethodName>(
    method: N,
    response: Partial<ResponseOf<N>> | CodeName = {},
  ): Promise<RequestOf<N>> {
    const { pipe } = this.harness
    await eventually(() => {
      this.harness.settle()
      for (let next = pipe.peek()[0]; next !== method; next = pipe.peek()[0]) {
        if (next === 'ack') pipe.takeAck()
        // Whoever reads along in a group tells the server so, in between.
        else if (next === 'markRead') pipe.respond(next, pipe.take(next).id)
        else if (next === 'watch') pipe.respond(next, pipe.take(next).id)
        else return next !== undefined
      }
      return true
    })
    const { id, request } = pipe.take(method)
    if (typeof response === 'string') pipe.refuse(id, response)
    else pipe.respond(method, id, response)
    this.harness.settle()
    return request
  }

  async see(...rows: string[]): Promise<void> {
    await eventually(() => {
      this.harness.settle()
      return rows.every(row => this.shown.includes(row))
    }).catch(() => {
      throw new Error(`not shown: ${rows.filter(row => !this.shown.includes(row))}\nbut:\n${this.shown.join('\n')}`)
    })
    this.shown.length = 0
  }
}

function rowOf(line: Line): string {
  return rowsOf(line, 1000)
    .join('\n')
    .replace(/^[-0-9]* ?\d\d:\d\d /, '')
}

export async function talk(t: Test, ...items: readonly Item[]): Promise<Talk> {
  const harness = await Harness.online()
  const talk = new Talk(t, harness)
  talk.push(BOB, ...items)
  await talk.chat.open(undefined)
  talk.shown.length = 0
  return talk
}
