/** A group over HTTP, at access nodes before two logic nodes on one Redis: all members get the same, in one order. */
import t from 'tap'
import {
  ContactState,
  createPostRequest,
  createSyncRequest,
  GroupRole,
  GroupState,
  type Item,
} from '../../protocol/generated/messages.js'
import { METHODS, type RequestMethod } from '../../protocol/methods.js'
import { CliProcess } from '../support/cli-process.js'
import { eventually } from '../support/eventually.js'
import { call } from '../support/http-client.js'
import { RedisCluster, RedisServer } from '../support/redis-server.js'

class Member {
  readonly #port: number
  readonly #token: Uint8Array
  readonly uid: number
  readonly account: string
  #sendSeq = 0

  private constructor(port: number, account: string, uid: number, token: Uint8Array) {
    this.#port = port
    this.account = account
    this.uid = uid
    this.#token = token
  }

  static async register(port: number, account: string): Promise<Member> {
    const named = { account, password: 'correct horse', nickname: '', deviceName: '' }
    const { answer } = await call(port, METHODS.register, { ...named, installationKey: new Uint8Array(16) })
    if (answer?.session === undefined) throw new Error(`${account} is not registered`)
    return new Member(port, account, answer.session.uid, answer.session.token)
  }

  ask<Q, A>(method: RequestMethod<Q, A>, request: Q) {
    return call(this.#port, method, request, { token: this.#token })
  }

  async must<Q extends { readonly sendSeq: number }, A>(
    method: RequestMethod<Q, A>,
    request: Omit<Q, 'sendSeq'>,
  ): Promise<A> {
    this.#sendSeq += 1
    const numbered = { ...request, sendSeq: this.#sendSeq } as unknown as Q
    const { answer, code } = await this.ask(method, numbered)
    if (answer === undefined) throw new Error(`${this.account}: ${method.rpc} is refused with ${code}`)
    return answer
  }

  /** Whether its own side says that it is a member of a group. */
  async isIn(): Promise<boolean> {
    return (await this.#items()).some(({ content }) => {
      return content?.case === 'group' && content.value.state === GroupState.MEMBER
    })
  }

  /** The numbers and texts of the group's messages. */
  async texts(): Promise<string[]> {
    return (await this.#items()).flatMap(({ content }) =>
      content?.case === 'conversationMessage' ? [`${content.value.number} ${content.value.text}`] : [],
    )
  }

  async #items(): Promise<readonly Item[]> {
    return (await this.ask(METHODS.sync, createSyncRequest({ since: 0 }))).answer?.items ?? []
  }
}

for (const kind of ['a single Redis', 'a Cluster'] as const) {
  t.test(`on ${kind}`, async t => {
    const { url } = kind === 'a Cluster' ? await RedisCluster.start() : await RedisServer.start()
    const options = ['--redis', url, '--redis-replicas', '0', '--limits', 'open', '--drain-ms', '200']
    for (let n = 0; n < 2; n += 1) await CliProcess.serve('--role', 'logic', '--link-port', '0', ...options)
    const access = async () => (await CliProcess.serve('--role', 'access', ...options)).ready.http_port
    const [one, other] = [await access(), await access()]
    const alice = await Member.register(one, 'alice')
    const [bob, carol] = [await Member.register(other, 'bob'), await Member.register(other, 'carol')]
    for (const friend of [bob, carol]) {
      await alice.must(METHODS.contactRequest, { uid: friend.uid, greeting: '' })
      await friend.must(METHODS.contactRequest, { uid: alice.uid, greeting: '' })
    }
    const isFriend = async (friend: Member): Promise<boolean> => {
      const { answer } = await alice.ask(METHODS.contactList, { after: 0 })
      return answer?.contacts.some(({ uid, state }) => uid === friend.uid && state === ContactState.FRIEND) === true
    }
    await eventually(async () => (await isFriend(bob)) && (await isFriend(carol)))
    const invitees = [{ uid: bob.uid }, { uid: carol.uid }]
    const { conversation } = await alice.must(METHODS.groupCreate, { title: 'friends', invitees })
    const members = async () => {
      const { answer } = await bob.ask(METHODS.groupMembers, { conversation, after: 0, limit: 0 })
      return answer?.members ?? []
    }
    await eventually(async () => (await members()).length === 3)
    t.match(
      new Map((await members()).map(({ account, role }) => [account, role])),
      new Map([
        ['alice', GroupRole.OWNER],
        ['bob', GroupRole.MEMBER],
        ['carol', GroupRole.MEMBER],
      ]),
    )
    const everybody = [alice, bob, carol]
    for (const member of everybody) await eventually(() => member.isIn())
    await Promise.all(
      everybody.map(async member => {
        for (let n = 0; n < 10; n += 1) {
          t.same(await member.must(METHODS.post, createPostRequest({ conversation, text: `${member.account} ${n}` })), {
            version: 0,
            from: 0,
          })
        }
      }),
    )
    for (const member of everybody) await eventually(async () => (await member.texts()).length === 30)
    const texts = await alice.texts()
    t.same(await bob.texts(), texts)
    t.same(await carol.texts(), texts)
    for (const { account } of everybody) {
      const own = texts.filter(text => text.includes(account)).map(text => text.replace(/^\d+ /, ''))
      t.same(
        own,
        Array.from({ length: 10 }, (_, n) => `${account} ${n}`),
        'those of each in their order',
      )
    }
  })
}
