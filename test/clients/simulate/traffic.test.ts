/** The whole message phase against a switchboard in place of clients and servers, one that can be made to do wrong. */
import t from 'tap'
import { complaintsOf, judgementOf, type Outcome, reportOf } from '../../../clients/simulate/report.js'
import { numberedTexts } from '../../../clients/simulate/texts.js'
import { type Speaker, type Talker, Traffic } from '../../../clients/simulate/traffic.js'
import {
  directConversation,
  type Message,
  type MessageStateEvent,
  type SentMessage,
} from '../../../clients/typescript/index.js'
import { extraOf, UNCHANGED } from '../../../clients/typescript/rules/extras.js'
import { eventually } from '../../support/eventually.js'
import { ManualClock } from '../../support/manual-clock.js'

interface Letter {
  readonly sender: number
  readonly device: number
  readonly sendSeq: number
  readonly to: number
  readonly text: string
}

type Listener<T> = (event: T) => void

const named = (peer: number) => ({ conversation: directConversation(peer), peer })

/** Hands every letter to all devices that must show it, at the end of the turn. */
class Switchboard {
  readonly #devices: { uid: number; device: number; shows: Listener<Message>[] }[] = []
  /** What becomes of the letters to a device. */
  tamper: (letters: Letter[], uid: number, device: number) => Letter[] = letters => letters
  #sent: { letter: Letter; told: Listener<MessageStateEvent>[] }[] = []

  talker(uid: number, device: number): Talker {
    const entry = { uid, device, shows: [] as Listener<Message>[] }
    const told: Listener<MessageStateEvent>[] = []
    this.#devices.push(entry)
    let sendSeq = 10
    return {
      send: (to, text) => {
        const letter: Letter = { sender: uid, device, sendSeq: ++sendSeq, to, text }
        if (this.#sent.length === 0) setImmediate(() => this.#turn())
        this.#sent.push({ letter, told })
        return letter as unknown as SentMessage
      },
      on: (name: string, listener: unknown) => {
        if (name === 'message') entry.shows.push(listener as Listener<Message>)
        else told.push(listener as Listener<MessageStateEvent>)
        return () => {}
      },
    }
  }

  #turn(): void {
    const sent = this.#sent
    this.#sent = []
    for (const { letter, told } of sent) {
      const { device, sendSeq, to } = letter
      for (const tell of told) tell({ ...named(to), device, sendSeq, state: 'accepted', code: 0, reason: '' })
    }
    const letters = sent.map(({ letter }) => letter)
    for (const { uid, device, shows } of this.#devices) {
      const own = letters.filter(each => each.to === uid || (each.sender === uid && each.device !== device))
      for (const each of this.tamper(own, uid, device)) {
        const content = { kind: 'text', text: each.text } as const
        const message: Message = {
          ...each,
          ...named(each.sender),
          content,
          extra: extraOf(),
          changed: UNCHANGED,
          number: 0,
          change: undefined,
          atMs: 0,
          state: 'received',
          code: 0,
          reason: '',
        }
        for (const show of shows) show(message)
      }
    }
  }
}

/** A ring of people with two friends and two devices each. */
function trafficOf(board: Switchboard, clock: ManualClock, messages: number): Traffic {
  const users = 6
  const uidOf = (number: number): number => 256 * (number + 1)
  const speakers = Array.from({ length: users }, (_, number): Speaker => {
    const uid = uidOf(number)
    return {
      uid,
      friends: [uidOf((number + 1) % users), uidOf((number + users - 1) % users)],
      devices: [1, 2].map(device => ({ number: device, talker: board.talker(uid, device) })),
    }
  })
  return new Traffic({ speakers, messages, texts: numberedTexts(messages), spreadMs: 0, clock })
}

function outcomeOf(traffic: Traffic): Outcome {
  return {
    users: 6,
    friendships: 6,
    verdict: traffic.auditor.verdict(),
    groupVerdict: undefined,
    recalled: 0,
    recallLeaks: [],
    unreadWrong: [],
    boardVerdict: undefined,
    firstScreenWrong: [],
    seconds: 2,
    loginSeconds: 0.5,
    serverCpuMs: 60,
    seed: 7,
    store: 'lmdb',
    transport: 'tcp',
    kills: 0,
    failovers: undefined,
    lostBytes: undefined,
    nodes: 1,
    roles: '',
    onlineBy: new Map([['tcp', 2]]),
    switches: 0,
    failure: undefined,
    setbacks: 0,
    failures: traffic.failures,
  }
}

async function ends(traffic: Traffic, clock: ManualClock): Promise<void> {
  let ended = false
  const run = traffic.run().then(() => {
    ended = true
  })
  await eventually(() => {
    clock.advance(100)
    return ended
  })
  await run
}

