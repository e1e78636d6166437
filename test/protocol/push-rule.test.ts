// The vectors of the push rule against the plainest client that follows PROTOCOL.md, 7.4 to 7.6: so that they are consistent
// among themselves, and to be read beside the clause. The client library runs the same vectors.
import t from 'tap'
import { type RuleItem, type RuleStep, ruleVectors } from '../support/vectors.js'

class ServerFault extends Error {
  override name = 'ServerFault'
}

class PlainClient {
  applied: number
  /** What the step did. */
  items: number[] = []
  shownNow: string[] = []
  readonly #shown = new Set<string>()
  /** `since` of the Sync under way. */
  #pulling: number | undefined
  /** What was remembered when it was sent. */
  #wantedByPull = 0
  #wanted = 0
  #more = false

  constructor(applied: number) {
    this.applied = applied
  }

  range(from: number, to: number, items: readonly RuleItem[]): void {
    if (to < from) throw new ServerFault()
    if (to <= this.applied) return
    if (from > this.applied) {
      this.notify(to)
      return
    }
    for (const { version, id } of items) {
      if (version <= this.applied) continue
      this.items.push(version)
      if (id !== undefined && !this.#shown.has(id)) this.shownNow.push(id)
      if (id !== undefined) this.#shown.add(id)
    }
    this.applied = to
  }

  notify(version: number): void {
    this.#wanted = Math.max(this.#wanted, version)
  }

  accepted(from: number, version: number, id: string): void {
    this.#shown.add(id)
    if (from < this.applied && this.applied < version) this.notify(version)
    else if (version !== 0) this.range(from, version, [])
  }

  answer(to: number, more: boolean, items: readonly RuleItem[]): void {
    const since = this.#pulling
    if (since === undefined) throw new Error('no Sync is under way')
    if (more ? to <= since : to < this.#wantedByPull) throw new ServerFault()
    this.#pulling = undefined
    this.#more = more
    this.range(since, to, items)
  }

  resync(): void {
    this.connected(true, false)
    this.#more = true
  }

  connected(fromZero: boolean, forget: boolean): void {
    this.#pulling = undefined
    this.#wanted = 0
    this.#more = false
    if (fromZero) this.applied = 0
    if (forget) this.#shown.clear()
  }

  /** The Sync that goes out now, if one does. */
  pull(): number | undefined {
    if (this.#pulling !== undefined || !(this.#more || this.#wanted > this.applied)) return undefined
    this.#pulling = this.applied
    this.#wantedByPull = this.#wanted
    this.#more = false
    return this.applied
  }
}

function live(client: PlainClient, step: RuleStep): void {
  if ('push' in step) client.range(step.push.from, step.push.to, step.push.items)
  else if ('notify' in step) client.notify(step.notify.version)
  else if ('accepted' in step) client.accepted(step.accepted.from, step.accepted.version, step.accepted.id)
  else if ('answer' in step) client.answer(step.answer.to, step.answer.more, step.answer.items)
  else if ('resync' in step) client.resync()
  else {
    const { resync = false, otherStore = false } = step.connected
    client.connected(resync || otherStore, otherStore)
  }
}

for (const vector of ruleVectors()) {
  t.test(vector.name, async t => {
    const client = new PlainClient(vector.applied)
    for (const [index, step] of vector.steps.entries()) {
      client.items = []
      client.shownNow = []
      if ('fault' in step.expect) {
        t.throws(() => live(client, step), { name: 'ServerFault' })
        return
      }
      live(client, step)
      const pull = client.pull()
      const { applied, items, shownNow: shown } = client
      t.same({ applied, items, shown, ...(pull === undefined ? {} : { pull }) }, step.expect, `step ${index + 1}`)
    }
  })
}
