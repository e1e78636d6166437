/** The people and their phones: who has which in use, buys one more, puts away one that the server has replaced, or goes for good. */

import { partitionOf } from '../../src/store/partition.js'
import { DEVICES_MAX } from '../../src/sync/rules/records.js'
import type { Stage } from './acts.js'
import type { Ledger } from './ledger.js'
import { Phone, type PhoneOptions, type User } from './phone.js'
import type { Setup } from './setup.js'
import type { Witness } from './witness.js'

export interface CastOptions {
  readonly stage: Stage
  readonly seed: number
  readonly witness: Witness
  readonly ledger: Ledger
  /** Everybody who is there; changed here. */
  readonly users: User[]
  setup(): Setup
  chaos(): boolean
  /** What a phone is given besides what it is given here. */
  readonly phone: Omit<PhoneOptions, 'name' | 'user' | 'ladder' | 'excess' | 'departed'>
  /** A phone has come into use. */
  liven(phone: Phone): void
}

export class Cast {
  readonly #options: CastOptions
  /** Their accounts are deleted. */
  readonly departed: User[] = []

  constructor(options: CastOptions) {
    this.#options = options
  }

  gather(): void {
    const { users, seed, setup } = this.#options
    const { neighbours, users: counts } = setup()
    counts.forEach((phones, index) => {
      const [first] = users
      const name = `user${seed % 1_000}x${index}`
      const user: User = {
        account: accountOf(name, index < neighbours ? first?.account : undefined),
        passwords: ['a good password'],
        passwordChanges: 0,
        backedUp: [],
        gone: false,
        phones: [],
        drawer: [],
        bought: 0,
        uid: 0,
      }
      users.push(user)
      for (let i = 0; i < phones; i += 1) this.#addPhone(user)
    })
  }

  /** One more phone, or one that was put away: as many as the setup allows. */
  buy(user: User): void {
    const { stage, setup, users } = this.#options
    const most = user === users[0] ? setup().phonesMax : Math.min(4, setup().phonesMax)
    if (user.phones.length >= most) return
    const old = stage.random.fraction() < 0.5 ? user.drawer.shift() : undefined
    if (old === undefined) {
      const phone = this.#addPhone(user)
      stage.note(`${phone.name} is bought`)
      this.#options.liven(phone)
    } else {
      stage.note(`${old.name} comes out of the drawer`)
      user.phones.push(old)
      old.takeOut()
    }
  }

  /** No more faults: everybody has all phones in use that may be, and one more that knows nothing yet. */
  complete(): void {
    for (const user of this.#options.users) {
      for (const phone of user.drawer.splice(0)) {
        if (user.phones.length >= DEVICES_MAX) {
          this.#lose(phone)
        } else {
          user.phones.push(phone)
          phone.takeOut()
        }
      }
      if (user.phones.length < 6) this.#addPhone(user)
    }
  }

  /** Those whose account is deleted and whose phones know it are no more among the users. @returns for whom phones are still to learn it */
  bury(): string[] {
    const { users, ledger } = this.#options
    const waiting: string[] = []
    for (const user of users.filter(({ uid, gone }) => gone && ledger.isDeleted(uid))) {
      const left = user.phones.filter(phone => phone.client === undefined || phone.client.account.signedIn)
      waiting.push(...left.map(({ name }) => `${name} does not know that its account is deleted`))
      if (left.length > 0) continue
      for (const phone of [...user.phones, ...user.drawer]) this.#lose(phone)
      users.splice(users.indexOf(user), 1)
      this.departed.push(user)
    }
    return waiting
  }

  #addPhone(user: User): Phone {
    const { phone: options, ledger, stage, setup } = this.#options
    const { ladders } = setup()
    user.bought += 1
    const phone: Phone = new Phone({
      ...options,
      name: `${user.account}.${user.bought}`,
      user,
      ladder: ladders[stage.random.integer(ladders.length)] ?? ['tcp'],
      excess: () => this.#putAway(phone),
      departed: () => user.gone && ledger.isDeleted(user.uid),
    })
    user.phones.push(phone)
    return phone
  }

  /** The session of a phone was ended. @returns whether it was because the user has too many: then it is put away */
  #putAway(phone: Phone): boolean {
    const { stage, chaos } = this.#options
    const { user } = phone
    if (user.phones.length <= DEVICES_MAX) return false
    stage.note(`${phone.name} is put away`)
    user.phones.splice(user.phones.indexOf(phone), 1)
    if (chaos()) user.drawer.push(phone)
    else this.#lose(phone)
    return true
  }

  #lose(phone: Phone): void {
    phone.kill(true)
    this.#options.witness.lost(phone.name)
  }
}

/** A name that begins so; of the same partition as that of a neighbour. */
function accountOf(name: string, neighbour: string | undefined): string {
  let found = name
  if (neighbour === undefined) return found
  for (let i = 0; partitionOf(`account/${found}`) !== partitionOf(`account/${neighbour}`); i += 1)
    found = `${name}-${i}`
  return found
}
