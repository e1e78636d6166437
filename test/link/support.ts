/** Access and logic nodes that are linked in memory, on a clock that the test moves. */

import { seededRandom } from '../../src/lib/random.js'
import type { LinkPipe } from '../../src/link/frame-link.js'
import { LinkServer } from '../../src/link/link-server.js'
import type { DialCallbacks, LinkDialer } from '../../src/link/logic-link.js'
import { LogicLinks } from '../../src/link/logic-links.js'
import { LoopPipe } from '../../src/link/loop.js'
import type { Log } from '../../src/ops/log.js'
import { silentLog } from '../../src/ops/log.js'
import { FakeServices } from '../support/fake-services.js'
import { ManualClock } from '../support/manual-clock.js'

export const SECRET = Buffer.from('a secret of the cluster')

/** A log whose lines the test reads. */
export function keptLog(): { readonly log: Log; readonly lines: string[] } {
  const lines: string[] = []
  const keep = (fields: object, text: string): void => {
    lines.push(`${text} ${JSON.stringify(fields)}`)
  }
  return { log: { ...silentLog, info: keep, warn: keep, error: keep }, lines }
}

export class LinkRig {
  readonly clock = new ManualClock()
  readonly access: LogicLinks
  readonly logics = new Map<string, Logic>()
  readonly kept = keptLog()
  /** What the logic nodes sent on the node bus. */
  readonly events: Uint8Array[] = []
  opened = 0
  readonly #deferred: (() => void)[] = []

  constructor(secret: Uint8Array = SECRET) {
    this.access = new LogicLinks({
      name: 'access',
      secret,
      clock: this.clock,
      random: seededRandom('access'),
      log: this.kept.log,
      dialer: this.dialer,
      receive: message => this.events.push(message),
      onOpen: () => {
        this.opened += 1
      },
    })
  }

  readonly defer = (run: () => void): void => {
    this.#deferred.push(run)
  }

  /** Runs what is to run at the end of this turn and of those that follow. */
  settle(): void {
    for (let run = this.#deferred.shift(); run !== undefined; run = this.#deferred.shift()) run()
  }

  /** Lets time pass, in steps that beats keep up with. */
  pass(ms: number): void {
    for (let left = ms; left > 0; left -= 50) {
      this.clock.advance(Math.min(50, left))
      this.settle()
    }
  }

  /** Starts a logic node, in place of one of the same address. */
  start(address: string, secret: Uint8Array = SECRET, name = `${address}.${this.logics.size}`): Logic {
    const logic = new Logic(this, name, secret)
    this.logics.set(address, logic)
    return logic
  }

  /** Links with these nodes, which are started already. */
  link(...addresses: string[]): void {
    this.access.setAddresses(addresses)
    this.pass(1_500)
  }

  readonly dialer: LinkDialer = {
    dial: (address: string, callbacks: DialCallbacks) => {
      let isGivenUp = false
      this.defer(() => {
        if (isGivenUp) return
        const logic = this.logics.get(address)
        if (logic === undefined || logic.isDead) callbacks.failed('nobody listens')
        else this.#connect(logic, callbacks)
      })
      return () => {
        isGivenUp = true
      }
    },
  }

  #connect(logic: Logic, { connected }: DialCallbacks): void {
    const [one, other] = LoopPipe.pair(this.defer)
    logic.pipes.push(other)
    const user = logic.server.accept(other, '10.0.0.7')
    // A node that is stopped hears and says nothing, and closes nothing.
    other.attach({
      receive: bytes => (logic.isStopped ? undefined : user?.receive(bytes)),
      closed: () => user?.closed(),
    })
    const client = connected(one)
    one.attach({
      receive: bytes => (logic.isStopped ? undefined : client.receive(bytes)),
      closed: () => client.closed(),
    })
  }
}

export class Logic {
  readonly name: string
  readonly services = new FakeServices()
  readonly server: LinkServer
  readonly kept = keptLog()
  /** What the access node sent on the node bus. */
  readonly events: Uint8Array[] = []
  readonly pipes: LinkPipe[] = []
  isDead = false
  isStopped = false

  constructor(rig: LinkRig, name: string, secret: Uint8Array) {
    this.name = name
    this.server = new LinkServer({
      name,
      secret,
      clock: rig.clock,
      random: seededRandom(name),
      log: this.kept.log,
      receive: message => this.events.push(message),
    })
    this.server.serve(this.services)
  }

  /** Its process is killed. */
  kill(): void {
    this.isDead = true
    for (const pipe of this.pipes) pipe.destroy()
  }
}
