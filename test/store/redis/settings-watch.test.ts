/** Settings of Redis that change while nodes run, at primaries that answer as the test says. */

import t from 'tap'
import type { Reply } from '../../../src/store/redis/link.js'
import { assertServer } from '../../../src/store/redis/server-facts.js'
import { SETTINGS_LOOK_MS, SettingsWatch } from '../../../src/store/redis/settings-watch.js'
import type { Primary, Topology } from '../../../src/store/redis/topology.js'
import { eventually } from '../../support/eventually.js'
import { ManualClock } from '../../support/manual-clock.js'

class FakePrimary {
  readonly host: string
  policy = 'noeviction'
  appendfsync = 'always'
  answers = true
  looks = 0

  constructor(host: string) {
    this.host = host
  }

  readonly control = {
    ask: async (): Promise<readonly Reply[]> => {
      this.looks++
      if (!this.answers) throw new Error('no answer')
      const memory = `maxmemory_policy:${this.policy}\r\n`
      const values = ['redis_version:7.0.15\r\n', '', memory, ['appendonly', 'yes'], ['appendfsync', this.appendfsync]]
      return values.map(value => ({ value }))
    },
  }
}

t.test(
  'settings that get worse are told once, and so is their mending; who does not answer changes nothing',
  async t => {
    const clock = new ManualClock()
    const [one, other] = [new FakePrimary('one'), new FakePrimary('other')]
    const warned: string[] = []
    const watch = new SettingsWatch({
      topology: { primaries: [one, other] as unknown as readonly Primary[] } as Topology,
      clock,
      check: (host, facts) => assertServer(host, facts, true),
      onWarning: text => warned.push(text),
    })
    const look = async (): Promise<void> => {
      const before = one.looks
      await eventually(() => {
        if (one.looks === before) clock.advance(SETTINGS_LOOK_MS)
        return one.looks > before
      })
      for (let i = 0; i < 10; i++) await Promise.resolve()
    }
    await look()
    t.equal(watch.fault, undefined)
    other.policy = 'allkeys-lru'
    await look()
    await look()
    t.match(watch.fault, 'Redis at other removes data')
    other.answers = false
    await look()
    t.match(watch.fault, 'Redis at other removes data')
    other.answers = true
    other.policy = 'noeviction'
    await look()
    t.equal(watch.fault, undefined)
    one.appendfsync = 'everysec'
    await look()
    t.match(watch.fault, 'appendfsync everysec')
    t.match(warned, [/other removes data.* Nothing new is taken$/, /must be again/, /everysec/])
    t.equal(warned.length, 3)
    watch.close()
    const { looks } = one
    clock.advance(10 * SETTINGS_LOOK_MS)
    t.equal(one.looks, looks)
  },
)
