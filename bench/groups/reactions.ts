/**
 * Reactions to one message of a group whose members are all connected, on lmdb: each member reacts once, one after the other, for some
 * seconds. What is counted is how often each member is told, until it knows them all.
 */

import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createMessageId, createReactRequest } from '../../protocol/generated/messages.js'
import { METHODS } from '../../protocol/methods.js'
import { present } from '../../src/lib/assert.js'
import { rested } from '../arena.js'
import { type ServerProcess, startLongwire } from '../children.js'
import type { CostContext } from '../cluster/cost.js'
import { type FigureRow, figureRow } from '../figure-row.js'
import { TEXT } from '../messages.js'
import { cpuMsOf } from '../process-probe.js'
import { medians } from '../statistics.js'
import { until } from '../until.js'
import { type Crowd, openCrowd } from './crowd.js'

/** The most items that a member may get of 500 reactions in ten seconds: one a second, the first, and the last. */
const ITEMS_MAX = 12
const KINDS = ['👍', '❤️', '😂', '😮', '😢', '🎉'] as const

interface Figures {
  /** The items of the member who got most. */
  readonly items: number
  readonly cpu_us: number
}

export async function measureReactions({ folder, preset, settle, say }: CostContext): Promise<FigureRow[]> {
  const { crowd: size, reactions: count, reactionsMs, rounds } = preset
  say(`(groups) ${size} members connect, to react`)
  const node = await startLongwire(join(folder, 'reactions'))
  const crowd = await openCrowd([node.port], size, TEXT)
  settle([node])
  const found: Figures[] = []
  for (let round = 0; round <= rounds; round++) {
    say(`(groups) ${count} reactions, round ${round} of ${rounds}`)
    await rested([node.pid])
    const figures = await reactedTo(node, crowd, { count, withinMs: reactionsMs })
    if (round > 0) found.push(figures) // the first compiles
  }
  crowd.close()
  await node.stop()
  const { items, cpu_us } = medians(found as never[]) as Figures
  const what = `${count} reactions in ${reactionsMs / 1_000} s to a message of ${size} members`
  return [
    figureRow({ what: `items that a member gets of ${what}`, value: items, unit: '', aim: { atMost: ITEMS_MAX } }),
    figureRow({ what: `CPU of each of ${what}`, value: cpu_us, unit: 'µs' }),
  ]
}

async function reactedTo(
  { pid }: ServerProcess,
  { conversation, members, pairs }: Crowd,
  { count, withinMs }: { readonly count: number; readonly withinMs: number },
): Promise<Figures> {
  // The other of a pair would go on with direct messages when its message is accepted.
  const author = present(pairs[0], 'a pair').receiver
  const told = new Map(members.map(member => [member, { number: 0, items: 0, known: 0 }]))
  for (const [member, state] of told) {
    member.onItem = content => {
      if (content.case === 'conversationMessage') state.number = content.value.number
      else if (content.case === 'changed' && content.value.message?.case === 'conversation') {
        const { number, state: changed } = content.value.message.value
        if (number !== state.number) throw new Error(`number ${number} was changed, not ${state.number}`)
        state.items++
        state.known = (changed?.reactions ?? []).reduce((sum, each) => sum + each.count, 0)
      }
    }
  }
  const all = (is: (state: { number: number; known: number }) => boolean) => [...told.values()].every(is)
  author.client.write(author.nextPost(conversation, TEXT))
  await until('the message', () => all(({ number }) => number > 0))
  const message = createMessageId({ number: told.get(author)?.number ?? 0 })
  const [cpuMs, beginMs] = [cpuMsOf(pid), performance.now()]
  const answers: Promise<unknown>[] = []
  for (let i = 0; i < count; i++) {
    await sleep(Math.max(0, beginMs + (i * withinMs) / count - performance.now()))
    const member = present(members[i % members.length], 'a member')
    // Who reacts again does so in another way.
    const kind = present(KINDS[(i + Math.floor(i / members.length)) % KINDS.length], 'a kind')
    const request = createReactRequest({ sendSeq: member.nextNumber(), conversation, message, kind })
    answers.push(member.client.request(METHODS.react, request))
  }
  await Promise.all(answers)
  await until('the last state', () => all(({ known }) => known === count))
  return {
    items: Math.max(...[...told.values()].map(({ items }) => items)),
    cpu_us: ((cpuMsOf(pid) - cpuMs) * 1_000) / count,
  }
}
