/** People under whom a backup is put back: what they did before it, what it does not know of, and what must hold afterwards. */

import type { Test } from 'tap'
import { present } from '../../src/lib/assert.js'
import { eventually } from './eventually.js'
import { befriend, Person } from './person.js'
import { PASSWORD } from './server.js'

export class RestoredPeople {
  readonly #alice: Person
  readonly #bob: Person
  readonly #tablet = new Person('alice')
  #carol: Person | undefined
  #tabletNumber = 0
  #carolUid = 0

  private constructor(alice: Person, bob: Person) {
    this.#alice = alice
    this.#bob = bob
  }

  /** Two friends, and messages that the backup will have. */
  static async begin(port: number): Promise<RestoredPeople> {
    const alice = await Person.online(port, 'alice')
    const bob = await Person.online(port, 'bob')
    await befriend(alice, bob)
    await alice.say(bob, 'before 1', 'before 2')
    await eventually(() => bob.shown.length === 2)
    return new RestoredPeople(alice, bob)
  }

  /** What the backup does not know: messages both ways, a device, a person. */
  async goOn(port: number): Promise<void> {
    const [alice, bob] = [this.#alice, this.#bob]
    await alice.say(bob, 'lost 1', 'lost 2', 'lost 3')
    await bob.say(alice, 'answer, lost')
    await this.#tablet.come(port)
    await this.#tablet.client.account.login({ account: 'alice', password: PASSWORD })
    this.#tabletNumber = this.#tablet.client.account.device
    const carol = await Person.online(port, 'carol')
    this.#carol = carol
    this.#carolUid = carol.uid
    await eventually(() => bob.shown.length === 5 && alice.shown.length === 1)
  }

  /** What alice wrote while no server ran. */
  write(): void {
    this.#alice.client.send(this.#bob.uid, 'written while it was away')
  }

  /** Once the backup is served: they resync, show nothing twice, agree, and go on. They have left then. */
  async end(t: Test, port: number): Promise<void> {
    const [alice, bob] = [this.#alice, this.#bob]
    const carol = present(this.#carol, 'carol')
    const tablet = this.#tablet
    await Promise.all([alice.caughtUp(), bob.caughtUp()])
    await eventually(() => [carol, tablet].every(({ events }) => events.includes('UNAUTHENTICATED')), 20_000)
    await eventually(() => alice.client.state().sendQueue.length === 0)
    await alice.say(bob, 'after 1')
    await bob.say(alice, 'after 2')
    await eventually(() => bob.shown.at(-1)?.text === 'after 1' && alice.shown.at(-1)?.text === 'after 2')
    for (const { events } of [alice, bob]) t.ok(events.includes('resync'), events.join(', '))
    for (const person of [alice, bob]) t.same(twice(person), [])
    const once = ['before 1', 'before 2', 'lost 1', 'lost 2', 'lost 3']
    t.same(
      bob.shown.map(({ text }) => text).filter(text => once.includes(text)),
      once,
    )
    // What bob has of alice and what alice has sent is the same, but for what she was told nobody may have got.
    const got = (await bob.texts(alice)).filter(text => !text.startsWith('failed: '))
    const sent = (await alice.texts(bob)).filter(text => !text.startsWith('failed: '))
    t.same([...got].sort(), [...sent].sort())
    for (const text of ['before 1', 'before 2', 'written while it was away', 'after 1', 'after 2'])
      t.ok(sent.includes(text), text)

    // Numbers that were given out and lost are not given to anybody else.
    const dave = await Person.online(port, 'dave')
    await carol.client.account.register({ account: 'carol', password: PASSWORD })
    await carol.caughtUp()
    t.not(carol.uid, this.#carolUid)
    t.not(dave.uid, this.#carolUid)
    await tablet.client.account.login({ account: 'alice', password: PASSWORD })
    await tablet.caughtUp()
    t.ok(tablet.client.account.device > this.#tabletNumber)
    await eventually(() => tablet.shown.some(({ text }) => text === 'after 1'))
    for (const person of [alice, bob, carol, dave, tablet]) await person.leave()
  }
}

/** Messages that somebody was shown twice. */
function twice({ shown }: Person): string[] {
  const ids = shown.map(({ sender, device, sendSeq }) => `${sender}/${device}/${sendSeq}`)
  return ids.filter((id, i) => ids.indexOf(id) !== i)
}
