/** A bad day of what two nodes run on: one person writes at the first, another reads at the second, and nothing may be missing. */

import { setTimeout as pause } from 'node:timers/promises'
import type { Test } from 'tap'
import { CliProcess } from '../../support/cli-process.js'
import { eventually } from '../../support/eventually.js'
import { befriend, Person } from '../../support/person.js'

/** The time after a bad day within which everything has arrived. */
export const RETURN_MS_MAX = 30_000

export interface Day {
  readonly nodes: readonly CliProcess[]
  /** Whether the one who writes has had an answer to everything. */
  readonly isQuiet: () => boolean
  /** What was shown to the one who reads. */
  readonly shown: () => readonly string[]
}

/** @param url of Redis, for both nodes */
export async function throughBadDay(t: Test, url: string, day: (day: Day) => Promise<void>): Promise<void> {
  const serve = () => CliProcess.serve('--redis', url, '--limits', 'open', '--drain-ms', '200')
  const [one, other] = [await serve(), await serve()]
  const alice = await Person.online(one.ready.port, 'alice')
  const bob = await Person.online(other.ready.port, 'bob')
  await befriend(alice, bob)
  const sent: string[] = []
  let isOver = false
  const writing = (async (): Promise<void> => {
    while (!isOver) {
      // As many as may wait without an answer, and no more: the rest of the day is not for the send queue.
      if (alice.client.state().sendQueue.length < 32) {
        sent.push(`message ${sent.length}`)
        alice.client.send(bob.uid, sent.at(-1) ?? '')
      }
      await pause(20)
    }
  })()
  const shown = (): string[] => bob.shown.map(({ text }) => text)
  const isQuiet = (): boolean => alice.client.state().sendQueue.length === 0
  await eventually(() => shown().length > 10)
  await day({ nodes: [one.server, other.server], isQuiet, shown })
  const before = shown().length
  await eventually(() => shown().length > before + 10, RETURN_MS_MAX)
  isOver = true
  await writing
  await eventually(() => isQuiet() && shown().length >= sent.length, RETURN_MS_MAX)
  t.same(shown(), sent)
  t.same(
    [one, other].map(({ server }) => server.child.exitCode),
    [null, null],
  )
  await Promise.all([alice.leave(), bob.leave()])
}
