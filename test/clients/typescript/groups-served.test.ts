/** Groups between clients and a real server. */
import t, { type Test } from 'tap'
import type { Client, Message } from '../../../clients/typescript/index.js'
import { eventually } from '../../support/eventually.js'
import { servedClients } from '../../support/served-clients.js'

const OPEN = { join: 'code', adminsInvite: false, adminsWrite: false, history: 4 } as const

/** The history of a group as a client has it, without what failed. */
async function linesOf(t: Test, client: Client, group: Message['conversation']): Promise<string[]> {
  const { messages } = await client.history(group)
  const placed = messages.filter(each => each.state !== 'failed')
  const numbers = placed.map(each => each.number)
  t.same(
    numbers,
    numbers.toSorted((x, y) => x - y),
  )
  return placed.map(({ number, text, change }) => `${number} ${change?.act ?? text}`)
}

t.test('a group is made, joined in all ways, talked in, led by another and ended', async t => {
  const enter = await servedClients(t)
  const [ann, bob, dora] = [await enter('ann'), await enter('bob'), await enter('dora')]
  const group = await ann.groups.create('Friends', [bob.account.uid])
  // No wait: what is written behind an act goes when the group has said yes.
  const first = ann.send(group, 'first')
  await eventually(() => bob.groups.group(group)?.state === 'invited')
  await bob.groups.accept(group)
  const second = bob.send(group, 'second')
  await eventually(() => first.number > 0 && second.number > first.number)

  await ann.groups.setRules(group, OPEN, { newCode: true })
  await eventually(() => ann.groups.group(group)?.rules.join === 'code')
  const { code, owner, members } = await ann.groups.get(group)
  t.same([owner, members], [ann.account.uid, 2])
  const failed: string[] = []
  dora.on('groupFailed', ({ act, reason }) => failed.push(`${act} ${reason}`))
  await dora.groups.join(group, 'wrong')
  await eventually(() => failed.length > 0)
  t.same(failed, ['join WRONG_CODE'])
  await dora.groups.join(group, code)
  const third = dora.send(group, 'third')
  await eventually(() => third.number > 0)
  const earlier = await dora.groups.earlier(group, { limit: 3 })
  const before = await dora.groups.earlier(group, { before: earlier.before ?? 0 })
  t.same(
    [...before.messages, ...earlier.messages].map(each => each.change?.act ?? each.text),
    ['first', 'joined', 'second', 'rulesSet'],
  )
  t.equal(before.before, undefined)
  const page = await dora.groups.members(group)
  t.same(
    new Set(page.members.map(each => `${each.account} ${each.role}`)),
    new Set(['ann owner', 'bob member', 'dora member']),
  )

  await ann.groups.mute(group, bob.account.uid)
  await eventually(() => bob.groups.group(group)?.muted === true)
  const muted = bob.send(group, 'muted')
  await eventually(() => muted.state === 'failed')
  t.equal(muted.reason, 'MUTED')
  await ann.groups.remove(group, bob.account.uid)
  await ann.groups.setRole(group, dora.account.uid, 'owner')
  await eventually(() => dora.groups.group(group)?.role === 'owner')
  await dora.groups.dissolve(group)
  await eventually(() => [ann, bob, dora].every(each => each.groups.list().length === 0))

  const whole = await linesOf(t, ann, group)
  t.same(
    whole.map(each => each.split(' ')[1]),
    'created first joined second rulesSet joined third muted removed roleSet roleSet dissolved'.split(' '),
  )
  const from = (start: string): number => whole.findIndex(each => each.endsWith(start))
  t.same(await linesOf(t, bob, group), whole.slice(from('joined'), from('removed') + 1))
  t.same(await linesOf(t, dora, group), whole.slice(from('third') - 1))
})
