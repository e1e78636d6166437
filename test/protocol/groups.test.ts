/** The tables of clause 15 against the code. */
import t from 'tap'
import { CODES } from '../../protocol/codes.js'
import { loadSchema } from '../../protocol/generate/load-schema.js'
import { GroupAct, GroupRole } from '../../protocol/generated/messages.js'
import { METHODS } from '../../protocol/methods.js'
import { mayDo } from '../../src/sync/rules/group.js'
import { clause, table } from '../support/protocol-document.js'

/** The acts of a group that the clause names by their methods. */
const ACTS = {
  Invite: 'invite',
  Approve: 'approve',
  Remove: 'remove',
  Rename: 'rename',
  Announce: 'announce',
  SetRules: 'rules',
  SetRole: 'role',
  Mute: 'mute',
  Dissolve: 'dissolve',
} as const

function namesIn(cell = ''): string[] {
  return cell.split(', ')
}

/** Who may do it, by the words of the clause: the lowest role. */
function lowestIn(who: string): GroupRole {
  if (who.startsWith('members')) return GroupRole.MEMBER
  return who.startsWith('admins') ? GroupRole.ADMIN : GroupRole.OWNER
}

t.test('the items of 15.1 are items, and those of 15.5 the acts of a change', async t => {
  const { messages } = loadSchema()
  const item = messages.find(({ name }) => name === 'Item')
  for (const [name = ''] of table(clause('15'), 'item', 'key'))
    t.ok(
      item?.fields.some(({ type }) => type === name),
      name,
    )
  const acts = table(clause('15'), 'act', 'holds, beside by').flatMap(([act]) => namesIn(act))
  t.same(
    acts,
    Object.keys(GroupAct).filter(name => name !== 'UNSPECIFIED'),
  )
})

t.test('15.6 says of each act who may do it, as the group judges it', async t => {
  const rows = table(clause('15'), 'act', 'who').flatMap(([acts, who = '']) =>
    namesIn(acts).map(act => [act, lowestIn(who)] as const),
  )
  const least = new Map(rows)
  for (const [name, act] of Object.entries(ACTS)) {
    const may = [GroupRole.MEMBER, GroupRole.ADMIN, GroupRole.OWNER].filter(role => mayDo(role, false, act))
    t.equal(least.get(name), may[0], name)
  }
  t.notOk(mayDo(GroupRole.MEMBER, true, 'invite'))
  t.ok(mayDo(GroupRole.ADMIN, true, 'invite'))
  // Who is no member yet does the others: they are told in 15.3.
  const ofMembers = new Set(rows.map(([act]) => act))
  const methods = Object.values(METHODS).flatMap(method =>
    method.kind === 'request' && method.service === 'GroupService' ? [method.rpc] : [],
  )
  const ofGroups = methods.filter(rpc => !/^(Create|Accept|Decline|Join)$/.test(rpc))
  t.same([...ofMembers].sort(), [...ofGroups, 'Post', 'Edit', 'Recall'].sort())
})

t.test('15.7 names codes, and each code of groups', async t => {
  const named = new Set(table(clause('15'), 'code', 'as an answer').flatMap(([codes]) => namesIn(codes)))
  for (const name of named) t.ok(name in CODES, name)
  for (const [name, { code }] of Object.entries(CODES)) if (code >= 125 && code <= 133) t.ok(named.has(name), name)
})
