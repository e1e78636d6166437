/** A node on a store in memory, with a person who is a friend of all others, for tests of what is shown of conversations. */
import { createPostRequest } from '../../protocol/generated/messages.js'
import { METHODS } from '../../protocol/methods.js'
import { Limits } from '../../src/ops/rate-limits.js'
import { LIMIT_NAMES } from '../../src/ops/rate-limits-table.js'
import type { MemoryStore } from '../../src/store/memory/store.js'
import { befriend, startNode, TestDevice } from './engine.js'
import { eventually } from './eventually.js'
import { JumpingClock } from './jumping-clock.js'

/**
 * @param names of the people; the first one is the friend of all others
 * @param walks the walks through timelines that a person has in the hour; all other limits are off. Absent: this one, too
 */
export async function conversationWorld(store: MemoryStore, names: readonly string[], walks?: number) {
  const clock = new JumpingClock()
  const off = Object.fromEntries(LIMIT_NAMES.map(name => [name, null]))
  const limited =
    walks === undefined ? off : { ...off, 'timeline-walks': { amount: 1, unit: 'h' as const, burst: walks } }
  const node = await startNode(store, clock, 'node', { limits: new Limits(clock, limited) })
  const people = await Promise.all(names.map((name, key) => new TestDevice(node).enter(name, key + 1)))
  const [ann, ...others] = people as [TestDevice, ...TestDevice[]]
  for (const other of others) await befriend(ann, other)
  /** Waits until all that was asked for is done everywhere. */
  const quiet = () => eventually(() => node.engine.queueDepth + node.engine.outboxDepth === 0)
  await quiet()
  const say = async (from: TestDevice, to: TestDevice, ...texts: string[]) => {
    for (const text of texts) await from.send(to.uid, text)
    await quiet()
  }
  /** Makes a group of the first three. */
  const group = async (title = 'we') => {
    const invitees = others.slice(0, 2).map(({ uid }) => ({ uid }))
    const { body } = await ann.call(METHODS.groupCreate, { sendSeq: ann.next(), title, invitees })
    await quiet()
    return METHODS.groupCreate.decodeResponse(body).conversation
  }
  const post = async (from: TestDevice, conversation: string, text: string, more: object = {}) => {
    await from.call(METHODS.post, createPostRequest({ sendSeq: from.next(), conversation, text, ...more }))
    await quiet()
  }
  return { clock, node, ann, others, quiet, say, group, post }
}