t.test('everything is sent to everybody and shown on every device', async t => {
  const clock = new ManualClock()
  const traffic = trafficOf(new Switchboard(), clock, 100)
  await ends(traffic, clock)
  const outcome = outcomeOf(traffic)
  t.same(complaintsOf(outcome), [])
  t.equal(
    judgementOf(outcome),
    'Passed: 1200 messages were accepted, and nothing was lost, shown twice or out of order.',
  )
  t.same(reportOf(outcome), {
    users: 6,
    friendships: 6,
    sent: 1200,
    accepted: 1200,
    delivered: 1200,
    lost: 0,
    duplicated: 0,
    reordered: 0,
    group_sent: 0,
    group_delivered: 0,
    group_order_violations: 0,
    unentitled: 0,
    recalled: 0,
    recall_leaks: 0,
    unread_wrong: 0,
    posts: 0,
    posts_removed: 0,
    unconfirmed_wrong: 0,
    first_screen_wrong: 0,
    seconds: 2,
    login_seconds: 0.5,
    messages_per_second: 600,
    server_cpu_us_per_message: 50,
    seed: 7,
    store: 'lmdb',
    transport: 'tcp',
    online_by: { tcp: 2 },
    switches: 0,
    kills: 0,
    failovers: null,
    writes_lost_by_redis: null,
    nodes: 1,
    roles: null,
  })
})

t.test('both devices of a person write to each friend', async t => {
  const clock = new ManualClock()
  const board = new Switchboard()
  const heard = new Set<string>()
  board.tamper = (letters, uid) => {
    for (const { sender, device, to } of letters) if (to === uid) heard.add(`${sender}/${device} to ${to}`)
    return letters
  }
  await ends(trafficOf(board, clock, 2), clock)
  t.equal(heard.size, 6 * 2 * 2)
})

t.test('one message that one device never shows is a loss, and the run does not pass', async t => {
  const clock = new ManualClock()
  const board = new Switchboard()
  board.tamper = (letters, uid, device) =>
    uid === 512 && device === 2 ? letters.filter(each => each.sendSeq !== 12) : letters
  const traffic = trafficOf(board, clock, 4)
  void traffic.run()
  // Two senders' messages 12 go to everybody: those of its two friends, and that of its own other device.
  await eventually(() => traffic.auditor.acceptedCount === 48 && traffic.steps === 48 + 48 * 3 - 3)
  const outcome = outcomeOf(traffic)
  const report = reportOf(outcome)
  t.equal(report.lost, 3)
  t.equal(report.delivered, 46, 'the third one is missing only on the sender’s own other device')
  t.match(complaintsOf(outcome), ['3 messages were lost, of 48 accepted', /was accepted and is missing$/])
  t.equal(judgementOf(outcome), 'NOT passed: of 48 accepted messages, 3 did not come to all who must have them.')
})

t.test('a message shown twice, late or altered is told', async t => {
  for (const [tamper, complaint] of [
    [(letters: Letter[]) => letters.concat(letters.slice(0, 1)), /messages were shown twice$/],
    [(letters: Letter[]) => letters.toReversed(), /messages were shown out of order$/],
  ] as const) {
    const clock = new ManualClock()
    const board = new Switchboard()
    board.tamper = tamper
    const traffic = trafficOf(board, clock, 4)
    await ends(traffic, clock)
    t.match(complaintsOf(outcomeOf(traffic))[0], complaint)
  }
  const clock = new ManualClock()
  const board = new Switchboard()
  board.tamper = letters => letters.map(each => (each.sendSeq === 11 ? { ...each, text: 'other' } : each))
  const traffic = trafficOf(board, clock, 4)
  void traffic.run()
  await eventually(() => traffic.steps === 48 + 48 * 3)
  t.match(complaintsOf(outcomeOf(traffic)), [/messages were lost/, /messages were shown with another text$/])
})

t.test('a failure, refusals and missing answers are told, and nothing sent is no success', async t => {
  const clock = new ManualClock()
  const traffic = trafficOf(new Switchboard(), clock, 1)
  await ends(traffic, clock)
  const failed = {
    ...outcomeOf(traffic),
    failure: 'the server ended by itself',
    failures: new Map([['NOT_FRIEND', 2]]),
  }
  t.same(complaintsOf(failed), ['the server ended by itself', '2 messages were not taken: NOT_FRIEND'])
  t.same(complaintsOf({ ...failed, failure: undefined, failures: new Map(), setbacks: 1 }), [
    '1 times the server had forgotten what it had told a client',
  ])
  t.same(complaintsOf({ ...failed, failure: undefined, verdict: undefined }), ['no message was sent'])
  t.equal(judgementOf(failed), 'NOT passed: the server ended by itself.')
  t.match(reportOf({ ...failed, verdict: undefined, seconds: 0 }), { sent: 0, messages_per_second: 0 })
})
