/** Rooms between clients and a real server. */
import t from 'tap'
import { LongwireError, type Room } from '../../../clients/typescript/index.js'
import { rejectionOf } from '../../support/client-harness.js'
import { eventually } from '../../support/eventually.js'
import { servedClients } from '../../support/served-clients.js'

t.test('a board is made, listened to, posted on, read, confirmed and closed', async t => {
  const enter = await servedClients(t)
  const [ann, bob, tablet] = [await enter('ann'), await enter('bob'), await enter('bob')]
  const told = new Map<string, Room>()
  for (const [name, client] of Object.entries({ ann, bob, tablet })) client.on('room', room => told.set(name, room))
  const rules = { allPublish: false, codeNeeded: true }
  const room = await ann.rooms.create('News', 'board', rules)
  await eventually(() => told.get('ann')?.state === 'listening')
  t.match(told.get('ann'), { conversation: room, role: 'owner', kind: 'board' })
  const { code, ...profile } = await ann.rooms.get(room)
  t.match(profile, { title: 'News', kind: 'board', rules, owner: ann.account.uid, listeners: 1, closed: false })

  const failed: string[] = []
  bob.on('roomFailed', ({ conversation, reason }) => failed.push(`${conversation} ${reason}`))
  await bob.rooms.subscribe(room, 'a guess')
  await eventually(() => failed.length === 1)
  t.same(failed, [`${room} WRONG_CODE`])
  await bob.rooms.subscribe(room, code)
  await eventually(() => told.get('bob')?.state === 'listening')
  for (const text of ['one', 'two', 'three']) await ann.rooms.post(room, text)
  t.match(await tablet.rooms.list(), [{ conversation: room, title: 'News', head: 3, confirmed: 0, unconfirmed: 3 }])
  await ann.rooms.remove(room, 2)
  const { posts, more, head } = await bob.rooms.posts(room)
  t.match([more, head], [false, 3])
  t.match(posts, [
    { number: 1, text: 'one', sender: ann.account.uid, conversation: room },
    { number: 2, text: '', changed: { recalledBy: ann.account.uid } },
    { number: 3, text: 'three' },
  ])
  t.same(
    (await bob.rooms.posts(room, { before: 3, limit: 1 })).posts.map(each => each.number),
    [2],
  )
  await bob.rooms.confirm(room, 1)
  await eventually(() => told.get('tablet')?.confirmed === 1)
  t.match(await tablet.rooms.list(), [{ confirmed: 1, unconfirmed: 1 }])

  await bob.rooms.post(room, 'may I?')
  await eventually(() => failed.length === 2)
  await ann.rooms.setRole(room, bob.account.uid, 'publisher')
  await eventually(() => told.get('bob')?.role === 'publisher')
  await bob.rooms.post(room, 'I may')
  t.match(await ann.rooms.list(), [{ head: 4, unconfirmed: 1 }])
  await ann.rooms.set(room, 'Old news', { ...rules, codeNeeded: false })
  await ann.rooms.close(room)
  await eventually(() => told.get('ann')?.role === 'listener')
  t.match(await bob.rooms.list(), [{ title: 'Old news', closed: true }])
  await bob.rooms.unsubscribe(room)
  await eventually(() => told.get('tablet')?.state === 'none')
  t.same(await bob.rooms.list(), [])
})

t.test('what is published in a realtime room comes to who looks, and to nobody else', async t => {
  const enter = await servedClients(t)
  const [ann, bob, dora] = [await enter('ann'), await enter('bob'), await enter('dora')]
  const room = await ann.rooms.create('Scores', 'realtime', { allPublish: true, codeNeeded: false })
  const heard: string[] = []
  for (const [name, client] of Object.entries({ ann, bob, dora })) {
    client.on('roomSignal', ({ uid, payload }) => heard.push(`${name} ${uid} ${payload.join()}`))
  }
  t.equal(await rejectionOf(dora.presence.watch([room])), 'NO_SUCH_ROOM')
  const listens = new Promise<void>(resolve => bob.on('room', ({ state }) => state === 'listening' && resolve()))
  await bob.rooms.subscribe(room)
  await listens
  await bob.presence.watch([room])
  await ann.rooms.publish(room, new Uint8Array([1, 2, 3]))
  await eventually(() => heard.length > 0)
  t.same(heard, [`bob ${ann.account.uid} 1,2,3`])
  t.equal(await rejectionOf(dora.rooms.publish(room, new Uint8Array(1))), 'NO_SUCH_ROOM')
  await t.rejects(ann.rooms.publish(room, new Uint8Array(4_097)), LongwireError)
  await t.rejects(ann.rooms.publish(room, new Uint8Array(0)), LongwireError)
  t.equal(heard.length, 1)
})
