/** The people and their phones: who has which in use, buys one more, puts away one that the server has replaced, or goes for good. */

import { ALL_PARTITIONS, partitionOf } from '../../src/store/partition.js'
import { DEVICES_MAX } from '../../src/sync/rules/records.js'
import { act, changeWeather } from './acts.js'
import { Phone, type User } from './phone.js'
import type { Stage } from './stage.js'

export class Cast {
  readonly #stage: Stage
  /** Their accounts are deleted. */
  readonly departed: User[] = []

  constructor(stage: Stage) {
    this.#stage = stage
  }

  gather(): void {
    const { users, seed, setup } = this.#stage
    const { neighbours, users: counts } = setup
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
    const { setup, users, chance, note } = this.#stage
    const most = user === users[0] ? setup.phonesMax : Math.min(4, setup.phonesMax)
    if (user.phones.length >= most) return
    const old = chance(0.5) ? user.drawer.shift() : undefined
    if (old === undefined) {
      const phone = this.#addPhone(user)
      note(`${phone.name} is bought`)
      this.liven(phone)
    } else {
      note(`${old.name} comes out of the drawer`)
      user.phones.push(old)
      old.takeOut()
    }
  }

  /** No more faults: everybody has all phones in use that may be, and one more that knows nothing yet. */
  complete(): void {
    for (const user of this.#stage.users) {
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
    const { users, ledger } = this.#stage
    const waiting: string[] = []
    for (const user of users.filter(({ uid, gone }) => gone && ledger.isDeleted(uid))) {
      const left = user.phones.filter(phone => phone.client === undefined || phone.client.account.signedIn)
      waiting.push(...left.map(({ name }) => `${name} does not know that its account is deleted`))
      if (left.length > 0) continue
      for (const phone of [...user.phones, ...user.drawer]) this.#lose(phone)
      users.splice(users.indexOf(user), 1)
      this.departed.push(user)
      this.#stage.witness.departed(user.uid, this.#stage.parted)
    }
    return waiting
  }

  /** What is still there of the departed and should go. */
  remains(): string[] {
    const { ledger, users, unseen } = this.#stage
    const others = users.map(({ uid }) => uid)
    return this.departed.flatMap(({ uid }) => [...ledger.tiesTo(uid, others, unseen), ...ledger.remainsOf(uid)])
  }

  /** A phone comes into use: its program is started, its owner acts, and its ways become better and worse. */
  liven(phone: Phone): void {
    const stage = this.#stage
    const { actMs, wayMs } = stage.setup
    stage.after(1_000 * stage.random.fraction(), 'phone starts', () => {
      if (!stage.chaos) return
      stage.everyNowAndThen(wayMs, 'weather', () => changeWeather(stage, phone))
      stage.everyNowAndThen(actMs, 'act', () => act(stage, phone))
      phone.start()
    })
  }

  /** After a restore of these partitions the passwords of then may be the right ones, or those of now. */
  backedUp(partitions = ALL_PARTITIONS): void {
    for (const user of this.#of(partitions)) user.backedUp = user.passwords.slice()
  }

  restored(partitions = ALL_PARTITIONS): void {
    for (const user of this.#of(partitions)) {
      const now = new Set([...user.backedUp, ...user.passwords])
      user.passwords.splice(0, user.passwords.length, ...now)
      user.passwordChanges += 1
    }
  }

  #of(partitions: readonly number[]): User[] {
    return this.#stage.users.filter(({ account }) => partitions.includes(partitionOf(`account/${account}`)))
  }

  #addPhone(user: User): Phone {
    user.bought += 1
    const phone = new Phone(this.#stage, user)
    user.phones.push(phone)
    return phone
  }

  /** The session of a phone was ended. @returns whether it was because the user has too many: then it is put away */
  putAway(phone: Phone): boolean {
    const { chaos, note } = this.#stage
    const { user } = phone
    if (user.phones.length <= DEVICES_MAX) return false
    note(`${phone.name} is put away`)
    user.phones.splice(user.phones.indexOf(phone), 1)
    if (chaos) user.drawer.push(phone)
    else this.#lose(phone)
    return true
  }

  #lose(phone: Phone): void {
    phone.kill(true)
    this.#stage.witness.forget(phone.name)
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
