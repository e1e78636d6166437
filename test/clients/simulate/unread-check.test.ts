/** What the auditors know of unread messages, and the phase that compares it with what a server answers. */
import t from 'tap'
import { Auditor } from '../../../clients/simulate/auditor.js'
import type { Person } from '../../../clients/simulate/crowd.js'
import { GroupAuditor } from '../../../clients/simulate/group-auditor.js'
import { Reading } from '../../../clients/simulate/reading.js'
import { Recalls } from '../../../clients/simulate/recalls.js'
import { UnreadCheck } from '../../../clients/simulate/unread-check.js'
import type { Client, SentMessage, UnreadCounts } from '../../../clients/typescript/index.js'
import { eventually } from '../../support/eventually.js'
import { ManualClock } from '../../support/manual-clock.js'

const ANN = 257
const BOB = 513
const GROUP = 'group:a'
const NONE: UnreadCounts = { unread: 0, mentions: 0, firstMention: 0, read: 0 }

/** A client that answers as this table says, and notes what is marked. */
class FakeClient {
  readonly account = { device: 1 }
  readonly answers: Record<string, UnreadCounts>
  readonly marked: (number | string)[] = []
  /** The own mark of the group, as the device was told. */
  read = 0
  asked = 0

  constructor(answers: Record<string, UnreadCounts>) {
    this.answers = answers
  }

  markRead(conversation: number | string): void {
    this.marked.push(conversation)
  }

  readonly conversations = {
    get: () => ({ read: this.read }),
    unread: async (conversation: number | string): Promise<UnreadCounts> => {
      this.asked++
      const counts = this.answers[conversation]
      if (counts === undefined) throw new Error('no connection')
      return counts
    },
  }
}

/** Ann and Bob are friends, and both in a group. Ann has written to Bob from two devices, and to the group. */
function world() {
  const clock = new ManualClock()
  const auditor = new Auditor()
  for (const uid of [ANN, BOB]) auditor.join(uid, 1)
  auditor.join(ANN, 2)
  for (const [device, sendSeq] of [
    [1, 1],
    [1, 2],
    [1, 4],
    [2, 1],
  ] as const) {
    auditor.sent(ANN, device, sendSeq, BOB)
    auditor.accepted(ANN, device, sendSeq)
  }
  const shown = (device: number, sendSeq: number) =>
    auditor.shown({ uid: BOB, device: 1 }, { sender: ANN, device, sendSeq })
  const groups = new GroupAuditor()
  for (const uid of [ANN, BOB]) groups.join(uid, 1)
  const viewer = { uid: BOB, device: 1 }
  groups.changed({ uid: ANN, device: 1 }, GROUP, 1, { act: 'created', by: ANN, uid: 0 })
  const say = (number: number, mentions: number[], sender = ANN) => {
    const message = { sender, device: 1, sendSeq: 10 + number }
    groups.sent(GROUP, message, number, mentions)
    groups.accepted(GROUP, message)
    groups.shown(viewer, GROUP, number, message, number)
  }
  const membership = (number: number, act: string) => groups.changed(viewer, GROUP, number, { act, by: BOB, uid: BOB })
  membership(2, 'joined')
  say(3, [BOB])
  membership(4, 'left')
  membership(5, 'joined')
  say(6, [])
  say(7, [0])
  say(8, [BOB], BOB)
  say(9, [BOB])
  say(10, [])
  const [ann, bob] = [new FakeClient({}), new FakeClient({})]
  ann.answers[BOB] = NONE
  ann.answers[GROUP] = { unread: 1, mentions: 0, firstMention: 0, read: 1 }
  bob.answers[ANN] = { ...NONE, unread: 4 }
  bob.answers[GROUP] = { unread: 4, mentions: 2, firstMention: 7, read: 5 }
  const people = [ann, bob].map((client, number) => ({
    number,
    uid: [ANN, BOB][number],
    devices: [{ client: client as unknown as Client }],
  })) as unknown as Person[]
  const circles = [{ members: people, conversation: GROUP }] as const
  const spec = { people, friends: [[1], [0]], circles, auditor, clock }
  const reading = new Reading(spec)
  const recalls = new Recalls(100, 'tag')
  const check = new UnreadCheck({ ...spec, groupAuditor: groups, reading, recalls })
  const run = async (): Promise<readonly string[]> => {
    let ended = false
    const running = check.run().then(() => {
      ended = true
    })
    await eventually(() => {
      clock.advance(1_000)
      return ended
    })
    await running
    return check.wrong
  }
  return { clock, auditor, shown, groups, say, ann, bob, reading, recalls, check, run }
}

t.test('what the messages say is right, and each conversation is asked for once', async t => {
  const { run, check, ann, bob } = world()
  t.same(await run(), [])
  t.equal(check.progress(), '4 of 4 unread counts are right')
  t.same([ann.asked, bob.asked], [2, 2])
})

