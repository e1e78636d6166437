// The names of users by uid: from contacts, from members of groups, and from the server for whoever is neither. They are remembered, so
// that a page without a connection has them.
import { type Client, LongwireError } from '../../typescript/browser.js'
import { type Platform, Remembered } from './platform.js'
import { Signal } from './signal.js'

export interface Person {
  readonly uid: number
  readonly account: string
  readonly nickname: string
}

/** The names that are remembered: more than all friends and the members of some large groups. */
const REMEMBERED_MAX = 2_000

/** The name under which the browser remembers them. */
export const PEOPLE = 'people'

export class People {
  /** Grows by one with each new or changed name. */
  readonly version = new Signal(0)
  readonly #client: Client
  readonly #remembered: Remembered
  readonly #people = new Map<number, Person>()
  readonly #asked = new Set<number>()
  readonly #clock: Platform['clock']
  #isChanging = false

  /** @param on listens to the client for as long as the session lasts */
  constructor(client: Client, platform: Pick<Platform, 'clock' | 'keyValues'>, on: Client['on']) {
    this.#client = client
    this.#clock = platform.clock
    this.#remembered = new Remembered(platform.keyValues, PEOPLE)
    for (const [uid, account, nickname] of rowsOf(this.#remembered.read())) {
      this.#people.set(uid, { uid, account, nickname })
    }
    for (const each of client.contacts.list()) this.#put(each)
    on('contact', contact => this.note([contact]))
    on('profile', () => this.#changed())
    on('connection', ({ state }) => {
      if (state === 'online') this.#asked.clear()
    })
  }

  /** Notes names that came with something else. */
  note(people: readonly Person[]): void {
    const news = people.filter(each => this.#put(each))
    if (news.length > 0) this.#changed()
  }

  /** The person as far as known; asks the server if not. */
  get(uid: number): Person | undefined {
    const { account } = this.#client
    if (uid === account.uid) return account.profile
    const known = this.#people.get(uid)
    if (known === undefined && uid > 0) this.#ask(uid)
    return known
  }

  /** The name to show: the nickname, or else the account's name; empty while nobody knows it. */
  name(uid: number): string {
    return nameOf(this.get(uid))
  }

  forget(): void {
    this.#people.clear()
    this.#remembered.write(undefined)
    this.version.set(this.version.value + 1)
  }

  #put({ uid, account, nickname }: Person): boolean {
    const known = this.#people.get(uid)
    if (account === '' || (known?.account === account && known.nickname === nickname)) return false
    this.#people.delete(uid)
    this.#people.set(uid, { uid, account, nickname })
    return true
  }

  #ask(uid: number): void {
    if (this.#asked.has(uid)) return
    this.#asked.add(uid)
    this.#client.account.lookUp({ uid }).then(
      person => this.note([person]),
      (error: unknown) => {
        // Without a connection it is asked again with the next one; who does not exist stays without a name.
        if (!(error instanceof LongwireError && error.reason === 'UNKNOWN_USER')) this.#asked.delete(uid)
      },
    )
  }

  /** Many names come at once: they are written and drawn together. */
  #changed(): void {
    if (this.#isChanging) return
    this.#isChanging = true
    this.#clock.after(0, () => {
      this.#isChanging = false
      const newest = [...this.#people.values()].slice(-REMEMBERED_MAX)
      this.#remembered.write(newest.map(({ uid, account, nickname }) => [uid, account, nickname]))
      this.version.set(this.version.value + 1)
    })
  }
}

export function nameOf(person: Pick<Person, 'account' | 'nickname'> | undefined): string {
  return person === undefined ? '' : person.nickname || person.account
}

function rowsOf(stored: unknown): [number, string, string][] {
  if (!Array.isArray(stored)) return []
  return (stored as unknown[]).filter((row): row is [number, string, string] => {
    if (!Array.isArray(row)) return false
    const [uid, account, nickname] = row as unknown[]
    return typeof uid === 'number' && typeof account === 'string' && typeof nickname === 'string'
  })
}
