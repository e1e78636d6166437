/**
 * Two phones behind a slow link, as a process of its own in their namespace: `phones.js longwire|longwire-silent|mqtt PORT FOLDER`.
 * It says "ready" when both are connected. For each Talk that it is told it sends the messages, and answers what came of them.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { LongwirePhones } from './longwire-phones.js'
import { MqttPhones } from './mqtt-phones.js'
import { SERVER_ADDRESS } from './namespaces.js'
import type { Phones, Talk, Talked } from './talk.js'

/** The least time after the last message in which what belongs to it still comes. */
const REST_MS_MIN = 3_000

/** Packets were lost several times over. */
const LATE_WAIT_MS = 100
const LATE_WAITS_MAX = 300

const [kind, port, folder = ''] = process.argv.slice(2)
const server = { host: SERVER_ADDRESS, port: Number(port) }
const phones: Phones =
  kind === 'mqtt'
    ? await MqttPhones.open(server)
    : await LongwirePhones.open(server, folder, kind !== 'longwire-silent')

process.on('message', (talk: Talk) => {
  void run(talk).then(talked => process.send?.(talked))
})
process.on('disconnect', () => process.exit())
process.send?.('ready')

async function run({ messages, intervalMs, takesTurns }: Talk): Promise<Talked> {
  const sentMs: number[] = []
  const arrivals: number[] = []
  const receipts: number[] = []
  const since = (sent: number | undefined): number => (sent === undefined ? Number.NaN : performance.now() - sent)
  // Messages come in order, so the n-th arrival is that of the n-th message. In turns the numbers of both are counted together.
  phones.arrived = () => arrivals.push(since(sentMs[arrivals.length]))
  phones.confirmed = () => receipts.push(since(sentMs[receipts.length]))
  for (let i = 0; i < messages; i++) {
    sentMs.push(performance.now())
    phones.send(takesTurns && i % 2 === 1 ? 1 : 0)
    await sleep(intervalMs)
  }
  await sleep(Math.max(0, REST_MS_MIN - intervalMs))
  for (let waits = 0; arrivals.length < messages && waits < LATE_WAITS_MAX; waits++) await sleep(LATE_WAIT_MS)
  return { arrivals, receipts }
}
