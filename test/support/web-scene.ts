/** Chats as people have them, in several scripts: what the page is looked at with. Everybody but Sam is a client of the library. */
import { type Client, createClient, MemoryStorage, type Message, tcpTransport } from '../../clients/typescript/index.js'
import type { RunningServer } from '../../src/cli/server.js'
import { eventually } from './eventually.js'
import { PASSWORD } from './server.js'

/** Account and shown name of those who are in it. */
const PEOPLE = {
  sam: 'Sam',
  lina: 'Lina',
  noor: 'Noor',
  xiaoyu: '小雨',
  jonas: 'Jonas',
  omar: 'Omar',
  tomas: 'Tomás',
  ajie: '阿杰',
} as const

type Account = keyof typeof PEOPLE

export const GROUP = '秋游计划 · Autumn walk'

export class Scene {
  readonly #clients = new Map<Account, Client>()
  readonly #heard = new Map<Account, Message[]>()

  /** Makes the people, their friendships with Sam, and what was said. */
  static async set(server: RunningServer): Promise<Scene> {
    const scene = new Scene()
    for (const account of Object.keys(PEOPLE) as Account[]) await scene.#enter(server, account)
    const sam = scene.client('sam')
    for (const account of scene.#clients.keys()) {
      if (account === 'sam') continue
      if (account === 'tomas') await scene.client(account).contacts.request(sam.account.uid, 'We met at the book club')
      else await scene.#befriend(account)
    }
    await scene.#talk()
    await scene.#talkInGroup()
    return scene
  }

  client(account: Account): Client {
    const client = this.#clients.get(account)
    if (client === undefined) throw new Error(`nobody is called ${account}`)
    return client
  }

  uid(account: Account): number {
    return this.client(account).account.uid
  }

  async close(): Promise<void> {
    for (const client of this.#clients.values()) await client.close()
  }

  async #enter(server: RunningServer, account: Account): Promise<void> {
    const transport = tcpTransport({ host: '127.0.0.1', port: server.port })
    const client = await createClient({ transport, storage: new MemoryStorage() })
    const heard: Message[] = []
    client.on('message', message => heard.push(message))
    await client.account.register({ account, nickname: PEOPLE[account], password: PASSWORD })
    this.#clients.set(account, client)
    this.#heard.set(account, heard)
  }

  async #befriend(account: Account): Promise<void> {
    const sam = this.client('sam')
    const other = this.client(account)
    await other.contacts.request(sam.account.uid)
    await eventually(() => sam.contacts.get(other.account.uid)?.state === 'invited')
    await sam.contacts.accept(other.account.uid)
    await eventually(() => other.contacts.get(sam.account.uid)?.state === 'friend')
  }

  /** One message after the other: each is with its recipient before the next is written. */
  async #say(from: Account, to: Account, text: string): Promise<void> {
    this.client(from).send(this.uid(to), text)
    await eventually(() => this.#heard.get(to)?.some(each => each.text === text) === true)
  }

  async #talk(): Promise<void> {
    await this.#say('sam', 'xiaoyu', '明天九点见')
    await this.#say('xiaoyu', 'sam', '好的，那我们明天见')
    this.client('sam').markRead(this.uid('xiaoyu'))
    await this.#say('sam', 'omar', 'Here are the keys for the boat')
    this.client('omar').markRead(this.uid('sam'))
    await this.#say('ajie', 'sam', '文件我放在共享目录了，你有空看看')
    await this.#say('jonas', 'sam', 'Shall we ask the hut first?')
    for (const account of ['ajie', 'jonas'] as const) this.client('sam').markRead(this.uid(account))
    for (const text of ['صباح الخير', 'هل أنت في المكتب؟', 'سأرسل لك العنوان بعد قليل'])
      await this.#say('noor', 'sam', text)
    await this.client('sam').conversations.set(this.uid('xiaoyu'), { pinned: true })
  }

  async #talkInGroup(): Promise<void> {
    const sam = this.client('sam')
    const members: Account[] = ['lina', 'noor', 'xiaoyu', 'jonas', 'omar']
    const group = await sam.groups.create(
      GROUP,
      members.map(account => this.uid(account)),
    )
    for (const account of members) await eventually(() => this.client(account).groups.group(group)?.state === 'member')
    const heard = this.#heard.get('sam') ?? []
    const say = async (from: Account, text: string, options: Parameters<Client['send']>[2] = {}): Promise<Message> => {
      this.client(from).send(group, text, options)
      const listener = from === 'sam' ? 'lina' : 'sam'
      await eventually(() => this.#heard.get(listener)?.some(each => each.text === text) === true)
      const message = (this.#heard.get(listener) ?? []).findLast(each => each.text === text)
      if (message === undefined) throw new Error(text)
      return message
    }
    await say('xiaoyu', '周六早上八点在南站集合，大家记得带雨衣。')
    const rain = await say('xiaoyu', '天气预报说下午可能有小雨 🌦')
    for (const account of ['lina', 'noor', 'sam'] as const) await this.client(account).messages.react(rain, '👍')
    await this.client('omar').messages.react(rain, '🎉')
    await say('sam', "Got it. I'll bring the map and the big thermos.")
    const gate = await say('noor', 'سأصل قبل الموعد بعشر دقائق. هل نلتقي عند البوابة الشمالية أم في المقهى؟')
    const link = 'https://walks.example/south/north-gate?from=station&time=0800'
    const sign = `North gate. The sign there says Landschaftsschutzgebietsverordnung, you cannot miss it: ${link}`
    const north = await say('jonas', sign, { reply: gate })
    await this.client('jonas').messages.edit(north, `${sign} .`)
    const wrong = await say('lina', 'I cannot come')
    await this.client('lina').messages.recall(wrong)
    sam.markRead(group, heard.at(-1)?.number ?? 1)
    await say('jonas', '@Sam could you check if the 08:12 still runs on Saturdays?', {
      mentions: [{ start: 0, length: 4, uid: sam.account.uid }],
    })
    await say('jonas', 'Otherwise we take the bus.')
    await say('lina', '🥾🌧️')
    await sam.conversations.set(group, { pinned: true })
    await sam.groups.announce(group, '周六 08:00 南站。Bring rain clothes, no dogs.')
    await sam.groups.setRules(group, { join: 'code', adminsInvite: false, adminsWrite: false, history: 100 })
    await sam.groups.setRole(group, this.uid('lina'), 'admin')
  }
}