t.test('each wrong number of an answer is caught', async t => {
  const faults: readonly (readonly [string | number, Partial<UnreadCounts>, RegExp])[] = [
    [ANN, { unread: 3 }, /^what is unread for 513 in the conversation with 257 has 3 \(unread\), not 4$/],
    [ANN, { unread: 5 }, /has 5 \(unread\), not 4$/],
    [ANN, { mentions: 1 }, /has 1 \(mentions\), not 0$/],
    // By subtraction of numbers, and with the messages of the first membership.
    [GROUP, { unread: 5 }, /with group:a has 5 \(unread\), not 4/],
    [GROUP, { mentions: 3 }, /has 3 \(mentions\), not 2$/],
    [GROUP, { firstMention: 3 }, /begins its mentions with 3, not 7$/],
    [GROUP, { read: 2 }, /has the mark 2, and its devices know 5$/],
  ]
  for (const [conversation, fault, sentence] of faults) {
    const { run, bob } = world()
    bob.answers[conversation] = { ...(bob.answers[conversation] ?? NONE), ...fault }
    const wrong = await run()
    t.equal(wrong.length, 1)
    t.match(wrong[0], sentence)
  }
})

t.test('what is on its way is waited for; who cannot be asked is told', async t => {
  const { check, clock, bob, reading, shown } = world()
  bob.answers[ANN] = { ...NONE, unread: 3 }
  const running = check.run()
  await eventually(() => bob.asked === 2)
  t.equal(check.wrong.length, 1)
  bob.answers[ANN] = { ...NONE, unread: 4 }
  await eventually(() => {
    clock.advance(100)
    return check.wrong.length === 0
  })
  await running
  t.same(reading.marksOf(BOB, ANN), new Map(), 'nothing was marked')
  t.equal(shown(1, 1), undefined)
  const other = world()
  delete other.bob.answers[ANN]
  t.match(await other.run(), [/^what is unread for 513 .* could not be asked for: no connection$/])
})

t.test('readers mark what was shown on their first device, some of them once', async t => {
  const { clock, reading, shown, ann, bob, run } = world()
  reading.begin()
  clock.advance(20)
  t.same([ann.marked, bob.marked], [[], [GROUP]], 'nothing came to Bob yet; every second person reads')
  shown(1, 1)
  shown(1, 2)
  shown(2, 1)
  clock.advance(20)
  t.same(bob.marked, [GROUP, ANN])
  shown(1, 4)
  clock.advance(100)
  t.same(bob.marked, [GROUP, ANN], 'he does it once')
  t.same(reading.marksOf(BOB, ANN), new Map([1, 2].map(device => [device, device === 1 ? 2 : 1])))
  reading.end()
  t.equal(clock.pending, 0)
  bob.answers[ANN] = { ...NONE, unread: 1 }
  bob.read = 7
  bob.answers[GROUP] = { unread: 2, mentions: 1, firstMention: 9, read: 7 }
  t.same(await run(), [])
})

t.test('what was taken back does not count; where the outcome is unknown both are right', async t => {
  const outcomes: readonly (readonly [() => Promise<void>, readonly number[]])[] = [
    [async () => {}, [3]],
    [() => Promise.reject(new Error('forgotten')), [3, 4]],
  ]
  for (const [recall, right] of outcomes) {
    for (const unread of [2, 3, 4, 5]) {
      const { recalls, bob, run } = world()
      const client = { state: () => ({ nextSendSeq: 1 }), messages: { recall } } as unknown as Client
      recalls.ask(client, { conversation: GROUP, number: 10, sender: ANN, device: 1 } as unknown as SentMessage, 0)
      bob.answers[GROUP] = { unread, mentions: 2, firstMention: 7, read: 5 }
      t.equal((await run()).length, right.includes(unread) ? 0 : 1, `${unread}`)
    }
  }
})

t.test('of a message that failed nobody knows whether it counts; more than a hundred are a hundred', async t => {
  const { auditor, bob, run } = world()
  auditor.failed(ANN, 1, 4)
  bob.answers[ANN] = { ...NONE, unread: 3 }
  t.same(await run(), [])
  const many = world()
  for (let sendSeq = 5; sendSeq < 205; sendSeq++) {
    many.auditor.sent(ANN, 1, sendSeq, BOB)
    many.auditor.accepted(ANN, 1, sendSeq)
    many.say(sendSeq + 10, [BOB])
  }
  many.bob.answers[ANN] = { ...NONE, unread: 100 }
  many.bob.answers[GROUP] = { unread: 100, mentions: 100, firstMention: 115, read: 5 }
  t.same(await many.run(), [])
})
