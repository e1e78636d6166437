/** The result of a run: the one line of JSON on standard output, and whether all is well. */

import type { Verdict } from './auditor.js'
import type { BoardVerdict } from './board-auditor.js'
import type { GroupVerdict } from './group-auditor.js'
import { isLimit, WIDER_LIMITS } from './limited.js'

const EXAMPLES_MAX = 20

export interface Report {
  readonly users: number
  readonly friendships: number
  readonly sent: number
  readonly accepted: number
  /** The messages shown on every device of their recipient, each counted once. */
  readonly delivered: number
  /**
   * The messages accepted, and not shown on every device that must show them: the recipient's, and the sender's other ones; with the
   * messages and changes of groups that a member's device lacks, and the posts of boards that a listener did not get.
   */
  readonly lost: number
  readonly duplicated: number
  readonly reordered: number
  /** The messages that were sent to groups. */
  readonly group_sent: number
  /** Those of them that every device has which must have them. */
  readonly group_delivered: number
  /** The items of groups that were shown out of order, or whose order is not the same for all, or not that of sending. */
  readonly group_order_violations: number
  /** The items of groups that were shown to users who were no members then. */
  readonly unentitled: number
  /** The messages to groups that their authors took back. */
  readonly recalled: number
  /** The places where the text of one of them is left: devices, pages of timelines, the store. */
  readonly recall_leaks: number
  /** The conversations of which the server counts something else as unread than the auditor, among those that were asked for. */
  readonly unread_wrong: number
  /** The posts to boards that were accepted, and those of them that were removed. */
  readonly posts: number
  readonly posts_removed: number
  /** The times that a list of rooms counted something else as unconfirmed on a board than its posts say. */
  readonly unconfirmed_wrong: number
  /** The new devices that began with a first screen and show something else in the end than a device that was told everything. */
  readonly first_screen_wrong: number
  /** The time from the first send to the last verified delivery. */
  readonly seconds: number
  /** The time from the first connection until everybody was online. */
  readonly login_seconds: number
  readonly messages_per_second: number
  /**
   * User and system time of the server while messages were sent, over the messages accepted: all threads and incarnations. null: the server
   * is on another machine, or not ours.
   */
  readonly server_cpu_us_per_message: number | null
  readonly seed: number
  /** null: that of the server that was named. */
  readonly store: string | null
  readonly transport: string
  /** The number of times that a device came online, by transport. */
  readonly online_by: Readonly<Record<string, number>>
  /** Times that a device came online by another transport than before. */
  readonly switches: number
  readonly kills: number
  /** Replicas of Redis that were promoted; null: there is no Redis. */
  readonly failovers: number | null
  /** The bytes of writes that those lacked, as far as was seen. None of them was acknowledged, unless --redis-replicas is 0. */
  readonly writes_lost_by_redis: number | null
  /** The servers; null: one was named. */
  readonly nodes: number | null
  /** The counts of access and logic nodes, as 2+2; null: each server is both. */
  readonly roles: string | null
}

export interface Outcome {
  readonly users: number
  readonly friendships: number
  /** The verdict on the messages; undefined if none was sent. */
  readonly verdict: Verdict | undefined
  /** The verdict on the groups; undefined if there was none. */
  readonly groupVerdict: GroupVerdict | undefined
  /** The messages that were taken back. */
  readonly recalled: number
  /** The places where some of their texts are left, as sentences. */
  readonly recallLeaks: readonly string[]
  /** The unread counts that are wrong, as sentences. */
  readonly unreadWrong: readonly string[]
  /** The verdict on the boards; undefined if there was none. */
  readonly boardVerdict: BoardVerdict | undefined
  /** What is wrong with devices that began with a first screen, as sentences. */
  readonly firstScreenWrong: readonly string[]
  readonly seconds: number
  readonly loginSeconds: number
  /** The server's CPU time in the message phase. */
  readonly serverCpuMs: number | undefined
  readonly seed: number
  readonly store: string | undefined
  readonly transport: string
  readonly onlineBy: ReadonlyMap<string, number>
  readonly switches: number
  readonly kills: number
  readonly failovers: number | undefined
  readonly lostBytes: number | undefined
  readonly nodes: number | undefined
  readonly roles: string | undefined
  /** The reason that ended the run early. */
  readonly failure: string | undefined
  /** Times that a client had to begin its timeline anew, or was told that messages are gone. */
  readonly setbacks: number
  /** The number of failed messages by reason. */
  readonly failures: ReadonlyMap<string, number>
}

export function reportOf(outcome: Outcome): Report {
  const { verdict, groupVerdict: groups, boardVerdict: boards, seconds, serverCpuMs } = outcome
  const { sent = 0, accepted = 0, delivered = 0, lost = 0, duplicated = 0, reordered = 0 } = verdict ?? {}
  const all = accepted + (groups?.accepted ?? 0) + (boards?.accepted ?? 0)
  const cpu = serverCpuMs === undefined || all === 0 ? null : rounded((serverCpuMs * 1000) / all, 1)
  return {
    users: outcome.users,
    friendships: outcome.friendships,
    sent,
    accepted,
    delivered,
    lost: lost + (groups?.lost ?? 0) + (boards?.lost ?? 0),
    duplicated: duplicated + (groups?.duplicated ?? 0) + (boards?.duplicated ?? 0),
    reordered: reordered + (boards?.orderViolations ?? 0),
    group_sent: groups?.sent ?? 0,
    group_delivered: groups?.delivered ?? 0,
    group_order_violations: groups?.orderViolations ?? 0,
    unentitled: groups?.unentitled ?? 0,
    recalled: outcome.recalled,
    recall_leaks: outcome.recallLeaks.length,
    unread_wrong: outcome.unreadWrong.length,
    posts: boards?.accepted ?? 0,
    posts_removed: boards?.removed ?? 0,
    unconfirmed_wrong: boards?.unconfirmedWrong.length ?? 0,
    first_screen_wrong: outcome.firstScreenWrong.length,
    seconds: rounded(seconds, 3),
    login_seconds: rounded(outcome.loginSeconds, 3),
    messages_per_second: seconds > 0 ? Math.round(delivered / seconds) : 0,
    server_cpu_us_per_message: cpu,
    seed: outcome.seed,
    store: outcome.store ?? null,
    transport: outcome.transport,
    online_by: Object.fromEntries(outcome.onlineBy),
    switches: outcome.switches,
    kills: outcome.kills,
    failovers: outcome.failovers ?? null,
    writes_lost_by_redis: outcome.lostBytes ?? null,
    nodes: outcome.nodes ?? null,
    roles: outcome.roles || null,
  }
}

/** One sentence for each thing that is not as it should be; none means that the run passed. */
export function complaintsOf(outcome: Outcome): string[] {
  const { failure, verdict, groupVerdict, boardVerdict, recallLeaks, unreadWrong, setbacks, failures } = outcome
  const complaints: string[] = []
  if (failure !== undefined) complaints.push(failure)
  if (verdict === undefined) return complaints.length > 0 ? complaints : ['no message was sent']
  const { sent, accepted, lost, duplicated, reordered, invented, altered, unanswered, examples } = verdict
  const count = (number: number, what: string): void => {
    if (number > 0) complaints.push(`${number} ${number === 1 ? 'message was' : 'messages were'} ${what}`)
  }
  count(lost, `lost, of ${accepted} accepted`)
  count(duplicated, 'shown twice')
  count(reordered, 'shown out of order')
  count(invented, 'shown that should not have been')
  count(altered, 'shown with another text')
  count(unanswered, `sent and never answered, of ${sent}`)
  if (groupVerdict !== undefined) complaints.push(...logComplaintsOf('groups', groupVerdict))
  if (boardVerdict !== undefined) complaints.push(...logComplaintsOf('boards', boardVerdict))
  const list = (what: string, wrong: readonly string[] = []): void => {
    if (wrong.length > 0) complaints.push(`${wrong.length} ${what}`, ...wrong.slice(0, EXAMPLES_MAX))
  }
  list('texts of recalled messages are left', recallLeaks)
  list('unread counts are wrong', unreadWrong)
  list('lists of rooms are wrong', boardVerdict?.unconfirmedWrong)
  list('first screens are wrong', outcome.firstScreenWrong)
  if (setbacks > 0) complaints.push(`${setbacks} times the server had forgotten what it had told a client`)
  for (const [code, number] of failures) count(number, `not taken: ${code}${isLimit(code) ? `; ${WIDER_LIMITS}` : ''}`)
  complaints.push(...examples)
  return complaints
}

/**
 * One sentence for people, at the end of a run: whether anything was lost, or otherwise wrong.
 * @param complaints those of the outcome
 */
export function judgementOf(outcome: Outcome, complaints: readonly string[] = complaintsOf(outcome)): string {
  const { verdict, groupVerdict: groups, boardVerdict: boards } = outcome
  const accepted = (verdict?.accepted ?? 0) + (groups?.accepted ?? 0) + (boards?.accepted ?? 0)
  const lost = (verdict?.lost ?? 0) + (groups?.lost ?? 0) + (boards?.lost ?? 0)
  if (lost > 0) return `NOT passed: of ${accepted} accepted messages, ${lost} did not come to all who must have them.`
  const [first] = complaints
  if (first !== undefined) return `NOT passed: ${first}.`
  return `Passed: ${accepted} messages were accepted, and nothing was lost, shown twice or out of order.`
}

/** @param where groups or boards */
function logComplaintsOf(where: string, verdict: GroupVerdict): string[] {
  const { sent, lost, duplicated, orderViolations, unentitled, invented, unanswered, examples } = verdict
  const faults: readonly (readonly [number, string])[] = [
    [lost, `items of ${where} were lost`],
    [duplicated, `items of ${where} were shown twice`],
    [orderViolations, `items of ${where} were out of order`],
    [unentitled, `items of ${where} were shown to who was no member`],
    [invented, `messages in ${where} should not have been there`],
    [unanswered, `messages to ${where} were never answered, of ${sent}`],
  ]
  return [...faults.flatMap(([number, what]) => (number > 0 ? [`${number} ${what}`] : [])), ...examples]
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits))
}
